"""Clients that are not ours log their person in, and walk; by hand is done what the pages ask."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import fastmcp
import httpx
import msgspec
import pytest
from fastmcp.client.auth.oauth import OAuth
from fastmcp.client.transports import StreamableHttpTransport
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl
from typing_extensions import override

from tests.journeys.calling import tools_of
from tests.journeys.person import Person, brought_back
from tests.journeys.test_python_clients import address
from tests.journeys.walks import walk, whole_walk
from tests.support.agent import STATELESS
from tests.support.command import Serving, serving
from tests.support.internet import Asked, Authority, host, response
from tests.support.redis_servers import free_port
from tests.support.world import Guide, World

CALLBACK = "http://127.0.0.1:33418/callback"
WAYS = (
    ("legacy", "none"),
    (STATELESS, "none"),
    ("auto", "none"),
    ("legacy", "client_secret_basic"),
    ("legacy", "client_secret_post"),
)
TICKET = {"title": "Stuck", "problemDescription": "Nothing happens."}


class Memory(TokenStorage):
    """What a client keeps between runs."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    @override
    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    @override
    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    @override
    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    @override
    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Whoever signs the certificates of this test's web servers."""
    return Authority(tmp_path)


@pytest.fixture
async def platform(
    world: World, guide: Guide, database_url: str, tmp_path: Path, authority: Authority
) -> AsyncIterator[Serving]:
    """A process that serves acme-docs, whose end users log in at the platform."""
    await world.change_server(auth_type="platform_oauth")
    trusted = tmp_path / "authority.pem"
    trusted.write_bytes(authority.pem())
    settings = {
        "DATABASE_URL": database_url,
        "MCPLATFORM_HOST_ALIASES": "127.0.0.1=acme-docs",
        "MCPLATFORM_DATA_FOLDER": str(tmp_path),
        "SSL_CERT_FILE": str(trusted),
    }
    async with serving(tmp_path, free_port(), "serve", **settings) as server:
        yield server


@pytest.fixture
def ann(tmp_path: Path) -> Person:
    """Somebody who uses agents."""
    return Person(tmp_path / "outbox")


def provider(url: str, person: Person, memory: Memory, **told: Any) -> OAuthClientProvider:
    """The SDK's login; the person does what the pages ask for."""
    back: list[str] = []

    async def to_browser(authorize: str) -> None:
        back.append(await person.log_in(authorize))

    async def from_browser() -> AuthorizationCodeResult:
        told = brought_back(back[-1])
        return AuthorizationCodeResult(
            code=told["code"], state=told.get("state"), iss=told.get("iss")
        )

    metadata = OAuthClientMetadata(
        client_name="The SDK",
        redirect_uris=[AnyUrl(CALLBACK)],
        token_endpoint_auth_method=told.pop("method", "none"),
    )
    return OAuthClientProvider(url, metadata, memory, to_browser, from_browser, **told)


@asynccontextmanager
async def connected(url: str, auth: OAuthClientProvider, mode: str) -> AsyncIterator[Client]:
    """The SDK's client with a login."""
    async with (
        create_mcp_http_client(auth=auth) as http_client,
        Client(streamable_http_client(url, http_client=http_client), mode=mode) as client,
    ):
        yield client


async def grants(world: World) -> list[tuple[Any, ...]]:
    """The client's name and the person's address of every login."""
    return await world.rows(
        "SELECT c.name, e.email FROM oauth_grant g JOIN oauth_client c ON c.id = g.client_id"
        " JOIN end_user e ON e.id = g.end_user_id ORDER BY g.created_at"
    )


async def test_the_sdk_registers_logs_in_and_walks(
    world: World, platform: Serving, tmp_path: Path
) -> None:
    for number, (mode, method) in enumerate(WAYS, start=1):
        person = Person(tmp_path / "outbox", f"person-{number}@acme.test")
        memory = Memory()
        auth = provider(address(platform), person, memory, method=method)
        async with connected(address(platform), auth, mode) as client:
            assert await walk(tools_of(client)) == whole_walk(12)
            ticket, _ = await tools_of(client)("get_support", TICKET)
        assert ticket["ticket"]["number"] == number
        assert memory.client is not None
        assert (memory.client.client_secret is None) is (method == "none")
        assert (await grants(world))[-1] == ("The SDK", person.email)
        assert (person.logins, len(person.seen)) == (1, 3)
    emails = [(f"person-{number}@acme.test",) for number in range(1, len(WAYS) + 1)]
    assert await world.rows("SELECT email FROM ticket ORDER BY number") == emails
    assert await world.rows("SELECT email FROM end_user ORDER BY first_seen_at") == emails


