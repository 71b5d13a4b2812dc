"""Tool calls on the wire, in both eras of the protocol."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from benchmarks.client import Answer

CLIENT = ("benchmark", "1.0")
END_USER_HEADER = "x-end-user"  # how servers without sessions are told who calls
_encode = msgspec.json.Encoder().encode


class Era(StrEnum):
    """A protocol version that stands for its era."""

    HANDSHAKE = "2025-11-25"
    STATELESS = "2026-07-28"


class WrongAnswer(Exception):
    """A call that was measured did not do what it was meant to do."""


@dataclass(slots=True)
class Walker:
    """An end user on the way: who they are to each server, and the step they are at."""

    era: Era
    host: str
    end_user_id: str
    tracking_id: str
    session_id: str | None
    step_id: str | None = None


class _Step(msgspec.Struct):
    id: str


class Structured(msgspec.Struct):
    """Of an answer's structured content what the benchmarks look at."""

    kind: str
    step: _Step | None = None


class _Result(msgspec.Struct, rename="camel"):
    structured_content: Structured
    is_error: bool = False


class _Reply(msgspec.Struct):
    result: _Result


_decode = msgspec.json.Decoder(_Reply).decode


def request(
    walker: Walker,
    method: str,
    params: dict[str, Any],
    *,
    name: str | None = None,
) -> bytes:
    """A whole HTTP request with one JSON-RPC message; `name` is the tool of a tools/call."""
    routing = ""
    if walker.era is Era.STATELESS:
        params = {**params, "_meta": _envelope()}
        routing = f"mcp-method: {method}\r\n"
        if name is not None:
            routing += f"mcp-name: {name}\r\n"
    elif walker.session_id is not None:
        routing = f"mcp-session-id: {walker.session_id}\r\n"
    body = _encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    head = (
        f"POST /api/mcpserver/{walker.tracking_id}/mcp HTTP/1.1\r\n"
        f"host: {walker.host}\r\n"
        "content-type: application/json\r\n"
        "accept: application/json, text/event-stream\r\n"
        f"mcp-protocol-version: {walker.era}\r\n"
        f"{routing}"
        f"{END_USER_HEADER}: {walker.end_user_id}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def tool_call(walker: Walker, tool: str, arguments: dict[str, Any]) -> bytes:
    """A tools/call."""
    return request(walker, "tools/call", {"name": tool, "arguments": arguments}, name=tool)


def structured(answer: Answer) -> Structured:
    """What the tool said. Raises WrongAnswer for every other outcome."""
    try:
        result = _decode(answer.body).result
    except msgspec.DecodeError as error:
        raise _wrong(answer) from error
    if answer.status != 200 or result.is_error:
        raise _wrong(answer)
    return result.structured_content


def _wrong(answer: Answer) -> WrongAnswer:
    return WrongAnswer(f"{answer.status}: {answer.body[:500].decode(errors='replace')}")


def _envelope() -> dict[str, Any]:
    name, version = CLIENT
    prefix = "io.modelcontextprotocol"
    return {
        f"{prefix}/protocolVersion": Era.STATELESS,
        f"{prefix}/clientInfo": {"name": name, "version": version},
        f"{prefix}/clientCapabilities": {},
    }
