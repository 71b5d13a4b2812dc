"""One GraphQL request over HTTP, as it is read from the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar.types import Receive

MOST_BODY_BYTES: Final = 256 * 1024
MOST_NESTING: Final = 100  # of variables; deeper ones would exhaust the stack somewhere behind

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


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers by name in lower case; of cookies, which may be split, all."""
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        found[key] = f"{found[key]}; {text}" if key == "cookie" and key in found else text
    return found


def check_form(method: str, headers: Headers) -> None:
    """Raise Unreadable for what is no POST of JSON."""
    if method != "POST":
        message = "Send GraphQL as POST."
        raise Unreadable(405, "METHOD_NOT_ALLOWED", message, ((b"allow", b"POST"),))
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        message = "Send the operation as application/json."
        raise Unreadable(415, "UNSUPPORTED_MEDIA_TYPE", message)


async def body(headers: Headers, receive: Receive) -> bytes:
    """The whole body. Raises Unreadable past the limit, without reading on."""
    announced = headers.get("content-length", "0")
    is_too_long = (
        announced.isascii() and announced.isdigit() and int(announced[:18]) > MOST_BODY_BYTES
    )
    read = bytearray()
    more = not is_too_long
    while more:
        event = await receive()
        if event["type"] != "http.request":
            raise Unreadable(400, "BAD_REQUEST", "The request was cut off.")
        read += event.get("body", b"")
        is_too_long = len(read) > MOST_BODY_BYTES
        more = event.get("more_body", False) and not is_too_long
    if is_too_long:
        message = f"The body is larger than {MOST_BODY_BYTES // 1024} KiB."
        raise Unreadable(413, "TOO_LARGE", message, ((b"connection", b"close"),))
    return bytes(read)


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
    if _is_too_deep(given.variables):
        message = f"The variables are nested more than {MOST_NESTING} levels deep."
        raise Unreadable(400, "BAD_REQUEST", message)
    return given


def _is_too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(MOST_NESTING):
        level = [
            child
            for one in level
            for child in (
                one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
            )
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
