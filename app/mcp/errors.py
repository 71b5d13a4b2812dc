"""Product errors as JSON-RPC errors: the one place that gives them codes and HTTP statuses."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mcp_types import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR

from app.core.errors import NotSignedIn, ProductError, TooMany, Unavailable
from app.domain import oauth_scopes
from app.domain.oauth_errors import InsufficientScope, InvalidToken

SERVER_ERROR = -32000
SESSION_NOT_FOUND = -32001

__all__ = [
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "PARSE_ERROR",
    "SERVER_ERROR",
    "SESSION_NOT_FOUND",
    "JsonRpcError",
    "from_product_error",
]


@dataclass
class JsonRpcError(Exception):
    """A failure of the protocol or of admission: HTTP status, JSON-RPC code, a sentence, facts."""

    status: int
    code: int
    message: str
    data: object = None
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())
    request_id: str | int | None = None


def from_product_error(error: ProductError, *, url: str) -> JsonRpcError:
    """What a client is told of an error that stopped its request to `url` before any tool ran."""
    data = {"code": error.code}
    if isinstance(error, TooMany | Unavailable):
        status = 429 if isinstance(error, TooMany) else 503
        retry = (b"retry-after", str(error.retry_after_seconds).encode())
        return JsonRpcError(status, SERVER_ERROR, error.message, data, (retry,))
    if isinstance(error, NotSignedIn | InsufficientScope):
        status = 401 if isinstance(error, NotSignedIn) else 403
        return JsonRpcError(status, SERVER_ERROR, error.message, data, (_challenge(error, url),))
    if error.code == "unknown_session":
        return JsonRpcError(404, SESSION_NOT_FOUND, error.message, data)
    return JsonRpcError(400, INVALID_REQUEST, error.message, data)


def _challenge(error: ProductError, url: str) -> tuple[bytes, bytes]:
    """Where to log in, and for what (RFC 9728 §5.1); without a token, no error (RFC 6750 §3.1)."""
    site = urlsplit(url)
    metadata = f"{site.scheme}://{site.netloc}/.well-known/oauth-protected-resource{site.path}"
    told = {"resource_metadata": metadata, "scope": " ".join(oauth_scopes.asked(None))}
    if isinstance(error, InvalidToken | InsufficientScope):
        told |= {"error": error.code, "error_description": error.message}
    parameters = ", ".join(f'{name}="{value}"' for name, value in told.items())
    return b"www-authenticate", f"Bearer {parameters}".encode()
