"""Forgetting someone who is at it: what was under way is erased too, or is someone else's."""

import asyncio
from datetime import timedelta
from time import perf_counter

import asyncpg
import pytest

from app.core.enums import AuthType
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.scope import MemberScope
from app.domain import admission, erasure, tickets
from app.domain.oauth_errors import InvalidToken
from app.domain.tickets import TicketDraft
from app.repositories import database
from app.repositories.tool_calls import Call
from tests.support.agent import HANDSHAKE, STATELESS, Agent
from tests.support.logins import door
from tests.support.people import Reception
from tests.support.scale import scaled
from tests.support.tables import dump
from tests.support.visitors import end_user_id, mentions
from tests.support.walking import until_someone_waits, walker
from tests.support.world import World

DRAFT = TicketDraft(
    title="Canary", problem="A canary sings", context=None, email="canary@mail.example"
)
PERSONAL = ("tracking_id", "email", "issuer", "subject", "email_key", "name_key")


async def boss(world: World) -> MemberScope:
    """The scope of an owner of the world's organization."""
    return await admission.operator_as_owner(f"{world.slug}-org")


async def late_calls_are_over(owner: asyncpg.Connection) -> None:
    """Let everybody have been forgotten so long ago that no call of theirs can be under way."""
    await owner.execute(
        "UPDATE end_user SET forgotten_at = forgotten_at - $1::interval", erasure.LATE_CALLS
    )


async def is_erased(owner: asyncpg.Connection, forgotten: str) -> bool:
    """Whether housekeeping knows that nothing is left; then nothing may be."""
    row = await owner.fetchrow("SELECT * FROM end_user WHERE id = $1", forgotten)
    assert row is not None
    assert row["forgotten_at"] is not None
    if row["erased_at"] is None:
        return False
    assert [row[column] for column in PERSONAL] == [None] * len(PERSONAL)
    assert (row["profile"], row["email_verified"]) == ("{}", False)
    return True


async def test_what_a_call_writes_that_was_admitted_before_is_erased_after(
    world: World, owner: asyncpg.Connection
) -> None:
    guide = await world.guide()
    ann = await walker(world, "canary")
    await ann.start(guide.id)
    scope = await boss(world)
    forgotten = await erasure.forget(scope, ann.scope.end_user_id)
    assert await mentions(owner, "canary") == []
    # The call goes on with the scope that it was admitted with.
    call = Call(tool="get_support", input='{"title": "Canary"}', started=perf_counter())
    async with database.connection(ann.scope):
        await tickets.open_ticket(ann.scope, call, DRAFT)
    assert len(await mentions(owner, "canary")) == 3  # the call, the ticket, the contact address
    assert await erasure.finish_erasures() == 0  # there may be more of them
    await late_calls_are_over(owner)
    assert await erasure.finish_erasures() == 0  # something was found: another call may be late
    assert await mentions(owner, "canary") == []
    assert not await is_erased(owner, forgotten)
    await late_calls_are_over(owner)
    assert await erasure.finish_erasures() == 1
    assert await is_erased(owner, forgotten)
    assert await erasure.finish_erasures() == 0


async def test_a_call_that_is_writing_is_waited_for(
    world: World, owner: asyncpg.Connection
) -> None:
    ann = await walker(world, "canary")
    scope = await boss(world)
    writing = owner.transaction()
    await writing.start()
    await owner.execute(
        "INSERT INTO tool_call (id, organization_id, server_id, end_user_id, tool, input, output,"
        " outcome, duration_ms, created_at)"
        " VALUES ($1, $2, $3, $4, 'get_support', '{\"title\": \"canary\"}', '{}', 'ok', 1, now())",
        new_id("tc"), world.organization_id, world.server_id, ann.scope.end_user_id,
    )  # fmt: skip
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(erasure.forget(scope, ann.scope.end_user_id))
        await until_someone_waits(owner)
        await writing.commit()
    assert await mentions(owner, "canary") == []


