"""Two admins at work on the same thing at once, again and again, over the API.

What comes of it is what would come of some order of their changes: so no update is lost, and of
those who say which revision they saw, only the first succeeds.
"""

from random import Random
from typing import Any

import pytest

from app.core.enums import Role
from tests.support.browser import Browser, colleague, founder
from tests.support.graph import Graph
from tests.support.people import Reception
from tests.support.serial import Op, State, revision_or_not, rounds
from tests.support.tickets import ask_for_help

MISMATCH = "REVISION_MISMATCH"
ROUNDS = 25
STEPS = """
query Q($id: ID!) {
  walkthrough(id: $id) {
    revision version status description steps { id title position content { contentForUser } }
  }
}
"""


@pytest.fixture
async def admins(people: Reception) -> list[Browser]:
    """Two of an organization, each signed in."""
    olga = await founder(people)
    return [
        await colleague(people, olga, f"{name}@acme.test", Role.ADMIN) for name in ("ada", "bob")
    ]


class Authoring:
    """What two authors do to a walkthrough; steps go by their titles."""

    def __init__(self, author: Browser, walkthrough_id: str) -> None:
        self._author = author
        self._id = walkthrough_id
        self._ids: dict[str, str] = {}
        self._count = 0

    async def read(self) -> State:
        """The walkthrough as it is; its positions are 1..n."""
        found = (await self._author.ask(STEPS, id=self._id))["walkthrough"]
        steps = found.pop("steps")
        assert [step["position"] for step in steps] == list(range(1, len(steps) + 1))
        self._ids |= {step["title"]: step["id"] for step in steps}
        order = [step["title"] for step in steps]
        texts = {step["title"]: step["content"]["contentForUser"] for step in steps}
        return {**found, "order": order, "texts": texts}

    def think(self, random: Random, seen: State, _author: Graph) -> Op:
        """One of everything that authors do."""
        ways = [self.move, self.move, self.reorder, self.create, self.edit, self.describe]
        ways += [self.delete] * (3 if len(seen["order"]) > 3 else 0) + [self.publish, self.unpublish]
        self._count += 1
        return random.choice(ways)(random, seen, revision_or_not(random, seen))

    def move(self, random: Random, seen: State, expected: int | None) -> Op:
        title, position = random.choice(seen["order"]), random.randint(1, len(seen["order"]))

        def apply(state: State) -> str | None:
            if title not in state["order"]:
                return "NOT_FOUND"
            if position > len(state["order"]):
                return "OUT_OF_RANGE"
            order = [one for one in state["order"] if one != title]
            order.insert(position - 1, title)
            return told(state, order=order)

        return Op("moveStep", {"id": self._ids[title], "position": position}, apply, expected)

    def reorder(self, random: Random, seen: State, expected: int | None) -> Op:
        order = random.sample(seen["order"], len(seen["order"]))

        def apply(state: State) -> str | None:
            if set(state["order"]) != set(order):
                return "NOT_A_PERMUTATION"
            return told(state, order=order)

        given = {"walkthroughId": self._id, "stepIds": [self._ids[title] for title in order]}
        return Op("reorderSteps", given, apply, expected)

    def create(self, random: Random, seen: State, expected: int | None) -> Op:
        title, position = f"New {self._count}", random.randint(1, len(seen["order"]) + 1)

        def apply(state: State) -> str | None:
            if position > len(state["order"]) + 1:
                return "OUT_OF_RANGE"
            order = list(state["order"])
            order.insert(position - 1, title)
            return told(state, order=order, texts=state["texts"] | {title: title})

        given = {"walkthroughId": self._id, "title": title, "contentForUser": title}
        return Op("createStep", given | {"position": position}, apply, expected)

    def edit(self, random: Random, seen: State, expected: int | None) -> Op:
        title, text = random.choice(seen["order"]), f"Text {self._count}"

        def apply(state: State) -> str | None:
            if title not in state["order"]:
                return "NOT_FOUND"
            return told(state, texts=state["texts"] | {title: text})

        return Op("updateStep", {"id": self._ids[title], "contentForUser": text}, apply, expected)

    def delete(self, random: Random, seen: State, expected: int | None) -> Op:
        title = random.choice(seen["order"])

        def apply(state: State) -> str | None:
            if title not in state["order"]:
                return "NOT_FOUND"
            texts = {one: text for one, text in state["texts"].items() if one != title}
            return told(state, order=[one for one in state["order"] if one != title], texts=texts)

        return Op("deleteStep", {"id": self._ids[title]}, apply, expected)

    def describe(self, _random: Random, _seen: State, expected: int | None) -> Op:
        text = f"Description {self._count}"
        given = {"id": self._id, "description": text}
        return Op("updateWalkthrough", given, lambda it: told(it, description=text), expected)

    def publish(self, _random: Random, _seen: State, expected: int | None) -> Op:
        def apply(state: State) -> str | None:
            state |= {"status": "PUBLISHED", "version": state["version"] + 1}
            return None

        return Op("publishWalkthrough", {"id": self._id}, apply, expected)

    def unpublish(self, _random: Random, _seen: State, expected: int | None) -> Op:
        def apply(state: State) -> str | None:
            state["status"] = "DRAFT"
            return None

        return Op("unpublishWalkthrough", {"id": self._id}, apply, expected)


