"""Which addresses are this machine's own, and which a stranger may have us connect to."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address

# Written out, because what ipaddress calls global differs between patch releases of Python.
# IANA's special-purpose registries (RFC 6890), and what clouds answer on besides.
_CLOSED_IPV4: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # between a provider and its customers
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host, from inside its machines
        "169.254.0.0/16",  # link-local, where clouds hand out credentials
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # relays into 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
# All that is given out as unicast lies in 2000::/3. Outside of it are mapped and compatible IPv4,
# NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), unique local, link-local, site-local and multicast.
_UNICAST: Final = ip_network("2000::/3")
_CLOSED_IPV6: Final = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})  # RFC 5214: the last 32 bits are IPv4


def parsed(text: str) -> Address | None:
    """The address that `text` spells in the usual way; None for anything else."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether it belongs to one machine of the public internet."""
    if isinstance(address, IPv4Address):
        is_open = not any(address in network for network in _CLOSED_IPV4)
    else:
        is_open = (
            address in _UNICAST
            and address.scope_id is None
            and (int(address) >> 32) & 0xFFFF_FFFF not in _ISATAP
            and not any(address in network for network in _CLOSED_IPV6)
        )
    return is_open and address.is_global


def is_loopback(host: str) -> bool:
    """Whether the host name leads to this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
