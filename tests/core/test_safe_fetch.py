"""Fetching from public hosts over TLS, within bounds of size and time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.core.fetch_target import FetchFailed
from app.core.safe_fetch import Fetched, SafeFetcher
from tests.support.internet import PUBLIC, Asked, Authority, Host, Internet, host, response

NAME = "idp.example.com"
SECONDS = 20.0  # which no good answer takes, also on a loaded machine


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    internet = Internet(names={NAME: [[PUBLIC], ["127.0.0.1"]]})
    internet.watch(monkeypatch)
    return internet


@asynccontextmanager
async def _public(
    internet: Internet, authority: Authority, *answer: bytes, name: str = NAME, ends: bool = True
) -> AsyncIterator[Host]:
    async def write(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        for part in answer:
            writer.write(part)
            await writer.drain()
        if not ends:
            await asyncio.Event().wait()

    async with host(write, tls=authority.serving(name)) as served:
        internet.routes[PUBLIC, 443] = served.port
        yield served


def _fetcher(internet: Internet, authority: Authority) -> SafeFetcher:
    return SafeFetcher(resolver=internet.resolve, tls=authority.trusting())


async def _failed(fetcher: SafeFetcher, *, most_bytes: int = 100, seconds: float = SECONDS) -> str:
    with pytest.raises(FetchFailed) as caught:
        await fetcher.fetch(f"https://{NAME}/x", most_bytes=most_bytes, seconds=seconds)
    return caught.value.message


async def test_the_answer_comes_whole_from_the_address_that_was_looked_at(
    internet: Internet, authority: Authority
) -> None:
    answer = response(b'{"a": 1}', status=400, headers={"Cache-Control": "no-store"})
    async with _public(internet, authority, answer) as served:
        fetched = await _fetcher(internet, authority).fetch(
            f"https://{NAME}/token?a=b",
            method="POST",
            headers={"accept": "application/json"},
            body=b"c=d",
            most_bytes=8,
            seconds=SECONDS,
        )
    assert (fetched.status, fetched.body) == (400, b'{"a": 1}')
    assert fetched.headers["cache-control"] == "no-store"
    assert internet.lookups == [NAME]
    assert internet.connections == [(PUBLIC, 443)]
    [asked] = served.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/token?a=b", b"c=d")
    assert asked.headers == {
        "host": NAME,
        "user-agent": "mcplatform",
        "accept-encoding": "identity",
        "connection": "close",
        "accept": "application/json",
        "content-length": "3",
        "": "",
    }


async def test_a_certificate_for_another_name_is_refused(
    internet: Internet, authority: Authority
) -> None:
    async with _public(internet, authority, response(b"x"), name="other.example.com") as served:
        message = await _failed(_fetcher(internet, authority))
    assert message == f"{NAME} cannot be reached over a safe connection."
    assert served.asked == []


async def test_an_authority_that_nobody_knows_is_refused(
    internet: Internet, authority: Authority
) -> None:
    async with _public(internet, authority, response(b"x")) as served:
        await _failed(SafeFetcher(resolver=internet.resolve))
    assert served.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
async def test_no_redirect_is_followed(
    internet: Internet, authority: Authority, status: int
) -> None:
    answer = response(status=status, headers={"Location": "http://169.254.169.254/"})
    async with _public(internet, authority, answer):
        message = await _failed(_fetcher(internet, authority))
    assert message == f"{NAME} answered with a redirect, which is not followed."
    assert internet.connections == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (response(b"x" * 101), "more than 100 bytes"),
        (b"HTTP/1.1 200 x\r\n\r\n" + b"x" * 101, "more than 100 bytes"),
        (
            b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n"
            + b"10\r\n0123456789abcdef\r\n" * 9,
            "more than 100 bytes",
        ),
        (response(b"x", headers={"content-encoding": "gzip"}), "an encoding that was not asked"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 50\r\n\r\nx", "cannot be reached"),
        (b"HTTP/1.1 200 x\r\nx: " + b"y" * 200_000, "cannot be reached"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_too_long_or_broken_is_none(
    internet: Internet, authority: Authority, answer: bytes, why: str
) -> None:
    async with _public(internet, authority, answer):
        assert why in await _failed(_fetcher(internet, authority))


async def test_an_endless_answer_is_cut_off(internet: Internet, authority: Authority) -> None:
    async def write(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with host(write, tls=authority.serving(NAME)) as served:
        internet.routes[PUBLIC, 443] = served.port
        assert "more than 5000 bytes" in await _failed(
            _fetcher(internet, authority), most_bytes=5000
        )
        async with asyncio.timeout(SECONDS):
            await served.hung_up.wait()


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 x\r\n", b"HTTP/1.1 200 x\r\n\r\nx"])
async def test_a_host_that_drips_is_given_up(
    internet: Internet, authority: Authority, begun: bytes
) -> None:
    async with _public(internet, authority, begun, ends=False):
        message = await _failed(_fetcher(internet, authority), seconds=0.3)
    assert message == f"{NAME} took too long to answer."


async def test_a_handshake_that_is_cut_short_leaves_no_connection(
    internet: Internet, authority: Authority
) -> None:
    greeted, closed = asyncio.Event(), asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        greeted.set()
        await reader.read()
        writer.close()
        closed.set()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    internet.routes[PUBLIC, 443] = server.sockets[0].getsockname()[1]
    fetching = _fetcher(internet, authority).fetch(
        f"https://{NAME}/", most_bytes=9, seconds=SECONDS
    )
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        task = group.create_task(fetching)
        await greeted.wait()
        task.cancel()
        await closed.wait()
    server.close()


async def test_a_name_that_takes_long_to_look_up_is_given_up(authority: Authority) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    fetcher = SafeFetcher(resolver=resolve, tls=authority.trusting())
    assert "too long" in await _failed(fetcher, seconds=0.1)


async def test_proxies_and_credentials_of_the_environment_are_ignored(
    internet: Internet, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text(f"machine {NAME} login secret password secret\n")
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:3128")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    async with _public(internet, authority, response(b"x")) as served:
        await _fetcher(internet, authority).fetch(
            f"https://{NAME}/", most_bytes=100, seconds=SECONDS
        )
    assert internet.connections == [(PUBLIC, 443)]
    assert "authorization" not in served.asked[0].headers


async def test_a_silent_address_leaves_time_for_the_next(
    internet: Internet, authority: Authority
) -> None:
    internet.names[NAME] = [["1.1.1.1", PUBLIC]]
    async with _public(internet, authority, response(b"x")):
        fetched = await _fetcher(internet, authority).fetch(
            f"https://{NAME}/", most_bytes=9, seconds=SECONDS
        )
    assert fetched.body == b"x"
    assert internet.connections == [("1.1.1.1", 443), (PUBLIC, 443)]


async def test_this_machine_is_reached_over_http_in_development() -> None:
    async def write(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"here"))

    async with host(write) as served:
        fetcher = SafeFetcher(allows_loopback=True)
        for name in ("127.0.0.1", "localhost", "acme.localhost"):
            url = f"http://{name}:{served.port}/"
            assert (await fetcher.fetch(url, most_bytes=9, seconds=SECONDS)).body == b"here"
    assert [asked.headers["host"] for asked in served.asked] == [
        f"{name}:{served.port}" for name in ("127.0.0.1", "localhost", "acme.localhost")
    ]


async def test_the_log_tells_the_reason_and_people_are_told_less(internet: Internet) -> None:
    internet.names[NAME] = [["10.1.2.3"]]
    with capture_logs() as logs:
        message = await _failed(SafeFetcher(resolver=internet.resolve))
    assert message == f"{NAME} has no public address."
    assert logs == [
        {
            "event": "fetch failed",
            "log_level": "warning",
            "host": NAME,
            "method": "GET",
            "reason": "resolves to 10.1.2.3",
        }
    ]


def test_what_was_fetched_does_not_show_in_a_trace() -> None:
    assert repr(Fetched(200, {"set-cookie": "secret"}, b"secret")) == "Fetched(status=200)"
