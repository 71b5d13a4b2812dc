"""Two admins who write and publish at once, again and again, over the API.

What comes of it is what would come of some order of their changes: so no update is lost, and of
those who say which revision they saw, only the first succeeds.
"""

from random import Random
from typing import Any

from app.domain import admission
from tests.support import authoring
from tests.support.browser import Browser
from tests.support.graph import Graph
from tests.support.serial import Op, State, revision_or_not, rounds

STEPS = """
query Q($id: ID!) {
  walkthrough(id: $id) {
    revision version status description steps { id title position content { contentForUser } }
  }
}
"""


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
        ways += [self.delete] * (3 if len(seen["order"]) > 3 else 0) + [
            self.publish,
            self.unpublish,
        ]
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


ASSIGNMENTS = """
query Q($id: ID!) {
  server(id: $id) { assignmentsRevision assignments { walkthroughId isEnabled displayOrder } }
}
"""


class Offering:
    """What two admins do to what a server offers: `listed` are walkthroughs and who is enabled."""

    def __init__(self, admin: Browser, server_id: str, guides: list[str]) -> None:
        self._admin = admin
        self._id = server_id
        self._guides = guides

    async def read(self) -> State:
        """The list as it is; no two walkthroughs have one place."""
        found = (await self._admin.ask(ASSIGNMENTS, id=self._id))["server"]
        places = [one["displayOrder"] for one in found["assignments"]]
        assert places == sorted(set(places))
        listed = {one["walkthroughId"]: one["isEnabled"] for one in found["assignments"]}
        return {"revision": found["assignmentsRevision"], "listed": [*listed.items()]}

    def think(self, random: Random, seen: State, _author: Graph) -> Op:
        """One of everything that is done to the list."""
        if random.random() < 0.3:
            return self.order(random, seen)
        guide, expected = random.choice(self._guides), revision_or_not(random, seen)
        way = random.choice([self.assign, self.unassign, self.enable])
        given = {"serverId": self._id, "walkthroughId": guide}
        return way(guide, given, expected, random.choice([True, False]))

    def assign(self, guide: str, given: dict[str, Any], expected: int | None, _: bool) -> Op:  # noqa: FBT001 - as the other ways
        def apply(state: State) -> str | None:
            if guide not in dict(state["listed"]):
                state["listed"].append((guide, True))
            return None

        return Op("assignWalkthrough", given, apply, expected)

    def unassign(self, guide: str, given: dict[str, Any], expected: int | None, _: bool) -> Op:  # noqa: FBT001 - as the other ways
        def apply(state: State) -> str | None:
            is_there = guide in dict(state["listed"])
            state["listed"] = [one for one in state["listed"] if one[0] != guide]
            return None if is_there else "NOT_FOUND"

        return Op("unassignWalkthrough", given, apply, expected, is_late=True)

    def enable(
        self,
        guide: str,
        given: dict[str, Any],
        expected: int | None,
        is_enabled: bool,  # noqa: FBT001 - as the other ways
    ) -> Op:
        def apply(state: State) -> str | None:
            listed = dict(state["listed"])
            if guide not in listed:
                return "NOT_FOUND"
            state["listed"] = [*(listed | {guide: is_enabled}).items()]
            return None

        enabling = given | {"isEnabled": is_enabled}
        return Op("enableAssignment", enabling, apply, expected, is_late=True)

    def order(self, random: Random, seen: State) -> Op:
        order = [guide for guide, _ in random.sample(seen["listed"], len(seen["listed"]))]

        def apply(state: State) -> str | None:
            enabled = dict(state["listed"])
            if set(enabled) != set(order):
                return "NOT_A_PERMUTATION"
            state["listed"] = [(one, enabled[one]) for one in order]
            return None

        given = {"serverId": self._id, "walkthroughIds": order}
        expected = revision_or_not(random, seen)
        return Op("orderAssignments", given, apply, expected)


async def test_authors_at_once_lose_no_edit_of_a_walkthrough(admins: list[Browser]) -> None:
    scope = await admission.operator_as_owner("acme-tools")
    walkthrough = await authoring.write(scope, "One", "Two", "Three", "Four")
    work = Authoring(admins[0], walkthrough.id)
    codes = await rounds(50, admins, work.read, work.think)
    assert {None, "REVISION_MISMATCH"} <= codes


async def test_admins_at_once_lose_no_change_of_what_a_server_offers(admins: list[Browser]) -> None:
    scope = await admission.operator_as_owner("acme-tools")
    server = await authoring.open_server(scope)
    guides = [(await authoring.write(scope, title=f"Guide {number}")).id for number in range(5)]
    work = Offering(admins[0], server.id, guides)
    codes = await rounds(40, admins, work.read, work.think)
    assert {None, "REVISION_MISMATCH"} <= codes
