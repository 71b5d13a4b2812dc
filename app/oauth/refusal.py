"""What people are told when a page cannot be shown, with what to do."""

from collections.abc import Awaitable, Callable
from typing import Final

from app.core.errors import ProductError, TooMany, Unavailable
from app.domain.client_documents import is_document_url
from app.domain.oauth_errors import FlowOver, InvalidClient, OAuthError
from app.oauth import errors, pages
from app.oauth.answer import Answer
from app.oauth.plane import Plane
from app.oauth.request import Request

Handler = Callable[[Plane, Request], Awaitable[Answer]]

_KEPT_HEADERS: Final = frozenset({b"retry-after"})
_TITLES: Final[dict[type[ProductError], str]] = {
    FlowOver: "This login is over",
    InvalidClient: "This app is not known here",
    TooMany: "Too many attempts",
    Unavailable: "Not possible just now",
    ProductError: "This did not work",
}


def told_to_people(handler: Handler) -> Handler:
    """The handler, whose product errors become pages that name the server."""

    async def handle(plane: Plane, request: Request) -> Answer:
        try:
            return await handler(plane, request)
        except ProductError as error:
            return _page(plane, request, error)

    return handle


def _page(plane: Plane, request: Request, error: ProductError) -> Answer:
    told = errors.told(error)
    made = pages.refused(
        plane,
        request,
        title=next(title for kind, title in _TITLES.items() if isinstance(error, kind)),
        sentences=f"{error.message}{_advice(request, error)}",
        status=400 if told.status == 401 else told.status,  # no browser is to ask for a password
    )
    return made.with_headers(*(pair for pair in told.headers if pair[0] in _KEPT_HEADERS))


def _advice(request: Request, error: ProductError) -> str:
    """What to do, where the error's own sentence speaks to whoever wrote the app."""
    match error:
        case InvalidClient() if any(map(is_document_url, request.asked.every("client_id"))):
            return " If it stays so, tell those who make the app."
        case InvalidClient():
            return f" Remove {request.config.name} from your app, and add it again."
        case FlowOver() if "cookie" not in request.headers:
            return " If you have only just come from there, your browser keeps no cookies here."
        case OAuthError():
            return (
                " Go back to your app and connect again. If that does not help, tell those who "
                "make the app."
            )
    return ""
