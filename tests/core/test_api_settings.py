"""Where the API is, as integrators say it."""

from pathlib import Path

import pytest

from app.core.api_settings import read_api_settings
from app.core.settings import SettingsError

VARIABLES = ("MCPLATFORM_API_URL", "MCPLATFORM_API_KEY", "MCPLATFORM_BASE_URL", "DATABASE_URL")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours is set, and no .env is near."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_it_is_this_machine() -> None:
    settings = read_api_settings()
    assert (settings.address, settings.key) == ("http://localhost:8000/graphql", None)


def test_the_api_url_comes_before_the_base_url_and_options_before_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MCPLATFORM_BASE_URL", "https://base.example")
    assert read_api_settings().address == "https://base.example/graphql"
    Path(".env").write_text("MCPLATFORM_API_URL=https://file.example/\nMCPLATFORM_API_KEY=k1\n")
    settings = read_api_settings()
    assert settings.address == "https://file.example/graphql"
    assert settings.key is not None
    assert settings.key.get_secret_value() == "k1"
    given = read_api_settings(url="https://option.example/behind/graphql", key="k2")
    assert given.address == "https://option.example/behind/graphql"
    assert given.key is not None
    assert given.key.get_secret_value() == "k2"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://[::1]", "http://mcp.localhost"])
def test_this_machine_may_be_asked_in_clear(url: str) -> None:
    assert read_api_settings(url=url).address == f"{url}/graphql"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://mcp.example.com", "must begin with https://: others could read your key."),
        ("http://localhost.example.com", "must begin with https://"),
        ("mcp.example.com", "must be one such as https://mcp.example.com."),
        ("https://user:secret@mcp.example.com", "must be one such as"),
        ("https://mcp.example.com/?a=b", "must be one such as"),
        ("https://mcp.example.com:99999", "Port out of range"),
        ("https://[::1", "Invalid IPv6 URL"),
    ],
)
def test_an_address_that_would_not_do_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_api_settings(url=url)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "MCPLATFORM_API_URL (or --url)" in str(caught.value)


@pytest.mark.parametrize("key", ["", "two words", "two\nlines", "ü", "k" * 501])
def test_what_is_no_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_api_settings(key=key)
    assert "must be the one line" in str(caught.value)
    assert not key or key not in str(caught.value)
