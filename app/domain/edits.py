"""What every edit of something shared has in common."""

from dataclasses import fields
from typing import Any, ClassVar, Protocol

from msgspec import UNSET

from app.core.errors import Conflict


class RevisionMismatch(Conflict):
    """Someone else has written since the caller last read."""

    code = "revision_mismatch"


class Patch(Protocol):
    """A dataclass whose fields are UNSET where the edit leaves things alone."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def given(patch: Patch) -> dict[str, Any]:
    """The fields that the patch sets."""
    values = {field.name: getattr(patch, field.name) for field in fields(patch)}
    return {name: value for name, value in values.items() if value is not UNSET}


def require_revision(present: int, expected: int | None) -> None:
    """Raise RevisionMismatch unless `expected` is absent or the present revision."""
    if expected is not None and expected != present:
        message = f"This was changed meanwhile: it is at revision {present}, not {expected}."
        raise RevisionMismatch(message, field="expectedRevision")
