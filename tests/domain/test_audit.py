"""The audit log: in the transaction of the change, without secrets, append-only in order."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from app.core.enums import ActorKind
from app.core.page import Place
from app.core.scope import MemberScope
from app.core.secrets import Secret
from app.domain import admission, audit
from app.domain.audit import AuditFilter, Subject, changes
from app.repositories import database as units
from tests.support.people import Reception

SERVER = Subject("server", "srv_1")


@dataclass(frozen=True)
class Thing:
    """Something that changes."""

    name: str
    count: int = 0
    updated_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


async def rename(scope: MemberScope, name: str) -> None:
    """Leave an entry."""
    async with units.transaction(scope):
        await audit.record(scope, "server.renamed", SERVER, before=Thing("a"), after=Thing(name))


def test_what_is_equal_in_both_is_left_out() -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert changes(Thing("a", 1), Thing("b", 1, later)) == ({"name": "a"}, {"name": "b"})
    assert changes(None, Thing("b")) == ({}, {"name": "b", "count": 0})
    assert changes(Thing("b"), None) == ({"name": "b", "count": 0}, {})
    assert changes({"x": 1}, {"x": 1}) == ({}, {})


def test_long_text_is_cut() -> None:
    _, after = changes(None, {"text": "x" * 5000})
    assert after == {"text": "x" * 1000 + "…"}


def test_hashes_are_left_out_and_a_secret_is_refused() -> None:
    assert changes(None, {"token_hash": "h", "password_hash": "h"}) == ({}, {})
    with pytest.raises(TypeError):
        changes(None, {"token": Secret("hidden")})


async def test_an_entry_stands_or_falls_with_its_change(people: Reception) -> None:
    scope = await people.owner()

    async def change_that_fails() -> None:
        async with units.transaction(scope):
            await rename(scope, "b")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_that_fails()
    async with units.connection(scope):
        with pytest.raises(RuntimeError):
            await audit.record(scope, "server.renamed", SERVER, after=Thing("b"))
    assert [entry.action for entry in (await audit.entries(scope)).items] == [
        "organization.founded"
    ]


async def test_the_log_is_read_newest_first_page_by_page(people: Reception) -> None:
    scope = await people.owner()
    for number in range(5):
        await rename(scope, f"name {number}")
    only = AuditFilter(subject_type="server", subject_id="srv_1", actor_id=scope.actor_id)
    names: list[str] = []
    after = None
    while True:
        page = await audit.entries(scope, only=only, after=after, limit=2)
        names += [entry.after["name"] for entry in page.items]
        after = Place(at=page.items[-1].created_at, id=page.items[-1].id)
        if not page.has_more:
            break
    assert names == [f"name {number}" for number in (4, 3, 2, 1, 0)]


async def test_the_log_is_read_in_part(people: Reception) -> None:
    scope = await people.owner()
    await rename(scope, "b")
    (newest, oldest) = (await audit.entries(scope)).items
    parts = {
        AuditFilter(action="server.renamed"): (newest,),
        AuditFilter(actor_id="usr_nobody"): (),
        AuditFilter(subject_type="organization"): (oldest,),
        AuditFilter(since=newest.created_at): (newest,),
        AuditFilter(until=newest.created_at): (oldest,),
    }
    for only, expected in parts.items():
        assert (await audit.entries(scope, only=only)).items == expected


async def test_another_organization_reads_its_own_log_only(people: Reception) -> None:
    scope = await people.owner()
    await rename(scope, "b")
    stranger = await people.owner("eve@evil.test", "evil-tools")
    (entry,) = (await audit.entries(stranger)).items
    assert entry.actor_name == "eve@evil.test"


async def test_what_the_operator_does_is_recorded_as_such(people: Reception) -> None:
    scope = await people.owner()
    operator = await admission.operator("acme-tools")
    async with units.transaction(operator):
        await audit.record(operator, "server.opened", SERVER, after=Thing("b"))
    (entry,) = (await audit.entries(scope, limit=1)).items
    assert (entry.actor_kind, entry.actor_id) == (ActorKind.OPERATOR, "operator")
