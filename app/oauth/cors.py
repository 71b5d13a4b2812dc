"""Scripts of web pages that are MCP clients: any page may ask what any program may ask.

None of these addresses knows cookies, so credentials are never allowed; the pages for people are
not among them.
"""

from typing import Final

from app.oauth.answer import Answer, RawHeaders
from app.oauth.request import Headers

ANSWERED: Final[RawHeaders] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after, www-authenticate, x-request-id"),
)


def is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks if a page of another site may send a request."""
    return (
        method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers
    )


def preflight(methods: str) -> Answer:
    """Yes, with these methods and with the headers that MCP clients send."""
    return Answer(
        204,
        b"",
        (
            (b"access-control-allow-origin", b"*"),
            (b"access-control-allow-methods", methods.encode()),
            (
                b"access-control-allow-headers",
                b"accept, authorization, content-type, mcp-protocol-version",
            ),
            (b"access-control-max-age", b"7200"),  # as long as any browser keeps it
        ),
    )
