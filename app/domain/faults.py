"""Collecting everything that is wrong with an input, so that it is refused once, with all of it."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from app.core.errors import Fault, Invalid
from app.core.unseen import is_blank

MAX_FAULTS = 100  # nobody reads more, and a hostile file could make millions
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ENCODED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Faults:
    """What was found wrong so far; `field` is a name or path as the caller spells it.

    Only the first fault of a field counts: the others follow from it.
    """

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, field: str, message: str, code: str) -> None:
        """Note one fault; past MAX_FAULTS they are dropped."""
        is_known = any(fault.field == field for fault in self.found)
        if not is_known and len(self.found) < MAX_FAULTS:
            self.found.append(Fault(field, message, code))

    def refuse(self) -> None:
        """Raise Invalid if anything was found."""
        if self.found:
            first, *more = self.found
            rest = f" ({len(more)} more fault{'s' if len(more) > 1 else ''}.)" if more else ""
            raise Invalid(
                first.message + rest,
                field=first.field,
                code=first.code,
                faults=tuple(self.found),
            )

    def text(self, field: str, value: str, *, longest: int, required: bool = False) -> None:
        """Check text of any number of lines; `longest` counts characters."""
        if required and is_blank(value):
            self.add(field, f"{field} must not be empty.", "required")
        elif len(value) > longest:
            message = f"{field} has {len(value)} characters; at most {longest} are allowed."
            self.add(field, message, "too_long")
        elif not _is_storable(value):
            message = f"{field} contains a NUL or half a surrogate pair, which cannot be kept."
            self.add(field, message, "invalid_character")

    def line(self, field: str, value: str, *, longest: int, required: bool = False) -> None:
        """Check text of one line, such as a name or title."""
        if _CONTROL.search(value):
            message = f"{field} must be one line without control characters."
            self.add(field, message, "invalid_character")
        else:
            self.text(field, value, longest=longest, required=required)

    def number(self, field: str, value: int | None, *, least: int, most: int) -> None:
        """Check a number that may be absent."""
        if value is not None and not least <= value <= most:
            self.add(field, f"{field} must be between {least} and {most}.", "out_of_range")

    def items(self, field: str, values: Collection[object], *, most: int) -> None:
        """Check how many there are."""
        if len(values) > most:
            message = f"{field} has {len(values)} entries; at most {most} are allowed."
            self.add(field, message, "too_many")

    def json(self, field: str, value: Mapping[str, Any], *, longest: int) -> None:
        """Check free-form data; `longest` counts the bytes of its JSON."""
        try:
            encoded = msgspec.json.encode(value)
        except (TypeError, ValueError, OverflowError, RecursionError):
            self.add(field, f"{field} cannot be written as JSON.", "not_json")
            return
        if len(encoded) > longest:
            message = f"{field} takes {len(encoded)} bytes of JSON; at most {longest} are allowed."
            self.add(field, message, "too_long")
        elif _ENCODED_NUL.search(encoded):
            message = f"{field} contains a NUL character, which cannot be kept."
            self.add(field, message, "invalid_character")


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
