"""Clients that are not ours log their person in at the customer's own OpenID provider, and walk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastmcp
import msgspec
import pytest
from fastmcp.client.transports import StreamableHttpTransport
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from app.core.enums import AuthType
from app.core.sealed import Sealer
from app.core.settings import DEVELOPMENT_KEY
from tests.journeys.calling import tools_of
from tests.journeys.person import Person
from tests.journeys.test_oauth_clients import (
    CALLBACK,
    TICKET,
    Listening,
    Memory,
    connected,
    grants,
    provider,
)
from tests.journeys.test_python_clients import address
from tests.journeys.walks import walk, whole_walk
from tests.support.agent import STATELESS
from tests.support.command import Serving, serving
from tests.support.identity_provider import (
    IdentityProvider,
    foreign_provider,
    identity_provider,
)
from tests.support.internet import Asked, Authority, host, response
from tests.support.logins import configure, door
from tests.support.people import Reception, reception
from tests.support.redis_servers import free_port
from tests.support.world import Guide, World

MCP = "/api/mcpserver/mcp"
WALKERS = (
    ("legacy", {"sub": "1-ann", "email": "Ann@Acme.test", "email_verified": True, "name": "Ann"}),
    (STATELESS, {"sub": "2-bob", "email": "bob@acme.test", "email_verified": True, "name": "Bob"}),
)
PEOPLE = "SELECT issuer, subject, email, email_verified, profile FROM end_user ORDER BY subject"
PROGRESS = (
    "SELECT e.subject, w.title, p.run, p.done_count, p.first_completed_at IS NOT NULL"
    " FROM progress p JOIN end_user e ON e.id = p.end_user_id"
    " JOIN walkthrough w ON w.id = p.walkthrough_id ORDER BY e.subject"
)
TICKETS = (
    "SELECT t.number, t.email, e.subject FROM ticket t JOIN end_user e ON e.id = t.end_user_id"
    " ORDER BY t.number"
)
# What a client asks for that knows nothing but the address, until it may go on.
ROAD = [
    ("POST", MCP, 401),
    ("GET", f"/.well-known/oauth-protected-resource{MCP}", 200),
    ("GET", "/.well-known/oauth-authorization-server", 200),
    ("POST", "/oauth/register", 201),
    ("POST", "/oauth/token", 200),
    ("POST", MCP, 200),
]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Whoever signs the certificates of this test's web servers."""
    return Authority(tmp_path)


@pytest.fixture
async def platform(
    guide: Guide, database_url: str, tmp_path: Path, authority: Authority
) -> AsyncIterator[Serving]:
    """A process that serves acme-docs."""
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
async def foreign(world: World) -> AsyncIterator[str]:
    """The issuer of a provider that is not ours, where the end users of acme-docs log in."""
    async with foreign_provider(*(claims for _, claims in WALKERS)) as issuer:
        await log_in_at(world, issuer)
        yield issuer


@pytest.fixture
async def ours(world: World) -> AsyncIterator[IdentityProvider]:
    """A provider that tells who asked it for what, where the end users of acme-docs log in."""
    async with identity_provider() as running:
        await log_in_at(world, running.issuer)
        yield running


@pytest.fixture
async def documented(authority: Authority) -> AsyncIterator[str]:
    """The address of a client's metadata document."""
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
        yield document["client_id"]


async def log_in_at(world: World, issuer: str) -> None:
    """Have the end users of acme-docs log in at this provider."""
    async with reception() as people:
        desk = replace(people.desk, sealer=Sealer(DEVELOPMENT_KEY))  # the key of the process
        here = await door(world, Reception(desk, people.postbox), auth_type=AuthType.CUSTOM_OAUTH)
        await configure(here, issuer)


@pytest.fixture
def ann(tmp_path: Path, ours: IdentityProvider) -> Person:
    """The one whom our provider knows."""
    return Person(tmp_path / "outbox", provider=ours.issuer)


@asynccontextmanager
async def overheard(
    url: str, auth: OAuthClientProvider, mode: str, heard: list[tuple[str, str, int]]
) -> AsyncIterator[Client]:
    """As `connected`; method, path and status of all that the client asks for come to be heard."""

    async def note(answer: Any) -> None:
        heard.append((answer.request.method, answer.request.url.path, answer.status_code))

    async with create_mcp_http_client(auth=auth) as http_client:
        http_client.event_hooks = {"response": [note]}
        transport = streamable_http_client(url, http_client=http_client)
        async with Client(transport, mode=mode) as client:
            yield client


async def is_ann_who_walked(world: World, ours: IdentityProvider, client_name: str) -> None:
    """The customer sees one person, with the name and the address that the provider told."""
    assert await world.rows(PEOPLE) == [
        (ours.issuer, "person-1", "ann@acme.test", True, '{"name": "Ann"}')
    ]
    assert await world.rows(PROGRESS) == [("person-1", "Getting started", 1, 12, True)]
    assert await grants(world) == [(client_name, "ann@acme.test")]


