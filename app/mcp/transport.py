"""JSON-RPC over HTTP, both eras: what a POST says, and what goes back.

The hot method, tools/call, is read and written here with msgspec. All others go through the SDK's
own dispatch, which also judges every envelope that this file has not seen judged before.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import anyio
import msgspec
from mcp.server.connection import Connection
from mcp.server.lowlevel import Server
from mcp.server.runner import modern_error_data, serve_one
from mcp.shared.exceptions import NoBackChannelError
from mcp.shared.inbound import (
    ERROR_CODE_HTTP_STATUS,
    MCP_PROTOCOL_VERSION_HEADER,
    InboundLadderRejection,
    classify_inbound_request,
    find_duplicated_routing_header,
    unsupported_protocol_version_rejection,
)
from mcp.shared.transport_context import TransportContext
from mcp_types import DEFAULT_NEGOTIATED_VERSION, HEADER_MISMATCH, jsonrpc_message_adapter
from mcp_types import methods as surfaces
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError

from app.core.errors import ProductError
from app.mcp.errors import INVALID_REQUEST, PARSE_ERROR, JsonRpcError

Headers = dict[str, str]
RequestId = str | int

_DEEPEST = 200  # levels of nesting, as the SDK has it in the handshake era
_MOST_META_BYTES = 1024  # of an envelope whose verdict is kept
_CALL_KEYS = frozenset({"name", "arguments", "_meta"})
_SERVER_INFO = "io.modelcontextprotocol/serverInfo"
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Reply(NamedTuple):
    """An HTTP answer; `body` is JSON or empty."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(slots=True)
class Message:
    """One JSON-RPC message. Only requests have an id; `is_stateless` is the era of 2026-07-28."""

    version: str
    is_stateless: bool
    method: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    id: RequestId | None = None
    client_info: object = None
    client_capabilities: object = None

    @property
    def client(self) -> tuple[str, str]:
        """Name and version of the client, as far as this message tells."""
        info = self.params.get("clientInfo") if self.method == "initialize" else self.client_info
        if not isinstance(info, dict):
            return ("", "")
        return (_label(info.get("name")), _label(info.get("version")))


def is_stateless(headers: Headers) -> bool:
    """Whether the request is of the era without sessions, or of none that we speak."""
    version = headers.get(MCP_PROTOCOL_VERSION_HEADER)
    return version is not None and version not in HANDSHAKE_PROTOCOL_VERSIONS


def read(body: bytes, headers: Headers, raw_headers: list[tuple[str, str]]) -> Message:
    """The message in a POST. Raises JsonRpcError for what is no message of its era."""
    try:
        decoded = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise JsonRpcError(400, PARSE_ERROR, "The body is not JSON.") from error
    if _is_too_deep(body, decoded):
        raise JsonRpcError(400, PARSE_ERROR, "The body is nested too deeply.")
    if not isinstance(decoded, dict) or decoded.get("jsonrpc") != "2.0":
        raise _not_a_message()
    params = decoded.get("params")
    method = decoded.get("method")
    if (params is not None and not isinstance(params, dict)) or not isinstance(method, str):
        return _unasked_answer(decoded, headers)
    if "id" not in decoded:
        return _notification(method, headers)
    request_id = decoded["id"]
    if not isinstance(request_id, str | int) or isinstance(request_id, bool):
        raise _not_a_message()
    message = Message(_version(headers), is_stateless(headers), method, params or {}, request_id)
    if message.is_stateless:
        _classify(message, decoded, headers, raw_headers)
    return message


def _is_too_deep(body: bytes, decoded: object) -> bool:
    """Whether writing it back could exhaust Python's stack, which reading it did not."""
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return False
    level = [decoded]
    for _ in range(_DEEPEST + 1):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        level = inner
    return bool(level)


def _unasked_answer(decoded: dict[str, Any], headers: Headers) -> Message:
    """A client's answer to nothing that we asked: the handshake era lets it pass."""
    if is_stateless(headers):
        raise _not_a_message()
    try:
        jsonrpc_message_adapter.validate_python(decoded, by_name=False)
    except ValidationError as error:
        raise _not_a_message() from error
    return Message(_version(headers), is_stateless=False)


def _notification(method: str, headers: Headers) -> Message:
    version = _version(headers)
    if is_stateless(headers) and (refused := unsupported_protocol_version_rejection(version)):
        raise _rejected(refused)
    return Message(version, is_stateless(headers), method)


def _classify(
    message: Message, decoded: dict[str, Any], headers: Headers, raw: list[tuple[str, str]]
) -> None:
    duplicated = find_duplicated_routing_header(raw)
    if duplicated is not None:
        text = f"{duplicated} header appears more than once"
        raise JsonRpcError(400, HEADER_MISMATCH, text, request_id=message.id)
    verdict = classify_inbound_request(decoded, headers=headers)
    if isinstance(verdict, InboundLadderRejection):
        raise _rejected(verdict, message.id)
    message.version = verdict.protocol_version
    message.client_info = verdict.client_info
    message.client_capabilities = verdict.client_capabilities


