"""Several authors at work on one walkthrough at once."""

import asyncio
from typing import Any

from tests.support.graph import Graph

ROUNDS = 6


async def written(graph: Graph, steps: int) -> tuple[str, list[str]]:
    made = await graph.change("createWalkthrough { walkthrough { id } }", title="Guide")
    walkthrough_id = made["walkthrough"]["id"]
    ids = []
    for number in range(steps):
        step = await graph.change(
            "createStep { step { id } }", walkthroughId=walkthrough_id, title=f"Step {number}"
        )
        ids.append(step["step"]["id"])
    return walkthrough_id, ids


async def present(graph: Graph, walkthrough_id: str) -> list[tuple[int, str]]:
    query = "query Q($id: ID!) { walkthrough(id: $id) { steps { id position } } }"
    steps = (await graph.ask(query, id=walkthrough_id))["walkthrough"]["steps"]
    return [(step["position"], step["id"]) for step in steps]


async def test_positions_stay_1_to_n_whatever_happens_at_once(graph: Graph) -> None:
    walkthrough_id, ids = await written(graph, 6)
    for turn in range(ROUNDS):
        attempts: list[Any] = [
            graph.attempt("moveStep { step { id } }", id=ids[0], position=5),
            graph.attempt("moveStep { step { id } }", id=ids[3], position=1),
            graph.attempt(
                "reorderSteps { walkthrough { id } }",
                walkthroughId=walkthrough_id, stepIds=[*ids[turn % 6:], *ids[:turn % 6]],
            ),
            graph.attempt(
                "createStep { step { id } }",
                walkthroughId=walkthrough_id, title="New", position=2,
            ),
            graph.attempt("updateStep { step { id } }", id=ids[1], title=f"Turn {turn}"),
            graph.attempt("publishWalkthrough { walkthrough { id } }", id=walkthrough_id),
        ]  # fmt: skip
        await asyncio.gather(*attempts)
        steps = await present(graph, walkthrough_id)
        assert [position for position, _ in steps] == list(range(1, len(steps) + 1))
        extra = [step_id for _, step_id in steps if step_id not in ids]
        assert len(extra) == 1
        await asyncio.gather(
            graph.attempt("deleteStep { walkthrough { id } }", id=extra[0]),
            graph.attempt("moveStep { step { id } }", id=ids[5], position=1),
        )
        assert sorted(step_id for _, step_id in await present(graph, walkthrough_id)) == sorted(ids)


async def test_of_two_edits_of_one_revision_one_is_refused(graph: Graph) -> None:
    walkthrough_id, ids = await written(graph, 1)
    query = "query Q($id: ID!) { walkthrough(id: $id) { revision } }"
    for turn in range(ROUNDS):
        revision = (await graph.ask(query, id=walkthrough_id))["walkthrough"]["revision"]
        payloads = await asyncio.gather(
            *(
                graph.attempt(
                    "updateStep { step { title } }",
                    id=ids[0], title=f"{author} {turn}", expectedRevision=revision,
                )
                for author in ("Ada", "Bob", "Cyd")
            )
        )  # fmt: skip
        codes = [error["code"] for payload in payloads for error in payload["userErrors"]]
        assert codes == ["REVISION_MISMATCH", "REVISION_MISMATCH"]


async def test_one_request_sent_many_times_at_once_is_done_once(graph: Graph) -> None:
    payloads = await asyncio.gather(
        *(
            graph.attempt("createWalkthrough { walkthrough { id } }", title="A", idempotencyKey="k")
            for _ in range(8)
        )
    )
    assert len({payload["walkthrough"]["id"] for payload in payloads}) == 1
    assert await graph.ask("{ walkthroughs { totalCount } }") == {"walkthroughs": {"totalCount": 1}}
