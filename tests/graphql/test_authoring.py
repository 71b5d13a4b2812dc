"""Servers, walkthroughs, steps and assignments, from the first mutation to the agent's screen."""

from typing import Any

import asyncpg
import msgspec

from tests.support.agent import Agent
from tests.support.graph import Graph, with_key

WALKTHROUGH = """
query Walkthrough($id: ID!) {
  walkthrough(id: $id) {
    title status version revision stepCount tags metadata
    steps { position title content { contentForUser } }
    assignments { displayOrder isEnabled server { slug } walkthrough { title stepCount } }
  }
}
"""


async def opened(graph: Graph, slug: str = "acme-docs") -> str:
    payload = await graph.change(
        "createServer { server { id slug name product revision } }",
        slug=slug, name="Acme Docs", product="Acme CLI",
    )  # fmt: skip
    server: dict[str, Any] = payload["server"]
    assert server == {
        "id": server["id"], "slug": slug, "name": "Acme Docs", "product": "Acme CLI", "revision": 1
    }  # fmt: skip
    return str(server["id"])


async def written(graph: Graph, *titles: str, title: str = "Getting started") -> str:
    payload = await graph.change("createWalkthrough { walkthrough { id } }", title=title)
    walkthrough_id = str(payload["walkthrough"]["id"])
    for step in titles:
        await graph.change(
            "createStep { step { id } }",
            walkthroughId=walkthrough_id, title=step, contentForUser=f"Now {step}.",
        )  # fmt: skip
    return walkthrough_id


async def step_ids(graph: Graph, walkthrough_id: str) -> list[str]:
    query = "query Q($id: ID!) { walkthrough(id: $id) { steps { id position } } }"
    steps = (await graph.ask(query, id=walkthrough_id))["walkthrough"]["steps"]
    assert [step["position"] for step in steps] == list(range(1, len(steps) + 1))
    return [step["id"] for step in steps]


async def heard_from(agent: Agent, tool: str, **arguments: Any) -> str:
    text: str = (await agent.call(tool, **arguments))["structuredContent"]["text"]
    return text


async def test_a_walkthrough_is_written_assigned_published_and_read(graph: Graph) -> None:
    server_id = await opened(graph)
    walkthrough_id = await written(graph, "Install", "Log in")
    await graph.change(
        "assignWalkthrough { assignment { id } }", serverId=server_id, walkthroughId=walkthrough_id
    )
    await graph.change("publishWalkthrough { walkthrough { status } }", id=walkthrough_id)
    assert (await graph.ask(WALKTHROUGH, id=walkthrough_id))["walkthrough"] == {
        "title": "Getting started",
        "status": "PUBLISHED",
        "version": 2,
        "revision": 4,
        "stepCount": 2,
        "tags": [],
        "metadata": {},
        "steps": [
            {"position": 1, "title": "Install", "content": {"contentForUser": "Now Install."}},
            {"position": 2, "title": "Log in", "content": {"contentForUser": "Now Log in."}},
        ],
        "assignments": [
            {
                "displayOrder": 1,
                "isEnabled": True,
                "server": {"slug": "acme-docs"},
                "walkthrough": {"title": "Getting started", "stepCount": 2},
            }
        ],
    }


async def test_the_preview_is_what_the_agent_gets(graph: Graph) -> None:
    server_id = await opened(graph)
    walkthrough_id = await written(graph, "Install", "Log in", "Call")
    await graph.change(
        "assignWalkthrough { assignment { id } }", serverId=server_id, walkthroughId=walkthrough_id
    )
    await graph.change("publishWalkthrough { walkthrough { id } }", id=walkthrough_id)
    query = "query Q($id: ID!) { walkthrough(id: $id) { steps { preview { text } } } }"
    steps = (await graph.ask(query, id=walkthrough_id))["walkthrough"]["steps"]
    agent = Agent(tracking_id="ada")
    heard = [await heard_from(agent, "start_walkthrough")]
    heard += [
        await heard_from(agent, "get_next_step", currentStepId=step_id)
        for step_id in (await step_ids(graph, walkthrough_id))[:2]
    ]
    assert [text.split("\n\n", 1)[1] for text in heard] == [
        step["preview"]["text"] for step in steps
    ]


