"""What goes wrong, as machines are told it: RFC 6749 §5.2, RFC 7591 §3.2.2, RFC 7009 §2.2.1."""

from typing import Final

import structlog
from authlib.oauth2 import OAuth2Error

from app.core.errors import NotFound, ProductError, TooMany, Unavailable
from app.core.log import REQUEST_ID, note
from app.domain.oauth_errors import AccessDenied, InvalidClient, InvalidRequest, OAuthError
from app.oauth import answer
from app.oauth.answer import Answer, RawHeaders
from app.oauth.request import TooLarge

_QUOTES: Final = str.maketrans({'"': "'", "\\": "/"})
# RFC 9110 §15.5.2: no 401 without a challenge.
_CHALLENGE: Final = (b"www-authenticate", b'Basic realm="token endpoint", charset="UTF-8"')

log = structlog.get_logger()


class MethodNotAllowed(InvalidRequest):
    """The address takes other HTTP methods."""

    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Send this with another method: {allowed}.")
        self.allowed = allowed


# The status of each kind, and a code for those that no specification of OAuth has one for.
_RENDERED: Final[dict[type[ProductError], tuple[int, str]]] = {
    MethodNotAllowed: (405, ""),
    InvalidClient: (401, ""),
    AccessDenied: (403, ""),
    TooLarge: (413, ""),
    TooMany: (429, "too_many_requests"),
    Unavailable: (503, "temporarily_unavailable"),
    NotFound: (404, "not_found"),
    ProductError: (400, "invalid_request"),
}


def told(error: ProductError) -> Answer:
    """The answer that a product error becomes."""
    code = _code(error)
    note(code=code)
    return _answer(_status(error), code, error.message, _headers(error))


def told_by_authlib(error: OAuth2Error) -> Answer:
    """The answer that Authlib's refusal of a request becomes."""
    note(code=error.error)
    is_client = error.error == InvalidClient.code
    status = 401 if is_client else error.status_code
    # get_error_description may quote the request, and in that a secret may be out of place.
    description = str(error.description or "") or "The request is not valid."
    return _answer(status, str(error.error), description, (_CHALLENGE,) if is_client else ())


def internal(error: Exception) -> Answer:
    """Log a fault of ours with its trace; what the client hears of it is the request's id."""
    log.error("request failed", exc_info=error)
    message = f"Something went wrong on our side. If it lasts, report request {REQUEST_ID.get()}."
    return _answer(500, "server_error", message, ())


def _answer(status: int, code: str, message: str, headers: RawHeaders) -> Answer:
    content = {"error": code, "error_description": _plain(message)}
    return answer.of_json(content, status=status).with_headers(*headers)


def _status(error: ProductError) -> int:
    return next((status for kind, (status, _) in _RENDERED.items() if isinstance(error, kind)), 400)


def _code(error: ProductError) -> str:
    if isinstance(error, OAuthError):
        return error.code
    return next(code for kind, (_, code) in _RENDERED.items() if isinstance(error, kind))


def _headers(error: ProductError) -> RawHeaders:
    match error:
        case TooMany() | Unavailable():
            return ((b"retry-after", str(error.retry_after_seconds).encode()),)
        case MethodNotAllowed():
            return ((b"allow", error.allowed.encode()),)
        case InvalidClient():
            return (_CHALLENGE,)
        case TooLarge():
            return ((b"connection", b"close"),)
    return ()


def _plain(message: str) -> str:
    """RFC 6749 §5.2 knows no characters but these in a description."""
    text = message.translate(_QUOTES)
    return "".join(character if " " <= character <= "~" else "?" for character in text)
