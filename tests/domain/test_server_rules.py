"""What slugs and origins may be."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import server_rules
from app.domain.faults import Faults
from app.domain.servers import ServerSettings


def slug_codes(slug: str) -> list[str]:
    faults = Faults()
    server_rules.check_slug(faults, slug)
    return [fault.code for fault in faults.found]


def origin_faults(*origins: str) -> list[str]:
    faults = Faults()
    settings = ServerSettings(name="Acme", product="Acme", allowed_origins=origins)
    server_rules.check_settings(faults, settings)
    return [fault.field for fault in faults.found]


@pytest.mark.parametrize("name", ["", " ", "\u3164", "\u115f\u1160", "\u2800 \u200b", "\u034f"])
def test_a_server_has_a_name_that_can_be_seen(name: str) -> None:
    faults = Faults()
    server_rules.check_settings(faults, ServerSettings(name=name, product="한글 🚀"))
    assert [(fault.field, fault.code) for fault in faults.found] == [("name", "required")]


@pytest.mark.parametrize("slug", ["acme-1", "0acme0", "a----b", "a" * 36, "sample-tool"])
def test_a_slug_is_6_to_36_letters_digits_and_inner_hyphens(slug: str) -> None:
    assert slug_codes(slug) == []


@pytest.mark.parametrize(
    "slug",
    [
        "", "acme1", "a" * 37, "-acme-1", "acme-1-", "Acme-1", "acme_1", "acme.1", "acme-1\n",
        "äcme-1", "acme 1",
    ],
)  # fmt: skip
def test_anything_else_is_no_slug(slug: str) -> None:
    assert slug_codes(slug) == ["invalid_slug"]


@pytest.mark.parametrize("slug", ["support", "graphql", "mcpserver", "xn--acme-1"])
def test_reserved_names_are_refused(slug: str) -> None:
    assert slug_codes(slug) == ["reserved_slug"]


def test_every_reserved_name_would_be_a_slug_otherwise() -> None:
    form = re.compile(r"[a-z0-9][a-z0-9-]{4,34}[a-z0-9]")
    assert [name for name in server_rules.RESERVED_SLUGS if not form.fullmatch(name)] == []


@given(st.text(max_size=40))
def test_an_accepted_slug_is_a_host_label(slug: str) -> None:
    if not slug_codes(slug):
        assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])", slug)


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com",
        "https://app.example.com:8443",
        "http://localhost:3000",
        "http://127.0.0.1:5173",
        "http://[::1]:8080",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "vscode-webview://0a1b2c",
        "http://example.com:443",
    ],
)
def test_origins_are_taken_as_browsers_send_them(origin: str) -> None:
    assert origin_faults(origin) == []


@pytest.mark.parametrize(
    "origin",
    [
        "", "*", "null", "example.com", "https://", "https://*.example.com", "HTTPS://example.com",
        "https://Example.com", "https://example.com/", "https://example.com/app",
        "https://example.com:443", "http://example.com:80", "https://example.com:0",
        "https://user@example.com", "https://example.com?x", "https://example.com\n",
        f"https://{'a' * 300}",
    ],
)  # fmt: skip
def test_anything_else_is_no_origin(origin: str) -> None:
    assert origin_faults("https://fine.example", origin) == ["allowedOrigins[1]"]
