"""The pages for people: complete, harmless, and readable without a mouse."""

import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from typing_extensions import override

from app.web.pages import CONTENT_SECURITY_POLICY, connect_page, landing_page, message_page

URL = "https://acme-docs.mcp.example.com/api/mcpserver/bob@corp.example/mcp"
HOSTILE = """</h1><script>alert(1)</script>"'><img src=x onerror=alert(2)> && `id` $(id)"""


class Page(HTMLParser):
    """What stands in a page: its tags in order, its links and its copyable blocks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.blocks: dict[str, str] = {}
        self._block: str | None = None
        self.feed(html)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag == "pre":
            assert given["tabindex"] == "0", "the keyboard must reach what is to be copied"
            self._block = given["aria-label"] or ""

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._block = None

    @override
    def handle_data(self, data: str) -> None:
        if self._block:
            self.blocks[self._block] = self.blocks.get(self._block, "") + data


def test_who_will_have_to_log_in_is_told_before() -> None:
    sentence = "Your browser opens and asks you to log in, once."
    assert sentence not in connect_page("Acme Docs", URL, asks_login=False)
    assert sentence in connect_page("Acme Docs", URL, asks_login=True)


def test_every_client_gets_the_name_and_the_exact_address() -> None:
    page = Page(connect_page("Acme Docs & Co", URL, asks_login=False))
    key = "acme-docs-co"
    assert page.blocks == {
        "Address of the server": URL,
        "Command for Claude Code": f"claude mcp add --transport http {key} {URL}",
        "Configuration for Cursor": json.dumps({"mcpServers": {key: {"url": URL}}}, indent=2),
        "Command for VS Code": (
            f"""code --add-mcp '{{"name": "{key}", "type": "http", "url": "{URL}"}}'"""
        ),
    }
    text = unescape(connect_page("Acme Docs & Co", URL, asks_login=False))
    for client in ("Claude", "Claude Code", "Cursor", "VS Code", "ChatGPT", "Any other MCP client"):
        assert f"<h2>{client}</h2>" in text


def test_the_links_carry_the_same_configuration() -> None:
    cursor, vscode = Page(connect_page("Acme Docs", URL, asks_login=False)).links
    (config,) = parse_qs(urlsplit(cursor).query)["config"]
    assert json.loads(b64decode(config)) == {"url": URL}
    assert json.loads(unquote(urlsplit(vscode).query)) == {
        "name": "acme-docs",
        "type": "http",
        "url": URL,
    }


def test_a_hostile_name_stays_text() -> None:
    html = connect_page(HOSTILE, URL, asks_login=False)
    page = Page(html)
    assert page.tags == Page(connect_page("Acme Docs", URL, asks_login=False)).tags
    assert "script" not in page.tags
    assert f"Connect your agent to {HOSTILE}" in unescape(html)
    assert page.blocks["Command for Claude Code"].split()[-2:] == [
        "h1-script-alert-1-script-img-src-x-onerr",
        URL,
    ]


@pytest.mark.parametrize("name", ["日本語", "!!!", ""])
def test_a_name_without_plain_letters_still_makes_a_key(name: str) -> None:
    command = Page(connect_page(name, URL, asks_login=False)).blocks["Command for Claude Code"]
    assert command == f"claude mcp add --transport http mcp-server {URL}"


@pytest.mark.parametrize(
    "html",
    [
        connect_page("Acme Docs", URL, asks_login=False),
        landing_page("https://your-server.mcp.example.com/api/mcpserver/mcp"),
        message_page("No server here", "There is none."),
    ],
)
def test_a_page_is_whole_and_loads_nothing(html: str) -> None:
    page = Page(html)
    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("title") == 1
    assert not {"script", "img", "link", "iframe", "form"} & set(page.tags)
    assert "color-scheme: light dark" in html
    assert "width=device-width" in html


def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    style = re.search(
        "<style>(.*)</style>", connect_page("Acme Docs", URL, asks_login=False), re.DOTALL
    )
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ) == CONTENT_SECURITY_POLICY
