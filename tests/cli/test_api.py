"""The client of the API: what it says when an answer is not what it should be."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from app.cli.api import MOST_TRIES, Api, ApiFault, Refused
from app.cli.terminal import plain
from app.core.api_settings import read_api_settings
from tests.support.command import run
from tests.support.redis_servers import free_port

NAME = '{"data": {"name": "Ann"}}'


class Named(msgspec.Struct):
    """What is asked for."""

    name: str


@asynccontextmanager
async def answering(*answers: tuple[str, str]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server of somebody else's: its address, and what it was asked; the last answer stays.

    Each answer is a status line with perhaps headers, and a body.
    """
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
        asked.append(await reader.readexactly(length))
        first, body = answers[min(len(asked), len(answers)) - 1]
        content = body.encode()
        headers = f"connection: close\r\ncontent-length: {len(content)}\r\n\r\n"
        writer.write(f"HTTP/1.1 {first}\r\n{headers}".encode() + content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def ask(url: str) -> str:
    """The name that the server at the address tells."""

    def in_thread() -> str:
        with Api(read_api_settings(url=url, key="mcpk_1")) as api:
            return api.ask("{ name }", Named, number=1).name

    return await asyncio.to_thread(in_thread)


def errors(message: str, code: str, **more: object) -> str:
    return json.dumps({"errors": [{"message": message, "extensions": {"code": code, **more}}]})


@pytest.mark.parametrize(
    "busy",
    [
        ("429 Too Many Requests\r\nretry-after: 0", ""),
        ("503 Service Unavailable", "<html>"),
        ("200 OK", errors("Busy.", "UNAVAILABLE", retryAfterSeconds=0)),
    ],
    ids=["429", "503", "an error"],
)
async def test_a_busy_platform_is_asked_the_same_again(busy: tuple[str, str]) -> None:
    async with answering(busy, ("200 OK", NAME)) as (url, asked):
        assert await ask(url) == "Ann"
    assert asked == [asked[0]] * 2
    assert json.loads(asked[0]) == {"query": "{ name }", "variables": {"number": 1}}


async def test_a_platform_that_stays_busy_is_left_in_peace() -> None:
    busy = ("429 Too Many Requests\r\nretry-after: 0", "")
    async with answering(busy) as (url, asked):
        with pytest.raises(ApiFault, match=r"It was asked 5 times\. Try again later"):
            await ask(url)
    assert len(asked) == MOST_TRIES
    later = ("503 Service Unavailable\r\nretry-after: 3600", "")
    async with answering(later) as (url, asked):
        with pytest.raises(ApiFault, match="Try again in 3600 seconds"):
            await ask(url)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (("404 Not Found", "<html>"), "does not answer as an mcplatform API does (HTTP 404)."),
        (("200 OK", "[]"), "does not answer as an mcplatform API does (HTTP 200)."),
        (("200 OK", "[" * 100_000), "does not answer as an mcplatform API does (HTTP 200)."),
        (("200 OK", '{"data": {"name": 1}}'), "Expected `str`, got `int`"),
        (("200 OK", '{"data": null}'), "Expected `object`, got `null`"),
        (("200 OK", '{"errors": "many"}'), "does not answer as an mcplatform API does (HTTP 200)."),
        (("301 Moved\r\nlocation: https://a.example/", ""), "leads to https://a.example/."),
        (("401 Unauthorized", errors("Unknown key.", "NOT_SIGNED_IN")), "MCPLATFORM_API_KEY"),
        (
            ("200 OK", errors("No field.", "GRAPHQL_VALIDATION_FAILED")),
            "does not understand this command: No field.",
        ),
    ],
)
async def test_what_cannot_be_right_ends_the_command_with_what_to_do(
    answer: tuple[str, str], sentence: str
) -> None:
    async with answering(answer) as (url, _):
        with pytest.raises(ApiFault) as caught:
            await ask(url)
    assert sentence in caught.value.message


async def test_a_refusal_of_one_operation_is_for_the_command_to_judge(tmp_path: Path) -> None:
    async with answering(("200 OK", errors("It took too long.", "TIMEOUT"))) as (url, _):
        with pytest.raises(Refused, match="It took too long"):
            await ask(url)
        arguments = ("walkthroughs", "list", "--url", url)
        ended = await run(tmp_path, *arguments, MCPLATFORM_API_KEY="mcpk_1")
    assert (ended.code, ended.stderr) == (1, "Error: It took too long.\n")


async def test_a_server_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    evil = errors("\x1b]0;owned\x07\x1b[2J\u202e", "NOT_SIGNED_IN")
    async with answering(("401 Unauthorized", evil)) as (url, _):
        arguments = ("walkthroughs", "list", "--url", url)
        ended = await run(tmp_path, *arguments, MCPLATFORM_API_KEY="mcpk_1")
    assert ended.code == 1
    assert ended.stderr.startswith("Error: �]0;owned��[2J�\nPut the API key into ")
    assert "\x1b" not in ended.stderr
    assert plain("tab\tand\nline, 👩\u200d💻") == "tab�and�line, 👩\u200d💻"


async def test_commands_say_what_they_lack(tmp_path: Path) -> None:
    nobody = await run(tmp_path, "walkthroughs", "list")
    assert nobody.code == 1
    assert nobody.stderr.startswith("Error: There is no API key.\n")

    (tmp_path / "key").write_text("mcpk_1\n")
    nowhere = ("--url", f"http://127.0.0.1:{free_port()}", "--key-file", "key")
    unreachable = await run(tmp_path, "walkthroughs", "list", *nowhere)
    assert unreachable.code == 1
    assert "cannot be reached" in unreachable.stderr
    assert "Set MCPLATFORM_API_URL or --url" in unreachable.stderr

    in_clear = ("--url", "http://mcp.example.com", "--key-file", "key")
    refused = await run(tmp_path, "walkthroughs", "list", *in_clear)
    assert refused.code == 1
    assert "must begin with https://" in refused.stderr


async def test_a_server_without_tls_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(ApiFault) as caught:
            await ask(url)
    assert "/graphql does not speak TLS: " in caught.value.message
