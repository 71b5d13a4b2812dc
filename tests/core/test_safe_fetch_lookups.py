"""Nameservers that never answer, or fail, hold up nobody but those who chose them."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from app.core import name_lookups
from app.core.fetch_target import FetchFailed, domain_of
from app.core.name_lookups import FAILURE_KEPT_SECONDS, LATE_SECONDS, NameLookups
from app.core.safe_fetch import SafeFetcher
from tests.support.internet import PUBLIC, Asked, Authority, Internet, host, response

SECONDS = 20.0  # which nothing takes that works, also on a loaded machine
HONEST = "id.honest.example"


@dataclass(slots=True)
class Nameservers:
    """What the system's resolver says; names whose nameserver is silent wait for `may_answer`."""

    answers: dict[str, list[str] | int] = field(default_factory=dict)  # or the code of an error
    silent: str = ".evil.example"
    may_answer: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    begun: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def hear(self, times: int) -> None:
        """Wait until so many more lookups have begun."""
        async with asyncio.timeout(SECONDS):
            for _ in range(times):
                await self.begun.get()


@pytest.fixture
async def nameservers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nameservers]:
    nameservers = Nameservers()
    loop = asyncio.get_running_loop()

    def getaddrinfo(host: str, port: int, **_options: object) -> list[object]:
        nameservers.asked.append(host)
        loop.call_soon_threadsafe(nameservers.begun.put_nowait, host)
        if host.endswith(nameservers.silent):
            nameservers.may_answer.wait()
        answer = nameservers.answers.get(host, [PUBLIC])
        if isinstance(answer, int):
            raise socket.gaierror(answer, "no")
        return [(0, 0, 0, "", (address, port)) for address in answer]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield nameservers
    nameservers.may_answer.set()


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    internet = Internet()
    internet.watch(monkeypatch)
    return internet


async def _asked_of(lookups: NameLookups, name: str) -> list[str] | int | None:
    """The addresses, or the code of the error; None if it came too late."""
    try:
        async with asyncio.timeout(SECONDS):
            return list(await lookups.addresses(name, 443))
    except socket.gaierror as error:
        return error.errno
    except TimeoutError:
        return None


@asynccontextmanager
async def _meanwhile(
    lookups: NameLookups, *names: str
) -> AsyncIterator[list[asyncio.Task[list[str] | int | None]]]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_asked_of(lookups, name)) for name in names]
        yield tasks


async def _failed(fetcher: SafeFetcher, name: str) -> str:
    with pytest.raises(FetchFailed) as caught:
        await fetcher.fetch(f"https://{name}/", most_bytes=9, seconds=SECONDS)
    return caught.value.reason


async def test_all_who_ask_for_a_name_meanwhile_share_one_lookup(nameservers: Nameservers) -> None:
    lookups = NameLookups()
    async with _meanwhile(lookups, *["a.evil.example"] * 50) as tasks:
        await nameservers.hear(1)
        nameservers.may_answer.set()
    assert [task.result() for task in tasks] == [[PUBLIC]] * 50
    assert nameservers.asked == ["a.evil.example"]


async def test_addresses_are_not_kept(nameservers: Nameservers) -> None:
    lookups = NameLookups()
    assert await _asked_of(lookups, HONEST) == [PUBLIC]
    nameservers.answers[HONEST] = ["10.0.0.1"]
    assert await _asked_of(lookups, HONEST) == ["10.0.0.1"]


async def test_a_thread_counts_until_its_nameserver_has_answered(nameservers: Nameservers) -> None:
    lookups = NameLookups(8)  # two of them for a domain
    first, second, third = (f"{name}.evil.example" for name in "abc")
    async with _meanwhile(lookups, first, second) as leaving:
        await nameservers.hear(2)
        for task in leaving:
            task.cancel()
        await asyncio.wait(leaving)
    async with _meanwhile(lookups, first, second, third) as tasks:
        for _ in range(5):
            assert await _asked_of(lookups, HONEST) == [PUBLIC]
        assert nameservers.asked == [first, second, *[HONEST] * 5]
        nameservers.may_answer.set()
    assert [task.result() for task in tasks] == [[PUBLIC]] * 3
    assert nameservers.asked == [first, second, *[HONEST] * 5, third]


async def test_who_waits_for_a_thread_may_leave_to_the_others(nameservers: Nameservers) -> None:
    lookups = NameLookups(4)  # one of them for a domain
    async with _meanwhile(lookups, *(f"{name}.evil.example" for name in "abbb")) as tasks:
        await nameservers.hear(1)
        tasks[1].cancel()
        await asyncio.wait([tasks[1]])
        nameservers.may_answer.set()
    assert [task.result() for task in tasks[2:]] == [[PUBLIC]] * 2
    assert nameservers.asked == ["a.evil.example", "b.evil.example"]


async def test_silent_nameservers_of_one_domain_leave_the_others_alone(
    nameservers: Nameservers, internet: Internet
) -> None:
    fetcher = SafeFetcher()
    async with asyncio.TaskGroup() as group:
        hostile = [
            group.create_task(_failed(fetcher, f"n{number}.evil.example")) for number in range(60)
        ]
        await nameservers.hear(5)
        assert "ConnectError" in await _failed(fetcher, HONEST)  # so far it got
        assert internet.connections == [(PUBLIC, 443)]
        assert len(nameservers.asked) == 6
        for task in hostile:
            task.cancel()