async def test_a_server_is_configured_moved_and_closed(graph: Graph) -> None:
    server_id = await opened(graph)
    configured = await graph.change(
        "updateServer { server { name rateLimitPerMinute allowedOrigins revision } }",
        id=server_id, name="Docs", rateLimitPerMinute=5, allowedOrigins=["https://a.example"],
    )  # fmt: skip
    assert configured["server"] == {
        "name": "Docs", "rateLimitPerMinute": 5, "allowedOrigins": ["https://a.example"],
        "revision": 2,
    }  # fmt: skip
    cleared = await graph.change(
        "updateServer { server { rateLimitPerMinute name } }", id=server_id, rateLimitPerMinute=None
    )
    assert cleared["server"] == {"rateLimitPerMinute": None, "name": "Docs"}
    moved = await graph.change(
        "changeServerSlug { server { slug } }", id=server_id, slug="acme-help"
    )
    assert moved["server"] == {"slug": "acme-help"}
    assert (await graph.change("deleteServer { deletedId }", id=server_id))[
        "deletedId"
    ] == server_id
    assert await graph.ask("query Q($id: ID!) { server(id: $id) { id } }", id=server_id) == {
        "server": None
    }


async def test_a_slug_is_tried_without_being_taken(graph: Graph, owner: asyncpg.Connection) -> None:
    await opened(graph)
    query = "query Q($slug: String!) { slugCheck(slug: $slug) { isAvailable message } }"
    answers = {
        slug: (await graph.ask(query, slug=slug))["slugCheck"]["isAvailable"]
        for slug in ("acme-help", "acme-docs", "graphql", "no")
    }
    assert answers == {"acme-help": True, "acme-docs": False, "graphql": False, "no": False}
    assert await owner.fetchval("SELECT count(*) FROM server") == 1


async def test_steps_are_inserted_edited_moved_reordered_and_deleted(graph: Graph) -> None:
    walkthrough_id = await written(graph, "One", "Three")
    made = await graph.change(
        "createStep { step { id position } walkthrough { revision } }",
        walkthroughId=walkthrough_id, title="Two", position=2, sectionTitle="Middle",
    )  # fmt: skip
    assert made["step"]["position"] == 2
    step_id = made["step"]["id"]
    edited = await graph.change(
        "updateStep { step { title sectionTitle content { contentForUser contextForAgent } } }",
        id=step_id, sectionTitle=None, contextForAgent="Why.",
    )  # fmt: skip
    assert edited["step"] == {
        "title": "Two", "sectionTitle": None,
        "content": {"contentForUser": "", "contextForAgent": "Why."},
    }  # fmt: skip
    moved = await graph.change("moveStep { step { position } }", id=step_id, position=3)
    assert moved["step"] == {"position": 3}
    order = await step_ids(graph, walkthrough_id)
    await graph.change(
        "reorderSteps { walkthrough { id } }", walkthroughId=walkthrough_id, stepIds=order[::-1]
    )
    assert await step_ids(graph, walkthrough_id) == order[::-1]
    await graph.change("deleteStep { walkthrough { stepCount } }", id=step_id)
    assert await step_ids(graph, walkthrough_id) == [order[1], order[0]]


async def test_assignments_are_enabled_ordered_and_removed(graph: Graph) -> None:
    server_id = await opened(graph)
    ids = [await written(graph, title=title) for title in ("First", "Second")]
    for walkthrough_id in ids:
        await graph.change(
            "assignWalkthrough { assignment { id } }",
            serverId=server_id, walkthroughId=walkthrough_id,
        )  # fmt: skip
    ordered = await graph.change(
        "orderAssignments { assignments { walkthrough { title } } }",
        serverId=server_id, walkthroughIds=ids[::-1],
    )  # fmt: skip
    assert [one["walkthrough"]["title"] for one in ordered["assignments"]] == ["Second", "First"]
    await graph.change(
        "enableAssignment { assignment { id } }",
        serverId=server_id, walkthroughId=ids[0], isEnabled=False,
    )  # fmt: skip
    await graph.change(
        "unassignWalkthrough { deletedId }", serverId=server_id, walkthroughId=ids[1]
    )
    query = (
        "query Q($id: ID!) { server(id: $id)"
        " { assignmentsRevision assignments { isEnabled walkthroughId } } }"
    )
    assert (await graph.ask(query, id=server_id))["server"] == {
        "assignmentsRevision": 6,
        "assignments": [{"isEnabled": False, "walkthroughId": ids[0]}],
    }


