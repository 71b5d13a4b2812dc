"""What is wrong with a tool's arguments, in words an agent can act on."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from app.core.errors import Fault

Schema = dict[str, Any]

_MOST_UNKNOWN_FAULTS = 20
_NAME_SHOWN = 60
EMAIL_LENGTH = 254
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),  # before numbers: Python's bool is an int
    ((int, float), "a number"),
    (str, "a text"),
    (list, "a list"),
    (dict, "an object"),
)

_EMAIL = re.compile(r"""[^\s@<>()\[\],;:"\\]{1,64}@(?:\w(?:[\w-]{0,61}\w)?\.)+\w[\w-]{0,61}\w""")


def is_email(text: str) -> bool:
    """Whether mail could go to this address: one @, a domain with a dot, nothing unprintable."""
    return len(text) <= EMAIL_LENGTH and text.isprintable() and bool(_EMAIL.fullmatch(text))


def is_storable(value: object) -> bool:
    """Whether PostgreSQL can keep it: a text may hold neither NUL nor half a surrogate pair."""
    if not isinstance(value, str):
        return True
    if "\0" in value:
        return False
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return True


def faults_of(schema: Schema, given: Mapping[str, object]) -> Iterator[Fault]:
    """Everything that is wrong with the arguments, one fault each; unknown ones up to 20."""
    required = schema.get("required", ())
    for name, described in schema["properties"].items():
        if name in given:
            fault = _fault(name, described, given[name])
            if fault is not None:
                yield fault
        elif name in required:
            yield Fault(name, f"{name} is required: {described['description']}", "required")
    known = list(schema["properties"])
    takes = f"this tool takes {', '.join(known)}" if known else "this tool takes none"
    unknown = (name for name in given if name not in schema["properties"])
    for name in islice(unknown, _MOST_UNKNOWN_FAULTS):
        shown = "".join(mark if mark.isprintable() else "?" for mark in name[:_NAME_SHOWN])
        yield Fault(shown, f"{shown} is not an argument; {takes}.", "unknown_field")


def _fault(name: str, described: Schema, value: object) -> Fault | None:
    if described["type"] == "boolean":
        if isinstance(value, bool):
            return None
        message = f"{name} must be true or false, not {_kind_of(value)}."
        return Fault(name, message, "wrong_type")
    if not isinstance(value, str):
        return Fault(name, f"{name} must be a text, not {_kind_of(value)}.", "wrong_type")
    return _text_fault(name, described, value)


def _text_fault(name: str, described: Schema, value: str) -> Fault | None:
    if not is_storable(value):
        message = f"{name} holds a character that is none: NUL or half of a surrogate pair."
        return Fault(name, message, "invalid_characters")
    longest = described["maxLength"]
    if len(value) > longest:
        message = f"{name} is {len(value)} characters long; at most {longest} are allowed."
        return Fault(name, message, "too_long")
    is_blank = not value or ("pattern" in described and not value.strip())
    if is_blank and described.get("minLength"):
        return Fault(name, f"{name} must not be empty.", "too_short")
    if described.get("format") == "email" and not is_email(value.strip()):
        return Fault(name, f"{name} is not a valid e-mail address.", "invalid_email")
    return None


def _kind_of(value: object) -> str:
    for kind, words in _KINDS:
        if isinstance(value, kind):
            return words
    return "null"
