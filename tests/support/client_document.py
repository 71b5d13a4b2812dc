"""A client's metadata document, published on this machine."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.internet import Asked, Host, host, response

DOCUMENT_PATH = "/client.json"


@dataclass(frozen=True, slots=True)
class Published:
    """Where the document is, and who asked for it."""

    url: str
    served: Host

    @property
    def count(self) -> int:
        """How often it was read."""
        return sum(asked.path == DOCUMENT_PATH for asked in self.served.asked)


@asynccontextmanager
async def published(**metadata: Any) -> AsyncIterator[Published]:
    """A document that says this of its client."""

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        url = f"http://{asked.headers['host']}{DOCUMENT_PATH}"
        document = {"client_id": url, "token_endpoint_auth_method": "none", **metadata}
        is_there = asked.path == DOCUMENT_PATH
        body = json.dumps(document).encode() if is_there else b""
        kind = {"content-type": "application/json"}
        writer.write(response(body, status=200 if is_there else 404, headers=kind))

    async with host(answer) as served:
        yield Published(f"http://127.0.0.1:{served.port}{DOCUMENT_PATH}", served)
