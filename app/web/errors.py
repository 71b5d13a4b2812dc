"""What the edge answers when it refuses, and how the product's errors read over plain HTTP."""

from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import Send

from app.core.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    ProductError,
    TooMany,
    Unavailable,
)
from app.core.log import REQUEST_ID
from app.web.hosts import GRAPHQL_PATH, HEALTH_PATH, MCP_PREFIX

_INVALID_REQUEST = -32600
_RPC_CODES = {429: -32000, 500: -32603}  # the first of the servers' own codes; internal error
_STATUSES: dict[type[ProductError], int] = {
    NotFound: 404,
    Invalid: 400,
    Conflict: 409,
    NotAllowed: 403,
    NotSignedIn: 401,
    TooMany: 429,
    Unavailable: 503,
}
_METHOD_NOT_ALLOWED = 405
_INTERNAL = 500

AnyRequest = Request[Any, Any, Any]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that something was wrong with the request, or with us."""

    status: int
    code: str
    message: str
    retry_after_seconds: int | None = None

    @property
    def body(self) -> bytes:
        """The refusal as JSON."""
        return msgspec.json.encode({"error": {"code": self.code, "message": self.message}})

    @property
    def rpc_body(self) -> bytes:
        """The refusal as the JSON-RPC error that an MCP client reads."""
        number = _RPC_CODES.get(self.status, _INVALID_REQUEST)
        error = {"code": number, "message": self.message, "data": {"code": self.code}}
        return msgspec.json.encode({"jsonrpc": "2.0", "id": None, "error": error})

    @property
    def graphql_body(self) -> bytes:
        """The refusal as the one error of a GraphQL answer."""
        told: dict[str, Any] = {"code": self.code.upper()}
        if self.retry_after_seconds is not None:
            told["retryAfterSeconds"] = self.retry_after_seconds
        return msgspec.json.encode({"errors": [{"message": self.message, "extensions": told}]})

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with the refusal."""
        headers = {"cache-control": "no-store"}
        if self.retry_after_seconds is not None:
            headers["retry-after"] = str(self.retry_after_seconds)
        return headers

    async def send(self, send: Send, *, path: str) -> None:
        """Answer with this, in the language of whoever asks at this path."""
        body = self.body
        if path == GRAPHQL_PATH:
            body = self.graphql_body
        elif path.startswith(MCP_PREFIX) and path != HEALTH_PATH:
            body = self.rpc_body
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in self.headers.items()),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def report_internal_error(error: Exception) -> Refusal:
    """Log a fault of ours with its trace; what the client hears of it is the request's id."""
    log.error("request failed", exc_info=error)
    message = f"Something went wrong on our side. If it lasts, report request {REQUEST_ID.get()}."
    return Refusal(_INTERNAL, "internal_error", message)


def refusal_of(error: ProductError) -> Refusal:
    """The refusal that a product error becomes."""
    status = next(number for kind, number in _STATUSES.items() if isinstance(error, kind))
    retry_after = getattr(error, "retry_after_seconds", None)
    return Refusal(status, error.code, error.message, retry_after)


def product_error_response(_request: AnyRequest, error: ProductError) -> Response[bytes]:
    """Litestar's handler for the product's own errors."""
    return _response(refusal_of(error))


def http_error_response(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Litestar's handler for what its router and parsers refuse."""
    response = _response(http_refusal(request, error))
    if error.status_code == _METHOD_NOT_ALLOWED:
        routes = [route for route in request.app.routes if route.path == request.url.path]
        methods = {method for route in routes for method in getattr(route, "methods", ())}
        response.headers["allow"] = ", ".join(sorted(methods))
    return response


def http_refusal(request: AnyRequest, error: HTTPException) -> Refusal:
    """What Litestar's router and parsers refuse, in our words."""
    if error.status_code >= _INTERNAL:
        return report_internal_error(error)
    code, message = {
        404: ("not_found", "There is nothing at this address."),
        _METHOD_NOT_ALLOWED: ("method_not_allowed", f"{request.method} is not possible here."),
        413: ("too_large", "The request body is too large."),
    }.get(error.status_code, ("invalid", "The request could not be understood."))
    return Refusal(error.status_code, code, message)


def internal_error_response(_request: AnyRequest, error: Exception) -> Response[bytes]:
    """Litestar's handler for everything else."""
    return _response(report_internal_error(error))


def _response(refusal: Refusal) -> Response[bytes]:
    return Response(
        refusal.body,
        status_code=refusal.status,
        media_type="application/json",
        headers=refusal.headers,
    )
