"""One operation for each root field of the management plane, with ids of one organization.

`$server`, `$walkthrough`, `$step` and `$other` stand for its ids. A new field needs an entry here:
a test compares this list with the schema.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Read:
    """A query field: what a stranger reads, and the codes that nobody and a wrong key get.

    `is_for_people`: no key reads it, whatever it was made for.
    """

    name: str
    query: str
    stranger: Any = None
    nobody: str | None = "NOT_SIGNED_IN"
    scopeless: str | None = "NOT_PERMITTED"
    is_for_people: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A mutation. `is_own`: it names nothing, so a stranger changes only what is theirs."""

    name: str
    given: dict[str, Any] = field(default_factory=dict)
    is_own: bool = False
    is_for_admins: bool = False


READS = [
    Read("viewer", "{ viewer { id } }", nobody=None, scopeless=None),
    Read("organization", "{ organization { slug } }", {"slug": "other-tools"}, scopeless=None),
    Read("members", "{ members { nodes { id } } }", {"nodes": []}),
    Read("apiKeys", "{ apiKeys { nodes { id } } }", is_for_people=True),
    Read("auditLog", "{ auditLog { nodes { id } } }", is_for_people=True),
    Read("servers", "{ servers { nodes { id } totalCount } }", {"nodes": [], "totalCount": 0}),
    Read("server", '{ server(id: "$server") { id } }'),
    Read(
        "slugCheck",
        '{ slugCheck(slug: "acme-docs") { isAvailable } }',
        {"isAvailable": False},  # slugs are everybody's: the platform's addresses are made of them
    ),
    Read(
        "walkthroughs",
        '{ walkthroughs(filter: {serverId: "$server"}) { nodes { id } totalCount } }',
        {"nodes": [], "totalCount": 0},
    ),
    Read("walkthrough", '{ walkthrough(id: "$walkthrough") { id } }'),
    Read("step", '{ step(id: "$step") { id preview { text } } }'),
    Read("walkthroughFile", '{ walkthroughFile(id: "$walkthrough") }'),
]

_PAIR = {"serverId": "$server", "walkthroughId": "$walkthrough"}
_FILE = (
    '{"walkthrough": {"title": "Getting started"}, "steps": [],'
    ' "metadata": {"originalId": "$walkthrough"}}'
)

WRITES = [
    Write(
        "createServer",
        {"slug": "new-docs", "name": "N", "product": "P"},
        is_own=True,
        is_for_admins=True,
    ),
    Write("updateServer", {"id": "$server", "name": "Mine"}, is_for_admins=True),
    Write("changeServerSlug", {"id": "$server", "slug": "mine-now"}, is_for_admins=True),
    Write("deleteServer", {"id": "$server"}, is_for_admins=True),
    Write("assignWalkthrough", _PAIR, is_for_admins=True),
    Write("unassignWalkthrough", _PAIR, is_for_admins=True),
    Write("enableAssignment", {**_PAIR, "isEnabled": False}, is_for_admins=True),
    Write(
        "orderAssignments",
        {"serverId": "$server", "walkthroughIds": ["$walkthrough"]},
        is_for_admins=True,
    ),
    Write("createWalkthrough", {"title": "New"}, is_own=True),
    Write("updateWalkthrough", {"id": "$walkthrough", "title": "Mine"}),
    Write("duplicateWalkthrough", {"id": "$walkthrough"}),
    Write("publishWalkthrough", {"id": "$walkthrough"}),
    Write("unpublishWalkthrough", {"id": "$walkthrough"}),
    Write("archiveWalkthrough", {"id": "$walkthrough"}),
    Write("deleteWalkthrough", {"id": "$walkthrough"}),
    Write("importWalkthrough", {"content": _FILE}, is_own=True),
    Write("createStep", {"walkthroughId": "$walkthrough", "title": "Mine"}),
    Write("updateStep", {"id": "$step", "title": "Mine"}),
    Write("moveStep", {"id": "$step", "position": 1}),
    Write("reorderSteps", {"walkthroughId": "$walkthrough", "stepIds": ["$step", "$other"]}),
    Write("deleteStep", {"id": "$step"}),
]
