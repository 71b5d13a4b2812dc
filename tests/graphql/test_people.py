"""What members read of one another, of keys and of the audit log."""

from app.core.enums import Role
from tests.support.graph import Graph, with_key
from tests.support.people import Reception

LOG = """
query Log($after: String) {
  auditLog(first: 1, after: $after) { nodes { action actorKind } pageInfo { endCursor } }
}
"""


async def person(people: Reception, address: str) -> Graph:
    return Graph(headers={"cookie": f"__Host-mcplatform={await people.sign_in(address)}"})


async def test_an_owner_reads_members_keys_and_the_log(people: Reception) -> None:
    await people.owner()
    await (await with_key("acme-tools")).change(
        "createWalkthrough { walkthrough { id } }", title="Guide"
    )
    olga = await person(people, "olga@acme.test")
    data = await olga.ask("{ members { nodes { email role } } apiKeys { nodes { name hint } } }")
    assert data["members"] == {"nodes": [{"email": "olga@acme.test", "role": "OWNER"}]}
    [key] = data["apiKeys"]["nodes"]
    assert (key["name"], len(key["hint"])) == ("Script", 4)
    found, after = [], None
    for _ in range(3):
        page = (await olga.ask(LOG, after=after))["auditLog"]
        found += [(entry["action"], entry["actorKind"]) for entry in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert found == [
        ("walkthrough.created", "API_KEY"),
        ("api_key.issued", "OPERATOR"),
        ("organization.founded", "USER"),
    ]


async def test_a_member_reads_neither_keys_nor_the_log(people: Reception) -> None:
    owner = await people.owner()
    await people.joined(owner, "mia@acme.test", Role.MEMBER)
    mia = await person(people, "mia@acme.test")
    for query in ("{ apiKeys { nodes { id } } }", "{ auditLog { nodes { id } } }"):
        answer = await mia.answer(query)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_PERMITTED"]
