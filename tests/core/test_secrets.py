"""Tokens: unguessable, and silent unless asked."""

import msgspec
import pytest

from app.core.log import _redact
from app.core.secrets import Secret, digest, new_token


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token("mcpk").reveal() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {len("mcpk_") + 56}


def test_a_secret_shows_itself_to_no_one_who_does_not_ask() -> None:
    secret = Secret("hidden")
    assert "hidden" not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    assert secret.reveal() == "hidden"


def test_any_text_has_a_digest() -> None:
    assert digest("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert {len(digest(text)) for text in ("", "\x00", "\udcff", "x" * 10**6)} == {64}


@pytest.mark.parametrize("prefix", ["mcpk", "mcpm", "mcpt", "mcpi"])
def test_tokens_are_redacted_in_logs(prefix: str) -> None:
    token = new_token(prefix).reveal()
    assert token not in str(_redact(None, "info", {"event": "told", "error": f"bad {token}!"}))
