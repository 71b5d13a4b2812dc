"""The limit: no framework, no protocol library, no checks; msgspec on both sides of asyncpg."""

from contextlib import AsyncExitStack
from typing import Any

import msgspec

from benchmarks.peers.command import Open, peer
from benchmarks.wire import END_USER_HEADER, Era

_STAMP = {"io.modelcontextprotocol/serverInfo": {"name": "benchmark", "version": "1.0"}}
_end_user_header = END_USER_HEADER.encode()
_stateless = Era.STATELESS.encode()
_encode = msgspec.json.Encoder().encode


class _Arguments(msgspec.Struct, rename="camel"):
    current_step_id: str | None = None


class _Params(msgspec.Struct):
    arguments: _Arguments


class _Call(msgspec.Struct):
    id: int | str
    params: _Params


_decode = msgspec.json.Decoder(_Call).decode


def app(open_tool: Open) -> Any:
    """The ASGI application."""
    stack = AsyncExitStack()
    tool: Any = None

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        nonlocal tool
        if scope["type"] == "lifespan":
            await receive()
            tool = await stack.enter_async_context(open_tool())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await stack.aclose()
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = dict(scope["headers"])
        call = _decode((await receive())["body"])
        session_id = headers.get(b"mcp-session-id")
        said = await tool.after(
            call.params.arguments.current_step_id,
            end_user_id=headers[_end_user_header].decode(),
            session_id=session_id and session_id.decode(),
        )
        result = {
            "content": [{"type": "text", "text": text} for text in said.texts],
            "structuredContent": said.structured,
            "isError": False,
        }
        if headers[b"mcp-protocol-version"] == _stateless:
            result |= {"resultType": "complete", "_meta": _STAMP}
        body = _encode({"jsonrpc": "2.0", "id": call.id, "result": result})
        length = str(len(body)).encode()
        head = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return answer


if __name__ == "__main__":
    peer(app)()
