"""The product's closed vocabularies, as they are stored and as both planes spell them."""

from enum import StrEnum


class AuthType(StrEnum):
    """How a server's end users make themselves known."""

    NONE = "none"
    COLLECT_EMAIL = "collect_email"
    PLATFORM_OAUTH = "platform_oauth"
    CUSTOM_OAUTH = "custom_oauth"

    @property
    def is_oauth(self) -> bool:
        """Whether end users must log in."""
        return self in {AuthType.PLATFORM_OAUTH, AuthType.CUSTOM_OAUTH}


class SupportTicketType(StrEnum):
    """Where a server's tickets go; slack and linear behave as dashboard until they deliver."""

    NONE = "none"
    DASHBOARD = "dashboard"
    SLACK = "slack"
    LINEAR = "linear"


class Toolset(StrEnum):
    """Which walkthrough tools a server offers."""

    COMPACT = "compact"
    CLASSIC = "classic"
    BOTH = "both"


class WalkthroughStatus(StrEnum):
    """Where a walkthrough stands in its author's hands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class WalkthroughType(StrEnum):
    """What a walkthrough is for."""

    COURSE = "course"
    INSTALLER = "installer"
    TROUBLESHOOTING = "troubleshooting"
    INTEGRATION = "integration"
    QUICKSTART = "quickstart"


class ProgressStatus(StrEnum):
    """How far an end user is; computed, never stored."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class SessionKind(StrEnum):
    """A session has an id that its client sends back; a visit is reckoned from a 30-minute gap."""

    SESSION = "session"
    VISIT = "visit"


class Outcome(StrEnum):
    """How a tool call ended."""

    OK = "ok"
    REFUSED = "refused"
    ERROR = "error"


class TicketStatus(StrEnum):
    """Where a ticket stands."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


class TicketPriority(StrEnum):
    """How urgent a ticket is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class ActivityType(StrEnum):
    """What an entry in a ticket's history records."""

    COMMENT = "comment"
    STATUS_CHANGE = "status_change"
    ASSIGNMENT = "assignment"
    FIELD_UPDATE = "field_update"
    SYSTEM = "system"


class Role(StrEnum):
    """What a member may do in an organization; the table is app/domain/permissions.py."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class KeyScope(StrEnum):
    """What an API key was made for; it may do nothing else."""

    READ = "read"
    WRITE = "write"
    TICKETS = "tickets"
    END_USERS = "end_users"


class ActorKind(StrEnum):
    """Who did something: a member, an API key, or whoever runs the platform."""

    USER = "user"
    API_KEY = "api_key"
    OPERATOR = "operator"


class TokenPurpose(StrEnum):
    """What a one-time token that went out by mail is good for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose


class ClientAuthMethod(StrEnum):
    """How an OAuth client proves itself at the token endpoint (RFC 7591)."""

    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105 - the name of a method
    CLIENT_SECRET_POST = "client_secret_post"  # noqa: S105 - the name of a method


class FlowStage(StrEnum):
    """What a login under way waits for: the person's consent, who they are, or nothing more."""

    CONSENT = "consent"
    LOGIN = "login"
    DONE = "done"


class OAuthTokenKind(StrEnum):
    """What an OAuth token is good for."""

    ACCESS = "access"
    REFRESH = "refresh"
