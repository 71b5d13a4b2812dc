"""What members read of one another, of keys and of the audit log, and the organization itself."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.core.enums import Role
from tests.support.browser import Browser, colleague, founder
from tests.support.graph import with_key
from tests.support.people import Reception
from tests.support.tables import dump

LOG = """
query Log($after: String, $filter: AuditLogFilter) {
  auditLog(first: 1, after: $after, filter: $filter) {
    nodes { action actorKind createdAt subjectId subjectType actorId } pageInfo { endCursor }
  }
}
"""
UPDATE = "updateOrganization { organization { name allowedOrigins revision } }"


async def entries(browser: Browser, **only: str) -> list[dict[str, Any]]:
    """What the audit log shows through a filter, page by page."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await browser.ask(LOG, after=after, filter=only or None))["auditLog"]
        if not page["nodes"]:
            return found
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]


async def actions(browser: Browser, **only: str) -> list[str]:
    """What was done, latest first."""
    return [str(entry["action"]) for entry in await entries(browser, **only)]


async def test_an_owner_reads_members_keys_and_the_log(people: Reception) -> None:
    olga = await founder(people)
    script = await with_key("acme-tools")
    await script.change("createWalkthrough { walkthrough { id } }", title="Guide")
    data = await olga.ask("{ members { nodes { email role } } apiKeys { nodes { name hint } } }")
    assert data["members"] == {"nodes": [{"email": "olga@acme.test", "role": "OWNER"}]}
    [key] = data["apiKeys"]["nodes"]
    assert (key["name"], len(key["hint"])) == ("Script", 4)
    assert [(one["action"], one["actorKind"]) for one in await entries(olga)] == [
        ("walkthrough.created", "API_KEY"),
        ("api_key.issued", "OPERATOR"),
        ("organization.founded", "USER"),
    ]


async def test_a_member_reads_neither_invitations_nor_keys_nor_the_log(people: Reception) -> None:
    olga = await founder(people)
    mia = await colleague(people, olga, "mia@acme.test", Role.MEMBER)
    for name in ("invitations", "apiKeys", "auditLog"):
        answer = await mia.answer(f"{{ {name} {{ nodes {{ id }} }} }}")
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_PERMITTED"]


async def test_one_member_is_found_by_id(people: Reception) -> None:
    olga = await founder(people)
    [member] = (await olga.ask("{ members { nodes { id email } } }"))["members"]["nodes"]
    query = "query ($id: ID!) { member(id: $id) { id email } }"
    assert (await olga.ask(query, id=member["id"]))["member"] == member
    assert (await olga.ask(query, id="mbr_unknown"))["member"] is None


async def test_the_log_is_read_by_actor_action_subject_and_time(people: Reception) -> None:
    olga = await founder(people)
    ann = await colleague(people, olga, "ann@acme.test", Role.ADMIN)
    made = await ann.change("createWalkthrough { walkthrough { id } }", title="Guide")
    await ann.change(UPDATE, name="New")
    everything = await entries(olga)
    assert [one["action"] for one in everything] == [
        "organization.configured",
        "walkthrough.created",
        "member.joined",
        "invitation.sent",
        "organization.founded",
    ]
    assert await actions(olga, actorId=everything[0]["actorId"]) == [
        "organization.configured",
        "walkthrough.created",
        "member.joined",
    ]
    assert await actions(olga, action="invitation.sent") == ["invitation.sent"]
    assert await actions(olga, subjectType="organization") == [
        "organization.configured",
        "organization.founded",
    ]
    assert await actions(olga, subjectId=made["walkthrough"]["id"]) == ["walkthrough.created"]
    middle = everything[2]["createdAt"]
    for moment in (middle, middle.removesuffix("+00:00")):  # without an offset it is UTC
        assert await actions(olga, since=moment) == [one["action"] for one in everything[:3]]
        assert await actions(olga, until=moment) == [one["action"] for one in everything[3:]]
    assert await actions(olga, since=middle, action="member.joined") == ["member.joined"]


