"""Every table there is, for migrations and for the test that holds each to its tenancy rules."""

from piccolo.table import Table

from app.models.accounts import Account, MemberSession, OneTimeToken
from app.models.analytics import CountedCall, CountedEndUser, CountedRun
from app.models.api_keys import ApiKey
from app.models.assignments import Assignment
from app.models.audit import AuditEntry
from app.models.end_users import EndUser
from app.models.idempotency import IdempotencyRecord
from app.models.members import Invitation, Membership
from app.models.oauth import (
    LoginAccount,
    OAuthClient,
    OAuthCode,
    OAuthConfig,
    OAuthFlow,
    OAuthGrant,
    OAuthToken,
)
from app.models.organizations import Organization
from app.models.progress import Completion, Progress
from app.models.servers import ReleasedSlug, Server
from app.models.sessions import RunHandle, Session
from app.models.steps import Step
from app.models.tickets import Activity, Ticket, TicketCounter
from app.models.tool_calls import ToolCall
from app.models.walkthroughs import Walkthrough

TABLES: list[type[Table]] = [
    Organization,
    Server,
    ReleasedSlug,
    EndUser,
    Session,
    RunHandle,
    Walkthrough,
    Step,
    Assignment,
    Progress,
    Completion,
    ToolCall,
    TicketCounter,
    Ticket,
    Activity,
    Account,
    MemberSession,
    OneTimeToken,
    Membership,
    Invitation,
    ApiKey,
    AuditEntry,
    IdempotencyRecord,
    OAuthConfig,
    OAuthClient,
    OAuthFlow,
    OAuthGrant,
    OAuthCode,
    OAuthToken,
    LoginAccount,
    CountedCall,
    CountedEndUser,
    CountedRun,
]
