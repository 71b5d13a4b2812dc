"""How a browser gets back to the client, with what the client is to hear (RFC 6749 §4.1.2)."""

import re
from typing import Final
from urllib.parse import urlencode, urlsplit

from authlib.oauth2 import OAuth2Error

from app.core.errors import ProductError, TooMany, Unavailable
from app.core.log import note
from app.domain import oauth_endings
from app.domain.oauth_client_rules import LOOPBACK_HOSTS
from app.domain.oauth_clients import Client
from app.domain.oauth_endings import Completed
from app.domain.oauth_errors import OAuthError
from app.domain.oauth_flows import Flow, FlowKey
from app.oauth import answer, pages
from app.oauth.answer import Answer
from app.oauth.pages import Screen
from app.oauth.plane import Plane
from app.oauth.request import Request

# RFC 6749 §4.1.2.1, RFC 8707 §2, OpenID Connect Core §3.1.2.6. All else is a fault of ours.
_CODES: Final = frozenset(
    {
        "access_denied",
        "invalid_request",
        "invalid_scope",
        "invalid_target",
        "login_required",
        "request_not_supported",
        "request_uri_not_supported",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    }
)
_UNSPOKEN: Final = re.compile(r"[^ !#-\[\]-~]")  # RFC 6749 §4.1.2.1: not in a description
# Where the policy of our forms lets a browser be sent on to (app/web/pages.py).
_FOLLOWED_HTTP_HOSTS: Final = frozenset({"localhost", "127.0.0.1"})


def with_code(screen: Screen, done: Completed) -> Answer:
    """The end of a login that went well."""
    title = f"You are logged in to {screen.request.config.name}"
    if done.code is None:
        return pages.arrived(screen.plane, screen.flow, title=title)
    told = {"code": done.code.reveal(), "state": done.state, "iss": screen.request.origin}
    url = _with(done.redirect_uri, told)
    return _onward(screen.plane, screen.flow, url, title=title)


async def with_denial(plane: Plane, request: Request, key: FlowKey, error: ProductError) -> Answer:
    """The end of a login that comes to nothing, of which the client hears why. Raises FlowOver.

    Nobody who has not logged in is sent where the client wants them: as in `at_once`.
    """
    flow = await oauth_endings.deny(request.config, key)
    url = _with(flow.redirect_uri, _told(request, flow.state, error))
    if leads_home(flow.redirect_uri):
        return _onward(plane, flow, url, title=f"You are not logged in to {request.config.name}")
    return pages.denied(plane, request, flow.client, url=url, reason=error.message)


def at_once(
    plane: Plane,
    request: Request,
    client: Client,
    *,
    redirect_uri: str,
    state: str | None,
    error: ProductError | OAuth2Error,
) -> Answer:
    """What becomes of a request that no login can begin with.

    Nobody was asked anything yet, and anyone can register a client, for whichever app's addresses:
    a browser is sent on by itself only to a port of its own machine; elsewhere, by a link
    (RFC 9700 §4.11.2).
    """
    url = _with(redirect_uri, _told(request, state, error))
    if leads_home(redirect_uri):
        return answer.redirect(url)
    return pages.unanswered(plane, request, client, url=url, reason=_sentence(error))


def leads_home(redirect_uri: str) -> bool:
    """Whether the address is a port of the person's own machine."""
    parts = urlsplit(redirect_uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts.scheme == "http" and host in LOOPBACK_HOSTS


def _onward(plane: Plane, flow: Flow, url: str, *, title: str) -> Answer:
    """On to the client; where a form's answer cannot lead there, by way of a page."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in _FOLLOWED_HTTP_HOSTS
    ):
        return answer.redirect(url)
    return pages.onward(plane, flow, url=url, title=title)


def _with(redirect_uri: str, told: dict[str, str | None]) -> str:
    """RFC 6749 §3.1.2: a query that is there stays as it is."""
    query = urlencode({name: text for name, text in told.items() if text is not None})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def _told(
    request: Request, state: str | None, error: ProductError | OAuth2Error
) -> dict[str, str | None]:
    """RFC 9207 §2: errors name their issuer too."""
    code = _code(error)
    note(code=code)
    description = _UNSPOKEN.sub("'", _sentence(error))
    return {
        "error": code,
        "error_description": description,
        "state": state,
        "iss": request.origin,
    }


def _code(error: ProductError | OAuth2Error) -> str:
    code = error.error if isinstance(error, OAuth2Error) else error.code
    if code in _CODES and isinstance(error, OAuth2Error | OAuthError):
        return str(code)
    is_passing = isinstance(error, Unavailable | TooMany)
    return "temporarily_unavailable" if is_passing else "server_error"


def _sentence(error: ProductError | OAuth2Error) -> str:
    if isinstance(error, ProductError):
        return error.message
    told = str(error.get_error_description() or "") or "The request is not valid"
    return told if told.endswith(".") else f"{told}."
