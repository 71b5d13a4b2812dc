"""A person's browser at the pages of a server's login: cookies, forms, redirects, nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from app.domain.oauth_clients import Client
from tests.support.identity_provider import visit
from tests.support.logins import CALLBACK, CHALLENGE
from tests.support.oauth_site import ORIGIN, Site

AUTHORIZE = "/oauth/authorize"
STATE = "the client's state"
FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Browser:
    """One browser at one server's site; it follows nothing by itself, and remembers the page."""

    site: Site
    cookies: dict[str, str] = field(default_factory=dict)
    page: httpx.Response | None = None
    origin: str = ORIGIN
    peer: str = "192.0.2.7"

    async def open(self, address: str, **headers: str) -> httpx.Response:
        """Open an address of the site."""
        return await self._ask("GET", address, headers)

    async def send(self, path: str, inputs: Mapping[str, str], **headers: str) -> httpx.Response:
        """Send a form that may be nobody's."""
        told = {"content-type": FORM, "sec-fetch-site": "same-origin", **headers}
        return await self._ask("POST", path, told, urlencode(inputs).encode())

    async def submit(self, button: str, **typed: str) -> httpx.Response:
        """Fill in the form that has this button on the page that is shown, and press it."""
        assert self.page is not None
        return await self.send(*form_with(self.page.text, button, typed))

    async def follow(self) -> httpx.Response:
        """Go where the last answer sends to, on this site."""
        assert self.page is not None
        return await self.open(self.page.headers["location"])

    async def begin(self, app: Client, **asking: Any) -> httpx.Response:
        """Come from a client, and see the first page: the question, or why there is none."""
        answer = await self.open(f"{AUTHORIZE}?{query(app, **asking)}")
        location = answer.headers.get("location", "")
        return await self.follow() if location.startswith("/oauth/consent?") else answer

    async def agree(self, app: Client, **asking: Any) -> httpx.Response:
        """The same, and say yes."""
        await self.begin(app, **asking)
        answer = await self.submit("Allow")
        return await self.follow() if answer.headers["location"].startswith("/") else answer

    async def gone_to_the_provider(self) -> str:
        """Log in where the last answer sends to, and the address that the way back leads to."""
        assert self.page is not None
        return f"/oauth/callback?{urlencode(await visit(self.page.headers['location']))}"

    async def ask_for_code(self, email: str = "ann@acme.test") -> str:
        """Have a code sent, and read it in the mail."""
        await self.submit("Send me a code", email=email)
        await self.follow()
        return await self.mailed(email)

    async def mailed(self, email: str) -> str:
        """The code in the last mail that went there."""
        text = (await self.site.door.people.mails_to(email))[-1].text
        return "".join(character for character in text.splitlines()[2] if character.isdigit())

    async def log_in(
        self, app: Client, email: str = "ann@acme.test", **asking: Any
    ) -> httpx.Response:
        """A whole login with a code by mail; the answer leads back to the client."""
        await self.agree(app, **asking)
        return await self.submit("Log in", code=await self.ask_for_code(email))

    async def _ask(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes = b""
    ) -> httpx.Response:
        path = address.removeprefix(self.origin)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        told = {"accept": "text/html", **({"cookie": cookie} if cookie else {}), **headers}
        answer = await self.site.send(
            method, path, origin=self.origin, peer=self.peer, headers=told, content=body
        )
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            self.cookies.pop(name, None)
            if "Max-Age=0" not in line:
                self.cookies[name] = rest.partition(";")[0]
        self.page = answer
        return answer


def query(app: Client, **asking: Any) -> str:
    """What a client asks for; None leaves a parameter out, a list repeats it."""
    told = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "state": STATE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **asking,
    }
    return urlencode({name: value for name, value in told.items() if value is not None}, doseq=True)


def form_with(page: str, button: str, typed: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Where the form with this button goes, and what it brings along."""
    forms = re.findall(r'<form method="post" action="([^"]*)">(.*?)</form>', page, re.DOTALL)
    for action, inside in forms:
        pressed = re.search(rf"<button([^>]*)>{re.escape(button)}</button>", inside)
        if pressed is None:
            continue
        inputs = {**attributes(inside), **_named(pressed[1])}
        assert typed.keys() <= inputs.keys(), inputs
        return unescape(action), {**inputs, **typed}
    raise AssertionError(f"no form has the button {button}: {page}")


def attributes(html: str) -> dict[str, str]:
    """The inputs of a page with their values, hidden ones too."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        found |= _named(tag)
    return found


def _named(tag: str) -> dict[str, str]:
    name = re.search(r'\bname="([^"]*)"', tag)
    value = re.search(r'\bvalue="([^"]*)"', tag)
    return {unescape(name[1]): unescape(value[1]) if value else ""} if name else {}


def told(answer: httpx.Response) -> dict[str, str]:
    """What the client hears, in the query of the address that the browser is sent to."""
    pairs = parse_qs(urlsplit(answer.headers["location"]).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in pairs.values()), pairs
    return {name: values[0] for name, values in pairs.items()}


def wrong(code: str) -> str:
    """Another code."""
    return str(10**8 - 1 - int(code)).zfill(8)
