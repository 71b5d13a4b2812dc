"""One GraphQL request over HTTP, as it is read from the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar.types import Receive

from app.core.headers import SPACES
from app.domain import admission

MOST_BODY_BYTES: Final = 256 * 1024
MOST_FILE_BODY_BYTES: Final = 4 * 1024 * 1024  # of a good API key's requests, which import files
MOST_QUERY_CHARACTERS: Final = MOST_BODY_BYTES  # of the operation; variables hold what is large
MOST_NESTING: Final = 100  # of variables; deeper ones would exhaust the stack somewhere behind
MOST_VALUES: Final = 20_000  # in variables; each is read in several places, a few µs in all

_BEARER: Final = "bearer "

Headers = Mapping[str, str]


@dataclass
class Unreadable(Exception):
    """A request that never becomes an operation: HTTP status, code, a sentence, headers."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Operation(msgspec.Struct, rename="camel", kw_only=True):
    """What a client sends; other members, such as `extensions`, are for others to read."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


def check_form(method: str, headers: Headers) -> None:
    """Raise Unreadable for what is no POST of JSON."""
    if method != "POST":
        message = "Send GraphQL as POST."
        raise Unreadable(405, "METHOD_NOT_ALLOWED", message, ((b"allow", b"POST"),))
    content_type = headers.get("content-type", "").partition(";")[0].strip(SPACES).lower()
    if content_type != "application/json":
        message = "Send the operation as application/json."
        raise Unreadable(415, "UNSUPPORTED_MEDIA_TYPE", message)


async def body(headers: Headers, receive: Receive) -> bytes:
    """The whole body. Raises Unreadable past the limit, without reading on.

    Past what strangers may send, a request is read on only if it has a good API key. Raises
    NotSignedIn for one that is not good.
    """
    announced = headers.get("content-length", "0")
    length = int(announced[:18]) if announced.isascii() and announced.isdigit() else 0
    most = MOST_BODY_BYTES
    read = bytearray()
    more = True
    while True:
        while length > most:
            most = await _larger_limit(headers, most)
        if not more:
            return bytes(read)
        event = await receive()
        if event["type"] != "http.request":
            raise Unreadable(400, "BAD_REQUEST", "The request was cut off.")
        read += event.get("body", b"")
        length = max(length, len(read))
        more = event.get("more_body", False)


async def _larger_limit(headers: Headers, present: int) -> int:
    token = _bearer_token(headers)
    if token is None or present == MOST_FILE_BODY_BYTES:
        message = f"The body is larger than {present // 1024} KiB."
        raise Unreadable(413, "TOO_LARGE", message, ((b"connection", b"close"),))
    await admission.api_key(token)
    return MOST_FILE_BODY_BYTES


def _bearer_token(headers: Headers) -> str | None:
    authorization = headers.get("authorization", "")
    is_bearer = authorization.lower().startswith(_BEARER)
    return authorization[len(_BEARER) :].strip(SPACES) if is_bearer else None


def operation(content: bytes) -> Operation:
    """The operation in the body. Raises Unreadable."""
    try:
        if content.lstrip()[:1] == b"[":
            raise Unreadable(400, "BAD_REQUEST", "Send one operation a request: no batches.")
        given = msgspec.json.decode(content, type=Operation)
    except (ValueError, RecursionError) as error:
        message = "The body must be JSON with a query, and perhaps variables and operationName."
        raise Unreadable(400, "BAD_REQUEST", message) from error
    if not given.query.strip():
        raise Unreadable(400, "BAD_REQUEST", "The query is empty.")
    if len(given.query) > MOST_QUERY_CHARACTERS:
        message = f"The query has more than {MOST_QUERY_CHARACTERS} characters: use variables."
        raise Unreadable(413, "TOO_LARGE", message)
    _check_size(given.variables)
    return given


def _check_size(variables: object) -> None:
    level: list[object] = [variables]
    count = 0
    for _ in range(MOST_NESTING):
        inner = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        count += len(inner)
        if count > MOST_VALUES:
            message = f"The variables hold more than {MOST_VALUES} values."
            raise Unreadable(413, "TOO_LARGE", message)
        level = [child for child in inner if isinstance(child, dict | list)]
        if not level:
            return
    message = f"The variables are nested more than {MOST_NESTING} levels deep."
    raise Unreadable(400, "BAD_REQUEST", message)
