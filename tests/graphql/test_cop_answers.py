"""Answers of any size: a short query for the same long texts, again and again."""

from collections.abc import Iterator

import msgspec
import pytest
from typing_extensions import override

from app.graphql import answer_size
from app.graphql.answer_size import MOST_CHARACTERS, characters
from tests.support.graph import Graph

IMPORT = (
    "mutation ($input: ImportWalkthroughInput!) { importWalkthrough(input: $input)"
    " { userErrors { code } walkthrough { id } } }"
)
AGAIN = " ".join(f"a{number}: steps {{ content {{ contentForUser }} }}" for number in range(25))


async def long_walkthrough(graph: Graph) -> str:
    """The id of one with 1.8 million characters."""
    content = {"contentForUser": "x" * 19_000}
    steps = [{"title": f"Step {number}", "contentFields": content} for number in range(95)]
    file = msgspec.json.encode({"walkthrough": {"title": "Long"}, "steps": steps}).decode()
    made = await graph.ask(IMPORT, input={"content": file})
    walkthrough_id: str = made["importWalkthrough"]["walkthrough"]["id"]
    return walkthrough_id


async def test_an_answer_that_repeats_long_texts_is_refused(graph: Graph) -> None:
    walkthrough_id = await long_walkthrough(graph)
    query = f"query ($id: ID!) {{ walkthrough(id: $id) {{ {AGAIN} }} }}"
    answer = await graph.answer(query, id=walkthrough_id)
    [error] = answer["errors"]
    assert (answer["data"], error["extensions"]) == (None, {"code": "COST_LIMIT"})
    assert "ask for less" in error["message"]


async def test_what_was_changed_before_a_large_answer_stays_changed(graph: Graph) -> None:
    walkthrough_id = await long_walkthrough(graph)
    query = (
        "mutation ($input: UpdateWalkthroughInput!) { updateWalkthrough(input: $input)"
        f" {{ walkthrough {{ {AGAIN} }} }} }}"
    )
    answer = await graph.answer(query, input={"id": walkthrough_id, "title": "Renamed"})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["COST_LIMIT"]
    read = "query ($id: ID!) { walkthrough(id: $id) { title } }"
    assert await graph.ask(read, id=walkthrough_id) == {"walkthrough": {"title": "Renamed"}}


async def test_a_long_walkthrough_is_read_whole(graph: Graph) -> None:
    walkthrough_id = await long_walkthrough(graph)
    query = "query ($id: ID!) { walkthrough(id: $id) { steps { content { contentForUser } } } }"
    data = await graph.ask(query, id=walkthrough_id)
    assert len(data["walkthrough"]["steps"]) == 95


async def test_an_answer_of_just_the_limit_is_sent(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "{ organization { slug } }"
    size = len("organization" + "slug" + "acme-tools")
    monkeypatch.setattr(answer_size, "MOST_CHARACTERS", size)
    assert await graph.ask(query) == {"organization": {"slug": "acme-tools"}}
    monkeypatch.setattr(answer_size, "MOST_CHARACTERS", size - 1)
    assert (await graph.answer(query))["data"] is None


class Unread(list[str]):
    """A list that nobody may look into."""

    @override
    def __iter__(self) -> Iterator[str]:
        raise AssertionError


def test_counting_stops_past_the_limit() -> None:
    text = "x" * 1_000
    shared = [text] * 100_000
    assert characters({"a": [Unread(), *[shared] * 100]}, most=MOST_CHARACTERS) > MOST_CHARACTERS
    with pytest.raises(AssertionError):
        characters([Unread()], most=MOST_CHARACTERS)
    assert characters([{"ab": "c"}, None, 1, [True]], most=MOST_CHARACTERS) == 2 + 1 + 3 * 8
