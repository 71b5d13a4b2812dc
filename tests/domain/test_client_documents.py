"""Clients whose client_id is the address of a document about them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from app.core.scope import ServerScope
from app.domain import admission, client_documents
from app.domain.client_documents import ClientDocuments
from app.domain.oauth_errors import InvalidClient
from app.domain.server_directory import ServerDirectory
from tests.support.internet import Asked, Host, host, response
from tests.support.upstream import fetcher
from tests.support.world import World, make_world

URL = "https://app.example.com/client.json"
JSON = {"content-type": "application/json"}
KEPT = "SELECT url, name, redirect_uris, fresh_until > now() FROM oauth_client"


@dataclass(slots=True)
class Publisher:
    """Publishes one document at every path; `url` is the client_id."""

    document: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    status: int = 200
    is_silent: bool = False
    served: Host | None = None

    @property
    def url(self) -> str:
        """The address of the document."""
        assert self.served is not None
        return f"http://127.0.0.1:{self.served.port}/client.json"

    @property
    def reads(self) -> int:
        """How often it was read."""
        assert self.served is not None
        return len(self.served.asked)

    async def answer(self, _asked: Asked, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        if self.is_silent:
            await asyncio.Event().wait()
        document = _document(self.url, **self.document)
        body = json.dumps(document).encode()
        writer.write(response(body, status=self.status, headers=self.headers))


@asynccontextmanager
async def _publishing() -> AsyncIterator[Publisher]:
    publisher = Publisher()
    async with host(publisher.answer) as publisher.served:
        yield publisher


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with _publishing() as publisher:
        yield publisher


@pytest.fixture
def documents() -> ClientDocuments:
    return ClientDocuments(fetcher())


@pytest.fixture
async def scope(world: World) -> ServerScope:
    return await _scope(world)


async def _scope(world: World) -> ServerScope:
    config = await ServerDirectory().by_slug(world.slug)
    assert config is not None
    return admission.server_scope(config)


def _document(url: str, **changes: Any) -> dict[str, Any]:
    document = {
        "client_id": url,
        "client_name": "Acme Agent",
        "redirect_uris": ["http://127.0.0.1/callback", "https://app.example.com/callback"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    } | changes
    return {name: value for name, value in document.items() if value is not None}


async def test_a_document_makes_a_client_that_is_remembered(
    world: World, scope: ServerScope, documents: ClientDocuments, publisher: Publisher
) -> None:
    client = await documents.client(scope, publisher.url)
    assert (client.client_id, client.name) == (publisher.url, "Acme Agent")
    again = await documents.client(scope, publisher.url)
    assert again == client
    assert publisher.reads == 1
    assert await world.rows(KEPT) == [
        (
            publisher.url,
            "Acme Agent",
            ["http://127.0.0.1/callback", "https://app.example.com/callback"],
            True,
        )
    ]


async def test_a_document_is_read_again_when_it_is_no_longer_fresh(
    world: World, scope: ServerScope, documents: ClientDocuments, publisher: Publisher
) -> None:
    first = await documents.client(scope, publisher.url)
    await world.owner.execute("UPDATE oauth_client SET fresh_until = now() - interval '1 second'")
    publisher.document = {"client_name": "Acme Agent 2", "redirect_uris": ["https://b.test/cb"]}
    client = await documents.client(scope, publisher.url)
    assert (client.id, client.name) == (first.id, "Acme Agent 2")
    assert client.redirect_uris == ("https://b.test/cb",)  # the old ones are gone


async def test_many_who_ask_at_once_read_it_once(
    world: World, scope: ServerScope, documents: ClientDocuments, publisher: Publisher
) -> None:
    clients = await asyncio.gather(*(documents.client(scope, publisher.url) for _ in range(15)))
    assert len({client.id for client in clients}) == 1
    assert publisher.reads == 1
    assert len(await world.rows(KEPT)) == 1


async def test_a_document_that_is_refused_leaves_nothing_behind(
    world: World, scope: ServerScope, documents: ClientDocuments, publisher: Publisher
) -> None:
    refused: list[dict[str, Any]] = [
        {"client_id": "http://127.0.0.1/client.json"},
        {"redirect_uris": None},
        {"redirect_uris": []},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["https://app.example.com/cb#x"]},
        {"redirect_uris": ["http://app.example.com/cb"]},
        {"grant_types": ["client_credentials"]},
        {"padding": "x" * 5000},
    ]
    for changes in refused:
        publisher.document = changes
        with pytest.raises(InvalidClient) as caught:
            await documents.client(scope, publisher.url)
        assert caught.value.message.startswith("The client's metadata document cannot be used. ")
    assert await world.rows(KEPT) == []
    publisher.document = {}  # an error is not remembered either
    assert (await documents.client(scope, publisher.url)).name == "Acme Agent"


async def test_a_document_that_turns_bad_does_not_replace_the_good_one_nor_let_it_pass(
    world: World, scope: ServerScope, documents: ClientDocuments, publisher: Publisher
) -> None:
    await documents.client(scope, publisher.url)
    await world.owner.execute("UPDATE oauth_client SET fresh_until = now() - interval '1 second'")
    kept = await world.rows(KEPT)
    publisher.status = 404
    with pytest.raises(InvalidClient):
        await documents.client(scope, publisher.url)
    assert await world.rows(KEPT) == kept


async def test_a_host_that_is_silent_is_told_as_such(
    scope: ServerScope,
    documents: ClientDocuments,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publisher.is_silent = True
    monkeypatch.setattr(client_documents, "FETCH_SECONDS", 0.2)
    with pytest.raises(InvalidClient) as caught:
        await documents.client(scope, publisher.url)
    assert caught.value.message.endswith("took too long to answer. Try again in a minute.")


async def test_an_address_that_is_no_client_id_is_not_read(
    world: World, scope: ServerScope
) -> None:
    documents = ClientDocuments(fetcher(allows_loopback=False))
    for client_id in (
        "https://app.example.com",
        "https://app.example.com?a=/b",
        "http://app.example.com/client.json",
        "https://user:password@app.example.com/client.json",
        "https://app.example.com/client.json#fragment",
        "https://app.example.com/../client.json",
        "https://app.example.com/a/%2e%2e/client.json",
        "https://10.0.0.1/client.json",
        "https://localhost/client.json",
        "https://app.example.com:22/client.json",
        "https://app.example.com/" + "a" * 3000,
    ):
        with pytest.raises(InvalidClient):
            await documents.client(scope, client_id)
    assert await world.rows(KEPT) == []


async def test_each_server_remembers_its_own(
    world: World, owner: asyncpg.Connection, documents: ClientDocuments, publisher: Publisher
) -> None:
    scopes = [await _scope(world), await _scope(await make_world(owner, slug="other-docs"))]
    clients = [await documents.client(scope, publisher.url) for scope in scopes]
    assert clients[0].id != clients[1].id
    assert [client.client_id for client in clients] == [publisher.url] * 2
