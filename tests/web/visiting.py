"""A person with a browser, as far as the server can tell."""

import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

import httpx
from litestar.types import ASGIApp

from app.core import session_cookie

ORIGIN = "http://localhost:8000"


@dataclass(slots=True)
class Visitor:
    """Opens pages and sends their forms; keeps the session's cookie, and says where it was sent."""

    app: ASGIApp
    token: str | None = None
    headers: dict[str, str] = field(
        # As browsers send them from a page without a referrer.
        default_factory=lambda: {"sec-fetch-site": "same-origin", "origin": "null"}
    )

    async def open(self, path: str, **headers: str) -> httpx.Response:
        """The answer to a link that was followed."""
        return await self._ask("GET", path, headers=headers)

    async def send(self, path: str, **inputs: str) -> httpx.Response:
        """The answer to a form."""
        body = urlencode(inputs).encode()
        form = {"content-type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", path, headers={**form, **self.headers}, body=body)

    async def send_raw(self, path: str, body: bytes) -> httpx.Response:
        """The answer to what no form sends."""
        return await self._ask("POST", path, headers=self.headers, body=body)

    async def _ask(
        self, method: str, path: str, *, headers: dict[str, str], body: bytes = b""
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, client=("192.0.2.7", 50000))  # type: ignore[arg-type]  # the same interface, typed apart
        cookie = {"cookie": f"{session_cookie.NAME}={self.token}"} if self.token else {}
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            response = await client.request(
                method, path, content=body, headers={"accept": "text/html", **cookie, **headers}
            )
        set_cookie = response.headers.get("set-cookie")
        if set_cookie is not None:
            self.token = session_cookie.token_in(set_cookie.partition(";")[0])
        return response


def inputs_of(response: httpx.Response) -> dict[str, str]:
    """The inputs of the page's form with their values, hidden ones too."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", response.text):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        assert name is not None
        found[unescape(name[1])] = unescape(value[1]) if value else ""
    return found
