"""What an address and a password may be."""

import re
from typing import Final

from app.domain.faults import Faults

EMAIL_MAX_CHARACTERS: Final = 254
NAME_MAX_CHARACTERS: Final = 100
PASSWORD_MIN_CHARACTERS: Final = 10
PASSWORD_MAX_CHARACTERS: Final = 200

# ASCII alone: other letters have look-alikes. Other domains are written as xn--….
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_LOCAL_MAX_CHARACTERS: Final = 64


def canonical_email(text: str) -> str:
    """The address as it is kept and compared.

    Other letters than those of ASCII stay, and make it none: lower() turns some into ASCII ones, so
    that a stranger's address would match someone else's.
    """
    text = text.strip()
    return text.lower() if text.isascii() else text


def check_email(faults: Faults, email: str) -> None:
    """Note what keeps a canonical address from being one."""
    if not email:
        faults.add("email", "email must not be empty.", "required")
    elif not _is_email(email):
        faults.add("email", "email is not an e-mail address.", "invalid_email")


def check_password(faults: Faults, field: str, password: str, *, email: str = "") -> None:
    """Note what keeps a password from being a good one (NIST SP 800-63B: length, no recipes)."""
    if len(password) < PASSWORD_MIN_CHARACTERS:
        message = f"{field} needs at least {PASSWORD_MIN_CHARACTERS} characters."
        faults.add(field, message, "too_short")
    elif len(set(password)) < 4 or (email and password.lower() in {email, email.partition("@")[0]}):
        faults.add(field, f"{field} is too easy to guess.", "too_easy")
    else:
        faults.text(field, password, longest=PASSWORD_MAX_CHARACTERS)


def _is_email(text: str) -> bool:
    return (
        len(text) <= EMAIL_MAX_CHARACTERS
        and "=?" not in text  # RFC 2047: mail programs would read another address in it
        and _EMAIL.fullmatch(text) is not None
        and text.index("@") <= _LOCAL_MAX_CHARACTERS
    )
