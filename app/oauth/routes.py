"""Which handler answers what: the table that every address of a login is in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.oauth_configs import CALLBACK_PATH
from app.oauth import (
    authorize,
    callback,
    consent,
    login,
    metadata,
    pages,
    register,
    revoke,
    token,
)
from app.oauth.answer import Answer
from app.oauth.plane import Plane
from app.oauth.refusal import told_to_people
from app.oauth.request import Request

Handler = Callable[[Plane, Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """The handlers of one path by HTTP method.

    Machines are told of errors in JSON, and scripts of any site may read what they are told; people
    get a page, which nothing but their browser may ask for.
    """

    handlers: Mapping[str, Handler]
    is_page: bool = False


def _page(**handlers: Handler) -> Route:
    told = {method: told_to_people(handler) for method, handler in handlers.items()}
    return Route(told, is_page=True)


ROUTES: Final[Mapping[str, Route]] = {
    metadata.AUTHORIZATION_SERVER: Route({"GET": metadata.authorization_server}),
    metadata.OPENID_CONFIGURATION: Route({"GET": metadata.openid_configuration}),
    metadata.KEYS: Route({"GET": metadata.keys}),
    metadata.PROTECTED_RESOURCE: Route({"GET": metadata.protected_resource}),
    "/oauth/register": Route({"POST": register.register}),
    "/oauth/token": Route({"POST": token.token}),
    "/oauth/revoke": Route({"POST": revoke.revoke}),
    "/oauth/authorize": _page(GET=authorize.authorize),
    pages.CONSENT_PATH: _page(GET=consent.show, POST=consent.decide),
    pages.LOGIN_PATH: _page(GET=login.show, POST=login.proceed),
    CALLBACK_PATH: _page(GET=callback.callback),
}


def route_of(path: str) -> Route | None:
    """The route of a path, if there is one; what comes below the resource's metadata is its own."""
    if path.startswith(f"{metadata.PROTECTED_RESOURCE}/"):
        return ROUTES[metadata.PROTECTED_RESOURCE]
    return ROUTES.get(path)