async def test_a_client_with_a_metadata_document_need_not_register(
    world: World, platform: Serving, ann: Person, authority: Authority
) -> None:
    document: dict[str, Any] = {
        "client_name": "The SDK, documented",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    }

    async def answer(_: Asked, writer: asyncio.StreamWriter) -> None:
        body = msgspec.json.encode(document)
        writer.write(response(body, headers={"content-type": "application/json"}))

    async with host(answer, tls=authority.serving("localhost")) as web:
        document["client_id"] = f"https://localhost:{web.port}/client.json"
        for _ in range(2):
            auth = provider(
                address(platform), ann, Memory(), client_metadata_url=document["client_id"]
            )
            async with connected(address(platform), auth, "legacy") as client:
                await tools_of(client)("start_walkthrough", {})
    assert [asked.path for asked in web.asked] == ["/client.json"]
    assert await world.rows("SELECT url, name FROM oauth_client") == [
        (document["client_id"], "The SDK, documented")
    ]
    assert ann.logins == 2
    assert "The SDK, documented" in ann.seen[0]


async def test_tokens_are_renewed_under_way_and_the_person_notices_nothing(
    world: World, platform: Serving, ann: Person, guide: Guide
) -> None:
    memory = Memory()
    auth = provider(address(platform), ann, memory)
    async with connected(address(platform), auth, "legacy") as client:
        call = tools_of(client)
        await call("start_walkthrough", {})
        for step in guide.steps[:5]:
            before = memory.tokens
            auth.context.token_expiry_time = 1  # the client's own clock says that it has expired
            await call("get_next_step", {"currentStepId": step})
            assert memory.tokens is not None
            assert before is not None
            assert memory.tokens.access_token != before.access_token
            assert memory.tokens.refresh_token != before.refresh_token
    assert ann.logins == 1


async def test_a_client_that_comes_again_need_not_log_in_again(
    platform: Serving, ann: Person, guide: Guide
) -> None:
    memory = Memory()
    for _ in range(2):
        auth = provider(address(platform), ann, memory)
        async with connected(address(platform), auth, "legacy") as client:
            await tools_of(client)("start_walkthrough", {})
    assert ann.logins == 1


async def test_whoever_was_logged_out_logs_in_again_and_goes_on(
    world: World, platform: Serving, ann: Person, guide: Guide
) -> None:
    auth = provider(address(platform), ann, Memory())
    async with connected(address(platform), auth, STATELESS) as client:
        call = tools_of(client)
        await call("start_walkthrough", {})
        await world.owner.execute("UPDATE oauth_grant SET revoked_at = now()")
        told, _ = await call("get_next_step", {"currentStepId": guide.steps[0]})
    assert (told["step"]["number"], told["completedSteps"]) == (2, 1)
    assert ann.logins == 2


class Listening(OAuth):
    """fastmcp's login with its own callback server; our person takes the place of the browser."""

    person: Person
    authorize = ""

    @override
    async def redirect_handler(self, authorization_url: str) -> None:
        self.authorize = authorization_url

    @override
    async def callback_handler(self) -> AuthorizationCodeResult:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._in_the_browser())
            return await super().callback_handler()

    async def _in_the_browser(self) -> None:
        back = await self.person.log_in(self.authorize)
        async with httpx.AsyncClient() as browser, asyncio.timeout(10):
            while not await _opens(browser, back):
                await asyncio.sleep(0.05)


async def _opens(browser: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await browser.get(url)).status_code == httpx.codes.OK
    except httpx.ConnectError:
        return False


@pytest.mark.filterwarnings("ignore:Using in-memory token storage:UserWarning")  # as it should
async def test_fastmcps_client_logs_in_and_walks(
    world: World, platform: Serving, ann: Person
) -> None:
    auth = Listening(address(platform), callback_port=free_port())
    auth.person = ann
    transport = StreamableHttpTransport(address(platform), auth=auth)
    async with fastmcp.Client(transport) as client:
        assert await walk(tools_of(client)) == whole_walk(12)
    assert await grants(world) == [("FastMCP Client", ann.email)]
    assert ann.logins == 1
