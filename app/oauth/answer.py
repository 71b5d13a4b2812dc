"""What goes back for a request to a login's address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

RawHeaders = tuple[tuple[bytes, bytes], ...]

# RFC 6749 §5.1 asks for both wherever a token may be in the answer.
_UNSTORED: Final[RawHeaders] = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: RawHeaders = ()

    def with_headers(self, *more: tuple[bytes, bytes]) -> "Answer":
        """The same with further headers."""
        return Answer(self.status, self.body, (*self.headers, *more))


def of_json(content: Mapping[str, object], *, status: int = 200) -> Answer:
    """A JSON object that nobody may keep."""
    return Answer(
        status,
        msgspec.json.encode(content),
        ((b"content-type", b"application/json"), *_UNSTORED),
    )


def of_public_json(content: Mapping[str, object], *, max_age_seconds: int) -> Answer:
    """A JSON object that is the same for everyone, and may be kept for a while."""
    age = f"public, max-age={max_age_seconds}".encode()
    return Answer(
        200,
        msgspec.json.encode(content),
        ((b"content-type", b"application/json"), (b"cache-control", age)),
    )


def of_page(page: str, *, status: int = 200) -> Answer:
    """A page for a person, which nobody may keep or show in a frame."""
    return Answer(
        status,
        page.encode(),
        (
            (b"content-type", b"text/html; charset=utf-8"),
            (b"x-frame-options", b"DENY"),
            *_UNSTORED,
        ),
    )


def redirect(url: str) -> Answer:
    """Send the browser elsewhere; what it does there is a GET."""
    return Answer(303, b"", ((b"location", url.encode("ascii")), *_UNSTORED))
