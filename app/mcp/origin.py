"""Which web pages may talk to a server: CORS, by the server's own list."""

import re

from app.domain.server_directory import ServerConfig
from app.mcp.errors import INVALID_REQUEST, JsonRpcError
from app.mcp.transport import Headers

_LOOPBACK = re.compile(
    r"https?://(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?"
)
_GRANTED = (
    (b"access-control-allow-methods", b"POST, GET, DELETE, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"accept, authorization, content-type, last-event-id, mcp-method, mcp-name,"
        b" mcp-protocol-version, mcp-session-id",
    ),
    (
        b"access-control-expose-headers",
        b"mcp-session-id, mcp-protocol-version, retry-after, www-authenticate, x-request-id",
    ),
    (b"access-control-max-age", b"600"),
    (b"vary", b"Origin"),
)


class Origins:
    """Judges the Origin header. Credentials are never allowed: MCP routes know no cookies."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback

    def check(self, headers: Headers, config: ServerConfig) -> tuple[tuple[bytes, bytes], ...]:
        """The CORS headers for the answer; none without an Origin.

        Raises JsonRpcError 403 for an origin that is not on the server's list.
        """
        origin = headers.get("origin")
        if origin is None:
            return ()
        is_local = self._allow_loopback and _LOOPBACK.fullmatch(origin) is not None
        if is_local or origin in config.allowed_origins:
            return ((b"access-control-allow-origin", origin.encode("latin-1")), *_GRANTED)
        message = "Pages of this origin may not use this server. Its owner can allow them."
        raise JsonRpcError(403, INVALID_REQUEST, message, {"code": "origin_not_allowed"})
