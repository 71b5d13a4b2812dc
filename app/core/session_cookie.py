"""The cookie that keeps a member signed in: its name, and how it is written and read. Pure."""

from datetime import timedelta
from typing import Final

from app.core.headers import cookies

# Browsers keep a __Host- cookie only with Secure, Path=/ and without Domain, so that no other
# host, a server's subdomain least of all, can set or replace it.
NAME: Final = "__Host-mcplatform"
LIFE: Final = timedelta(days=30)

_FLAGS: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"


def set_cookie(token: str) -> str:
    """The Set-Cookie value that hands a session's token to the browser."""
    return f"{NAME}={token}; Max-Age={int(LIFE.total_seconds())}; {_FLAGS}"


def clear_cookie() -> str:
    """The Set-Cookie value that makes the browser forget the token."""
    return f"{NAME}=; Max-Age=0; {_FLAGS}"


def token_in(cookie_header: str) -> str | None:
    """The token in a Cookie header, whatever other cookies it brings; None for none, or two."""
    return cookies(cookie_header).get(NAME) or None
