"""Which site a request came to, who sent it, and which MCP address its path names. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from app.core.headers import SPACES

MCP_PREFIX: Final = "/api/mcpserver/"
HEALTH_PATH: Final = f"{MCP_PREFIX}health"
GRAPHQL_PATH: Final = "/graphql"
_AUTHORITY = re.compile(r"([a-z0-9.-]{1,254}|\[[0-9a-f:.]{2,45}\])(?::([0-9]{0,5}))?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TRACKING_ID = re.compile(r"[A-Za-z0-9._~@:+-]{1,128}")
_RESERVED_TRACKING_IDS = frozenset({"mcp", "sse", "health"})


@dataclass(frozen=True, slots=True)
class Base:
    """The platform's own site."""


@dataclass(frozen=True, slots=True)
class Vhost:
    """The site of the server with this slug, if there is one; `origin` is its public address.

    `is_alias` tells that the host is not below the base host.
    """

    slug: str
    origin: str
    is_alias: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class BadHost:
    """No site of this platform."""

    reason: str


Site = Base | Vhost | BadHost


@dataclass(frozen=True, slots=True)
class Hosts:
    """The sites of a platform.

    `aliases` lead further hosts to servers. On the base host and on `loopback` names an alias takes
    paths of MCP and of logins alone, and everything else there is the platform's own site. Host
    names are in lower case, IPv6 addresses without brackets; `authority` is the base host with its
    port, and `port` that port with its colon, or ''.
    """

    scheme: str
    name: str
    authority: str
    port: str
    aliases: Mapping[str, str]
    loopback: frozenset[str]

    @classmethod
    def below(
        cls, base_url: str, *, aliases: Mapping[str, str], loopback: Iterable[str] = ()
    ) -> Self:
        """The sites of the platform at `base_url`; aliases are hosts as Host headers name them."""
        parts = urlsplit(base_url)
        named = {host_name(alias) or alias: slug for alias, slug in aliases.items()}
        return cls(
            scheme=parts.scheme,
            name=parts.hostname or "",
            authority=parts.netloc,
            port="" if parts.port is None else f":{parts.port}",
            aliases=named,
            loopback=frozenset(host_name(host) or host for host in loopback),
        )

    def site(self, header: str, *, is_mcp: bool, scheme: str | None = None) -> Site:
        """The site that a Host header names; `is_mcp` tells whether servers alone have the path.

        `scheme` is what the public used, where a proxy told; it counts on this machine alone.
        """
        authority = header.strip(SPACES).lower()
        host = host_name(authority)
        if host is None:
            return BadHost("The Host header is not a valid host name.")
        own = host == self.name or host in self.loopback
        alias = self.aliases.get(host)
        if alias is not None and (is_mcp or not own):
            origin = self._alias_origin(host, authority, scheme or self.scheme)
            return Vhost(alias, origin, is_alias=True)
        if own:
            return Base()
        label, _, parent = host.partition(".")
        if parent != self.name or not _LABEL.fullmatch(label):
            return BadHost(
                f"This host is not one of ours: a server lives exactly one label below {self.name}."
            )
        return Vhost(label, f"{self.scheme}://{label}.{self.authority}")

    def _alias_origin(self, host: str, authority: str, scheme: str) -> str:
        """Where an alias is, by the settings: caches keep it, so no Host header may choose it.

        On this machine, as it was reached: nobody else is there to be misled.
        """
        name = f"[{host}]" if ":" in host else host
        if host not in self.loopback:
            return f"{self.scheme}://{name}{self.port}"
        match = _AUTHORITY.fullmatch(authority)
        port = match[2] if match else None
        return f"{scheme}://{name}:{port}" if port else f"{scheme}://{name}"


def host_name(authority: str) -> str | None:
    """The host of a lower-case `host[:port]`, without brackets or last dot; None if malformed."""
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return None
    host = match[1]
    if host.startswith("["):
        try:
            return ip_address(host[1:-1]).compressed
        except ValueError:
            return None
    return host.removesuffix(".") or None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the transport tells of a request: `host` as sent, '' where absent or ambiguous."""

    host: str
    scheme: str | None
    client_address: str


def arrival(
    headers: Iterable[tuple[bytes, bytes]],
    peer: str,
    trusted: Sequence[IPv4Network | IPv6Network],
) -> Arrival:
    """Who sent a request to which host; X-Forwarded-* counts only if `peer` is a trusted proxy.

    Of several forwarded hosts or schemes the last counts, which the nearest proxy wrote; of several
    forwarded addresses the last that is not a trusted proxy's.
    """
    hosts = []
    forwarded: dict[bytes, str] = {}
    is_proxied = bool(trusted) and _is_within(peer, trusted)
    for name, value in headers:
        if name == b"host":
            hosts.append(value.decode("latin-1"))
        elif is_proxied and name.startswith(b"x-forwarded-"):
            before = f"{forwarded[name]}," if name in forwarded else ""
            forwarded[name] = before + value.decode("latin-1")
    host = hosts[0] if len(hosts) == 1 else ""
    if not forwarded:
        return Arrival(host, None, peer)
    scheme = _last(forwarded.get(b"x-forwarded-proto", "")).lower()
    return Arrival(
        _last(forwarded.get(b"x-forwarded-host", "")) or host,
        scheme if scheme in {"http", "https"} else None,
        _client(forwarded.get(b"x-forwarded-for", ""), peer, trusted),
    )


def _last(value: str) -> str:
    return value.rpartition(",")[2].strip(SPACES)


def _client(forwarded_for: str, peer: str, trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    nearest = peer
    for hop in reversed(forwarded_for.split(",")):
        authority = hop.strip(SPACES).lower()
        address = host_name(authority) or authority  # some proxies add the port
        if not _is_address(address):
            break  # whoever wrote this, what stands before it proves nothing
        nearest = address
        if not _is_within(address, trusted):
            break
    return nearest


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_within(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        number = ip_address(address)
    except ValueError:
        return False
    if number.version == 6 and number.ipv4_mapped:
        number = number.ipv4_mapped
    return any(number in network for network in networks)


@dataclass(frozen=True, slots=True)
class McpPath:
    """The path of an MCP address; `tracking_id` as in the path, decoded, not yet judged."""

    tracking_id: str | None

    @property
    def is_valid(self) -> bool:
        """Whether the tracking id, if any, has the form that an id must have."""
        return self.tracking_id is None or (
            self.tracking_id not in _RESERVED_TRACKING_IDS
            and _TRACKING_ID.fullmatch(self.tracking_id) is not None
        )


def mcp_path(raw_path: str) -> McpPath | None:
    """The MCP address that a still percent-encoded path names, if it names one."""
    if not raw_path.startswith(MCP_PREFIX):
        return None
    match raw_path[len(MCP_PREFIX) :].split("/"):
        case ["mcp"]:
            return McpPath(None)
        case [tracking_id, "mcp"]:
            return McpPath(unquote(tracking_id))
    return None


def is_sse_path(raw_path: str) -> bool:
    """Whether the path asks for the SSE transport, which MCP has left behind."""
    return raw_path.startswith(MCP_PREFIX) and raw_path.endswith("/sse")
