"""Reading a JSON object field by field, noting at its path whatever is not as it should be."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from app.domain.faults import MAX_FAULTS, Faults

_NAMES = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    dict: "an object",
    list: "an array",
}

_Type = TypeVar("_Type", str, int, bool, dict[str, Any], list[Any])
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Note:
    """Something in a file that was understood otherwise than it is written, or not at all."""

    path: str
    message: str
    code: str


class Findings(Faults):
    """Faults, and besides them notes on what is accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Note] = []

    def note(self, path: str, message: str, code: str) -> None:
        """Add a note; past MAX_FAULTS they are dropped."""
        if len(self.notes) < MAX_FAULTS:
            self.notes.append(Note(path, message, code))


class FileObject:
    """One object of a file, at `at` (“” at the top). An absent field and null are the same."""

    def __init__(self, fields: dict[str, Any], findings: Findings, *, at: str = "") -> None:
        self._fields = fields
        self._findings = findings
        self._prefix = f"{at}." if at else ""
        self._known: set[str] = set()

    def path(self, name: str) -> str:
        """Where this object's field is in the file."""
        return f"{self._prefix}{name}"

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def raw(self, name: str) -> Any:
        """The field's value, whatever it is."""
        self._known.add(name)
        return self._fields.get(name)

    def get(self, name: str, kind: type[_Type]) -> _Type | None:
        """The field's value; anything but a `kind` is a fault and reads as absent."""
        value = self.raw(name)
        if type(value) is kind:  # to isinstance, a bool is an int
            return value
        if value is not None:
            self.refuse(name, f"must be {_NAMES[kind]}", "wrong_type")
        return None

    def choice(self, name: str, kind: type[_Choice]) -> _Choice | None:
        """The field's value, one of `kind`."""
        value = self.get(name, str)
        if value is None:
            return None
        if value in set(kind):
            return kind(value)
        self.refuse(name, f"must be one of {', '.join(kind)}", "invalid_choice")
        return None

    def child(self, name: str) -> "FileObject":
        """The object in this field, empty if there is none."""
        return FileObject(self.get(name, dict) or {}, self._findings, at=self.path(name))

    def refuse(self, name: str, message: str, code: str) -> None:
        """Note a fault of this field; `message` continues its path."""
        self._findings.add(self.path(name), f"{self.path(name)} {message}.", code)

    def note_unknown(self, *expected: str) -> None:
        """Note every field that nobody read and that is not `expected` either."""
        for name in self._fields:
            if name not in self._known and name not in expected:
                path = self.path(name[:100])
                self._findings.note(path, f"{path} is not part of the format: ignored.", "ignored")