def tool_call(message: Message) -> tuple[str, object] | None:
    """Name and arguments of a well-formed tools/call; None leaves the verdict to the SDK."""
    params = message.params
    name = params.get("name")
    if not isinstance(name, str) or not _CALL_KEYS.issuperset(params):
        return None
    meta = params.get("_meta")
    if meta is not None:
        if not isinstance(meta, dict):
            return None
        token = meta.get("progressToken", "")
        if not isinstance(token, str | int) or isinstance(token, bool):
            return None
        constant = _encode({key: value for key, value in meta.items() if key != "progressToken"})
        if len(constant) > _MOST_META_BYTES or not _is_sound(message.version, constant):
            return None
    arguments = params.get("arguments")
    return name, {} if arguments is None else arguments


@lru_cache(maxsize=2048)
def _is_sound(version: str, meta: bytes) -> bool:
    """Whether the SDK takes this envelope; clients send the same one with every call."""
    params = {"name": "any", "arguments": {}, "_meta": _decode(meta)}
    try:
        surfaces.validate_client_request("tools/call", version, params)
    except (ValidationError, KeyError, ValueError):
        return False
    return True


def tool_reply(
    message: Message, *, texts: tuple[str, ...], structured: object, is_error: bool, stamp: object
) -> Reply:
    """A tool's answer. `stamp` is the serverInfo that the stateless era wants on every result."""
    result: dict[str, object] = {
        "content": [{"type": "text", "text": text} for text in texts],
        "structuredContent": structured,
        "isError": is_error,
    }
    if message.is_stateless:
        result["resultType"] = "complete"
        result["_meta"] = {_SERVER_INFO: stamp}
    return Reply(200, _encode({"jsonrpc": "2.0", "id": message.id, "result": result}))


def error_reply(error: JsonRpcError, message: Message | None) -> Reply:
    """An error in JSON-RPC's words, with its HTTP status."""
    told: dict[str, object] = {"code": error.code, "message": error.message}
    if error.data is not None:
        told["data"] = error.data
    request_id = message.id if message else error.request_id
    body = _encode({"jsonrpc": "2.0", "id": request_id, "error": told})
    status = error.status
    if status == 200 and message is not None and message.is_stateless:
        status = ERROR_CODE_HTTP_STATUS.get(error.code, 200)
    return Reply(status, body, error.headers)


def has_result(reply: Reply) -> bool:
    """Whether the request that this answers was fulfilled."""
    return "result" in _decode(reply.body)


async def dispatch(server: Server[Any], message: Message) -> Reply:
    """The SDK's answer to any request. Raises ProductError as whoever was called did."""
    connection = Connection.from_envelope(
        message.version, message.client_info, message.client_capabilities
    )
    try:
        result = await serve_one(
            server,
            _Exchange(message.id),
            message.method,
            message.params,
            connection=connection,
            lifespan_state={},
        )
    except ProductError:
        raise
    except JsonRpcError as error:
        return error_reply(error, message)
    except Exception as error:  # noqa: BLE001 - the SDK's own boundary: it logs what it does not know
        told = modern_error_data(error)
        return error_reply(JsonRpcError(200, told.code, told.message, told.data), message)
    return Reply(200, _encode({"jsonrpc": "2.0", "id": message.id, "result": result}))


class _Exchange:
    """The SDK's context of one request whose answer is one JSON body: nothing goes out besides."""

    can_send_request = False
    message_metadata = None
    transport = TransportContext(kind="streamable-http", can_send_request=False)

    def __init__(self, request_id: RequestId | None) -> None:
        self.request_id = request_id
        self.cancel_requested = anyio.Event()

    async def send_raw_request(self, method: str, *_: object) -> dict[str, Any]:
        raise NoBackChannelError(method)

    async def notify(self, *_: object) -> None:
        return

    async def progress(self, *_: object) -> None:
        return


def _version(headers: Headers) -> str:
    return headers.get(MCP_PROTOCOL_VERSION_HEADER, DEFAULT_NEGOTIATED_VERSION)


def _label(value: object) -> str:
    return value.replace("\0", "")[:100] if isinstance(value, str) else ""


def _not_a_message() -> JsonRpcError:
    return JsonRpcError(400, INVALID_REQUEST, "The body must be a single JSON-RPC 2.0 message.")


def _rejected(
    rejection: InboundLadderRejection, request_id: RequestId | None = None
) -> JsonRpcError:
    status = ERROR_CODE_HTTP_STATUS.get(rejection.code, 400)
    return JsonRpcError(
        status, rejection.code, rejection.message, rejection.data, request_id=request_id
    )
