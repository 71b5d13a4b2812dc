"""The scopes that a login can be asked for."""

from collections.abc import Sequence
from typing import Final

from app.domain.oauth_errors import InvalidScope

OFFLINE: Final = "offline_access"
OFFERED: Final = ("openid", "profile", "email", OFFLINE)
_DEFAULT: Final = ("openid", "profile", "email")
_MAX_CHARACTERS: Final = 1000


def asked(text: str | None) -> tuple[str, ...]:
    """The scopes of a space-separated list; unknown ones are left out, as RFC 6749 §3.3 allows.

    Raises InvalidScope when none is left of those that were named.
    """
    names = (text or "")[:_MAX_CHARACTERS].split()
    if not names:
        return _DEFAULT
    known = _in_order(names)
    if not known:
        message = f"None of these scopes is offered. Ask for some of: {' '.join(OFFERED)}."
        raise InvalidScope(message, field="scope")
    return known


def narrowed(granted: Sequence[str], text: str | None) -> tuple[str, ...]:
    """What a refresh asks for, within what was granted. Raises InvalidScope for more."""
    names = (text or "").split()
    if not set(names) <= set(granted):
        message = f"More scopes than were granted. Ask for some of: {' '.join(granted)}."
        raise InvalidScope(message, field="scope")
    return _in_order(names) if names else tuple(granted)


def _in_order(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(scope for scope in OFFERED if scope in names)
