"""One operation for each root field of the management plane, and who is let in.

Names such as `$server` stand for ids; which, `stage.py` tells. `door` is the permission that the
field takes, or a Door where none decides: what nobody, members, admins and keys are told follows
from it. A new field needs an entry here: a test compares these lists with the schema.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from app.core.enums import KeyScope, Role
from app.domain.permissions import TABLE, Action, is_allowed
from tests.support.people import PASSWORD


class Door(Enum):
    """Who comes in where no permission decides."""

    ANYONE = "nobody, people and keys"
    NO_KEY = "nobody and people"
    SIGNED_IN = "people"


OWN: Final = object()  # it names nothing of anybody's: strangers see or change what is theirs


@dataclass(frozen=True, slots=True)
class Entry:
    """A root field."""

    name: str
    door: Action | Door

    @property
    def key_scopes(self) -> frozenset[KeyScope]:
        """The scopes of keys that are let in."""
        if isinstance(self.door, Action):
            return TABLE[self.door][1]
        return frozenset(KeyScope) if self.door is Door.ANYONE else frozenset()

    @property
    def to_nobody(self) -> str | None:
        """The code that who has not signed in is told."""
        is_open = self.door in {Door.ANYONE, Door.NO_KEY}
        return None if is_open else "NOT_SIGNED_IN"

    def to_role(self, role: Role) -> str | None:
        """The code that a member of this role is told."""
        is_open = isinstance(self.door, Door) or is_allowed(self.door, role)
        return None if is_open else "NOT_PERMITTED"

    @property
    def to_other_keys(self) -> str | None:
        """The code that a key with every other scope is told; where all will do, any key."""
        return None if self.key_scopes == frozenset(KeyScope) else "NOT_PERMITTED"


@dataclass(frozen=True, slots=True)
class Read(Entry):
    """A query field. `foreign` is what another organization's owner reads with the ids in it."""

    query: str
    foreign: Any = None


@dataclass(frozen=True, slots=True)
class Write(Entry):
    """A mutation with what it is given.

    `foreign` is the code that another organization's owner is told, or OWN; `told` a code that
    everybody is told who is let in.
    """

    given: dict[str, Any] = field(default_factory=dict)
    foreign: Any = OWN
    told: str | None = None


def write(
    name: str, door: Action | Door, /, foreign: Any = None, told: str | None = None, **given: Any
) -> Write:
    """A mutation: what it names is not found by strangers, and what names nothing is theirs."""
    usual = told or ("NOT_FOUND" if "$" in str(given) else OWN)
    return Write(name, door, given, foreign or usual, told)


_NO_NODES: Final[dict[str, Any]] = {"nodes": []}
_NONE: Final[dict[str, Any]] = {"nodes": [], "totalCount": 0}

READS: Final = [
    Read("viewer", Door.ANYONE, "{ viewer { id } }", OWN),
    Read("organization", Action.READ_ORGANIZATION, "{ organization { slug } }", OWN),
    Read("members", Action.READ_MEMBERS, "{ members { nodes { id } } }", OWN),
    Read("member", Action.READ_MEMBERS, '{ member(id: "$member") { id } }'),
    Read("invitations", Action.READ_INVITATIONS, "{ invitations { nodes { id } } }", OWN),
    # Whoever holds the token may know what it is for.
    Read("invitation", Door.ANYONE, '{ invitation(token: "mcpi_wrong") { email } }', OWN),
    Read("apiKeys", Action.READ_API_KEYS, "{ apiKeys { nodes { id } } }", OWN),
    Read(
        "auditLog",
        Action.READ_AUDIT_LOG,
        '{ auditLog(filter: {subjectId: "$server"}) { nodes { id } } }',
        _NO_NODES,
    ),
    Read("servers", Action.READ_SERVERS, "{ servers { nodes { id } totalCount } }", OWN),
    Read("server", Action.READ_SERVERS, '{ server(id: "$server") { id } }'),
    # Slugs are everybody's: the platform's addresses are made of them.
    Read("slugCheck", Action.READ_SERVERS, '{ slugCheck(slug: "free-docs") { isAvailable } }', OWN),
    Read(
        "walkthroughs",
        Action.READ_WALKTHROUGHS,
        '{ walkthroughs(filter: {serverId: "$server"}) { nodes { id } totalCount } }',
        _NONE,
    ),
    Read("walkthrough", Action.READ_WALKTHROUGHS, '{ walkthrough(id: "$walkthrough") { id } }'),
    Read("step", Action.READ_WALKTHROUGHS, '{ step(id: "$step") { id preview { text } } }'),
    Read("walkthroughFile", Action.READ_WALKTHROUGHS, '{ walkthroughFile(id: "$walkthrough") }'),
    Read(
        "tickets",
        Action.READ_TICKETS,
        '{ tickets(filter: {serverId: "$server"}) { nodes { id } totalCount } }',
        _NONE,
    ),
    Read(
        "ticket", Action.READ_TICKETS, '{ ticket(id: "$ticket") { activities { nodes { id } } } }'
    ),
    Read("ticketByNumber", Action.READ_TICKETS, "{ ticketByNumber(number: 1) { id } }", OWN),
    Read(
        "endUsers",
        Action.READ_END_USERS,
        '{ endUsers(filter: {serverId: "$server"}) { nodes { id } totalCount } }',
        _NONE,
    ),
    Read(
        "endUser",
        Action.READ_END_USERS,
        '{ endUser(id: "$endUser") { toolCalls { nodes { id } } progress { id } } }',
    ),
    Read(
        "sessions",
        Action.READ_END_USERS,
        '{ sessions(filter: {serverId: "$server"}) { nodes { id } } }',
        _NO_NODES,
    ),
    Read(
        "toolCalls",
        Action.READ_END_USERS,
        '{ toolCalls(filter: {endUserId: "$endUser"}) { nodes { id input } } }',
        _NO_NODES,
    ),
    Read(
        "analytics",
        Action.READ_ANALYTICS,
        '{ analytics(range: {last: DAY}, serverId: "$server") { calls { total { calls } } } }',
    ),
]