@pytest.mark.parametrize(
    ("only", "field", "code"),
    [
        ({"since": "0001-01-01T00:00:00+14:00"}, "since", "OUT_OF_RANGE"),
        ({"action": "a\x00b"}, "action", "TOO_LONG"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(
    people: Reception, only: dict[str, str], field: str, code: str
) -> None:
    olga = await founder(people)
    answer = await olga.answer(LOG, filter=only)
    assert [error["extensions"] for error in answer["errors"]] == [{"code": code, "field": field}]


async def test_every_change_of_the_team_is_on_record_once(people: Reception) -> None:
    olga = await founder(people)
    ann = await colleague(people, olga, "ann@acme.test", Role.ADMIN)
    sent = await ann.change("inviteMember { invitation { id } }", email="bob@acme.test")
    await ann.change("cancelInvitation { deletedId }", id=sent["invitation"]["id"])
    made = await ann.change("createApiKey { apiKey { id } }", name="CI", scopes=["READ"])
    await ann.change("revokeApiKey { apiKey { id } }", id=made["apiKey"]["id"])
    [first, second] = (await olga.ask("{ members { nodes { id } } }"))["members"]["nodes"]
    await olga.change("changeMemberRole { member { id } }", id=second["id"], role="OWNER")
    await ann.change("changeMemberRole { member { id } }", id=first["id"], role="MEMBER")
    await ann.change("removeMember { deletedId }", id=first["id"])
    assert list(reversed(await actions(ann))) == [
        "organization.founded",
        "invitation.sent",
        "member.joined",
        "invitation.sent",
        "invitation.cancelled",
        "api_key.issued",
        "api_key.revoked",
        "member.role_changed",
        "member.role_changed",
        "member.removed",
    ]


async def test_an_organization_has_another_name_and_origins(people: Reception) -> None:
    olga = await founder(people)
    changed = await olga.change(UPDATE, name="New", allowedOrigins=["https://app.acme.test"])
    assert changed["organization"] == {
        "name": "New",
        "allowedOrigins": ["https://app.acme.test"],
        "revision": 2,
    }
    renamed = await olga.change(UPDATE, name="Newer")
    assert renamed["organization"]["allowedOrigins"] == ["https://app.acme.test"]
    data = await olga.ask("{ organization { name allowedOrigins revision } }")
    assert data["organization"] == {**renamed["organization"], "revision": 3}
    payload = await olga.attempt(UPDATE, name="", allowedOrigins=["acme.test/app"])
    assert [error["code"] for error in payload["userErrors"]] == ["REQUIRED", "INVALID_ORIGIN"]


async def test_of_two_who_write_on_the_same_revision_one_is_refused(
    people: Reception, owner: asyncpg.Connection
) -> None:
    olga = await founder(people)
    for revision in range(1, 6):
        payloads = await asyncio.gather(
            *(
                olga.attempt(UPDATE, name=f"{name} {revision}", expectedRevision=revision)
                for name in ("One", "Two")
            )
        )
        codes = sorted(error["code"] for payload in payloads for error in payload["userErrors"])
        assert codes == ["REVISION_MISMATCH"]
    await olga.ask("{ viewer { id } }")
    before = await dump(owner)
    stale = await olga.attempt(UPDATE, name="Old", expectedRevision=1)
    assert stale["userErrors"][0]["field"] == "expectedRevision"
    assert await dump(owner) == before


async def test_an_update_is_repeated_without_another_revision(people: Reception) -> None:
    olga = await founder(people)
    given = {"name": "New", "expectedRevision": 1, "idempotencyKey": "one"}
    assert await olga.change(UPDATE, **given) == await olga.change(UPDATE, **given)
    data = await olga.ask("{ organization { name revision } }")
    assert data["organization"] == {"name": "New", "revision": 2}


async def test_a_key_has_no_account(people: Reception) -> None:
    await founder(people)
    script = await with_key("acme-tools")
    data = await script.ask("{ viewer { kind role user { email } organizations { slug } } }")
    assert data["viewer"] == {"kind": "API_KEY", "role": None, "user": None, "organizations": []}


@pytest.mark.parametrize("name", ["members", "invitations", "apiKeys", "auditLog"])
async def test_every_list_is_read_from_both_ends(people: Reception, name: str) -> None:
    olga = await founder(people)
    for number in range(3):
        await colleague(people, olga, f"m{number}@acme.test", Role.MEMBER)
        await olga.change("inviteMember { invitation { id } }", email=f"i{number}@acme.test")
        await olga.change("createApiKey { token }", name=f"K{number}", scopes=["READ"])
    query = (
        "query ($first: Int, $after: String, $last: Int, $before: String) { list: "
        f"{name}(first: $first, after: $after, last: $last, before: $before) "
        "{ nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }"
    )

    async def page(**asked: Any) -> tuple[list[str], dict[str, Any]]:
        listed = (await olga.ask(query, **asked))["list"]
        return [node["id"] for node in listed["nodes"]], listed["pageInfo"]

    everything, _ = await page(first=100)
    assert len(everything) >= 3
    forward, info = await page(first=2)
    rest, _ = await page(first=100, after=info["endCursor"])
    assert (forward + rest, info["hasNextPage"]) == (everything, True)
    backward, info = await page(last=2)
    rest, _ = await page(last=100, before=info["startCursor"])
    assert (rest + backward, info["hasPreviousPage"]) == (everything, True)
