"""The product's closed vocabularies as GraphQL enums, every value described."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from app.core.enums import (
    ActivityType,
    ActorKind,
    AuthType,
    KeyScope,
    Outcome,
    ProgressStatus,
    Role,
    SessionKind,
    SupportTicketType,
    TicketPriority,
    TicketStatus,
    Toolset,
    WalkthroughStatus,
    WalkthroughType,
)
from app.domain.analytics_span import ChartInterval, RecentSpan
from app.domain.provider_checks import ProviderProblemCode
from app.domain.walkthrough_files import PairedBy

E = TypeVar("E", bound=Enum)


def describe(kind: type[E], description: str, values: Mapping[E, str]) -> None:
    """Make the enum known to GraphQL under its own name, with a description for each value."""
    strawberry.enum(kind, description=description)
    definition: StrawberryEnumDefinition = getattr(kind, "__strawberry_definition__")  # noqa: B009 - Enum itself has none
    told = {member.name: text for member, text in values.items()}
    for value in definition.values:
        value.description = told[value.name]


describe(
    AuthType,
    "How a server's end users make themselves known.",
    {
        AuthType.NONE: "They need not; a tracking id in the address may tell who they are.",
        AuthType.COLLECT_EMAIL: "They are asked for an e-mail address once.",
        AuthType.PLATFORM_OAUTH: "They log in with the platform.",
        AuthType.CUSTOM_OAUTH: "They log in with the organization's own identity provider.",
    },
)
describe(
    SupportTicketType,
    "Where tickets go that end users open through their agent.",
    {
        SupportTicketType.NONE: "Nowhere: the server has no get_support tool.",
        SupportTicketType.DASHBOARD: "To the organization's tickets.",
        SupportTicketType.SLACK: "As DASHBOARD, until a delivery to Slack exists.",
        SupportTicketType.LINEAR: "As DASHBOARD, until a delivery to Linear exists.",
    },
)
describe(
    Toolset,
    "Which walkthrough tools a server offers to agents.",
    {
        Toolset.COMPACT: "Two tools: start_walkthrough and get_next_step.",
        Toolset.CLASSIC: "Five tools: list, select, next step, status and reset.",
        Toolset.BOTH: "All seven.",
    },
)
describe(
    WalkthroughStatus,
    "Where a walkthrough stands in its authors' hands.",
    {
        WalkthroughStatus.DRAFT: "Being written; no agent sees it.",
        WalkthroughStatus.PUBLISHED: "Offered on the servers that it is assigned to.",
        WalkthroughStatus.ARCHIVED: "Put away; its title is free for another one.",
    },
)
describe(
    WalkthroughType,
    "What a walkthrough is for.",
    {
        WalkthroughType.COURSE: "Teaches a subject.",
        WalkthroughType.INSTALLER: "Installs something.",
        WalkthroughType.TROUBLESHOOTING: "Finds and mends a fault.",
        WalkthroughType.INTEGRATION: "Connects the product with something else.",
        WalkthroughType.QUICKSTART: "Leads to a first result quickly.",
    },
)
describe(
    Role,
    "What a member may do in an organization.",
    {
        Role.OWNER: "Everything; an organization always has an owner.",
        Role.ADMIN: "Everything but managing owners.",
        Role.MEMBER: "Reads everything, writes walkthroughs, answers tickets.",
    },
)
describe(
    KeyScope,
    "What an API key was made for.",
    {
        KeyScope.READ: "To read servers, walkthroughs, tickets, end users and figures.",
        KeyScope.WRITE: "To change servers and walkthroughs.",
        KeyScope.TICKETS: "To read and answer tickets.",
        KeyScope.END_USERS: "To export and forget end users.",
    },
)
describe(
    ActorKind,
    "Who acts.",
    {
        ActorKind.USER: "A member who signed in.",
        ActorKind.API_KEY: "A script with an API key.",
        ActorKind.OPERATOR: "Whoever runs the platform.",
    },
)
describe(
    ProgressStatus,
    "How far an end user is in a walkthrough.",
    {
        ProgressStatus.NOT_STARTED: "Not begun, or reset.",
        ProgressStatus.IN_PROGRESS: "Begun, and a step is left.",
        ProgressStatus.COMPLETED: "No step is left.",
    },
)
describe(
    SessionKind,
    "What ties the calls of one client together.",
    {
        SessionKind.SESSION: "A session of the protocol, whose id the client sends along.",
        SessionKind.VISIT: "Calls of one client in a version of the protocol without sessions; it "
        "is over when nothing came for 30 minutes.",
    },
)
describe(
    Outcome,
    "How a tool call ended.",
    {
        Outcome.OK: "As asked for.",
        Outcome.REFUSED: "Refused, with what to do instead.",
        Outcome.ERROR: "Wrong arguments, or a fault of the platform.",
    },
)
describe(
    PairedBy,
    "How a step of a file found the step that it is a version of.",
    {
        PairedBy.ID: "By the id in the step's metadata.",
        PairedBy.TITLE: "By its title.",
        PairedBy.NEW: "It did not: the step is new.",
    },
)
describe(
    ProviderProblemCode,
    "What a login with a server's OpenID provider fails at, for programs. New codes may come.",
    {
        ProviderProblemCode.UNREACHABLE: "The provider gives no answer that can be used.",
        ProviderProblemCode.DISCOVERY_UNUSABLE: "It has no discovery document under the issuer, or "
        "one that names no addresses to go on with.",
        ProviderProblemCode.OTHER_ISSUER: "It spells its issuer otherwise than it was entered.",
        ProviderProblemCode.KEYS_UNUSABLE: "It has no key that ID tokens could be checked with.",
        ProviderProblemCode.CLIENT_REFUSED: "It refuses the client id, or the client secret.",
        ProviderProblemCode.CLIENT_UNCERTAIN: "It says nothing by which client id and client "
        "secret could be judged; they may well be right.",
        ProviderProblemCode.SECRET_NOT_TAKEN: "It takes client secrets in none of our ways.",
        ProviderProblemCode.SECRET_UNREADABLE: "The client secret must be entered again here.",
    },
)
describe(
    TicketStatus,
    "Where a ticket stands.",
    {
        TicketStatus.PENDING: "Nobody has taken it up yet.",
        TicketStatus.IN_PROGRESS: "Somebody is on it.",
        TicketStatus.RESOLVED: "The problem is solved.",
        TicketStatus.CLOSED: "Nothing more will be done.",
    },
)
describe(
    TicketPriority,
    "How urgent a ticket is.",
    {
        TicketPriority.LOW: "It can wait.",
        TicketPriority.MEDIUM: "As usual: what a new ticket has.",
        TicketPriority.HIGH: "Before the usual ones.",
        TicketPriority.CRITICAL: "Before everything else.",
    },
)
describe(
    ActivityType,
    "What an entry in a ticket's history records.",
    {
        ActivityType.COMMENT: "What somebody said; the text is in `body`.",
        ActivityType.STATUS_CHANGE: "Another status.",
        ActivityType.ASSIGNMENT: "Another assignee, or none.",
        ActivityType.FIELD_UPDATE: "Another priority, title or context.",
        ActivityType.SYSTEM: "What the platform did; `event` says what.",
    },
)
describe(
    ChartInterval,
    "How long one point of a chart lasts. Intervals begin and end by UTC.",
    {
        ChartInterval.FIVE_MINUTES: "Five minutes.",
        ChartInterval.HOUR: "An hour.",
        ChartInterval.DAY: "A day, from midnight UTC.",
        ChartInterval.WEEK: "A week, from Monday, midnight UTC.",
    },
)
describe(
    RecentSpan,
    "The time up to now. The last of its intervals is still running.",
    {
        RecentSpan.HOUR: "The last hour: 12 intervals of five minutes.",
        RecentSpan.DAY: "The last day: 24 intervals of an hour.",
        RecentSpan.WEEK: "Today and the six days before it.",
        RecentSpan.MONTH: "Today and the 29 days before it.",
    },
)
