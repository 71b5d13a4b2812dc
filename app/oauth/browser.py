"""The browser that logs in: what it keeps of a login, and what its forms bring."""

import re
from datetime import timedelta
from typing import Final

from app.core.errors import NotAllowed
from app.core.headers import cookies
from app.domain import oauth_flows
from app.domain.oauth_flows import Begun, FlowKey
from app.oauth.request import Parameters, Request

# Browsers keep a __Host- cookie only with Secure, Path=/ and without Domain: no other host can set
# or replace it. One for each login, so that several can be under way.
_PREFIX: Final = "__Host-mcplogin-"
_FLAGS: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"  # Lax: a provider sends people back here
_NO_TIME: Final = timedelta(0)
_MOST_LOGINS: Final = 8  # of one browser; pages that open many do not make its requests too long

_FLOW_ID: Final = re.compile(r"oafl_[a-z2-7]{1,40}")

Header = tuple[bytes, bytes]


class ForeignForm(NotAllowed):
    """The form was not sent from a page of this very site, as the browser tells."""

    code = "cross_site"


def kept(begun: Begun) -> Header:
    """The header that hands the login to the browser.

    It stays until it expires, also once the login has ended: a form may be on its way once more.
    """
    return _cookie(begun.flow.id, begun.cookie.reveal(), oauth_flows.FLOW_LIFE)


def oldest_forgotten(request: Request) -> tuple[Header, ...]:
    """The headers that leave room for another login."""
    ids = [flow_id for flow_id in _cookies(request) if _FLOW_ID.fullmatch(flow_id)]
    return tuple(_cookie(flow_id, "", _NO_TIME) for flow_id in ids[: 1 - _MOST_LOGINS])


def key_of(request: Request, flow_id: str | None, *, csrf: str | None = None) -> FlowKey:
    """What this browser shows to go on with a login; nothing vouches for it yet."""
    cookie = _cookies(request).get(flow_id or "", "")
    return FlowKey(flow_id=flow_id or "", cookie=cookie, csrf=csrf or "")


def posted(request: Request) -> tuple[Parameters, FlowKey]:
    """What a form of ours brought, and the login that it is of.

    Raises ForeignForm and InvalidRequest. Servers' sites are same-site to one another, and their
    owners strangers: nothing but the very same origin will do.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        message = "This form was not sent from this site. Go back to your app and connect again."
        raise ForeignForm(message)
    form = request.form
    return form, key_of(request, form.one("login"), csrf=form.one("csrf"))


def _cookie(flow_id: str, value: str, life: timedelta) -> Header:
    seconds = int(life.total_seconds())
    return (b"set-cookie", f"{_PREFIX}{flow_id}={value}; Max-Age={seconds}; {_FLAGS}".encode())


def _cookies(request: Request) -> dict[str, str]:
    """The cookies of logins by the login's id, the oldest first (RFC 6265 §5.4)."""
    return {
        name.removeprefix(_PREFIX): value
        for name, value in cookies(request.headers.get("cookie", "")).items()
        if name.startswith(_PREFIX)
    }