async def test_of_two_who_forget_at_once_one_finds_nobody(
    world: World, owner: asyncpg.Connection
) -> None:
    scope = await boss(world)
    for number in range(scaled(5)):
        ann = await walker(world, f"canary-{number}")
        came = await asyncio.gather(
            *(erasure.forget(scope, ann.scope.end_user_id) for _ in range(4)),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in came) == ["NotFound"] * 3 + ["str"]
    assert await mentions(owner, "canary") == []


async def busy(agent: Agent, steps: list[str]) -> set[int]:
    """The statuses of several calls at once; none may be answered with a fault of ours."""
    calls = [
        {"name": "start_walkthrough", "arguments": {"name": "The canary's guide"}},
        {"name": "start_walkthrough", "arguments": {}},
        {"name": "get_next_step", "arguments": {"currentStepId": steps[0]}},
        {"name": "get_next_step", "arguments": {"currentStepId": "canary"}},
        {
            "name": "get_support",
            "arguments": {
                "title": "Canary", "problemDescription": "Sings", "email": "canary@mail.example",
            },
        },
    ]  # fmt: skip
    answers = await asyncio.gather(*(agent.post("tools/call", call) for call in calls))
    assert not any("omething went wrong" in answer.text for answer in answers)
    return {answer.status_code for answer in answers}


@pytest.mark.parametrize("version", [HANDSHAKE, STATELESS])
async def test_calls_under_way_are_erased_or_belong_to_someone_new(
    world: World, owner: asyncpg.Connection, version: str
) -> None:
    guide = await world.guide()
    scope = await boss(world)
    gone = set()
    for number in range(scaled(8)):
        tracking_id = f"canary-{number}"
        agent = Agent(tracking_id=tracking_id, version=version)
        if version == HANDSHAKE:
            await agent.initialize()
        await agent.call("start_walkthrough", name=guide.id)
        forgotten = await end_user_id(owner, tracking_id)
        gone.add(forgotten)
        # Then calls write when they were last seen as well, and meet on those rows.
        for table in ("end_user", "session"):
            await owner.execute(
                f"UPDATE {table} SET last_seen_at = last_seen_at - interval '1 hour'"
            )
        statuses, _, more = await asyncio.gather(
            busy(agent, guide.steps),
            erasure.forget(scope, forgotten),
            busy(agent, guide.steps),
        )
        assert statuses | more <= {200, 404}
    finished = 0
    for _ in range(2):
        await late_calls_are_over(owner)
        finished += await erasure.finish_erasures()
    assert finished == len(gone)
    left = await mentions(owner, "canary")
    assert not [row for row in left if any(one in row for one in gone)]
    for one in gone:
        assert await is_erased(owner, one)
    nobodys = await owner.fetchval(
        "SELECT count(*) FROM ticket t JOIN end_user u ON u.id = t.end_user_id"
        " WHERE u.forgotten_at IS NOT NULL AND t.title <> 'Erased'"
    )
    assert nobodys == 0


async def test_more_calls_than_one_transaction_should_rewrite_are_erased_by_and_by(
    world: World, owner: asyncpg.Connection
) -> None:
    ann = await walker(world, "canary")
    scope = await boss(world)
    await owner.execute(
        "INSERT INTO tool_call (id, organization_id, server_id, end_user_id, tool, input, output,"
        " outcome, duration_ms, created_at) SELECT 'tc_' || n, $1, $2, $3, 'get_support',"
        " '{\"title\": \"canary\"}', '{}', 'ok', 1, now() FROM generate_series(1, 20003) n",
        world.organization_id, world.server_id, ann.scope.end_user_id,
    )  # fmt: skip
    await erasure.forget(scope, ann.scope.end_user_id)
    left = await mentions(owner, "canary")
    assert len(left) == 3
    assert all(row.startswith("tool_call") for row in left)
    await late_calls_are_over(owner)
    assert await erasure.finish_erasures() == 1
    assert await mentions(owner, "canary") == []
    assert await owner.fetchval("SELECT count(*) FROM tool_call") == 20003


