"""The closed list of errors that the product's own rules raise.

Each plane renders them once (mcp/errors, web/errors, …). Anything else that is raised is a bug and
reaches the client only as "internal error" with a request id.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where, what, and a stable code."""

    field: str
    message: str
    code: str


class ProductError(Exception):
    """A failure that whoever called can understand and act on.

    `code` is stable and machine readable; `message` is a sentence for a person or an agent; `field`
    names the input at fault where there is one.
    """

    code = "error"

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if code is not None:
            self.code = code


class NotFound(ProductError):
    """It does not exist, or belongs to someone else: the two read exactly alike."""

    code = "not_found"


class Invalid(ProductError):
    """The input breaks a rule; `faults` lists every one that was found."""

    code = "invalid"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        code: str | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__(message, field=field, code=code)
        self.faults = faults or ((Fault(field, message, self.code),) if field else ())


class Conflict(ProductError):
    """The input is sound, but the present state does not admit it."""

    code = "conflict"


class NotAllowed(ProductError):
    """The caller is known and may not do this."""

    code = "not_allowed"


class NotSignedIn(ProductError):
    """The caller is not known and must be."""

    code = "not_signed_in"


class TooMany(ProductError):
    """A limit is used up until `retry_after_seconds` have passed."""

    code = "too_many"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(ProductError):
    """Something the product stands on does not answer just now; trying again may help."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
