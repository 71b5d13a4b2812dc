"""One operation for each root field of the management plane, with ids of one organization.

`$server`, `$walkthrough`, `$step` and `$other` stand for its ids, and `$organization`, `$member`,
`$session`, `$invitation`, `$token` (the invitation's) and `$key` for those of its people.
`$endUser`, `$ticket` and `$comment` are who asked, what, and what was answered. A new field needs
an entry here: a test compares this list with the schema.
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
    """A mutation. `is_own`: it names nothing, so a stranger changes only what is theirs.

    `is_for_people`: no key does it, whatever it was made for; `is_open`: nobody may try it as well.
    `refusal` is what a stranger is told.
    """

    name: str
    given: dict[str, Any] = field(default_factory=dict)
    is_own: bool = False
    is_for_admins: bool = False
    is_for_people: bool = False
    is_open: bool = False
    refusal: str = "NOT_FOUND"

    @property
    def told(self) -> set[str]:
        """The codes that a stranger gets."""
        return set() if self.is_own else {self.refusal}


def for_admins(name: str, /, *, is_own: bool = False, **given: Any) -> Write:
    """What admins do, signed in."""
    return Write(name, given, is_own=is_own, is_for_admins=True, is_for_people=True)


def for_people(
    name: str, /, *, refusal: str = "NOT_FOUND", is_own: bool = False, **given: Any
) -> Write:
    """What anyone does who is signed in."""
    return Write(name, given, is_own=is_own, is_for_people=True, refusal=refusal)


def for_all(name: str, /, *, refusal: str = "", **given: Any) -> Write:
    """What people do also without a session."""
    return Write(name, given, is_own=not refusal, is_for_people=True, is_open=True, refusal=refusal)


READS = [
    Read("viewer", "{ viewer { id } }", nobody=None, scopeless=None),
    Read("organization", "{ organization { slug } }", {"slug": "other-tools"}, scopeless=None),
    Read("members", "{ members { nodes { id } } }", {"nodes": []}),
    Read("member", '{ member(id: "$member") { id } }'),
    Read("invitations", "{ invitations { nodes { id } } }", is_for_people=True),
    Read(
        "invitation",
        '{ invitation(token: "mcpi_wrong") { email } }',
        nobody=None,  # whoever holds the token may know what it is for
        scopeless=None,
    ),
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
    Read(
        "tickets",
        '{ tickets(filter: {serverId: "$server"}) { nodes { id } totalCount } }',
        {"nodes": [], "totalCount": 0},
    ),
    Read("ticket", '{ ticket(id: "$ticket") { id activities { nodes { id } } } }'),
    Read("ticketByNumber", "{ ticketByNumber(number: 1) { id } }"),
    # The key that was made for less was made for end users.
    Read(
        "endUsers",
        '{ endUsers(filter: {serverId: "$server"}) { nodes { id } totalCount } }',
        {"nodes": [], "totalCount": 0},
        scopeless=None,
    ),
    Read(
        "endUser",
        '{ endUser(id: "$endUser") { id toolCalls { nodes { id } } progress { id } } }',
        scopeless=None,
    ),
    Read(
        "sessions",
        '{ sessions(filter: {serverId: "$server"}) { nodes { id } } }',
        {"nodes": []},
        scopeless=None,
    ),
    Read(
        "toolCalls",
        '{ toolCalls(filter: {endUserId: "$endUser"}) { nodes { id input } } }',
        {"nodes": []},
        scopeless=None,
    ),
    Read(
        "analytics",
        "{ analytics(range: {last: DAY}) { calls { total { calls } } walkthroughs { started }"
        ' funnel(walkthroughId: "$walkthrough") { started }'
        ' tickets(walkthroughId: "$walkthrough") { opened { total } } } }',
        {
            "calls": {"total": {"calls": 0}},
            "walkthroughs": [],
            "funnel": None,
            "tickets": None,
        },
    ),
]

_PAIR = {"serverId": "$server", "walkthroughId": "$walkthrough"}
_FILE = (
    '{"walkthrough": {"title": "Getting started"}, "steps": [],'
    ' "metadata": {"originalId": "$walkthrough"}}'
)

_NEW_PASSWORD = "a wholly new secret"

WRITES = [
    for_all("signUp", email="new@other.test", password=_NEW_PASSWORD),
    for_all("verifyEmail", token="mcpt_wrong", refusal="INVALID_LINK"),
    for_all("signIn", email="olga@acme.test", password="wrong", refusal="WRONG_CREDENTIALS"),
    for_all("signOut"),
    for_all("requestPasswordReset", email="new@other.test"),
    for_all("resetPassword", token="mcpt_wrong", password=_NEW_PASSWORD, refusal="INVALID_LINK"),
    for_people(
        "changePassword",
        currentPassword="wrong",
        newPassword=_NEW_PASSWORD,
        refusal="WRONG_PASSWORD",
    ),
    for_people("updateViewer", is_own=True, name="Me"),
    for_people("endSession", id="$session"),
    for_people("endOtherSessions", is_own=True),
    for_people("createOrganization", is_own=True, name="New", slug="newest-tools"),
    for_people("leaveOrganization", organizationId="$organization"),
    for_people("acceptInvitation", token="$token", refusal="OTHER_ADDRESS"),
    for_admins("updateOrganization", is_own=True, name="Mine"),
    for_admins("changeMemberRole", id="$member", role="ADMIN"),
    for_admins("removeMember", id="$member"),
    for_admins("inviteMember", is_own=True, email="new@other.test"),
    for_admins("resendInvitation", id="$invitation"),
    for_admins("cancelInvitation", id="$invitation"),
    for_admins("createApiKey", is_own=True, name="New", scopes=["READ"]),
    for_admins("revokeApiKey", id="$key"),
    Write(
        "createServer",
        {"slug": "new-docs", "name": "N", "product": "P"},
        is_own=True,
        is_for_admins=True,
    ),
    Write("updateServer", {"id": "$server", "name": "Mine"}, is_for_admins=True),
    Write("changeServerSlug", {"id": "$server", "slug": "mine-now"}, is_for_admins=True),
    Write("deleteServer", {"id": "$server"}, is_for_admins=True),
    Write(
        "setServerOauthConfig",
        {"serverId": "$server", "issuer": "https://id.example.com", "clientId": "mine"},
        is_for_admins=True,
    ),
    Write("deleteServerOauthConfig", {"serverId": "$server"}, is_for_admins=True),
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
    Write("setTicketStatus", {"id": "$ticket", "status": "CLOSED", "comment": "Mine."}),
    Write("addTicketComment", {"ticketId": "$ticket", "body": "Mine."}),
    Write("editTicketComment", {"id": "$comment", "body": "Mine."}),
    Write("withdrawTicketComment", {"id": "$comment"}),
    Write("assignTicket", {"id": "$ticket", "assigneeId": "$member"}),
    Write("setTicketPriority", {"id": "$ticket", "priority": "LOW"}),
    Write("updateTicket", {"id": "$ticket", "title": "Mine"}),
    Write("forgetEndUser", {"id": "$endUser"}, is_for_admins=True),
    Write("exportEndUser", {"id": "$endUser"}, is_for_admins=True),
]
