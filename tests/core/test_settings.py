"""What the environment says, and what is said when it is wrong."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from app.core.settings import DEVELOPMENT_KEY, Settings, SettingsError, read_settings, variable

PRODUCTION = {
    "MCPLATFORM_BASE_URL": "https://mcp.example.com",
    "DATABASE_URL": "postgresql://user:hidden@db/mcplatform",
    "MCPLATFORM_SECRET_KEY": "k" * 32,
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours is set, and no .env is near."""
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.chdir(tmp_path)


def set_all(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def faults(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    set_all(monkeypatch, **variables)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    return str(caught.value).splitlines()


def test_without_any_variable_it_is_a_development_machine() -> None:
    settings = read_settings()
    assert settings.base_url == "http://localhost:8000"
    assert not settings.is_production
    assert settings.database_url is None
    assert settings.redis_url is None
    assert (settings.calls_per_minute, settings.address_calls_per_minute) == (100, 1200)


def test_production_with_what_it_needs_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **PRODUCTION)
    settings = read_settings()
    assert settings.is_production
    assert settings.base_host == "mcp.example.com"


@pytest.mark.parametrize(
    ("base_url", "is_production"),
    [
        ("http://localhost:8000", False),
        ("http://mcp.localhost", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("https://localhost.example.com", True),
        ("https://10.0.0.5", True),
        ("https://mcp.example.com", True),
    ],
)
def test_production_is_whatever_is_not_this_machine(
    monkeypatch: pytest.MonkeyPatch, base_url: str, *, is_production: bool
) -> None:
    set_all(monkeypatch, **{**PRODUCTION, "MCPLATFORM_BASE_URL": base_url})
    assert read_settings().is_production is is_production


def test_all_faults_are_told_at_once_and_each_names_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = faults(
        monkeypatch,
        MCPLATFORM_BASE_URL="https://mcp.example.com",
        MCPLATFORM_WORKERS="3",
        MCPLATFORM_POOL_SIZE="many",
        MCPLATFORM_HOST_ALIASES="127.0.0.1=acme-docs",
        MCPLATFORM_TRUSTED_PROXIES="10.0.0.0/8,nearby",
    )
    assert [line.split(" ")[0] for line in lines] == [
        "DATABASE_URL",
        "REDIS_URL",
        "MCPLATFORM_SECRET_KEY",
        "MCPLATFORM_HOST_ALIASES",
        "MCPLATFORM_TRUSTED_PROXIES",
        "MCPLATFORM_POOL_SIZE",
    ]
    assert all(" Set it to " in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MCPLATFORM_BASE_URL", "localhost:8000"),
        ("MCPLATFORM_BASE_URL", "http://localhost:8000/mcp"),
        ("MCPLATFORM_BASE_URL", "http://user@localhost"),
        ("MCPLATFORM_BASE_URL", "http://local_host"),
        ("MCPLATFORM_BASE_URL", "http://10.0.0.5"),
        ("MCPLATFORM_BASE_URL", "http://mcp.example.com"),
        ("DATABASE_URL", "mysql://localhost/db"),
        ("DATABASE_URL", "postgresql+asyncpg://localhost/db"),
        ("REDIS_URL", "localhost:6379"),
        ("MCPLATFORM_SECRET_KEY", "short"),
        ("MCPLATFORM_WORKERS", "0"),
        ("MCPLATFORM_POOL_SIZE", "1"),
        ("MCPLATFORM_HOST_ALIASES", "mcp.acme.com"),
        ("MCPLATFORM_HOST_ALIASES", "mcp.acme.com=no"),
        ("MCPLATFORM_LOG_LEVEL", "loud"),
        ("MCPLATFORM_LOG_BODIES", "perhaps"),
        ("MCPLATFORM_CALLS_PER_MINUTE", "-1"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    (line,) = faults(monkeypatch, **{name: value})
    assert line.startswith(f"{name} ")


def test_the_development_key_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = faults(monkeypatch, **{**PRODUCTION, "MCPLATFORM_SECRET_KEY": DEVELOPMENT_KEY})
    assert line.startswith("MCPLATFORM_SECRET_KEY is required")


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(
        monkeypatch,
        MCPLATFORM_HOST_ALIASES="MCP.acme.com=acme-docs, 127.0.0.1=acme-docs,",
        MCPLATFORM_TRUSTED_PROXIES="10.0.0.7, fd00::/8",
    )
    settings = read_settings()
    assert settings.host_aliases == {"mcp.acme.com": "acme-docs", "127.0.0.1": "acme-docs"}
    assert settings.trusted_proxies == (ip_network("10.0.0.7/32"), ip_network("fd00::/8"))


def test_an_empty_variable_is_an_absent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, DATABASE_URL="", MCPLATFORM_POOL_SIZE="")
    settings = read_settings()
    assert settings.database_url is None
    assert settings.pool_size == 10


def test_a_file_of_variables_is_read_and_the_environment_comes_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("MCPLATFORM_POOL_SIZE=7\nMCPLATFORM_LOG_LEVEL=debug\n")
    set_all(monkeypatch, MCPLATFORM_LOG_LEVEL="WARNING")
    settings = read_settings()
    assert (settings.pool_size, settings.log_level) == (7, "warning")


def test_neither_a_settings_object_nor_an_error_shows_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, **PRODUCTION)
    assert "hidden" not in repr(read_settings())
    (line,) = faults(monkeypatch, DATABASE_URL="mysql://user:hidden@db/mcplatform")
    assert "hidden" not in line


def test_old_secret_keys_are_a_list_that_no_one_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().secret_key_old == ()
    set_all(monkeypatch, MCPLATFORM_SECRET_KEY_OLD=f"{'o' * 32}, {'p' * 40}")
    settings = read_settings()
    assert [key.get_secret_value() for key in settings.secret_key_old] == ["o" * 32, "p" * 40]
    assert "oooo" not in repr(settings)
    (line,) = faults(monkeypatch, MCPLATFORM_SECRET_KEY_OLD="hidden")
    assert line.startswith("MCPLATFORM_SECRET_KEY_OLD has an entry that is too short.")
    assert "hidden" not in line


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().pool_size = 3
