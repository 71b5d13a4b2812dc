"""A person at a browser: reads the pages of a login over HTTP, and the mail that it sends."""

import asyncio
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests.support.login_browser import form_with

_HOPS = 12


@dataclass(slots=True)
class Person:
    """Somebody with an address whose mail goes into the folder `outbox`; `logins` counts.

    At an OpenID provider, if `provider` is the issuer of one, they are `subject`. `seen` are our
    pages, `seen_there` those of the provider.
    """

    outbox: Path
    email: str = "ann@acme.test"
    provider: str | None = None
    subject: str = ""
    logins: int = 0
    seen: list[str] = field(default_factory=list)
    seen_there: list[str] = field(default_factory=list)
    read: set[Path] = field(default_factory=set)

    async def log_in(self, url: str) -> str:
        """Where the browser is sent in the end, after consent and the proof of who it is."""
        self.logins += 1
        cookies: dict[str, str] = {}
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        typed: dict[str, dict[str, str]] = {
            "Allow": {},
            "Send me a code": {"email": self.email},
            "Log in": {},
        }
        async with httpx.AsyncClient() as client:
            answer = await self._asked(client, cookies, "GET", url)
            for _ in range(_HOPS):
                if answer.is_redirect:
                    url = urljoin(url, answer.headers["location"])
                    sent_from = "same-origin"
                    if self.provider and url.startswith(f"{self.provider}/"):
                        url, sent_from = await self._vouched_for(client, url), "cross-site"
                    if not url.startswith(f"{origin}/"):
                        return url
                    answer = await self._asked(client, cookies, "GET", url, sent_from=sent_from)
                    continue
                assert answer.status_code == 200, answer.text
                self.seen.append(answer.text)
                button = next(name for name in typed if f">{name}</button>" in answer.text)
                given = {"code": await self._code()} if button == "Log in" else typed[button]
                action, inputs = form_with(answer.text, button, given)
                url = urljoin(url, action)
                answer = await self._asked(client, cookies, "POST", url, inputs)
        message = "the login did not come to an end"
        raise AssertionError(message)

    async def _vouched_for(self, client: httpx.AsyncClient, url: str) -> str:
        """Where the provider sends the browser back to, once it knows who is there."""
        answer = await client.get(url, headers={"accept": "text/html"})
        if not answer.is_redirect:
            assert 'name="sub"' in answer.text, answer.text
            self.seen_there.append(answer.text)
            answer = await client.post(url, data={"sub": self.subject})
        assert answer.is_redirect, answer.text
        return urljoin(url, answer.headers["location"])

    def _unread(self) -> set[Path]:
        mine = f"To: {self.email}".encode()
        return {mail for mail in self.outbox.glob("*.eml") if mine in mail.read_bytes()} - self.read

    async def _code(self) -> str:
        """The code in the mail that comes next."""
        async with asyncio.timeout(10):
            while not (new := self._unread()):
                await asyncio.sleep(0.02)
        self.read |= new
        text = message_from_bytes(max(new).read_bytes()).get_payload(decode=True)
        assert isinstance(text, bytes)
        line = text.decode().splitlines()[2]
        return "".join(character for character in line if character.isdigit())

    async def _asked(
        self,
        client: httpx.AsyncClient,
        cookies: dict[str, str],
        method: str,
        url: str,
        inputs: dict[str, str] | None = None,
        *,
        sent_from: str = "same-origin",
    ) -> httpx.Response:
        """One request with this browser's cookies; `sent_from` says which site sent it there."""
        headers = {"accept": "text/html", "sec-fetch-site": sent_from}
        if cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = await client.request(method, url, data=inputs, headers=headers)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            cookies[name] = rest.partition(";")[0]
        return answer


def brought_back(url: str) -> dict[str, str]:
    """What the client is told by the address that the browser was sent to."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
