"""Who is at the door: what a request brings, and whether it may go on."""

import re
from collections.abc import Sequence

from app.core.errors import NotSignedIn, TooMany
from app.core.limiter import Limiter
from app.domain.admission import Caller, Credentials, UnknownSession
from app.domain.oauth_errors import InsufficientScope, InvalidToken
from app.domain.server_directory import ServerConfig
from app.mcp.address import McpAddress
from app.mcp.transport import Headers, Message

SESSION_HEADER = "mcp-session-id"
_SESSION_ID = re.compile(r"mcps_[a-z2-7]{32}")
_RUN = re.compile(r"run_[a-z2-7]{32}")
_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)
# A tool that hands a person's e-mail address on needs a login that was asked for it.
_SCOPES = {"get_support": "email"}


def check_address(limiter: Limiter, client_address: str) -> None:
    """Raises TooMany over the requests a minute of one client address."""
    wait = limiter.hit_address(client_address)
    if wait:
        message = f"Too many requests from this address. Wait {wait} seconds, then try again."
        raise TooMany(message, retry_after_seconds=wait)


def token(raw_headers: Sequence[tuple[str, str]], config: ServerConfig) -> str | None:
    """The access token; None on a server whose end users do not log in, whatever it was sent.

    Raises NotSignedIn without one, and InvalidToken for two: which one counts is not ours to guess.
    """
    if not config.auth_type.is_oauth:
        return None
    given = [value for name, value in raw_headers if name == "authorization"]
    if len(given) > 1:
        message = "There is more than one Authorization header."
        raise InvalidToken(message)
    found = _BEARER.fullmatch(given[0]) if given else None
    if found is None:
        message = "This server asks its users to log in."
        raise NotSignedIn(message)
    return found[1]


def check_scope(caller: Caller, message: Message) -> None:
    """Raises InsufficientScope for a tool that the access token does not reach."""
    needed = _SCOPES.get(str(message.params.get("name")))
    if caller.access is not None and needed is not None and needed not in caller.access.scopes:
        sentence = f"This tool needs a login with the scope {needed}: ask for it, too."
        raise InsufficientScope(sentence)


def session_id(headers: Headers) -> str | None:
    """The session that the request names. Raises UnknownSession for what can be none of ours."""
    given = headers.get(SESSION_HEADER)
    if given is not None and not _SESSION_ID.fullmatch(given):
        message = "This session is unknown. Start a new one with initialize."
        raise UnknownSession(message)
    return given


def credentials(
    message: Message, headers: Headers, address: McpAddress, *, token: str | None
) -> Credentials:
    """What this message brings to say who it is."""
    arguments = message.params.get("arguments") if message.method == "tools/call" else None
    run = arguments.get("run") if isinstance(arguments, dict) else None
    return Credentials(
        session_id=None if message.is_stateless else session_id(headers),
        tracking_id=address.tracking_id,
        run=run if isinstance(run, str) and _RUN.fullmatch(run) else None,
        client=message.client,
        is_stateless=message.is_stateless,
        token=token,
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
