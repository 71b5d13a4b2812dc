"""What went wrong, as clients read it: `userErrors` where it is theirs, coded errors elsewhere."""

import enum
import re
from collections.abc import Sequence
from typing import Any

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from app.core.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    ProductError,
    TooMany,
    Unavailable,
)
from app.core.log import REQUEST_ID, note

# What a mutation tells in its payload. The rest concerns the request and not its input.
USER_ERRORS = (NotFound, Invalid, Conflict, NotAllowed)
MOST_MESSAGE_CHARACTERS = 1_000  # messages that quote what was sent could be as large as that
# graphql-core quotes values that do not fit, and the one that fits ill may be a password.
_QUOTED = re.compile(
    r"(?:, found|(?P<hint>\?) Found|(?P<rule>cannot represent [^:]*)): .*|(?<=found String) '.*",
    re.DOTALL,
)
_LIMITED = frozenset({"DEPTH_LIMIT", "ALIAS_LIMIT", "COST_LIMIT"})

log = structlog.get_logger()


@strawberry.enum(description="What kind of mistake it is, for programs. New codes may come.")
class UserErrorCode(enum.Enum):
    """The codes of the product's errors, in capitals."""

    NOT_FOUND = strawberry.enum_value(
        "not_found", description="It does not exist, or belongs to another organization."
    )
    NOT_PERMITTED = strawberry.enum_value(
        "not_permitted", description="Your role, or the scopes of your key, do not reach this far."
    )
    NOT_ALLOWED = strawberry.enum_value("not_allowed", description="This may not be done.")
    INVALID = strawberry.enum_value(
        "invalid", description="The value breaks a rule; the message says which."
    )
    REQUIRED = strawberry.enum_value("required", description="A value is missing or empty.")
    TOO_LONG = strawberry.enum_value(
        "too_long", description="The value has too many characters or bytes."
    )
    TOO_MANY = strawberry.enum_value("too_many", description="The list has too many entries.")
    OUT_OF_RANGE = strawberry.enum_value(
        "out_of_range", description="The number is too small or too large."
    )
    INVALID_CHARACTER = strawberry.enum_value(
        "invalid_character", description="The text has a character that cannot be kept here."
    )
    NOT_JSON = strawberry.enum_value(
        "not_json", description="The text is not JSON, or the value cannot be written as JSON."
    )
    WRONG_TYPE = strawberry.enum_value(
        "wrong_type", description="A value in the file is of another kind than it must be."
    )
    INVALID_CHOICE = strawberry.enum_value(
        "invalid_choice", description="A value in the file is none of those that are possible."
    )
    UNSUPPORTED_VERSION = strawberry.enum_value(
        "unsupported_version", description="The file is of a version that is not known."
    )
    NOT_A_PERMUTATION = strawberry.enum_value(
        "not_a_permutation", description="The list must have each of the present ids exactly once."
    )
    INVALID_SLUG = strawberry.enum_value(
        "invalid_slug", description="The slug does not have the form of one."
    )
    RESERVED_SLUG = strawberry.enum_value(
        "reserved_slug", description="The slug is kept for the platform."
    )
    SLUG_TAKEN = strawberry.enum_value(
        "slug_taken", description="The slug is, or once was, someone's."
    )
    INVALID_ORIGIN = strawberry.enum_value(
        "invalid_origin", description="The text is not an origin as browsers send it."
    )
    INVALID_ISSUER = strawberry.enum_value(
        "invalid_issuer", description="The text is not an identity provider's https address."
    )
    LOGIN_NOT_CONFIGURED = strawberry.enum_value(
        "login_not_configured", description="The server has no identity provider yet."
    )
    TITLE_TAKEN = strawberry.enum_value(
        "title_taken", description="Another walkthrough that is not archived has this title."
    )
    AMBIGUOUS_TITLE = strawberry.enum_value(
        "ambiguous_title", description="Several walkthroughs have the file's title in another case."
    )
    REVISION_MISMATCH = strawberry.enum_value(
        "revision_mismatch",
        description="Someone else has written since you read: read again, then decide.",
    )
    IDEMPOTENCY_KEY_REUSED = strawberry.enum_value(
        "idempotency_key_reused", description="The idempotencyKey came with another request before."
    )
    WRONG_CREDENTIALS = strawberry.enum_value(
        "wrong_credentials",
        description="The address or the password is wrong, or the address is not confirmed yet.",
    )
    WRONG_PASSWORD = strawberry.enum_value(
        "wrong_password", description="This is not your present password."
    )
    INVALID_EMAIL = strawberry.enum_value(
        "invalid_email", description="The text is not an e-mail address."
    )
    TOO_SHORT = strawberry.enum_value("too_short", description="The value has too few characters.")
    TOO_EASY = strawberry.enum_value("too_easy", description="The password is too easy to guess.")
    INVALID_LINK = strawberry.enum_value(
        "invalid_link", description="The mailed link is unknown, was used or has expired."
    )
    INVALID_INVITATION = strawberry.enum_value(
        "invalid_invitation",
        description="The invitation was cancelled, accepted or has expired, or never was.",
    )
    OTHER_ADDRESS = strawberry.enum_value(
        "other_address",
        description="The invitation went to another address than the one that is signed in.",
    )
    ALREADY_MEMBER = strawberry.enum_value(
        "already_member", description="The address belongs to a member."
    )
    ALREADY_INVITED = strawberry.enum_value(
        "already_invited", description="The address has a pending invitation."
    )
    LAST_OWNER = strawberry.enum_value(
        "last_owner", description="The organization would be left without an owner."
    )
    TOO_MANY_MEMBERS = strawberry.enum_value(
        "too_many_members", description="The organization can have no more members."
    )
    TOO_MANY_INVITATIONS = strawberry.enum_value(
        "too_many_invitations", description="Too many invitations are pending."
    )
    TOO_MANY_API_KEYS = strawberry.enum_value(
        "too_many_api_keys", description="The organization has too many keys that are good."
    )
    NOT_OWN_COMMENT = strawberry.enum_value(
        "not_own_comment", description="Only whoever wrote a comment can edit or withdraw it."
    )
    COMMENT_WITHDRAWN = strawberry.enum_value(
        "comment_withdrawn", description="The comment was withdrawn, so it cannot be edited."
    )
    HISTORY_FULL = strawberry.enum_value(
        "history_full", description="The ticket's history takes no further entry."
    )
    CONFLICT = strawberry.enum_value(
        "conflict", description="The present state does not admit this."
    )