async def test_the_sdk_registers_and_its_person_logs_in_at_the_provider_and_walks(
    world: World, platform: Serving, foreign: str, tmp_path: Path
) -> None:
    for mode, claims in WALKERS:
        person = Person(tmp_path / "outbox", provider=foreign, subject=str(claims["sub"]))
        heard: list[tuple[str, str, int]] = []
        auth = provider(address(platform), person, Memory())
        async with overheard(address(platform), auth, mode, heard) as client:
            assert await walk(tools_of(client)) == whole_walk(12)
            await tools_of(client)("get_support", TICKET)
        assert heard[: len(ROAD)] == ROAD
        assert {path for _, path, _ in heard[len(ROAD) :]} == {MCP}
        assert (person.logins, len(person.seen), len(person.seen_there)) == (1, 1, 1)
        assert "The SDK" in person.seen[0]
        assert "Acme Docs" in person.seen[0]
    assert await world.rows(PEOPLE) == [
        (foreign, "1-ann", "ann@acme.test", True, '{"name": "Ann"}'),
        (foreign, "2-bob", "bob@acme.test", True, '{"name": "Bob"}'),
    ]
    assert await world.rows(PROGRESS) == [
        ("1-ann", "Getting started", 1, 12, True),
        ("2-bob", "Getting started", 1, 12, True),
    ]
    assert await world.rows(TICKETS) == [
        (1, "ann@acme.test", "1-ann"),
        (2, "bob@acme.test", "2-bob"),
    ]
    assert not list((tmp_path / "outbox").glob("*"))  # nobody is mailed a code


async def test_a_client_with_a_metadata_document_logs_in_at_the_provider_and_walks(
    world: World, platform: Serving, ours: IdentityProvider, ann: Person, documented: str
) -> None:
    heard: list[tuple[str, str, int]] = []
    auth = provider(address(platform), ann, Memory(), client_metadata_url=documented)
    async with overheard(address(platform), auth, "legacy", heard) as client:
        assert await walk(tools_of(client)) == whole_walk(12)
    assert heard[: len(ROAD) - 1] == [asked for asked in ROAD if asked[1] != "/oauth/register"]
    await is_ann_who_walked(world, ours, "The SDK, documented")
    assert (ann.logins, ours.count("/token")) == (1, 1)


@pytest.mark.filterwarnings("ignore:Using in-memory token storage:UserWarning")  # as it should
async def test_fastmcps_client_logs_its_person_in_at_the_provider_and_walks(
    world: World, platform: Serving, ours: IdentityProvider, ann: Person
) -> None:
    auth = Listening(address(platform), callback_port=free_port())
    auth.person = ann
    transport = StreamableHttpTransport(address(platform), auth=auth)
    async with fastmcp.Client(transport) as client:
        assert await walk(tools_of(client)) == whole_walk(12)
    await is_ann_who_walked(world, ours, "FastMCP Client")
    assert ann.logins == 1


async def test_on_a_second_device_the_person_goes_on_where_they_left_off(
    world: World, platform: Serving, ann: Person, documented: str, guide: Guide
) -> None:
    url = address(platform)
    async with connected(url, provider(url, ann, Memory()), "legacy") as client:
        await tools_of(client)("start_walkthrough", {})
        for step in guide.steps[:5]:
            await tools_of(client)("get_next_step", {"currentStepId": step})
    other = provider(url, ann, Memory(), client_metadata_url=documented)
    async with connected(url, other, STATELESS) as client:
        assert await walk(tools_of(client)) == whole_walk(12)[5:]
    assert ann.logins == 2
    assert await world.rows(PROGRESS) == [("person-1", "Getting started", 1, 12, True)]
    assert await grants(world) == [
        ("The SDK", "ann@acme.test"),
        ("The SDK, documented", "ann@acme.test"),
    ]
    assert await world.rows(
        "SELECT s.kind, e.subject FROM session s JOIN end_user e ON e.id = s.end_user_id"
        " ORDER BY s.connected_at"
    ) == [("session", "person-1"), ("visit", "person-1")]


async def test_tokens_are_renewed_under_way_and_nobody_asks_the_provider_again(
    world: World, platform: Serving, ours: IdentityProvider, ann: Person, guide: Guide
) -> None:
    memory = Memory()
    auth = provider(address(platform), ann, memory)
    async with connected(address(platform), auth, "legacy") as client:
        call = tools_of(client)
        seen, _ = await call("start_walkthrough", {})
        assert ours.count("/token") == 1
        ours.asked.clear()
        used: set[str] = set()
        for step in guide.steps:
            assert memory.tokens is not None
            used.add(memory.tokens.access_token)
            auth.context.token_expiry_time = 1  # the client's own clock says that it has expired
            seen, _ = await call("get_next_step", {"currentStepId": step})
    assert (seen["kind"], seen["progressPercent"]) == ("completed", 100)
    assert len(used) == len(guide.steps)
    assert ours.asked == []
    assert ann.logins == 1
    assert await grants(world) == [("The SDK", "ann@acme.test")]


async def test_an_address_that_is_not_verified_is_nobodys_until_the_provider_verifies_it(
    world: World, platform: Serving, ours: IdentityProvider, ann: Person
) -> None:
    url = address(platform)
    for number, is_verified in enumerate((False, True), start=1):
        ours.person["email_verified"] = is_verified
        async with connected(url, provider(url, ann, Memory()), "legacy") as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert "email" not in tools["get_support"].input_schema["properties"]
            wanted = {**TICKET, "title": f"Stuck {number}"}
            ticket, _ = await tools_of(client)("get_support", wanted)
        assert ticket["ticket"]["number"] == number
        email = "ann@acme.test" if is_verified else None
        assert await world.rows(PEOPLE) == [
            (ours.issuer, "person-1", email, is_verified, '{"name": "Ann"}')
        ]
    assert await world.rows(TICKETS) == [(1, "", "person-1"), (2, "ann@acme.test", "person-1")]
