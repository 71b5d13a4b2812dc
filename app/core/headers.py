"""HTTP header fields, as they come from the wire."""

from collections.abc import Iterable
from typing import Final

# All that may stand around a value (RFC 9110 §5.6.3). str.strip takes more: bytes such as A0 and 85
# are spaces in Latin-1, and to a browser a cookie with one before its name is any cookie.
SPACES: Final = " \t"


def by_name(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The fields by name in lower case; what is there several times is joined (RFC 9110 §5.3).

    So a second Authorization or Content-Type makes one that nobody accepts, and none wins.
    """
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(SPACES)
        separator = "; " if key == "cookie" else ", "
        found[key] = f"{found[key]}{separator}{text}" if key in found else text
    return found


def cookies(header: str) -> dict[str, str]:
    """The cookies of a Cookie header in its order; a name that is there twice is left out.

    Browsers keep one __Host- cookie of a name. Of two, one comes from another host, and which one
    does not show.
    """
    found: dict[str, str] = {}
    repeated = set()
    for pair in header.split(";"):
        name, _, value = pair.partition("=")
        name = name.strip(SPACES)
        if name in found:
            repeated.add(name)
        found[name] = value.strip(SPACES)
    return {name: value for name, value in found.items() if name not in repeated}
