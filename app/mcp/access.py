"""Who is at the door: what a request brings, and whether it may go on."""

import re

from app.core.errors import NotSignedIn, TooMany
from app.core.limiter import Limiter
from app.domain.admission import Caller, Credentials, UnknownSession
from app.domain.server_directory import ServerConfig
from app.mcp.address import McpAddress
from app.mcp.transport import Headers, Message

SESSION_HEADER = "mcp-session-id"
_SESSION_ID = re.compile(r"mcps_[a-z2-7]{32}")
_RUN = re.compile(r"run_[a-z2-7]{32}")


def check_address(limiter: Limiter, client_address: str) -> None:
    """Raises TooMany over the requests a minute of one client address."""
    wait = limiter.hit_address(client_address)
    if wait:
        message = f"Too many requests from this address. Wait {wait} seconds, then try again."
        raise TooMany(message, retry_after_seconds=wait)


def check_login(config: ServerConfig) -> None:
    """Raises NotSignedIn on a server whose end users must log in: no token is known here."""
    if config.auth_type.is_oauth:
        message = "This server asks its users to log in."
        raise NotSignedIn(message)


def session_id(headers: Headers) -> str | None:
    """The session that the request names. Raises UnknownSession for what can be none of ours."""
    given = headers.get(SESSION_HEADER)
    if given is not None and not _SESSION_ID.fullmatch(given):
        message = "This session is unknown. Start a new one with initialize."
        raise UnknownSession(message)
    return given


def credentials(message: Message, headers: Headers, address: McpAddress) -> Credentials:
    """What this message brings to say who it is."""
    arguments = message.params.get("arguments") if message.method == "tools/call" else None
    run = arguments.get("run") if isinstance(arguments, dict) else None
    return Credentials(
        session_id=None if message.is_stateless else session_id(headers),
        tracking_id=address.tracking_id,
        run=run if isinstance(run, str) and _RUN.fullmatch(run) else None,
        client=message.client,
        is_stateless=message.is_stateless,
    )


async def check_rate(
    limiter: Limiter, caller: Caller, *, config: ServerConfig, client_address: str, default: int
) -> None:
    """Raises TooMany over the calls a minute of this server and end user."""
    who = caller.end_user_id or caller.session_id or client_address
    limit = config.rate_limit_per_minute or default
    wait = await limiter.hit(f"{config.id}:{who}", limit)
    if wait:
        message = f"Too many calls. Wait {wait} seconds, then try again."
        raise TooMany(message, retry_after_seconds=wait)
