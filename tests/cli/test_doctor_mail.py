"""What doctor finds out about mail, without sending any."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import NOWHERE
from tests.support.command import run
from tests.support.internet import Authority
from tests.support.mail_server import Relay
from tests.support.redis_servers import free_port

PASSWORD = "p@ss/w0rd"
IN_URL = "us:p%40ss%2Fw0rd"
SENT = base64.b64encode(f"\0us\0{PASSWORD}".encode()).decode()


def usual(line: str) -> str | None:
    return "250-test\r\n250 AUTH PLAIN" if line.startswith("EHLO") else None


def knows_nobody(line: str) -> str | None:
    return f"535 Not {line}" if line.startswith("AUTH") else usual(line)


def knows_us(line: str) -> str | None:
    return "235 welcome" if line.startswith("AUTH") else usual(line)


def is_busy(line: str) -> str | None:
    return None if line else f"421 go away {SENT}"


@asynccontextmanager
async def listening(
    answer: Callable[[str], str | None], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Relay]:
    there = Relay(answer)
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0, ssl=tls)
    there.port = server.sockets[0].getsockname()[1]
    async with server:
        yield there


async def finding(folder: Path, **settings: str) -> str:
    """What doctor says of mail, in two lines if something is wrong."""
    nobody = f"postgresql://a@127.0.0.1:{free_port()}/b"
    ended = await run(folder, "doctor", **{"DATABASE_URL": nobody, **settings})
    assert PASSWORD not in ended.stdout + ended.stderr
    assert SENT not in ended.stdout + ended.stderr
    before, _, after = ended.stdout.partition("  Mail: ")
    lines = after.splitlines()
    advice = [line.strip() for line in lines[1:2] if line.startswith(" ")]
    return "\n".join([f"{before[-3:]}  {lines[0]}", *advice])


async def test_mail_without_smtp_is_well_on_this_machine_and_in_production_it_is_not(
    tmp_path: Path,
) -> None:
    production = {"MCPLATFORM_BASE_URL": f"https://{NOWHERE}", "MCPLATFORM_SECRET_KEY": "k" * 32}
    assert await finding(tmp_path) == "ok   not configured: it goes into .mcplatform/outbox"
    assert await finding(tmp_path, **production) == (
        "FIX  not configured: it goes into .mcplatform/outbox, and reaches nobody\n"
        "Set MCPLATFORM_SMTP_URL."
    )


async def test_a_server_that_answers_is_well_and_gets_no_mail(tmp_path: Path) -> None:
    async with listening(usual) as server:
        told = await finding(tmp_path, MCPLATFORM_SMTP_URL=server.url)
    assert told == f"ok   127.0.0.1:{server.port} answers"
    assert [line.partition(" ")[0] for line in server.heard] == ["EHLO", "QUIT"]


async def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    where = f"127.0.0.1:{free_port()}"
    told = await finding(tmp_path, MCPLATFORM_SMTP_URL=f"smtps://{IN_URL}@{where}")
    assert told.startswith(f"FIX  {where} takes none: Error connecting to ")
    assert told.endswith("\nStart it, or correct MCPLATFORM_SMTP_URL.")


async def test_what_a_server_says_is_not_repeated(tmp_path: Path) -> None:
    async with listening(is_busy) as server:
        told = await finding(tmp_path, MCPLATFORM_SMTP_URL=server.url)
    assert told.startswith(f"FIX  127.0.0.1:{server.port} takes none: it answers 421\n")


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_password_is_tried(tmp_path: Path, *, is_known: bool) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "ca.pem").write_bytes(authority.pem())
    answer = knows_us if is_known else knows_nobody
    async with listening(answer, tls=authority.serving("localhost")) as server:
        where = f"localhost:{server.port}"
        told = await finding(
            tmp_path,
            MCPLATFORM_SMTP_URL=f"smtps://{IN_URL}@{where}",
            SSL_CERT_FILE=str(tmp_path / "ca.pem"),
        )
    assert f"AUTH PLAIN {SENT}" in server.heard
    assert told == (
        f"ok   {where} answers"
        if is_known
        else f"FIX  {where} refuses the user or the password\nCorrect them in MCPLATFORM_SMTP_URL."
    )


async def test_no_password_goes_to_a_server_without_tls(tmp_path: Path) -> None:
    async with listening(knows_us) as server:
        where = f"127.0.0.1:{server.port}"
        told = await finding(tmp_path, MCPLATFORM_SMTP_URL=f"smtp://{IN_URL}@{where}")
    assert told.startswith(f"FIX  {where} takes none: ")
    assert not [line for line in server.heard if line.startswith("AUTH")]


async def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    async with listening(usual, tls=Authority(tmp_path).serving("localhost")) as server:
        told = await finding(tmp_path, MCPLATFORM_SMTP_URL=f"smtps://localhost:{server.port}")
    assert "certificate verify failed" in told


async def test_a_password_with_a_slash_that_is_read_as_the_port_is_not_told(tmp_path: Path) -> None:
    ended = await run(tmp_path, "doctor", MCPLATFORM_SMTP_URL="smtp://us:w0rd/x@127.0.0.1:25")
    assert ended.code == 1
    assert "MCPLATFORM_SMTP_URL" in ended.stdout + ended.stderr
    assert "w0rd" not in ended.stdout + ended.stderr
