"""Two admins who change settings, tickets and roles at once, again and again, over the API.

What comes of it is what would come of some order of their changes: so no update is lost, and of
those who say which revision they saw, only the first succeeds.
"""

from random import Random
from typing import Any

from app.core.enums import Role
from app.domain import admission
from tests.support import authoring, tickets
from tests.support.browser import Browser, colleague, founder
from tests.support.graph import Graph
from tests.support.people import Reception
from tests.support.serial import Op, State, revision_or_not, rounds

MISMATCH = "REVISION_MISMATCH"
ROUNDS = 25
SERVER = "query Q($id: ID!) { server(id: $id) { revision slug name product instructions } }"
TICKET = """
{ ticketByNumber(number: 1) {
  id revision status priority title assigneeId commentCount
  activities(last: 12) { nodes { body changes { field after } } }
} }
"""
MEMBERS = "{ members { nodes { id email role } } }"


async def test_admins_at_once_lose_no_setting_of_a_server(admins: list[Browser]) -> None:
    scope = await admission.operator_as_owner("acme-tools")
    server = await authoring.open_server(scope)

    async def read() -> State:
        return dict((await admins[0].ask(SERVER, id=server.id))["server"])

    def think(random: Random, seen: State, _author: Graph) -> Op:
        field = random.choice(["slug", "name", "product", "instructions"])
        change = {field: f"v{random.randrange(10**9)}"}
        mutation = "changeServerSlug" if field == "slug" else "updateServer"
        given = {"id": server.id, **change}
        return Op(mutation, given, setting(change), revision_or_not(random, seen))

    assert await rounds(ROUNDS, admins, read, think) == {None, MISMATCH}


async def test_admins_at_once_lose_no_setting_of_their_organization(admins: list[Browser]) -> None:
    async def read() -> State:
        query = "{ organization { revision name allowedOrigins } }"
        return dict((await admins[0].ask(query))["organization"])

    def think(random: Random, seen: State, _author: Graph) -> Op:
        name = f"acme-{random.randrange(10**9)}"
        ways: list[State] = [{"name": name}, {"allowedOrigins": [f"https://{name}.test"]}]
        change = random.choice(ways)
        return Op("updateOrganization", change, setting(change), revision_or_not(random, seen))

    assert await rounds(ROUNDS, admins, read, think) == {None, MISMATCH}


def setting(change: State) -> Any:
    """What setting these fields does."""

    def apply(state: State) -> None:
        state |= change

    return apply


class Answering:
    """What two admins do to a ticket; `history` is its latest entries."""

    def __init__(self, admin: Browser, emails: dict[str | None, str | None]) -> None:
        self._admin = admin
        self._emails = emails

    async def read(self) -> State:
        """The ticket as it is."""
        found = dict((await self._admin.ask(TICKET))["ticketByNumber"])
        history = [
            [one["body"], *([change["field"], change["after"]] for change in one["changes"])]
            for one in found.pop("activities")["nodes"]
        ]
        return {**found, "history": history}

    def think(self, random: Random, seen: State, _author: Graph) -> Op:
        """One of everything that is done to tickets."""
        words = f"Words {random.randrange(10**9)}"
        way = random.choice([self.status, self.comment, self.assign, self.change])
        mutation, given, apply = way(random, words)
        one = {"ticketId" if mutation == "addTicketComment" else "id": seen["id"]}
        return Op(mutation, one | given, apply, revision_or_not(random, seen))

    def status(self, random: Random, words: str) -> tuple[str, State, Any]:
        status = random.choice(["PENDING", "IN_PROGRESS", "RESOLVED", "CLOSED"])
        comment = random.choice([None, words])

        def apply(state: State) -> None:
            if comment is not None:
                written(state, comment)
            put(state, "status", status)

        return "setTicketStatus", {"status": status, "comment": comment}, apply

    def comment(self, _random: Random, words: str) -> tuple[str, State, Any]:
        return "addTicketComment", {"body": words}, lambda state: written(state, words)

    def assign(self, random: Random, _words: str) -> tuple[str, State, Any]:
        assignee = random.choice([*self._emails])

        def apply(state: State) -> None:
            put(state, "assigneeId", assignee, told=["assignee", self._emails[assignee]])

        return "assignTicket", {"assigneeId": assignee}, apply

    def change(self, random: Random, words: str) -> tuple[str, State, Any]:
        priority = random.choice(["LOW", "MEDIUM", "HIGH", "CRITICAL"])
        is_urgency = random.choice([True, False])

        def apply(state: State) -> None:
            if is_urgency:
                put(state, "priority", priority)
            else:
                put(state, "title", words, told=["title", None])

        if is_urgency:
            return "setTicketPriority", {"priority": priority}, apply
        return "updateTicket", {"title": words}, apply


def written(state: State, body: str) -> None:
    """Add a comment."""
    state["commentCount"] += 1
    state["history"] = [*state["history"], [body]][-12:]


def put(state: State, field: str, value: Any, *, told: list[Any] | None = None) -> None:
    """Change a field, which the history tells."""
    if state[field] != value:
        state[field] = value
        state["history"] = [*state["history"], [None, told or [field, value]]][-12:]


async def test_admins_at_once_lose_nothing_of_a_ticket(admins: list[Browser]) -> None:
    await tickets.opened(await admission.operator_as_owner("acme-tools"))
    members = (await admins[0].ask(MEMBERS))["members"]["nodes"]
    work = Answering(admins[0], {one["id"]: one["email"] for one in members} | {None: None})
    assert await rounds(ROUNDS, admins, work.read, work.think) == {None, MISMATCH}


class Team:
    """What owners do to each other's roles."""

    def __init__(self, browsers: dict[str, Browser], ids: dict[str, str]) -> None:
        self._browsers = browsers
        self._ids = ids

    async def read(self) -> State:
        """The roles; there is an owner."""
        found = (await next(iter(self._browsers.values())).ask(MEMBERS))["members"]["nodes"]
        roles = {one["email"]: one["role"] for one in found}
        assert "OWNER" in roles.values()
        return {"roles": roles}

    def think(self, random: Random, _seen: State, author: Graph) -> Op:
        """Someone in another role."""
        actor = next(email for email, one in self._browsers.items() if one is author)
        email, role = random.choice([*self._ids]), random.choice([one.name for one in Role])

        def apply(state: State) -> str | None:
            roles = state["roles"]
            code = refusal(roles, actor, email, role)
            if code is None:
                roles[email] = role
            return code

        return Op("changeMemberRole", {"id": self._ids[email], "role": role}, apply)


def refusal(roles: dict[str, str], actor: str, email: str, role: str) -> str | None:
    """Why the actor may not give this role, if they may not."""
    if roles[actor] == "MEMBER":
        return "NOT_PERMITTED"
    if roles[email] == role:
        return None
    if "OWNER" in {roles[email], role} and roles[actor] != "OWNER":
        return "NOT_PERMITTED"
    is_last = roles[email] == "OWNER" and [*roles.values()].count("OWNER") == 1
    return "LAST_OWNER" if is_last else None


async def test_owners_who_change_roles_at_once_never_leave_none(people: Reception) -> None:
    olga = await founder(people)
    team = {"olga@acme.test": olga}
    for email in ("ada@acme.test", "bob@acme.test"):
        team[email] = await colleague(people, olga, email, Role.OWNER)
    members = (await olga.ask(MEMBERS))["members"]["nodes"]
    work = Team(team, {one["email"]: one["id"] for one in members})
    codes = await rounds(2 * ROUNDS, [*team.values()], work.read, work.think)
    assert {None, "NOT_PERMITTED"} <= codes
