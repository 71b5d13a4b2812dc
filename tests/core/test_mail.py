"""Mail goes out behind the caller's back, over SMTP or into a folder."""

import asyncio
from email import message_from_bytes, policy
from pathlib import Path

import aiosmtplib
import pytest
from structlog.testing import capture_logs

from app.core import mail as mail_module
from app.core.mail import (
    WAITING_MAX,
    Mail,
    MailQueue,
    OutboxMailer,
    SmtpMailer,
    mailer,
    without_links,
)
from app.core.settings import SettingsError, read_settings

LINK = "http://localhost:8000/verify-email?token=mcpt_" + "a" * 90
HELLO = Mail(to="ann@acme.test", subject="Grüße", text=f"Hello!\n\n{LINK}\n")
SENDER = "Acme <no-reply@acme.test>"


class Postbox:
    """Takes mails, after it has failed so many times."""

    def __init__(self, failures: int = 0) -> None:
        self.mails: list[Mail] = []
        self.failures = failures

    async def send(self, mail: Mail) -> None:
        if self.failures:
            self.failures -= 1
            message = "the receiver is away"
            raise OSError(message)
        self.mails.append(mail)


async def test_without_smtp_mails_are_files_in_order(tmp_path: Path) -> None:
    outbox = mailer(None, sender=SENDER, outbox=tmp_path / "outbox")
    assert isinstance(outbox, OutboxMailer)
    await outbox.send(HELLO)
    await outbox.send(Mail(to="bob@acme.test", subject="Second", text="Zwölf\n"))
    first, second = sorted((tmp_path / "outbox").iterdir())
    assert LINK in first.read_text()  # whole, so that it can be copied
    message = message_from_bytes(first.read_bytes(), policy=policy.default)
    assert [message[name] for name in ("From", "To", "Subject", "Auto-Submitted")] == [
        SENDER, "ann@acme.test", "Grüße", "auto-generated",
    ]  # fmt: skip
    body = message_from_bytes(second.read_bytes(), policy=policy.default).get_content()
    assert body == "Zwölf\n"
    assert {path.suffix for path in (first, second)} == {".eml"}


async def test_with_smtp_mails_go_to_the_server(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test ESMTP\r\n")
        is_data = False
        while line := await reader.readline():
            heard.append(line)
            if is_data:
                is_data = line != b".\r\n"
                answer = b"" if is_data else b"250 taken\r\n"
            elif line.startswith(b"DATA"):
                is_data, answer = True, b"354 go on\r\n"
            elif line.startswith(b"QUIT"):
                answer = b"221 bye\r\n"
            else:
                answer = b"250 well\r\n"
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    smtp = mailer(f"smtp://127.0.0.1:{port}", sender=SENDER, outbox=tmp_path)
    async with asyncio.timeout(10):
        await smtp.send(HELLO)
    server.close()
    await server.wait_closed()
    told = b"".join(heard).decode()
    assert "MAIL FROM:<no-reply@acme.test>" in told
    assert "RCPT TO:<ann@acme.test>" in told
    assert LINK in told


@pytest.mark.parametrize(
    ("url", "use_tls", "start_tls", "port"),
    [
        ("smtp://relay.internal", False, None, 587),
        ("smtp://ann:p%40ss@mail.test:2525", False, True, 2525),
        ("smtps://ann:p%40ss@mail.test", True, False, 465),
    ],
)
async def test_a_password_is_sent_over_tls_only(
    monkeypatch: pytest.MonkeyPatch, url: str, *, use_tls: bool, start_tls: bool | None, port: int
) -> None:
    asked: dict[str, object] = {}

    async def send(message: object, **options: object) -> None:
        asked.update(options)

    monkeypatch.setattr(aiosmtplib, "send", send)
    await SmtpMailer(url, sender=SENDER).send(HELLO)
    assert (asked["use_tls"], asked["start_tls"], asked["port"]) == (use_tls, start_tls, port)
    assert asked["password"] == ("p@ss" if "@" in url else None)


async def test_mail_is_sent_again_until_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (0, 0, 0))
    postbox = Postbox(failures=2)
    queue = MailQueue(postbox)
    async with queue.running():
        with capture_logs() as logs:
            queue.post(HELLO)
            await queue.emptied()
    assert postbox.mails == [HELLO]
    assert [entry["event"] for entry in logs] == ["mail not sent"] * 2
    assert "ann@acme.test" not in str(logs)


async def test_mail_that_never_goes_is_dropped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (0, 0, 0))
    queue = MailQueue(Postbox(failures=3))
    async with queue.running():
        with capture_logs() as logs:
            queue.post(HELLO)
            await queue.emptied()
    assert logs[-1]["event"] == "mail dropped"


async def test_a_letter_that_cannot_be_written_stops_no_other() -> None:
    postbox = Postbox()
    queue = MailQueue(postbox)

    async def broken() -> Mail | None:
        raise ZeroDivisionError

    async def needless() -> Mail | None:
        return None

    async def late() -> Mail | None:
        return HELLO

    async with queue.running():
        with capture_logs():
            for letter in [broken] * 10 + [needless, late]:
                queue.post(letter)
            await queue.emptied()
    assert postbox.mails == [HELLO]


async def test_what_waits_when_the_process_ends_still_goes() -> None:
    postbox = Postbox()
    queue = MailQueue(postbox)
    async with queue.running():
        for _ in range(20):
            queue.post(HELLO)
    assert len(postbox.mails) == 20


async def test_more_mail_than_fits_is_dropped_and_keeps_no_one_waiting() -> None:
    queue = MailQueue(Postbox())
    with capture_logs() as logs:
        for _ in range(WAITING_MAX + 1):
            queue.post(HELLO)
    assert [entry["event"] for entry in logs] == ["mail dropped"]


def test_the_settings_of_mail_are_checked() -> None:
    told = read_settings(smtp_url="smtps://ann:pass@mail.test", mail_from="Acme <no@acme.test>")
    assert told.smtp_url is not None
    assert "pass" not in repr(told)
    for wrong in ({"smtp_url": "mail.test"}, {"mail_from": "nobody"}, {"mail_from": "a@b\nBcc: c"}):
        with pytest.raises(SettingsError):
            read_settings(**wrong)


@pytest.mark.parametrize(
    "name", ["Log in at evil.example", "https://evil", "WWW.evil", "a@b", "x.рф", "Acme.Tools now"]
)
def test_a_name_that_mail_programs_would_link_is_not_written(name: str) -> None:
    assert without_links(name, "acme-docs") == "acme-docs"


@pytest.mark.parametrize(
    "name", ["Acme Docs", "Acme Inc.", "v2.0", "A. B. Corp", "Doks: eins, zwei"]
)
def test_any_other_name_is_written_as_it_is(name: str) -> None:
    assert without_links(name, "acme-docs") == name
