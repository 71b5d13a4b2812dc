"""A whole platform in a process of its own, of which a watch sees everything that comes out."""

import asyncio
import re
from asyncio import StreamReader
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx

from tests.support.command import START_SECONDS, started
from tests.support.graph import operation
from tests.support.login_browser import form_with
from tests.support.secrets_watch import Watch

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_LINK = re.compile(r"\?token=(\S+)")


@dataclass(slots=True)
class Platform:
    """A process that serves on `port` of this machine; `owner` is at its database."""

    watch: Watch
    owner: asyncpg.Connection
    port: int
    process: Process
    client: httpx.AsyncClient
    outbox: Path
    read: set[Path] = field(default_factory=set)
    askers: Iterator[int] = field(default_factory=count)

    def origin(self, slug: str | None = None) -> str:
        """The address of a server's site, or of the platform's own."""
        return f"http://{f'{slug}.' if slug else ''}localhost:{self.port}"

    async def ask(
        self, method: str, url: str, *, name: str | None = None, **given: Any
    ) -> httpx.Response:
        """The answer to a request, which comes by way of a proxy, each from another client.

        It is written down under method and path, or `name`, with what the database holds after it.
        """
        parts = urlsplit(url)
        number = next(self.askers)
        headers = {
            "host": parts.netloc,
            "x-forwarded-for": f"198.51.{number // 250}.{number % 250}",
            "x-request-id": f"{self.watch.chapter}.{number:06}",
            **given.pop("headers", {}),
        }
        there = f"http://127.0.0.1:{self.port}{url[len(f'{parts.scheme}://{parts.netloc}') :]}"
        answer = await self.client.request(method, there, headers=headers, **given)
        self.client.cookies.clear()  # who asks next is somebody else
        for csrf in _CSRF.findall(answer.text):
            self.watch.keep("csrf token", csrf)
        self.watch.hear(name or f"{method} {parts.path}", answer)
        await self.watch.look_at(self.owner)
        return answer

    async def graphql(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        name: str = "a query",
        **headers: str,
    ) -> httpx.Response:
        """The answer to a GraphQL operation."""
        body = {"query": query, "variables": variables or {}}
        url = f"{self.origin()}/graphql"
        return await self.ask("POST", url, name=f"GraphQL {name}", json=body, headers=headers)

    async def mailed(self, address: str) -> str:
        """The text of the mail that goes there next."""
        async with asyncio.timeout(START_SECONDS):
            while not (found := self._unread(address)):
                await asyncio.sleep(0.01)
        self.read.add(found[0])
        mail = message_from_bytes(found[0].read_bytes(), policy=policy.default)
        text: str = mail.get_content()
        return text

    async def mailed_link(self, address: str) -> str:
        """The token in the link that goes there next, which is watched from now on."""
        found = _LINK.search(await self.mailed(address))
        assert found is not None
        self.watch.keep_ours(found[1])
        return found[1]

    async def mailed_code(self, address: str) -> str:
        """The one-time code that goes there next, which is watched from now on."""
        shown = (await self.mailed(address)).splitlines()[2].strip()
        self.watch.keep("e-mail code as the mail shows it", shown)
        return self.watch.keep("e-mail code", shown.replace(" ", ""))

    async def leave(self) -> int:
        """Ask the process to leave; all that it had to say has been read by the block's end."""
        self.process.terminate()
        async with asyncio.timeout(START_SECONDS):
            return await self.process.wait()

    def _unread(self, address: str) -> list[Path]:
        mine = f"To: {address}".encode()
        mails = sorted(set(self.outbox.glob("*.eml")) - self.read)
        return [mail for mail in mails if mine in mail.read_bytes()]


@asynccontextmanager
async def platform(
    watch: Watch, owner: asyncpg.Connection, folder: Path, port: int, **settings: str
) -> AsyncIterator[Platform]:
    """A platform at the database of the settings; `watch` hears all that it prints."""
    command = ("serve", "--port", str(port))
    told = {
        "MCPLATFORM_DATA_FOLDER": str(folder),
        "MCPLATFORM_TRUSTED_PROXIES": "127.0.0.1",
        **settings,
    }
    process = await started(folder, command, told)
    assert process.stdout is not None
    assert process.stderr is not None
    async with httpx.AsyncClient() as client, asyncio.TaskGroup() as tasks:
        for stream in (process.stdout, process.stderr):
            tasks.create_task(_listen(stream, watch.said))
        made = Platform(watch, owner, port, process, client, folder / "outbox")
        try:
            await _is_ready(made)
            yield made
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _listen(stream: StreamReader, said: list[str]) -> None:
    """Without a limit: some lines hold a whole trace."""
    rest = b""
    while part := await stream.read(65536):
        *lines, rest = (rest + part).split(b"\n")
        said.extend(line.decode(errors="replace") for line in lines)
    said.append(rest.decode(errors="replace"))


async def _is_ready(made: Platform) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            assert made.process.returncode is None, "\n".join(made.watch.said)
            with suppress(httpx.TransportError):
                if (await made.ask("GET", f"{made.origin()}/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


@dataclass(slots=True)
class Browser:
    """A person's browser at one site; it remembers the page, and goes where it is told."""

    platform: Platform
    origin: str
    cookies: dict[str, str] = field(default_factory=dict)
    page: httpx.Response | None = None

    async def open(self, path: str, **headers: str) -> httpx.Response:
        """Open an address of the site."""
        return await self._asked("GET", path, headers)

    async def submit(self, button: str, **typed: str) -> httpx.Response:
        """Fill in the form that has this button, and press it."""
        assert self.page is not None
        action, inputs = form_with(self.page.text, button, typed)
        return await self.send(action, inputs)

    async def send(self, path: str, inputs: Mapping[str, str], **headers: str) -> httpx.Response:
        """Send a form that may be nobody's."""
        return await self._asked("POST", path, headers, dict(inputs))

    async def follow(self) -> httpx.Response:
        """Go where the last answer sends to, on this site."""
        assert self.page is not None
        return await self.open(self.page.headers["location"])

    async def change(self, mutation: str, **given: Any) -> Any:
        """The payload of a mutation written as `name { fields }`, which must succeed."""
        name, _, fields = mutation.partition(" ")
        selection = fields.strip().removeprefix("{").removesuffix("}")
        answer = (await self.attempt(name, given, selection)).json()
        assert "errors" not in answer, answer
        assert answer["data"][name]["userErrors"] == [], answer
        return answer["data"][name]

    async def attempt(
        self, mutation: str, given: Mapping[str, Any], fields: str = ""
    ) -> httpx.Response:
        """What the mutation is answered with, whatever that is."""
        query = operation(mutation, f"{fields} userErrors {{ field message code }}")
        return await self.graphql(query, {"input": given}, name=mutation)

    async def graphql(
        self, query: str, variables: Mapping[str, Any] | None = None, *, name: str = "a query"
    ) -> httpx.Response:
        """The answer to an operation that this browser sends."""
        headers = self._headers()
        answer = await self.platform.graphql(query, variables, name=name, **headers)
        return self._kept(answer)

    def _headers(self) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"cookie": cookie} if cookie else {}

    async def _asked(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        inputs: dict[str, str] | None = None,
    ) -> httpx.Response:
        ours = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        told = {**ours, **self._headers(), **headers}
        url = f"{self.origin}{path.removeprefix(self.origin)}"
        self.page = self._kept(await self.platform.ask(method, url, headers=told, data=inputs))
        return self.page

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            self.cookies.pop(name, None)
            if "Max-Age=0" not in line:
                self.cookies[name] = rest.partition(";")[0]
        return answer
