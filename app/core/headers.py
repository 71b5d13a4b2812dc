"""HTTP header fields, as they come from the wire."""

from collections.abc import Iterable


def by_name(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The fields by name in lower case; what is there several times is joined (RFC 9110 §5.3).

    So a second Authorization or Content-Type makes one that nobody accepts, and none wins.
    """
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        separator = "; " if key == "cookie" else ", "
        found[key] = f"{found[key]}{separator}{text}" if key in found else text
    return found