async def test_a_session_that_only_began_at_the_address_ends_too(
    world: World, owner: asyncpg.Connection
) -> None:
    ann = await walker(world, "canary")
    agent = Agent(tracking_id="canary", client=("canary-client", "1"))
    await agent.initialize()
    await agent.post("tools/call", {"name": "get_support", "arguments": {"title": "canary"}})
    other = Agent(tracking_id="someone-else")
    await other.initialize()
    await erasure.forget(await boss(world), ann.scope.end_user_id)
    assert await mentions(owner, "canary") == []
    assert (await agent.post("tools/list")).status_code == 404
    assert (await other.post("tools/list")).status_code == 200


@pytest.mark.parametrize("auth_type", [AuthType.PLATFORM_OAUTH, AuthType.CUSTOM_OAUTH])
async def test_logins_end_and_who_logs_in_again_is_someone_new(
    world: World, people: Reception, owner: asyncpg.Connection, auth_type: AuthType
) -> None:
    at = await door(world, people, auth_type=auth_type)
    tokens = await at.tokens("canary@mail.example")
    caller = await at.admitted(tokens.access.reveal())
    forgotten = caller.end_user_id
    assert forgotten is not None
    await erasure.forget(await boss(world), forgotten)
    # The account at the platform is the person's own, and not the organization's to erase.
    assert all(row.startswith("login_account") for row in await mentions(owner, "canary"))
    assert await owner.fetchval("SELECT count(*) FROM oauth_token") == 0
    with pytest.raises(InvalidToken):
        await at.admitted(tokens.access.reveal())
    again = await at.admitted((await at.tokens("canary@mail.example")).access.reveal())
    assert again.end_user_id not in {None, forgotten}


async def test_a_login_that_ended_at_the_same_moment_is_undone(
    world: World, people: Reception, owner: asyncpg.Connection
) -> None:
    at = await door(world, people)
    tokens = await at.tokens("canary@mail.example")
    caller = await at.admitted(tokens.access.reveal())
    grants = await owner.fetch("SELECT * FROM oauth_grant")
    forgotten = await erasure.forget(await boss(world), caller.end_user_id or "")
    await owner.copy_records_to_table("oauth_grant", records=grants)
    for finished in (0, 1):
        await late_calls_are_over(owner)
        assert await erasure.finish_erasures() == finished
        assert await owner.fetchval("SELECT count(*) FROM oauth_grant") == 0
    assert await is_erased(owner, forgotten)


async def test_two_processes_may_finish_at_once(world: World, owner: asyncpg.Connection) -> None:
    scope = await boss(world)
    for number in range(4):
        ann = await walker(world, f"canary-{number}")
        await erasure.forget(scope, ann.scope.end_user_id)
    await late_calls_are_over(owner)
    finished = await asyncio.gather(*(erasure.finish_erasures() for _ in range(2)))
    assert sum(finished) == 4
    assert await erasure.finish_erasures() == 0


async def test_nobody_is_forgotten_who_is_not_there(
    world: World, owner: asyncpg.Connection
) -> None:
    await walker(world, "ann")
    before = await dump(owner)
    with pytest.raises(NotFound):
        await erasure.forget(await boss(world), "mcpu_none")
    assert await dump(owner) == before


async def test_every_table_that_names_an_end_user_is_known_to_erasure(
    owner: asyncpg.Connection,
) -> None:
    # A new one belongs into app/repositories/end_user_erasure.py, and into the export.
    rows = await owner.fetch(
        "SELECT table_name FROM information_schema.columns JOIN information_schema.tables"
        " USING (table_schema, table_name) WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE' AND column_name = 'end_user_id'"
    )
    erased = {"session", "run_handle", "tool_call", "ticket", "oauth_grant"}
    figures = {"progress", "completion"}  # ids and times, no word of anybody
    assert {row["table_name"] for row in rows} == erased | figures


def test_late_calls_have_more_time_than_any_call_takes() -> None:
    assert timedelta(minutes=5) <= erasure.LATE_CALLS
