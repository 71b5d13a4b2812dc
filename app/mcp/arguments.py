"""What each tool takes, and every fault of what it was given.

A tool's input schema is made from its struct here, so what is offered is what is checked.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field
from msgspec.json import schema_components
from msgspec.structs import force_setattr

from app.core.errors import Invalid
from app.mcp.argument_faults import EMAIL_LENGTH, faults_of, is_email, is_storable

_NOT_BLANK = r"\S"

_Run = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        description="The run handle from an earlier answer of this server, if it gave one.",
    ),
]
_WalkthroughId = Annotated[
    str, Meta(min_length=1, max_length=100, description="The walkthrough's id.")
]
_StepId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        description="The id of the step that the user has confirmed to be done.",
    ),
]
_ContactEmail = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=EMAIL_LENGTH,
        description="The user's e-mail address, if they are willing to give it; ask once.",
        extra_json_schema={"format": "email"},
    ),
]
_ReplyEmail = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=EMAIL_LENGTH,
        description="The user's e-mail address, to which the answer goes; ask them for it.",
        extra_json_schema={"format": "email"},
    ),
]


class Arguments(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What every tool's arguments have in common: nothing."""


class _WithEmail(Arguments, frozen=True):
    """Arguments whose e-mail address is trimmed and looks like one."""

    def __post_init__(self) -> None:
        email: str | None = getattr(self, "email", None)
        if email is not None:
            trimmed = email.strip()
            if not is_email(trimmed):
                message = "not an e-mail address"
                raise ValueError(message)
            force_setattr(self, "email", trimmed)


class StartWalkthrough(_WithEmail, frozen=True):
    """start_walkthrough."""

    name: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=200,
                description="The walkthrough's id or title; leave it out to see which there are.",
            ),
        ]
        | None
    ) = None
    restart: Annotated[
        bool, Meta(description="True to begin again, which empties the user's progress.")
    ] = False
    email: _ContactEmail | None = None
    run: _Run | None = None


class GetNextStep(Arguments, frozen=True):
    """get_next_step."""

    current_step_id: _StepId | None = field(default=None, name="currentStepId")
    run: _Run | None = None


class ListWalkthroughs(Arguments, frozen=True):
    """list_walkthroughs."""


class SelectWalkthrough(_WithEmail, frozen=True):
    """select_walkthrough."""

    walkthrough_id: _WalkthroughId
    resume_if_exists: Annotated[
        bool, Meta(description="False to begin again, which empties the user's progress.")
    ] = True
    email: _ContactEmail | None = None
    run: _Run | None = None


class NextWalkthroughStep(Arguments, frozen=True):
    """next_walkthrough_step."""

    current_step_id: _StepId | None = None
    walkthrough_id: _WalkthroughId | None = None
    run: _Run | None = None


class GetWalkthroughStatus(Arguments, frozen=True):
    """get_walkthrough_status."""

    walkthrough_id: _WalkthroughId
    run: _Run | None = None


class ResetWalkthroughProgress(Arguments, frozen=True):
    """reset_walkthrough_progress."""

    walkthrough_id: _WalkthroughId
    confirm: Annotated[
        bool,
        Meta(
            description=(
                "True once the user has agreed that all their progress in this walkthrough is "
                "deleted for good; false only warns."
            )
        ),
    ]
    run: _Run | None = None


class GetSupport(_WithEmail, frozen=True):
    """get_support."""

    title: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            pattern=_NOT_BLANK,
            description="The problem in one short line.",
        ),
    ]
    problem_description: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2000,
            pattern=_NOT_BLANK,
            description="What goes wrong, what was tried, and error messages word for word.",
        ),
    ] = field(name="problemDescription")
    problem_context: (
        Annotated[
            str,
            Meta(
                max_length=1000,
                description="What else helps: the user's project, versions, platform.",
            ),
        ]
        | None
    ) = field(default=None, name="problemContext")
    email: _ReplyEmail | None = None
    run: _Run | None = None


A = TypeVar("A", bound=Arguments)


@cache
def input_schema(shape: type[Arguments], withheld: frozenset[str]) -> dict[str, Any]:
    """The JSON Schema of a tool's arguments, without those that are withheld."""
    _, components = schema_components([shape])
    whole = components[shape.__name__]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            # An optional text is told as a text that may be left out, not as one that may be null:
            # clients trip over unions.
            name: described["anyOf"][0] if "anyOf" in described else described
            for name, described in whole["properties"].items()
            if name not in withheld
        },
        "additionalProperties": False,
    }
    if whole["required"]:
        schema["required"] = whole["required"]
    return schema


def parse(shape: type[A], given: Mapping[str, object], *, withheld: frozenset[str]) -> A:
    """The arguments of one call. `withheld` are those that this server's variant does not offer.

    A null counts as left out: many clients send one for every property that they do not fill.

    Raises Invalid with every fault, one a field.
    """
    if withheld.isdisjoint(given) and all(map(is_storable, given.values())):
        try:
            return msgspec.convert(given, shape)
        except (msgspec.ValidationError, UnicodeEncodeError):  # the latter for an odd unknown name
            pass  # msgspec tells the first fault only
    schema = input_schema(shape, withheld)
    known = withheld.union(schema["properties"])
    filled = {
        name: value for name, value in given.items() if value is not None or name not in known
    }
    faults = tuple(faults_of(schema, filled))
    if faults:
        raise Invalid(" ".join(fault.message for fault in faults), faults=faults)
    return msgspec.convert(filled, shape)