async def test_a_walkthrough_goes_through_its_life(graph: Graph) -> None:
    walkthrough_id = await written(graph, "One")
    updated = await graph.change(
        "updateWalkthrough { walkthrough { title tags type estimatedDurationMinutes metadata } }",
        id=walkthrough_id, title="Start here", tags=["new"], type="QUICKSTART",
        estimatedDurationMinutes=5, metadata={"a": 1},
    )  # fmt: skip
    assert updated["walkthrough"] == {
        "title": "Start here", "tags": ["new"], "type": "QUICKSTART",
        "estimatedDurationMinutes": 5, "metadata": {"a": 1},
    }  # fmt: skip
    copy = await graph.change("duplicateWalkthrough { walkthrough { title } }", id=walkthrough_id)
    assert copy["walkthrough"]["title"] == "Copy of Start here"
    for mutation, status in (
        ("publishWalkthrough", "PUBLISHED"),
        ("archiveWalkthrough", "ARCHIVED"),
        ("unpublishWalkthrough", "DRAFT"),
    ):
        payload = await graph.change(
            f"{mutation} {{ walkthrough {{ status }} }}", id=walkthrough_id
        )
        assert payload["walkthrough"]["status"] == status
    await graph.change("deleteWalkthrough { deletedId }", id=walkthrough_id)
    assert (await graph.ask("{ walkthroughs { nodes { title } totalCount } }"))["walkthroughs"] == {
        "nodes": [{"title": "Copy of Start here"}], "totalCount": 1
    }  # fmt: skip


async def test_an_export_is_imported_again(graph: Graph, owner: asyncpg.Connection) -> None:
    walkthrough_id = await written(graph, "One", "Two")
    query = "query Q($id: ID!) { walkthroughFile(id: $id) }"
    file = (await graph.ask(query, id=walkthrough_id))["walkthroughFile"]
    file["steps"][0]["title"] = "Uno"
    mutation = (
        "importWalkthrough { walkthrough { id steps { title } }"
        " report { isNew isChanged isDryRun steps { title pairedBy isChanged } } }"
    )
    content = msgspec.json.encode(file).decode()
    tried = await graph.change(mutation, content=content, dryRun=True)
    assert tried["report"]["isDryRun"] is True
    entries = await owner.fetchval("SELECT count(*) FROM audit_entry")
    done = await graph.change(mutation, content=content)
    assert done["walkthrough"] == {
        "id": walkthrough_id, "steps": [{"title": "Uno"}, {"title": "Two"}]
    }  # fmt: skip
    assert done["report"] == {
        "isNew": False, "isChanged": True, "isDryRun": False,
        "steps": [
            {"title": "Uno", "pairedBy": "ID", "isChanged": True},
            {"title": "Two", "pairedBy": "ID", "isChanged": False},
        ],
    }  # fmt: skip
    assert await owner.fetchval("SELECT count(*) FROM audit_entry") == entries + 1


async def test_the_viewer_is_told_who_it_is(graph: Graph) -> None:
    query = "{ viewer { kind name role keyScopes organizations { slug } } organization { slug } }"
    assert await graph.ask(query) == {
        "viewer": {
            "kind": "API_KEY", "name": "Script", "role": None,
            "keyScopes": ["END_USERS", "READ", "TICKETS", "WRITE"], "organizations": [],
        },
        "organization": {"slug": "acme-tools"},
    }  # fmt: skip
    assert await Graph(graph.app).ask("{ viewer { id } }") == {"viewer": None}


async def test_every_change_is_on_record(graph: Graph, owner: asyncpg.Connection) -> None:
    server_id = await opened(graph)
    await graph.change("updateServer { server { id } }", id=server_id, name="Docs")
    rows = await owner.fetch(
        "SELECT actor_kind, action, subject_type, subject_id, before, after FROM audit_entry"
        " WHERE subject_type = 'server' ORDER BY created_at"
    )
    assert [(row["actor_kind"], row["action"], row["subject_id"]) for row in rows] == [
        ("api_key", "server.opened", server_id),
        ("api_key", "server.configured", server_id),
    ]
    assert msgspec.json.decode(rows[1]["before"]) == {"name": "Acme Docs"}
    assert msgspec.json.decode(rows[1]["after"]) == {"name": "Docs"}


async def test_a_key_sent_twice_changes_things_once(graph: Graph) -> None:
    given = {"title": "Once", "idempotencyKey": "k-1"}
    first = await graph.change("createWalkthrough { walkthrough { id } }", **given)
    again = await graph.change("createWalkthrough { walkthrough { id } }", **given)
    assert again == first
    other = await graph.attempt(
        "createWalkthrough { walkthrough { id } }", title="Other", idempotencyKey="k-1"
    )
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    data = await graph.ask("{ walkthroughs { totalCount } }")
    assert data == {"walkthroughs": {"totalCount": 1}}


async def test_two_keys_of_one_organization_see_the_same(graph: Graph) -> None:
    await opened(graph)
    other = await with_key("acme-tools")
    assert await other.ask("{ servers { nodes { slug } } }") == {
        "servers": {"nodes": [{"slug": "acme-docs"}]}
    }


async def test_a_server_tells_where_agents_connect(graph: Graph) -> None:
    server_id = await opened(graph)
    answer = await graph.ask("query ($id: ID!) { server(id: $id) { address } }", id=server_id)
    assert answer["server"]["address"] == "http://acme-docs.localhost:8000/api/mcpserver/mcp"
