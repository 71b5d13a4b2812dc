"""The door of every login's address: HTTP in, HTTP out."""

from typing import Final, cast

from authlib.oauth2 import OAuth2Error
from litestar.types import HTTPScope, Receive, Scope, Send

from app.core.errors import NotFound, ProductError, TooMany
from app.core.headers import by_name
from app.core.limiter import Limiter
from app.core.log import note
from app.domain.desk import Client as Visitor
from app.domain.server_directory import ServerConfig, ServerDirectory
from app.oauth import answer, cors, errors
from app.oauth.address import OAuthAddress
from app.oauth.answer import Answer
from app.oauth.errors import MethodNotAllowed
from app.oauth.plane import Plane
from app.oauth.request import Headers, Request, read_body
from app.oauth.routes import Handler, Route, route_of

_BODILESS: Final = frozenset({"GET", "HEAD"})


class OAuthEndpoint:
    """Answers every request to a login's address of any server."""

    def __init__(self, plane: Plane, *, directory: ServerDirectory, limiter: Limiter) -> None:
        self._plane = plane
        self._directory = directory
        self._limiter = limiter

    def serves(self, path: str) -> bool:
        """Whether a server's site has something for logins at this path."""
        return route_of(path) is not None

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, *, address: OAuthAddress
    ) -> None:
        """Answer one request to a path that is served."""
        method = cast("HTTPScope", scope)["method"]
        headers = by_name(scope["headers"])
        route = route_of(address.path)
        assert route is not None
        try:
            made = await self._answer(scope, receive, address, route, headers)
        except (ProductError, OAuth2Error) as error:
            made = self._refused(error, route)
        except Exception as error:  # noqa: BLE001 - the plane's outermost door
            made = self._failed(error, route)
        if not route.is_page and not cors.is_preflight(method, headers):
            made = made.with_headers(*cors.ANSWERED)
        await _send(send, made, is_head=method == "HEAD")

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        address: OAuthAddress,
        route: Route,
        headers: Headers,
    ) -> Answer:
        self._check_address(address.client_address)
        method = cast("HTTPScope", scope)["method"]
        if not route.is_page and cors.is_preflight(method, headers):
            return cors.preflight(", ".join(route.handlers))
        config = await self._server(address.slug)
        handler = _handler(route, method)
        request = Request(
            method=method,
            path=address.path,
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=b"" if method in _BODILESS else await read_body(headers, receive),
            origin=address.origin,
            config=config,
            visitor=Visitor(
                address=address.client_address, user_agent=headers.get("user-agent", "")
            ),
        )
        return await handler(self._plane, request)

    async def _server(self, slug: str) -> ServerConfig:
        config = await self._directory.by_slug(slug)
        if config is None or not config.auth_type.is_oauth:
            message = "No server that asks its users to log in is at this address."
            raise NotFound(message)
        note(server=config.slug)
        return config

    def _check_address(self, client_address: str) -> None:
        wait = self._limiter.hit_address(client_address)
        if wait:
            message = f"Too many requests from this address. Try again in {wait} seconds."
            raise TooMany(message, retry_after_seconds=wait)

    def _refused(self, error: ProductError | OAuth2Error, route: Route) -> Answer:
        if isinstance(error, ProductError):
            told, sentence = errors.told(error), error.message
        else:
            told, sentence = errors.told_by_authlib(error), str(error.get_error_description())
        return self._page("This did not work", sentence, told) if route.is_page else told

    def _failed(self, error: Exception, route: Route) -> Answer:
        told = errors.internal(error)
        if not route.is_page:
            return told
        message = "Something went wrong on our side. Go back to your app and connect again."
        return self._page("This did not work", message, told)

    def _page(self, title: str, message: str, told: Answer) -> Answer:
        """The same for a person; of the headers, those that say when or how to try again."""
        kept = [pair for pair in told.headers if pair[0] in {b"retry-after", b"allow"}]
        status = 400 if told.status == 401 else told.status  # no browser is to ask for a password
        page = self._plane.message_page(title, message)
        return answer.of_page(page, status=status).with_headers(*kept)


def _handler(route: Route, method: str) -> Handler:
    is_look = method == "HEAD" and not route.is_page  # a page's GET may begin a login
    handler = route.handlers.get("GET" if is_look else method)
    if handler is None:
        raise MethodNotAllowed(", ".join(route.handlers))
    return handler


async def _send(send: Send, made: Answer, *, is_head: bool) -> None:
    headers = [(b"content-length", str(len(made.body)).encode()), *made.headers]
    await send({"type": "http.response.start", "status": made.status, "headers": headers})
    body = b"" if is_head else made.body
    await send({"type": "http.response.body", "body": body, "more_body": False})
