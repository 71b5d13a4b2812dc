"""Reading a walkthrough file (product specification §6) into what it says, or what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from app.core.enums import WalkthroughStatus, WalkthroughType
from app.core.errors import Invalid
from app.domain import line_breaks, walkthrough_rules
from app.domain.file_object import FileObject, Findings, Note
from app.domain.step_order import in_order
from app.repositories.steps import ContentFields, StepDetails
from app.repositories.walkthroughs import WalkthroughDetails

FORMAT_VERSION = "1.0"
FILE_MAX_BYTES = 10 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # some editors leave one


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentStep:
    """A step as the file has it; `step_id` is what an export of ours called it."""

    path: str
    details: StepDetails
    step_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A walkthrough as the file has it, its steps in order.

    `stated` holds those fields of WalkthroughDetails that the file or the caller states; of the
    others an existing walkthrough keeps what it has.
    """

    stated: Mapping[str, Any]
    status: WalkthroughStatus | None
    original_id: str | None
    steps: tuple[DocumentStep, ...]
    notes: tuple[Note, ...]

    @property
    def details(self) -> WalkthroughDetails:
        """What a new walkthrough says of itself."""
        return WalkthroughDetails(**self.stated)


def read(content: bytes | str, findings: Findings, *, title: str | None = None) -> Document:
    """The document in `content`; whatever is wrong with it is in `findings`, all of it.

    `title` is the walkthrough's whatever the file says; a bare array of steps needs it. Raises
    Invalid at once when the content is neither an object nor an array.
    """
    value = _decoded(content)
    if isinstance(value, list):
        stated: dict[str, Any] = {}
        status, original_id = None, None
        steps = _steps(value, findings, at="")
    else:
        file = FileObject(value, findings)
        stated = _stated(file)
        status = _status(file)
        original_id = stated["file_metadata"].pop("originalId", None)
        steps = _steps(_required_steps(file), findings, at="steps")
        file.note_unknown("exportedAt")
    if title is not None:
        stated["title"] = title
    if "title" not in stated:
        message = "The file does not say what the walkthrough is called: give a title."
        findings.add("walkthrough.title", message, "required")
        stated["title"] = "Untitled"
    document = Document(
        stated=stated,
        status=status,
        original_id=original_id if isinstance(original_id, str) else None,
        steps=steps,
        notes=tuple(findings.notes),
    )
    _check_details(findings, document.details)
    return document


def check_complete(findings: Findings, document: Document) -> None:
    """Note what the document lacks to be published."""
    steps = [(f"{step.path}.contentFields", step.details) for step in document.steps]
    walkthrough_rules.check_complete(findings, steps)


def _check_details(findings: Findings, details: WalkthroughDetails) -> None:
    walkthrough_rules.check_details(findings, details, at="walkthrough.")
    longest = walkthrough_rules.METADATA_MAX_BYTES
    findings.json("metadata", details.file_metadata, longest=longest)


