"""What every filter's values must be before they reach a list."""

from datetime import UTC, datetime

from app.core.errors import Invalid

TEXT_MAX_CHARACTERS = 200


def check_texts(**texts: str | None) -> None:
    """Raise Invalid for a text, told by its field, that is too long or has a NUL."""
    for field, text in texts.items():
        if text is not None and ("\x00" in text or len(text) > TEXT_MAX_CHARACTERS):
            message = f"{field} must have at most {TEXT_MAX_CHARACTERS} characters, none NUL."
            raise Invalid(message, field=field, code="too_long")


def moment(field: str, value: datetime | None) -> datetime | None:
    """The point in time in UTC, as which one without an offset is read. Raises Invalid."""
    if value is None:
        return None
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        message = f"{field} lies before or after all time that can be told."
        raise Invalid(message, field=field, code="out_of_range") from error