def told(state: State, **changes: Any) -> str | None:
    """Change what end users read, which makes a new version of a published walkthrough."""
    if state | changes != state:
        state |= changes
        state["version"] += state["status"] == "PUBLISHED"
    return None


async def written(author: Browser, *titles: str, title: str = "Guide") -> str:
    """The id of a walkthrough with these steps."""
    made = await author.change("createWalkthrough { walkthrough { id } }", title=title)
    for one in titles:
        given = {"title": one, "contentForUser": one}
        walkthrough_id = made["walkthrough"]["id"]
        await author.change("createStep { step { id } }", walkthroughId=walkthrough_id, **given)
    return str(made["walkthrough"]["id"])


async def test_authors_at_once_lose_no_edit_of_a_walkthrough(admins: list[Browser]) -> None:
    walkthrough_id = await written(admins[0], "One", "Two", "Three", "Four")
    authoring = Authoring(admins[0], walkthrough_id)
    codes = await rounds(2 * ROUNDS, admins, authoring.read, authoring.think)
    assert {None, MISMATCH} <= codes


async def server(author: Browser) -> str:
    """The id of a new server."""
    given = {"slug": "acme-docs", "name": "Docs", "product": "CLI"}
    return str((await author.change("createServer { server { id } }", **given))["server"]["id"])


async def test_admins_at_once_lose_no_change_of_what_a_server_offers(admins: list[Browser]) -> None:
    author = admins[0]
    server_id = await server(author)
    guides = [await written(author, title=f"Guide {number}") for number in range(5)]
    query = (
        "query Q($id: ID!) { server(id: $id) { assignmentsRevision"
        " assignments { walkthroughId isEnabled displayOrder } } }"
    )

    async def read() -> State:
        found = (await author.ask(query, id=server_id))["server"]
        places = [one["displayOrder"] for one in found["assignments"]]
        assert places == sorted(set(places))
        listed = [[one["walkthroughId"], one["isEnabled"]] for one in found["assignments"]]
        return {"revision": found["assignmentsRevision"], "listed": listed}

    def think(random: Random, seen: State, _author: Graph) -> Op:
        guide, is_enabled = random.choice(guides), random.random() < 0.5
        expected = revision_or_not(random, seen)
        pair = {"serverId": server_id, "walkthroughId": guide}
        present = [one for one, _ in seen["listed"]]
        order = random.sample(present, len(present))

        def assign(state: State) -> str | None:
            if all(one != guide for one, _ in state["listed"]):
                state["listed"].append([guide, True])
            return None

        def unassign(state: State) -> str | None:
            left = [one for one in state["listed"] if one[0] != guide]
            code = None if left != state["listed"] else "NOT_FOUND"
            state["listed"] = left
            return code

        def enable(state: State) -> str | None:
            if all(one != guide for one, _ in state["listed"]):
                return "NOT_FOUND"
            state["listed"] = [[a, is_enabled if a == guide else b] for a, b in state["listed"]]
            return None

        def arrange(state: State) -> str | None:
            enabled = dict(state["listed"])
            if set(enabled) != set(order):
                return "NOT_A_PERMUTATION"
            state["listed"] = [[one, enabled[one]] for one in order]
            return None

        return random.choice([
            Op("assignWalkthrough", pair, assign, expected),
            Op("unassignWalkthrough", pair, unassign, expected, is_late=True),
            Op("enableAssignment", pair | {"isEnabled": is_enabled}, enable, expected, is_late=True),
            Op("orderAssignments", {"serverId": server_id, "walkthroughIds": order}, arrange,
               expected, is_counted=True),
        ])  # fmt: skip

    codes = await rounds(ROUNDS, admins, read, think)
    assert {None, MISMATCH} <= codes


async def test_admins_at_once_lose_no_setting_of_a_server(admins: list[Browser]) -> None:
    author = admins[0]
    server_id = await server(author)
    query = "query Q($id: ID!) { server(id: $id) { revision slug name product instructions } }"

    async def read() -> State:
        return dict((await author.ask(query, id=server_id))["server"])

    def think(random: Random, seen: State, _author: Graph) -> Op:
        field = random.choice(["slug", "name", "product", "instructions"])
        value = f"v{random.randrange(10**9)}"
        mutation = "changeServerSlug" if field == "slug" else "updateServer"
        given = {"id": server_id, field: value}
        return Op(
            mutation, given, lambda it: it.update({field: value}), revision_or_not(random, seen)
        )

    assert await rounds(ROUNDS, admins, read, think) == {None, MISMATCH}


