"""A server's site, asked as MCP clients, browsers and scripts of other pages ask it."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import httpx
from litestar.types import ASGIApp

from app.domain.server_directory import ServerDirectory
from tests.support.agent import endpoint
from tests.support.edge import edge
from tests.support.logins import CALLBACK, METADATA, VERIFIER, Door

ORIGIN = "http://acme-docs.localhost:8000"
MCP_URL = f"{ORIGIN}/api/mcpserver/mcp"


@dataclass(frozen=True, slots=True)
class Site:
    """The site of a server whose end users log in, without a network in between."""

    door: Door
    app: ASGIApp

    async def send(
        self, method: str, path: str, *, origin: str = ORIGIN, **given: Any
    ) -> httpx.Response:
        """The answer to one request; redirects are not followed, cookies not kept."""
        peer = given.pop("peer", "192.0.2.7")
        transport = httpx.ASGITransport(
            app=self.app,  # type: ignore[arg-type]  # the same interface, typed apart
            client=(peer, 50000),
            raise_app_exceptions=False,
        )
        async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
            return await client.request(method, path, **given)

    async def get(self, path: str, **given: Any) -> httpx.Response:
        """The answer to a GET."""
        return await self.send("GET", path, **given)

    async def register(self, **metadata: Any) -> httpx.Response:
        """What a registration is answered with; a member that is None is left out."""
        told = {
            name: value for name, value in {**METADATA, **metadata}.items() if value is not None
        }
        return await self.send("POST", "/oauth/register", json=told)

    async def registered(self, **metadata: Any) -> dict[str, Any]:
        """What a new client is told of itself."""
        response = await self.register(**metadata)
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def form(self, path: str, /, **parameters: Any) -> httpx.Response:
        """What a form is answered with; a list is a parameter that is there several times."""
        headers = parameters.pop("headers", None)
        told = {name: value for name, value in parameters.items() if value is not None}
        return await self.send("POST", path, data=told, headers=headers)

    async def token(self, **parameters: Any) -> httpx.Response:
        """What the token endpoint answers."""
        return await self.form("/oauth/token", **parameters)

    async def redeem(self, code: str, client_id: str, /, **parameters: Any) -> httpx.Response:
        """What a code is answered with."""
        told = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return await self.token(**{**told, **parameters})

    async def refresh(self, token: str, client_id: str, /, **parameters: Any) -> httpx.Response:
        """What a refresh token is answered with."""
        told = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id}
        return await self.token(**{**told, **parameters})


def basic(client_id: str, secret: str) -> dict[str, str]:
    """The header by which a client with a secret proves itself."""
    return {"authorization": f"Basic {b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


def site_of(door: Door, **parts: Any) -> Site:
    """The site of this server."""
    directory = ServerDirectory()
    made = {"directory": directory, "mcp": endpoint(directory=directory), "desk": door.people.desk}
    return Site(door, edge(**{**made, **parts}))
