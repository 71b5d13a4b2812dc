"""Scripts on pages of customers' own sites: what their browsers ask before and after a request.

A preflight names no organization, so any page may ask; whether it may go on is decided with the API
key (app/graphql/access.py). Cookies never come this way: credentials are not allowed.
"""

from typing import Final

from app.graphql.request import Headers

RawHeaders = tuple[tuple[bytes, bytes], ...]

PREFLIGHT: Final[RawHeaders] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"7200"),  # as long as any browser keeps it
)


def is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks if a page of another site may send a request."""
    return (
        method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers
    )


def answered(headers: Headers) -> RawHeaders:
    """The headers that let a page read its answer, refusals too; only of requests with a key."""
    origin = headers.get("origin")
    if origin is None or "authorization" not in headers:
        return ()
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"retry-after, x-request-id"),
        (b"vary", b"origin"),
    )