def _decoded(content: bytes | str) -> Any:
    # Half a surrogate pair gets through here as bytes that are not UTF-8.
    encoded = content.encode(errors="surrogatepass") if isinstance(content, str) else content
    if len(encoded) > FILE_MAX_BYTES:
        message = f"The file has {len(encoded)} bytes; at most {FILE_MAX_BYTES} are allowed."
        raise Invalid(message, field="$", code="too_long")
    try:
        value = msgspec.json.decode(encoded.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        message = f"The file is not JSON in UTF-8: {error}"
        raise Invalid(message, field="$", code="not_json") from error
    if not isinstance(value, dict | list):
        message = "The file must hold a walkthrough or an array of steps."
        raise Invalid(message, field="$", code="wrong_type")
    return value


def _stated(file: FileObject) -> dict[str, Any]:
    """The fields of WalkthroughDetails that the file states."""
    if file.get("version", str) not in {None, FORMAT_VERSION}:
        file.refuse("version", f"must be {FORMAT_VERSION}", "unsupported_version")
    header = file.child("walkthrough")
    stated: dict[str, Any] = {"file_metadata": file.get("metadata", dict) or {}}
    title = header.get("title", str)
    if title is not None:
        stated["title"] = title
    if "description" in header:
        stated["description"] = header.get("description", str) or ""
    walkthrough_type = header.choice("type", WalkthroughType)
    if walkthrough_type is not None:
        stated["type"] = walkthrough_type
    if "estimatedDurationMinutes" in header:
        stated["estimated_duration_minutes"] = header.get("estimatedDurationMinutes", int)
    if "tags" in header:
        stated["tags"] = _tags(header)
    if "metadata" in header:
        stated["metadata"] = header.get("metadata", dict) or {}
    header.note_unknown("status", "isPublished", "createdAt", "updatedAt")
    return stated


def _status(file: FileObject) -> WalkthroughStatus | None:
    header = file.child("walkthrough")
    status = header.choice("status", WalkthroughStatus)
    is_published = header.get("isPublished", bool)
    if status is not None or is_published is None:
        return status
    return WalkthroughStatus.PUBLISHED if is_published else WalkthroughStatus.DRAFT


def _tags(header: FileObject) -> tuple[str, ...]:
    tags = header.get("tags", list) or []
    if not all(isinstance(tag, str) for tag in tags):
        header.refuse("tags", "must be an array of text", "wrong_type")
        return ()
    return tuple(tags)


def _required_steps(file: FileObject) -> list[Any]:
    if file.raw("steps") is None:
        file.refuse("steps", "must be there, if only as an empty array", "required")
    return file.get("steps", list) or []


def _steps(values: list[Any], findings: Findings, *, at: str) -> tuple[DocumentStep, ...]:
    findings.items(at or "$", values, most=walkthrough_rules.MAX_STEPS)
    steps: list[DocumentStep] = []
    links: list[int | None] = []
    display_orders: list[int | None] = []
    for index, value in enumerate(values[: walkthrough_rules.MAX_STEPS]):
        path = f"{at}[{index}]"
        if not isinstance(value, dict):
            findings.add(path, f"{path} must be an object.", "wrong_type")
            continue
        fields = FileObject(value, findings, at=path)
        steps.append(_step(fields, findings, path=path))
        links.append(fields.get("nextStepReference", int))
        display_orders.append(fields.get("displayOrder", int))
        fields.note_unknown("createdAt", "updatedAt")
    return tuple(steps[index] for index in in_order(links, display_orders))


def _step(fields: FileObject, findings: Findings, *, path: str) -> DocumentStep:
    metadata = fields.get("metadata", dict) or {}
    step_id = metadata.pop("stepId", None)
    details = StepDetails(
        title=fields.get("title", str) or "",
        section_title=fields.get("sectionTitle", str),
        content_fields=_content_fields(fields, findings),
        metadata=metadata,
    )
    walkthrough_rules.check_step(
        findings, details, at=f"{path}.", content_at=f"{path}.contentFields."
    )
    return DocumentStep(
        path=path, details=details, step_id=step_id if isinstance(step_id, str) else None
    )


def _content_fields(fields: FileObject, findings: Findings) -> ContentFields:
    """v1 in full; plain text is what the user is to read."""
    if isinstance(fields.raw("contentFields"), str):
        return ContentFields(content_for_user=_text(fields, "contentFields", findings))
    if fields.raw("contentFields") is None:
        return ContentFields(content_for_user=_text(fields, "content", findings))
    given = fields.child("contentFields")
    if given.get("version", str) not in {None, "v1"}:
        given.refuse("version", "must be v1", "unsupported_version")
    texts = {
        name: _text(given, name, findings) for name in walkthrough_rules.CONTENT_NAMES.values()
    }
    given.note_unknown()
    return msgspec.convert(texts, ContentFields)


def _text(fields: FileObject, name: str, findings: Findings) -> str:
    text = fields.get(name, str) or ""
    if len(text) > walkthrough_rules.CONTENT_MAX_CHARACTERS:  # it will be refused
        return text
    whole, count = line_breaks.repaired(text)
    if count:
        path = fields.path(name)
        message = f"{path}: {count} literal \\n became line breaks."
        findings.note(path, message, "line_breaks_repaired")
    return whole
