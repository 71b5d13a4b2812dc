"""Tokens that open a door: random, shown once, and kept only as a digest."""

from hashlib import sha256

from typing_extensions import override

from app.core.ids import new_id, spelled

_GROUPS = (
    7  # of 40 bits each: no one guesses 280 bits, so the digest needs no salt and no stretching
)
TOKEN_BYTES = 5 * _GROUPS
_TOKEN_MAX_CHARACTERS = 200


class Secret:
    """Text that shows itself only when asked: not in logs, not in traces, not in JSON."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text."""
        return self._text

    @override
    def __repr__(self) -> str:
        return "Secret(…)"


def new_token(prefix: str) -> Secret:
    """A fresh token such as `mcpk_mzxw…`; core/log redacts what begins with mcp and a letter."""
    return Secret(new_id(prefix, groups=_GROUPS))


def token_of(prefix: str, material: bytes) -> Secret:
    """A token like a fresh one, from 35 bytes that nobody else knows."""
    return Secret(spelled(prefix, int.from_bytes(material), 8 * TOKEN_BYTES))


def digest(token: str) -> str:
    """What is kept of a token: its SHA-256 in hexadecimal.

    Looking a digest up by equality tells an attacker nothing of use about the token.
    """
    return sha256(token[:_TOKEN_MAX_CHARACTERS].encode(errors="replace")).hexdigest()
