"""People whose agents walk walkthroughs and ask for help, whatever happens to the server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec

from app.core.ids import new_id
from tests.chaos.ledger import Ledger, Person
from tests.chaos.wire import Unanswered, Wire, request_bytes
from tests.support.agent import HANDSHAKE, STATELESS
from tests.support.exchange import Answered
from tests.support.world import World

PAUSE_SECONDS = 0.02  # before an unanswered call is tried again
INTERNALS = ("traceback", "asyncpg", "postgres", "piccolo", "select", "socket", "errno", ".py", "/")
_NUMBERS = count(1)


class Left(Exception):
    """The desk closed while a call was not answered."""


@dataclass
class Desk:
    """A client program that one person after another uses until it closes."""

    wire: Wire
    slug: str
    steps: list[str]
    ledger: Ledger
    closed: asyncio.Event

    async def serve(self) -> None:
        """Let one person after another walk the whole walkthrough and ask for help."""
        with closing(self.wire), suppress(Left):
            for number in count():
                version = (HANDSHAKE, STATELESS)[number % 2]
                person = Person(version, new_id("person") if number % 4 < 2 else None)
                if not person.is_stateless:
                    await self.initialize(person)
                await self._walk(person)

    async def _walk(self, person: Person) -> None:
        answer = await self.call(person, "start_walkthrough")
        assert answer["step"]["id"] == self.steps[0]
        for number, step in enumerate(self.steps, start=1):
            if number == 2:
                await self.ask_for_help(person)
            answer = await self.complete(person, step)
            assert answer["completedSteps"] == number, "a completion was lost or doubled"
            presented = [answer["step"]["id"]] if answer["kind"] == "step" else []
            assert presented == self.steps[number : number + 1]
            if number % 3 == 0:  # agents repeat themselves
                assert (await self.complete(person, step))["completedSteps"] == number

    async def complete(self, person: Person, step: str) -> dict[str, Any]:
        """Complete a step; what the answer tells."""
        answer = await self.call(person, "get_next_step", currentStepId=step)
        self.ledger.completed.add((person, step))
        return answer

    async def ask_for_help(self, person: Person) -> None:
        """Open a ticket that nobody else has opened."""
        title = f"Trouble {new_id('case')}"
        answer = await self.call(
            person,
            "get_support",
            title=title,
            problemDescription="It does not start.",
            email="ann@example.com",
        )
        self.ledger.tickets[title] = answer["ticket"]["number"]

    async def initialize(self, person: Person) -> None:
        """Open the person's session."""
        params = {
            "protocolVersion": person.version,
            "capabilities": {},
            "clientInfo": {"name": "chaos", "version": "1"},
        }
        while (answered := await self._result(person, "initialize", params)) is None:
            await asyncio.sleep(PAUSE_SECONDS)
        person.session_id = answered.headers["mcp-session-id"]

    async def call(self, person: Person, tool: str, **arguments: object) -> dict[str, Any]:
        """The structured answer to a tool call, asked again and again until there is one."""
        if person.run is not None:
            arguments["run"] = person.run
        params = {"name": tool, "arguments": arguments}
        while True:
            self.ledger.ask(person, tool, arguments)
            began = time.perf_counter()
            answered = await self._result(person, "tools/call", params)
            if answered is not None and self._is_done(answered.json["result"]):
                break
            await asyncio.sleep(PAUSE_SECONDS)
        told: dict[str, Any] = answered.json["result"]["structuredContent"]
        if person.tracking_id is None and person.is_stateless:
            person.run = told.get("run", person.run)
        self.ledger.answer(person, tool, arguments, seconds=time.perf_counter() - began)
        return told

    def _is_done(self, result: dict[str, Any]) -> bool:
        """Whether the tool did it; if not, it was recorded that its connection died."""
        if result["isError"]:
            assert [error["code"] for error in result["structuredContent"]["errors"]] == [
                "unavailable"
            ], result
            assert_speakable(result["structuredContent"]["text"])
            self.ledger.failed += 1
        return not result["isError"]

    async def _result(self, person: Person, method: str, params: dict[str, Any]) -> Answered | None:
        """The answer to one request if it is a result; None if it was cut or unavailable."""
        number = next(_NUMBERS)
        if self.closed.is_set():
            raise Left
        try:
            answered = await self.wire.exchange(
                message_bytes(self.wire.port, self.slug, person, method, params, number)
            )
        except Unanswered as unanswered:
            self.ledger.cut += unanswered.was_sent
            return None
        if answered.status == 503:
            assert_clean(answered, number)
            self.ledger.unavailable += 1
            return None
        assert (answered.status, answered.json["id"]) == (200, number), answered
        assert "result" in answered.json, answered
        return answered


def assert_clean(answered: Answered, number: int | None) -> None:
    """Fail unless this is how an absent database is told: what to do, and nothing internal."""
    told = answered.json
    assert told is not None, answered
    assert (answered.status, told["jsonrpc"], told["id"]) == (503, "2.0", number), answered
    assert told["error"]["code"] == -32000, answered
    assert told["error"]["data"] == {"code": "unavailable"}
    assert int(answered.headers["retry-after"]) >= 1
    assert_speakable(told["error"]["message"])


def assert_speakable(message: str) -> None:
    """Fail unless the message tells what to do, and nothing of what lies inside."""
    assert message.endswith("Try again in a moment."), message
    assert [word for word in INTERNALS if word in message.lower()] == [], message


def message_bytes(
    port: int, slug: str, person: Person, method: str, params: dict[str, Any], number: int
) -> bytes:
    """A POST as a good client of the person's era sends it."""
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
    }
    if method != "initialize":
        headers["mcp-protocol-version"] = person.version
    if person.is_stateless:
        headers["mcp-method"] = method
        if "name" in params:
            headers["mcp-name"] = params["name"]
        params = {
            **params,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": person.version,
                "io.modelcontextprotocol/clientInfo": {"name": "chaos", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        }
    elif person.session_id is not None:
        headers["mcp-session-id"] = person.session_id
    tracked = f"{person.tracking_id}/" if person.tracking_id else ""
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return request_bytes(
        "POST",
        f"/api/mcpserver/{tracked}mcp",
        host=f"{slug}.localhost:{port}",
        headers=headers,
        body=msgspec.json.encode(message),
    )


@asynccontextmanager
async def load(port: int, world: World, *, desks: int = 8) -> AsyncIterator[Ledger]:
    """Keep so many desks busy while the block lasts; what they asked and were answered."""
    ledger = Ledger(world.server_id)
    steps = world.guides[0].steps
    closed = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(desks):
            group.create_task(Desk(Wire(port), world.slug, steps, ledger, closed).serve())
        try:
            yield ledger
        finally:
            closed.set()
