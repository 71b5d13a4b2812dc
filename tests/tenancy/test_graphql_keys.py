"""How far keys reach into what hangs on the objects that they may read."""

from functools import partial

import pytest

from app.core.enums import KeyScope
from app.domain.permissions import Action, is_allowed
from tests.tenancy.graphql_manifest import READS
from tests.tenancy.schema_walk import Route, is_resolved, routes
from tests.tenancy.stage import Stage, spelled

ROOTS = {entry.name: entry for entry in READS}

# What it takes to read objects of these types where they hang on others, and pages of them.
TAKES = {
    "Assignment": Action.READ_SERVERS,
    "CallAnalytics": Action.READ_ANALYTICS,
    "CountSeries": Action.READ_ANALYTICS,
    "EndUser": Action.READ_END_USERS,
    "EndUserTicket": Action.READ_TICKETS,
    "Funnel": Action.READ_ANALYTICS,
    "Member": Action.READ_MEMBERS,
    "OAuthConfig": Action.READ_SERVERS,
    "Progress": Action.READ_END_USERS,
    "Server": Action.READ_SERVERS,
    "Session": Action.READ_END_USERS,
    "Step": Action.READ_WALKTHROUGHS,
    "StepPreview": Action.READ_WALKTHROUGHS,
    "Ticket": Action.READ_TICKETS,
    "TicketActivity": Action.READ_TICKETS,
    "TicketAnalytics": Action.READ_ANALYTICS,
    "ToolCall": Action.READ_END_USERS,
    "Walkthrough": Action.READ_WALKTHROUGHS,
    "WalkthroughRuns": Action.READ_ANALYTICS,
}
OF_PEOPLE = {"User", "Belonging", "MemberSession"}  # null, or empty, for all keys


def is_open(route: Route, *, scope: KeyScope) -> bool:
    """Whether a key for this scope may read what the route's last field gives."""
    name, field = route.fields[-1]
    if len(route.fields) == 1:
        return scope in ROOTS[name].key_scopes
    if not is_resolved(field) or route.kind.name in OF_PEOPLE:
        return True
    action = TAKES[route.kind.name.removesuffix("Connection")]
    return is_allowed(action, None, {scope})


CASES = [
    pytest.param(route, scope, id=f"{scope}-{route.name}")
    for scope in KeyScope
    for route in routes(partial(is_open, scope=scope))
    if len(route.fields) > 1
]


@pytest.mark.parametrize(("route", "scope"), CASES)
async def test_a_key_reads_what_hangs_there_if_its_scope_reaches_so_far(
    stage: Stage, route: Route, scope: KeyScope
) -> None:
    key = await stage.home.key(scope)
    answer = await key.answer(spelled(route.query("{ __typename }"), stage.home.ids))
    found = route.value(answer["data"])
    errors = answer.get("errors", [])
    if is_open(route, scope=scope):
        assert errors == []
        assert found or route.kind.name in OF_PEOPLE or not is_resolved(route.last)
        return
    assert found is None
    assert {error["extensions"]["code"] for error in errors} == {"NOT_PERMITTED"}
    for error in errors:
        assert error["path"][-1] == route.fields[-1][0]
        assert "It needs the scope" in error["message"]
