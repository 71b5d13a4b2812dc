"""A write that is sent twice with one key is done once."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from app.core.enums import KeyScope
from app.core.errors import Conflict, Invalid
from app.core.scope import MemberScope
from app.core.secrets import Secret
from app.domain import admission, api_keys, servers
from app.domain.idempotency import KeyReused, once
from app.domain.servers import Server, ServerSettings
from tests.support.people import Reception

SETTINGS = ServerSettings(name="Acme Docs", product="Acme CLI")


async def open_server(scope: MemberScope, key: str | None, slug: str = "acme-docs") -> Server:
    """As a resolver would open one."""
    return await once(
        scope,
        key,
        request=["server.open", {"slug": slug, "settings": SETTINGS}],
        result_type=Server,
        work=lambda: servers.open_server(scope, slug, settings=SETTINGS),
    )


async def test_a_retry_gets_what_the_first_call_got(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    first = await open_server(scope, "key")
    assert await open_server(scope, "key") == first
    assert await owner.fetchval("SELECT count(*) FROM server") == 1


async def test_of_many_calls_with_one_key_at_once_one_does_the_work(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    results = await asyncio.gather(*(open_server(scope, "key") for _ in range(15)))
    assert len(set(results)) == 1
    assert await owner.fetchval("SELECT count(*) FROM server") == 1


async def test_the_same_key_with_another_request_is_refused(people: Reception) -> None:
    scope = await people.owner()
    await open_server(scope, "key")
    with pytest.raises(KeyReused) as refused:
        await open_server(scope, "key", "other-docs")
    assert (refused.value.code, refused.value.field) == (
        "idempotency_key_reused",
        "idempotencyKey",
    )


async def test_of_two_requests_with_one_key_at_once_one_is_refused(people: Reception) -> None:
    scope = await people.owner()
    results = await asyncio.gather(
        *(open_server(scope, "key", f"acme-docs-{number}") for number in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Server) for result in results) == 1
    assert sum(isinstance(result, KeyReused) for result in results) == 9


async def test_work_that_fails_leaves_no_record(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    calls: list[int] = []

    def working(*, fails: bool) -> Callable[[], Awaitable[int]]:
        async def work() -> int:
            calls.append(1)
            await servers.open_server(scope, f"acme-docs-{len(calls)}", settings=SETTINGS)
            if fails:
                message = "not now"
                raise Conflict(message)
            return len(calls)

        return work

    for fails in (True, False, False):
        try:
            result = await once(
                scope, "key", request="x", result_type=int, work=working(fails=fails)
            )
        except Conflict:
            continue
        assert result == 2
    assert calls == [1, 1]
    assert [row["slug"] for row in await owner.fetch("SELECT slug FROM server")] == ["acme-docs-2"]


async def test_a_key_is_the_senders_own(people: Reception) -> None:
    scope = await people.owner()
    other = await people.owner("otto@other.test", "other-tools")
    issued = await api_keys.issue(scope, name="Deployment", scopes=[KeyScope.WRITE])
    script = await admission.api_key(issued.token.reveal())
    slugs = {
        (await open_server(actor, "key", f"acme-docs-{number}")).slug
        for number, actor in enumerate((scope, other, script))
    }
    assert slugs == {"acme-docs-0", "acme-docs-1", "acme-docs-2"}


async def test_a_key_is_free_again_after_a_day(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()
    await open_server(scope, "key")
    await owner.execute("UPDATE idempotency_record SET created_at = now() - interval '24 hours'")
    other = await open_server(scope, "key", "other-docs")
    assert await open_server(scope, "key", "other-docs") == other


async def test_without_a_key_every_call_does_the_work(people: Reception) -> None:
    scope = await people.owner()
    await open_server(scope, None)
    with pytest.raises(servers.SlugTaken):
        await open_server(scope, None)


@pytest.mark.parametrize("key", ["", " ", "a\nb", "x" * 256])
async def test_a_key_that_cannot_be_one_is_refused(people: Reception, key: str) -> None:
    scope = await people.owner()
    with pytest.raises(Invalid) as refused:
        await open_server(scope, key)
    assert refused.value.field == "idempotencyKey"


async def test_a_result_with_a_secret_in_it_is_not_kept(
    people: Reception, owner: asyncpg.Connection
) -> None:
    scope = await people.owner()

    async def work() -> Secret:
        return Secret("hidden")

    with pytest.raises(TypeError):
        await once(scope, "key", request="x", result_type=Secret, work=work)
    assert await owner.fetchval("SELECT count(*) FROM idempotency_record") == 0