async def test_admins_at_once_lose_no_setting_of_their_organization(admins: list[Browser]) -> None:
    async def read() -> State:
        query = "{ organization { revision name allowedOrigins } }"
        return dict((await admins[0].ask(query))["organization"])

    def think(random: Random, seen: State, _author: Graph) -> Op:
        name = f"Acme {random.randrange(10**9)}"
        given = random.choice(
            [{"name": name}, {"allowedOrigins": [f"https://{random.randrange(9)}.test"]}]
        )
        return Op(
            "updateOrganization", given, lambda it: it.update(given), revision_or_not(random, seen)
        )

    assert await rounds(ROUNDS, admins, read, think) == {None, MISMATCH}


TICKET = """
{ ticketByNumber(number: 1) {
  id revision status priority title assigneeId commentCount
  activities(last: 12) { nodes { type body changes { field after } } }
} }
"""


async def test_admins_at_once_lose_nothing_of_a_ticket(admins: list[Browser]) -> None:
    author = admins[0]
    await server(author)
    await ask_for_help()
    members = (await author.ask("{ members { nodes { id email } } }"))["members"]["nodes"]
    emails = {one["id"]: one["email"] for one in members} | {None: None}

    async def read() -> State:
        found = dict((await author.ask(TICKET))["ticketByNumber"])
        entries = found.pop("activities")["nodes"]
        history = [
            [one["body"], *([change["field"], change["after"]] for change in one["changes"])]
            for one in entries
        ]
        return {**found, "history": history}

    def think(random: Random, seen: State, _author: Graph) -> Op:
        words = f"Words {random.randrange(10**9)}"
        status = random.choice(["PENDING", "IN_PROGRESS", "RESOLVED", "CLOSED"])
        priority = random.choice(["LOW", "MEDIUM", "HIGH", "CRITICAL"])
        assignee = random.choice([*emails])
        comment = random.choice([None, words])

        def note(state: State, *entries: list[Any]) -> None:
            state["history"] = [*state["history"], *entries][-12:]

        def put(state: State, field: str, value: Any, name: str, after: Any) -> None:
            if state[field] != value:
                state[field] = value
                note(state, [None, [name, after]])

        def write(state: State, body: str) -> None:
            state["commentCount"] += 1
            note(state, [body])

        def set_status(state: State) -> None:
            if comment is not None:
                write(state, comment)
            put(state, "status", status, "status", status)

        one = {"id": seen["id"]}
        mutation, given, apply = random.choice([
            ("setTicketStatus", one | {"status": status, "comment": comment}, set_status),
            ("setTicketPriority", one | {"priority": priority},
             lambda it: put(it, "priority", priority, "priority", priority)),
            ("assignTicket", one | {"assigneeId": assignee},
             lambda it: put(it, "assigneeId", assignee, "assignee", emails[assignee])),
            ("updateTicket", one | {"title": words}, lambda it: put(it, "title", words, "title", None)),
            ("addTicketComment", {"ticketId": seen["id"], "body": words}, lambda it: write(it, words)),
        ])  # fmt: skip
        return Op(mutation, given, apply, revision_or_not(random, seen))

    assert await rounds(ROUNDS, admins, read, think) == {None, MISMATCH}


async def test_owners_who_change_roles_at_once_never_leave_none(people: Reception) -> None:
    olga = await founder(people)
    team = {"olga@acme.test": olga}
    for name in ("ada", "bob"):
        email = f"{name}@acme.test"
        team[email] = await colleague(people, olga, email, Role.OWNER)
    query = "{ members { nodes { id email role } } }"
    members = (await olga.ask(query))["members"]["nodes"]
    ids = {one["email"]: one["id"] for one in members}

    async def read() -> State:
        found = (await olga.ask(query))["members"]["nodes"]
        roles = {one["email"]: one["role"] for one in found}
        assert "OWNER" in roles.values()
        return {"roles": roles}

    def think(random: Random, _seen: State, author: Graph) -> Op:
        actor = next(email for email, browser in team.items() if browser is author)
        email, role = random.choice([*ids]), random.choice([one.name for one in Role])

        def apply(state: State) -> str | None:
            roles = state["roles"]
            if roles[actor] == "MEMBER":
                return "NOT_PERMITTED"
            if roles[email] == role:
                return None
            if "OWNER" in {roles[email], role} and roles[actor] != "OWNER":
                return "NOT_PERMITTED"
            if roles[email] == "OWNER" and [*roles.values()].count("OWNER") == 1:
                return "LAST_OWNER"
            roles[email] = role
            return None

        return Op("changeMemberRole", {"id": ids[email], "role": role}, apply)

    codes = await rounds(2 * ROUNDS, [*team.values()], read, think)
    assert {None, "NOT_PERMITTED"} <= codes