_PAIR: Final = {"serverId": "$server", "walkthroughId": "$walkthrough"}
_STEP: Final = {"title": "Mine", "contentForUser": "Do it."}
_FILE: Final = (
    '{"walkthrough": {"title": "Getting started"},'
    ' "steps": [{"title": "One", "contentFields": {"version": "v1", "contentForUser": "Do it."},'
    ' "metadata": {"stepId": "$step"}}],'
    ' "metadata": {"originalId": "$walkthrough"}}'
)
_SECRET: Final = "a wholly new secret"
_MEMBERS: Final = Action.MANAGE_MEMBERS
_SERVERS: Final = Action.MANAGE_SERVERS
_WRITE: Final = Action.WRITE_WALKTHROUGHS
_PUBLISH: Final = Action.PUBLISH_WALKTHROUGHS
_ANSWER: Final = Action.ANSWER_TICKETS

WRITES: Final = [
    write("signUp", Door.NO_KEY, email="new@else.test", password=_SECRET),
    write("verifyEmail", Door.NO_KEY, told="INVALID_LINK", token="mcpt_wrong"),
    write("signIn", Door.NO_KEY, told="WRONG_CREDENTIALS", email="$address", password="wrong"),
    write("signOut", Door.NO_KEY),
    write("requestPasswordReset", Door.NO_KEY, email="new@else.test"),
    write("resetPassword", Door.NO_KEY, told="INVALID_LINK", token="mcpt_wrong", password=_SECRET),
    write("changePassword", Door.SIGNED_IN, currentPassword=PASSWORD, newPassword=_SECRET),
    write("updateViewer", Door.SIGNED_IN, name="Me"),
    write("endSession", Door.SIGNED_IN, id="$session"),
    write("endOtherSessions", Door.SIGNED_IN),
    write("createOrganization", Door.SIGNED_IN, name="New", slug="newest-tools"),
    write("leaveOrganization", Door.SIGNED_IN, organizationId="$organization"),
    write("acceptInvitation", Door.SIGNED_IN, "OTHER_ADDRESS", token="$token"),
    write("updateOrganization", Action.EDIT_ORGANIZATION, name="Mine"),
    write("changeMemberRole", _MEMBERS, id="$member", role="ADMIN"),
    write("removeMember", _MEMBERS, id="$member"),
    write("inviteMember", Action.INVITE, email="new@else.test"),
    write("resendInvitation", Action.INVITE, id="$invitation"),
    write("cancelInvitation", Action.INVITE, id="$invitation"),
    write("createApiKey", Action.MANAGE_API_KEYS, name="New", scopes=["READ"]),
    write("revokeApiKey", Action.MANAGE_API_KEYS, id="$key"),
    write("createServer", _SERVERS, slug="new-docs", name="N", product="P"),
    write("updateServer", _SERVERS, id="$server", name="Mine"),
    write("changeServerSlug", _SERVERS, id="$server", slug="mine-now"),
    write("deleteServer", _SERVERS, id="$server"),
    write(
        "setServerOauthConfig",
        _SERVERS,
        serverId="$server",
        issuer="https://id.example.com",
        clientId="mine",
    ),
    write("checkServerOauthConfig", _SERVERS, serverId="$server"),
    write("deleteServerOauthConfig", _SERVERS, serverId="$server"),
    write("assignWalkthrough", _SERVERS, **_PAIR),
    write("unassignWalkthrough", _SERVERS, **_PAIR),
    write("enableAssignment", _SERVERS, **_PAIR, isEnabled=False),
    write("orderAssignments", _SERVERS, serverId="$server", walkthroughIds=["$walkthrough"]),
    write("createWalkthrough", _WRITE, title="New"),
    write("updateWalkthrough", _WRITE, id="$walkthrough", title="Mine"),
    write("duplicateWalkthrough", _WRITE, id="$walkthrough"),
    write("publishWalkthrough", _PUBLISH, id="$walkthrough"),
    write("unpublishWalkthrough", _PUBLISH, id="$walkthrough"),
    write("archiveWalkthrough", _PUBLISH, id="$walkthrough"),
    write("deleteWalkthrough", _WRITE, id="$walkthrough"),
    write("importWalkthrough", _WRITE, OWN, content=_FILE),  # an id of another's makes a new one
    write("createStep", _WRITE, walkthroughId="$walkthrough", **_STEP),
    write("updateStep", _WRITE, id="$step", title="Mine"),
    write("moveStep", _WRITE, id="$step", position=2),
    write("reorderSteps", _WRITE, walkthroughId="$walkthrough", stepIds=["$next", "$step"]),
    write("deleteStep", _WRITE, id="$step"),
    write("setTicketStatus", _ANSWER, id="$ticket", status="CLOSED", comment="Mine."),
    write("addTicketComment", _ANSWER, ticketId="$ticket", body="Mine."),
    write("editTicketComment", _ANSWER, id="$comment", body="Mine."),
    write("withdrawTicketComment", _ANSWER, id="$comment"),
    write("assignTicket", _ANSWER, id="$ticket", assigneeId="$member"),
    write("setTicketPriority", _ANSWER, id="$ticket", priority="LOW"),
    write("updateTicket", _ANSWER, id="$ticket", title="Mine"),
    write("forgetEndUser", Action.FORGET_END_USERS, id="$endUser"),
    write("exportEndUser", Action.EXPORT_END_USERS, id="$endUser"),
]
