"""What a URL must look like before anything is fetched from it, and why nothing was."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from app.core import addresses

URL_MAX_CHARACTERS: Final = 2000
PUBLIC_PORTS: Final = frozenset({443, 8443})
DEFAULT_PORTS: Final = {"https": 443, "http": 80}

# One spelling alone: no user, no fragment, no backslash, no space, nothing that is not ASCII. So no
# other reader of the URL can see another host in it.
_URL: Final = re.compile(
    r"(https?)://"
    r"([a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])"
    r"(?::([0-9]{1,5}))?"
    r"(/[a-zA-Z0-9._~!$&'()*+,;=:@%/-]*)?"
    r"(\?[a-zA-Z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
# The last label begins with a letter: 127.1, 0x7f.1 and 2130706433 are addresses, not names.
_NAME: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_NAME_MAX_CHARACTERS: Final = 253
_DOTS: Final = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


class FetchFailed(Exception):
    """There is no answer to use.

    `message` may be shown to whoever named the URL: it tells nothing about our own network.
    `reason` is for the log. With `is_passing`, trying again later may help.
    """

    def __init__(self, message: str, *, reason: str, is_passing: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.is_passing = is_passing


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. `host` is in lower case, an IPv6 address without its brackets."""

    scheme: str
    host: str
    port: int
    path: str
    is_loopback: bool

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_target(url: str, *, allows_loopback: bool) -> Target:
    """Where an https URL of a public host leads; with `allows_loopback` also this machine's.

    Raises FetchFailed.
    """
    match = _URL.fullmatch(url) if len(url) <= URL_MAX_CHARACTERS else None
    if match is None:
        raise _refused("is not a plain https URL", "no plain URL")
    scheme, host, port, path, query = match.groups(default="")
    if any(_DOTS.fullmatch(segment) for segment in path.split("/")):
        raise _refused("has a path with dot segments", "dot segments")
    target = Target(
        scheme=scheme,
        host=host.lower().strip("[]"),
        port=int(port or DEFAULT_PORTS[scheme]),
        path=(path or "/") + query,
        is_loopback=allows_loopback and _is_this_machine(host.lower()),
    )
    if not target.is_loopback:
        _check_public(target, host)
    return target


def domain_of(host: str) -> str:
    """What somebody registered, such as example.co.uk: all names below have one owner."""
    return _suffixes().privatesuffix(host) or host


@cache
def _suffixes() -> PublicSuffixList:
    """Of registries alone: who rents out names below their own answers for all of them."""
    return PublicSuffixList(only_icann=True)


def _check_public(target: Target, host: str) -> None:
    if target.scheme != "https":
        raise _refused("must begin with https://", "not https")
    if not _is_name(target.host) or host.startswith("[") or host.lower().endswith(".localhost"):
        raise _refused("must name a public host, and no address", "no public host name")
    if target.port not in PUBLIC_PORTS:
        ports = " or ".join(map(str, sorted(PUBLIC_PORTS)))
        raise _refused(f"must use port {ports}", f"port {target.port}")


def _is_name(host: str) -> bool:
    return len(host) <= _NAME_MAX_CHARACTERS and _NAME.fullmatch(host) is not None


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or (host.endswith(".localhost") and _is_name(host)):
        return True
    literal = addresses.parsed(host.strip("[]"))
    return literal is not None and literal.is_loopback and host.startswith("[") == (":" in host)


def _refused(why: str, reason: str) -> FetchFailed:
    return FetchFailed(f"The URL {why}.", reason=f"refused: {reason}")