@strawberry.type(description="A mistake in the input of a mutation. Nothing was changed.")
class UserError:
    """One entry of `userErrors`."""

    field: str | None = strawberry.field(
        description="The input field at fault, or a path such as `steps[3].contentForUser`; null "
        "where no single field is."
    )
    message: str = strawberry.field(description="A sentence to show to a person.")
    code: UserErrorCode = strawberry.field(description="What kind of mistake it is.")


def user_errors(error: ProductError) -> list[UserError]:
    """The entries that tell of an error; Invalid has one for each fault."""
    if isinstance(error, Invalid) and error.faults:
        return [
            UserError(field=fault.field, message=fault.message, code=_code(fault.code, error))
            for fault in error.faults
        ]
    return [UserError(field=error.field, message=error.message, code=_code(error.code, error))]


def rendered(errors: Sequence[GraphQLError], *, is_executed: bool) -> list[dict[str, Any]]:
    """The errors of one answer, each with a code; what is a fault of ours is logged and masked."""
    told = [_rendered(error, is_executed=is_executed) for error in errors]
    if told:
        note(code=told[0]["extensions"]["code"])
    return told


def told(code: str, message: str, **facts: object) -> dict[str, Any]:
    """One error as JSON, for requests that never became an operation."""
    return {"message": message, "extensions": {"code": code, **facts}}


def shortened(message: str) -> str:
    """The message, or the beginning of a long one."""
    if len(message) <= MOST_MESSAGE_CHARACTERS:
        return message
    return f"{message[: MOST_MESSAGE_CHARACTERS - 1]}…"


def of_product(error: ProductError) -> dict[str, Any]:
    """A product error as one entry of `errors`."""
    facts: dict[str, object] = {}
    if error.field is not None:
        facts["field"] = error.field
    if isinstance(error, TooMany | Unavailable):
        facts["retryAfterSeconds"] = error.retry_after_seconds
    return told(error.code.upper(), error.message, **facts)


def internal(error: BaseException) -> dict[str, Any]:
    """A fault of ours, logged with its trace; the client hears the request's id."""
    log.error("request failed", exc_info=error)
    request_id = REQUEST_ID.get()
    message = f"Something went wrong on our side. If it lasts, report request {request_id}."
    return told("INTERNAL_ERROR", message, requestId=request_id)


def _rendered(error: GraphQLError, *, is_executed: bool) -> dict[str, Any]:
    cause = error.original_error
    if isinstance(cause, ProductError):
        entry = of_product(cause)
    elif cause is not None and not isinstance(cause, GraphQLError):
        entry = internal(cause)
    else:
        entry = told(_client_code(error, is_executed=is_executed), _unquoted(error.message))
    if error.locations:
        entry["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        entry["path"] = error.path
    return entry


def _unquoted(message: str) -> str:
    return shortened(_QUOTED.sub(_kept, message))


def _kept(quoted: re.Match[str]) -> str:
    return quoted["hint"] or f"{quoted['rule'] or ''}."


def _client_code(error: GraphQLError, *, is_executed: bool) -> str:
    given = (error.extensions or {}).get("code")
    if given in _LIMITED:
        return str(given)
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "BAD_USER_INPUT" if is_executed else "GRAPHQL_VALIDATION_FAILED"


def _code(code: str, error: ProductError) -> UserErrorCode:
    """The enum's value, or that of the family for a code which the enum does not have."""
    family = next(kind.code for kind in USER_ERRORS if isinstance(error, kind))
    known = UserErrorCode.__members__
    return known.get(code.upper()) or known[family.upper()]