async def test_fetchers_have_threads_of_their_own(
    nameservers: Nameservers, internet: Internet
) -> None:
    strangers, customers = SafeFetcher(), SafeFetcher()
    nameservers.silent = ".example"
    async with asyncio.TaskGroup() as group:
        hostile = [
            group.create_task(_failed(strangers, f"idp.evil{number}.example"))
            for number in range(60)
        ]
        await nameservers.hear(20)
        assert "ConnectError" in await _failed(customers, "id.honest.test")
        assert len(nameservers.asked) == 21
        for task in hostile:
            task.cancel()


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_AGAIN])
async def test_a_name_that_was_not_found_is_not_looked_up_again_for_a_while(
    nameservers: Nameservers, code: int
) -> None:
    seconds = 0.0
    lookups = NameLookups(monotonic=lambda: seconds)
    nameservers.answers[HONEST] = code
    assert await _asked_of(lookups, HONEST) == code
    nameservers.answers[HONEST] = [PUBLIC]
    seconds = FAILURE_KEPT_SECONDS - 0.1
    assert [await _asked_of(lookups, HONEST) for _ in range(9)] == [code] * 9
    assert await _asked_of(lookups, "other.honest.example") == [PUBLIC]
    assert nameservers.asked == [HONEST, "other.honest.example"]
    seconds = FAILURE_KEPT_SECONDS
    assert await _asked_of(lookups, HONEST) == [PUBLIC]


@pytest.mark.parametrize("answer", [[PUBLIC], socket.EAI_AGAIN])
async def test_a_name_that_was_found_too_late_is_not_looked_up_again_for_a_while(
    nameservers: Nameservers, answer: list[str] | int
) -> None:
    seconds, late = 0.0, "late.evil.example"
    lookups = NameLookups(monotonic=lambda: seconds)
    nameservers.answers[late] = answer
    async with _meanwhile(lookups, late) as [task]:
        await nameservers.hear(1)
        seconds = LATE_SECONDS
        nameservers.may_answer.set()
    assert task.result() == answer  # for whoever still waits
    assert [await _asked_of(lookups, late) for _ in range(9)] == [None] * 9
    assert nameservers.asked == [late]
    seconds = LATE_SECONDS + FAILURE_KEPT_SECONDS
    assert await _asked_of(lookups, late) == answer


async def test_only_so_many_failures_are_kept(
    nameservers: Nameservers, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    monkeypatch.setattr(name_lookups, "_FAILURES_MAX", 3)
    lookups = NameLookups(monotonic=lambda: seconds)
    names = [f"{name}.honest.example" for name in "abcde"]
    for name in names:
        nameservers.answers[name] = socket.EAI_NONAME
        await _asked_of(lookups, name)
    assert list(lookups._failures) == names[2:]
    seconds = FAILURE_KEPT_SECONDS
    await _asked_of(lookups, names[3])
    assert list(lookups._failures) == [names[3]]


async def test_an_answer_that_is_shared_is_looked_at_by_each(
    nameservers: Nameservers, internet: Internet
) -> None:
    fetcher, name = SafeFetcher(), "inside.evil.example"
    nameservers.answers[name] = [PUBLIC, "10.0.0.1"]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_failed(fetcher, name)) for _ in range(5)]
        await nameservers.hear(1)
        nameservers.may_answer.set()
    assert [task.result() for task in tasks] == [f"resolves to {PUBLIC}, 10.0.0.1"] * 5
    assert nameservers.asked == [name]
    assert internet.connections == []


async def test_silent_hosts_of_one_domain_leave_room_for_the_others(
    internet: Internet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    authority = Authority(tmp_path_factory.mktemp("certificates"))
    reached = asyncio.Event()

    async def keep_silent(_asked: Asked, _writer: asyncio.StreamWriter) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"x"))

    async with (
        asyncio.timeout(SECONDS * 2),
        host(keep_silent, tls=authority.serving("idp.evil.example")) as silent,
        host(answer, tls=authority.serving("x.honest.test")) as honest,
    ):
        internet.names = {"idp.evil.example": [["1.1.1.1"]], "x.honest.test": [[PUBLIC]]}
        internet.routes = {("1.1.1.1", 443): silent.port, (PUBLIC, 443): honest.port}
        fetcher = SafeFetcher(resolver=internet.resolve, tls=authority.trusting(), at_once=4)
        async with asyncio.TaskGroup() as group:
            hostile = [group.create_task(_failed(fetcher, "idp.evil.example")) for _ in range(9)]
            await reached.wait()
            for _ in range(5):
                fetched = await fetcher.fetch(
                    "https://x.honest.test/", most_bytes=9, seconds=SECONDS
                )
                assert fetched.body == b"x"
            assert len(silent.asked) == 1
            for task in hostile:
                task.cancel()


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("idp.a.example.com", "example.com"),
        ("example.com", "example.com"),
        ("id.acme.co.uk", "acme.co.uk"),
        ("a.b.acme.com.au", "acme.com.au"),
        ("acme.vercel.app", "vercel.app"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("::1", "::1"),
    ],
)
def test_the_domain_is_what_somebody_registered(name: str, domain: str) -> None:
    assert domain_of(name) == domain
