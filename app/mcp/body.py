"""The body of a POST to an MCP address: what it may be, and how much of it."""

from litestar.types import Receive

from app.core.headers import SPACES
from app.mcp import transport
from app.mcp.errors import INVALID_REQUEST, JsonRpcError
from app.mcp.transport import Headers

MOST_BODY_BYTES = 256 * 1024


def check_media_types(headers: Headers) -> None:
    """Raises JsonRpcError for what is sent as no JSON, or wants anything else back."""
    accept = headers.get("accept")
    if accept is not None and not any(
        one in accept.lower() for one in ("application/json", "*/*", "application/*")
    ):
        message = "Answers are application/json: accept that."
        raise JsonRpcError(406, INVALID_REQUEST, message)
    is_lenient = "origin" not in headers and not transport.is_stateless(headers)
    content_type = headers.get("content-type", "").partition(";")[0].strip(SPACES).lower()
    if not is_lenient and content_type != "application/json":
        message = "Send the message as application/json."
        raise JsonRpcError(415, INVALID_REQUEST, message)


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """The whole body. Raises JsonRpcError past the limit, without reading on."""
    announced = headers.get("content-length", "0")
    is_too_long = (
        announced.isascii() and announced.isdigit() and int(announced[:18]) > MOST_BODY_BYTES
    )
    chunks: list[bytes] = []
    size = 0
    more = not is_too_long
    while more:
        event = await receive()
        if event["type"] != "http.request":
            raise JsonRpcError(400, INVALID_REQUEST, "The request was cut off.")
        chunk = event.get("body", b"")
        size += len(chunk)
        chunks.append(chunk)
        is_too_long = size > MOST_BODY_BYTES
        more = event.get("more_body", False) and not is_too_long
    if is_too_long:
        message = f"The body is larger than {MOST_BODY_BYTES // 1024} KiB."
        raise JsonRpcError(413, INVALID_REQUEST, message, headers=((b"connection", b"close"),))
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
