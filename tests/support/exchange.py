"""HTTP as the endpoint sees it, without a client that would mend what a test broke."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

HeaderLines = Iterable[tuple[str, str]]
App = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: `headers` by name in lower case, `json` of a JSON body, else None."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body; None where there is none or it is not JSON."""
        is_json = self.headers.get("content-type", "").startswith("application/json")
        return msgspec.json.decode(self.body) if is_json and self.body else None


async def exchange(
    app: App, body: bytes, headers: HeaderLines, *, method: str = "POST", chunks: int = 1
) -> Answered:
    """One HTTP request with these bytes and header lines, the body in so many pieces."""
    size = -(-len(body) // chunks) or 1
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    left = iter(enumerate(pieces, start=1))
    sent: list[Any] = []

    async def receive() -> Any:
        number, piece = next(left, (0, b""))
        if not number:
            await asyncio.Event().wait()  # the client listens on
        return {"type": "http.request", "body": piece, "more_body": number < len(pieces)}

    async def send(event: Any) -> None:
        sent.append(event)

    await app(_scope(method, headers), receive, send)
    start, *rest = sent
    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Answered(start["status"], told, b"".join(event.get("body", b"") for event in rest))


def _scope(method: str, headers: HeaderLines) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/api/mcpserver/mcp",
        "raw_path": b"/api/mcpserver/mcp",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ],
        "client": ("203.0.113.9", 1),
        "server": ("acme-docs.localhost", 8000),
    }
