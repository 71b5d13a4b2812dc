"""The few pages for people: no script, no picture, nothing loaded from anywhere."""

import json
import re
import shlex
from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import quote

_STYLE = """
:root { color-scheme: light dark; --ink: #fff; --paint: #2250c4; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #10131a; --paint: #a9c1ff; --alarm: #ffb4ab; } }
body { margin: 0 auto; max-width: 44rem; padding: 1.5rem 1rem 4rem;
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { border: 1px solid GrayText; border-radius: .4rem; padding: .75rem; white-space: pre-wrap;
  overflow-wrap: anywhere; user-select: all; }
label { display: block; font-weight: 600; margin: 1.25rem 0 .25rem; }
input { box-sizing: border-box; width: 100%; max-width: 26rem; font: inherit; padding: .5rem .6rem;
  color: inherit; background: Field; border: 1px solid GrayText; border-radius: .4rem; }
input[aria-invalid] { border: 2px solid var(--alarm); }
button { display: block; font: inherit; font-weight: 600; margin-top: 1.5rem;
  padding: .5rem 1.25rem; color: var(--ink); background: var(--paint);
  border: 1px solid transparent; border-radius: .4rem; cursor: pointer; }
button.second { color: inherit; background: transparent; border-color: GrayText; }
.buttons { display: flex; flex-wrap: wrap; gap: 0 1rem; }
dl { margin: 1.25rem 0; }
dt { font-weight: 600; margin-top: .75rem; }
dd { margin: 0; }
.fault { color: var(--alarm); margin: .25rem 0; }
.hint { margin: .25rem 0; opacity: .8; }
.alert { border: 2px solid var(--alarm); border-radius: .4rem;
  padding: .5rem .75rem; }
:focus-visible { outline: 3px solid var(--paint); outline-offset: 2px; }
"""

_ONLY_STYLE = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
    "; base-uri 'none'; "
)
# Sent with every answer that brings no policy of its own.
CONTENT_SECURITY_POLICY: Final = f"{_ONLY_STYLE}form-action 'none'; frame-ancestors 'none'"
FORM_POLICY: Final = f"{_ONLY_STYLE}form-action 'self'; frame-ancestors 'none'"
# The forms of a login lead on to an identity provider, or back to a client, and browsers hold every
# redirect on the way to this policy.
LOGIN_POLICY: Final = (
    f"{_ONLY_STYLE}form-action 'self' https: http://localhost:* http://*.localhost:* "
    "http://127.0.0.1:*; frame-ancestors 'none'"
)


_LOGIN: Final = "<p>Your browser opens and asks you to log in, once.</p>\n"


def connect_page(name: str, url: str, *, asks_login: bool) -> str:
    """A page that tells a person how to connect an agent to the server `name` at `url`."""
    key = _configuration_key(name)
    remote = {"url": url}
    cursor = _json({"mcpServers": {key: remote}})
    cursor_link = (
        "cursor://anysphere.cursor-deeplink/mcp/install"
        f"?name={quote(key)}&config={quote(b64encode(json.dumps(remote).encode()))}"
    )
    vscode = {"name": key, "type": "http", "url": url}
    vscode_link = f"vscode:mcp/install?{quote(json.dumps(vscode), safe='')}"
    claude_code = f"claude mcp add --transport http {key} {shlex.quote(url)}"
    return page(
        f"Connect your agent to {name}",
        f"""
<p>This is the address of an MCP server. Your AI agent connects to it; a browser has nothing more
to show here.</p>
<p>Server name: <strong>{escape(name)}</strong><br>Address:</p>
{_copyable("Address of the server", url)}

<h2>Claude</h2>
<p>Open Settings, then Connectors, choose <em>Add custom connector</em>, and give the name and the
address above.</p>

<h2>Claude Code</h2>
<p>Run in a terminal:</p>
{_copyable("Command for Claude Code", claude_code)}

<h2>Cursor</h2>
<p><a href="{escape(cursor_link)}">Add to Cursor</a>, or put this into
<code>~/.cursor/mcp.json</code>:</p>
{_copyable("Configuration for Cursor", cursor)}

<h2>VS Code</h2>
<p><a href="{escape(vscode_link)}">Add to VS Code</a>, or run in a terminal:</p>
{_copyable("Command for VS Code", f"code --add-mcp {shlex.quote(json.dumps(vscode))}")}

<h2>ChatGPT</h2>
<p>Open Settings, then Connectors, switch on <em>Developer mode</em> under Advanced, choose
<em>Create</em>, and give the name and the address above.</p>

<h2>Any other MCP client</h2>
<p>Choose the transport <em>Streamable HTTP</em> and give the address above.</p>

<h2>Then</h2>
{_LOGIN if asks_login else ""}<p>Ask your agent: <q>Which walkthroughs are there?</q></p>
""",
    )


def landing_page(example_url: str) -> str:
    """The page of the platform's own host."""
    return page(
        "mcplatform",
        f"""
<p>This host serves MCP servers that teach and support developers inside their AI agents. Every
server has a subdomain of its own, where its MCP address has this form:</p>
{_copyable("Form of an MCP address", example_url)}
<p>Open a server's subdomain in a browser to read how to connect an agent to it.</p>
<p>Do you write walkthroughs or answer tickets? <a href="/sign-in">Sign in</a> or
<a href="/sign-up">sign up</a>.</p>
""",
    )


def message_page(title: str, sentence: str) -> str:
    """A page that says one thing."""
    return page(title, f"<p>{escape(sentence)}</p>")


def page(title: str, main: str, *, tab_title: str | None = None) -> str:
    """A whole page; `title` is text, `main` is HTML. `tab_title` is what the browser's tab says."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(tab_title or title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{main.strip()}
</main>
</body>
</html>
"""


def _copyable(label: str, text: str) -> str:
    """A block that one click selects, and that the keyboard reaches."""
    return (
        f'<pre tabindex="0" role="region" aria-label="{escape(label)}">'
        f"<code>{escape(text)}</code></pre>"
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=2)


def _configuration_key(name: str) -> str:
    """The name as clients accept it for a key: lower-case words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "mcp-server"
