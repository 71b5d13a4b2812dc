"""GraphiQL, the GraphQL console in the browser, with everything that it loads served from here."""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import HTTPScope

from app.core import session_cookie
from app.core.scope import UserScope
from app.domain import members
from app.domain.members import Belonging
from app.web.forms import HEADERS, AnyRequest, button_form, html, link, session_token, viewer
from app.web.hosts import GRAPHQL_PATH
from app.web.sign_in import ACCOUNT_PATH, SIGN_IN_PATH, SIGN_OUT_PATH

ASSETS_PATH: Final = "/graphql-assets"
# GraphiQL's editor writes style attributes and elements; nothing comes from another host.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_STYLES: Final = ("graphiql.min.css", "page.css")
_SCRIPTS: Final = (  # in the order in which they need one another
    "react.production.min.js",
    "react-dom.production.min.js",
    "graphiql.min.js",
    "start.js",
)
_MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"  # an address names the content's digest


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that the page loads, and the path that it is served at."""

    path: str
    content: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """The files by name."""
    return {name: _asset(name) for name in (*_STYLES, *_SCRIPTS)}


@cache
def examples() -> tuple[str, ...]:
    """The operations that a newcomer finds in tabs, in their order."""
    folder = files("app") / "web" / "examples"
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".graphql"))
    return tuple((folder / name).read_text(encoding="utf-8") for name in names)


def asks_for_page(scope: HTTPScope) -> bool:
    """Whether a browser opens the endpoint's address."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] == "GET" and b"text/html" in accepted.lower()


@get(GRAPHQL_PATH)
async def graphiql_page(request: AnyRequest) -> Response[str]:
    """GraphiQL for whoever is signed in, or for nobody."""
    user = await viewer(request)
    belongings = await members.belongings(user) if user else ()
    headers = {"content-security-policy": POLICY}
    if user is None and session_token(request) is not None:
        # With a session that has ended, even nobody's queries would be refused.
        headers["set-cookie"] = session_cookie.clear_cookie()
    return html(_page(user, belongings), headers=headers)


@get(f"{ASSETS_PATH}/{{digest:str}}/{{name:str}}", sync_to_thread=False)
def graphiql_asset(digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """One of the files."""
    asset = assets().get(name)
    if asset is None or asset.path != f"{ASSETS_PATH}/{digest}/{name}":
        raise NotFoundException
    return Response(
        asset.content,
        media_type=asset.media_type,
        headers={**HEADERS, "cache-control": _FOR_EVER},
    )


HANDLERS: Final = (graphiql_page, graphiql_asset)


def _asset(name: str) -> Asset:
    content = (files("app") / "web" / "static" / name).read_bytes()
    path = f"{ASSETS_PATH}/{sha256(content).hexdigest()[:16]}/{name}"
    return Asset(path, content, _MEDIA_TYPES[name[name.rindex(".") :]])


def _page(user: UserScope | None, belongings: tuple[Belonging, ...]) -> str:
    several = {"X-Organization": belongings[0].slug} if len(belongings) > 1 else None
    headers = json.dumps(several, indent=2) if several else ""
    tabs = json.dumps([{"query": query, "headers": headers or None} for query in examples()])
    styles = "".join(
        f'<link rel="stylesheet" href="{escape(assets()[name].path)}">\n' for name in _STYLES
    )
    scripts = "".join(
        f'<script defer src="{escape(assets()[name].path)}"></script>\n' for name in _SCRIPTS
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>GraphiQL</title>
{styles}{scripts}</head>
<body>
<header>
{_whose(user, belongings)}
<nav><a href="{GRAPHQL_PATH}?examples">Show the examples again</a></nav>
</header>
<main id="graphiql" data-endpoint="{GRAPHQL_PATH}" data-headers="{escape(headers)}"
 data-tabs="{escape(tabs)}"><noscript>GraphiQL needs JavaScript. The API does not: send it POST
requests of JSON.</noscript></main>
</body>
</html>
"""


def _whose(user: UserScope | None, belongings: tuple[Belonging, ...]) -> str:
    if user is None:
        sign_in = link(SIGN_IN_PATH, next=GRAPHQL_PATH)
        return (
            f'<p>Nobody is signed in. <a href="{sign_in}">Sign in</a>, or send an API key: '
            '<code>{"Authorization": "Bearer …"}</code> under Headers.</p>'
        )
    where = ""
    if len(belongings) == 1:
        where = f" in {escape(belongings[0].name)}"
    elif belongings:
        slugs = ", ".join(f"<code>{escape(one.slug)}</code>" for one in belongings)
        where = f". X-Organization under Headers names one of {slugs}"
    sign_out = button_form(SIGN_OUT_PATH, "Sign out", {"next": GRAPHQL_PATH})
    return (
        f'<p>Signed in as <a href="{ACCOUNT_PATH}">{escape(user.email)}</a>{where}.</p>{sign_out}'
    )
