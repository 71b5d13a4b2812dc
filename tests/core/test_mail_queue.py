"""Mail under way: what fails is put off or dropped, holds up no other, and is never lost untold."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from app.core import clock
from app.core import mail as mail_module
from app.core.mail import WAITING_MAX, Mail, MailQueue, SmtpMailer
from tests.support.mail_server import first_time, relay

HELLO = Mail(to="ann@acme.test", subject="Hello", text="Hi Ann\n")
SENDER = "Acme <no-reply@acme.test>"
TEN_O_CLOCK = datetime(2030, 1, 1, 10, tzinfo=UTC)
NEVER = 3600.0  # a pause that no test lives to see the end of


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


def letter_to(name: str, good_until: datetime | None = None) -> Mail:
    return Mail(to=f"{name}@acme.test", subject="Hello", text="Hi\n", good_until=good_until)


async def logged(logs: list[EventDict], event: str, times: int) -> None:
    """Return once it was."""
    async with asyncio.timeout(20):
        while [entry["event"] for entry in logs].count(event) < times:
            await asyncio.sleep(0)


async def test_mail_is_sent_again_until_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (0, 0))
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
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (0, 0))
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


async def test_mail_that_waits_for_another_attempt_counts_as_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (NEVER,))
    monkeypatch.setattr(mail_module, "WAITING_MAX", 20)
    postbox = Postbox(failures=20)
    queue = MailQueue(postbox)
    with capture_logs() as logs:
        async with queue.running():
            for _ in range(20):
                queue.post(HELLO)
            await logged(logs, "mail not sent", 20)
            queue.post(letter_to("too-many"))
    assert [entry["reason"] for entry in logs[20:]] == ["too many wait"]
    assert postbox.mails == [HELLO] * 20  # the end of the process is no time to wait


@pytest.mark.parametrize("command", ["", "MAIL", "RCPT", "DATA", "."])
async def test_what_a_server_refuses_for_good_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (NEVER,))
    attempts = 0

    def answer(line: str) -> str | None:
        nonlocal attempts
        attempts += not line
        return "550 not ann@acme.test" if line.partition(" ")[0] == command else None

    async with relay(answer) as there:
        queue = MailQueue(SmtpMailer(there.url, sender=SENDER))
        with capture_logs() as logs:
            async with queue.running():
                queue.post(HELLO)
                await queue.emptied()
    assert attempts == 1
    assert [entry["event"] for entry in logs] == ["mail not sent", "mail dropped"]
    assert logs[-1]["reason"] == "it was refused for good"
    assert "acme" not in str(logs)


async def test_refused_mail_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (NEVER, NEVER))
    refused = [f"nobody{number}@acme.test" for number in range(30)]
    async with relay(lambda line: "550 unknown" if "<nobody" in line else None) as there:
        queue = MailQueue(SmtpMailer(there.url, sender=SENDER))
        with capture_logs() as logs:
            async with queue.running():
                for address in refused:
                    queue.post(Mail(to=address, subject="Hello", text="Hi\n"))
                queue.post(HELLO)
                await queue.emptied()
    assert Counter(there.asked_for()) == Counter([*refused, HELLO.to])  # once each
    assert "Hi Ann" in there.heard
    assert [entry["event"] for entry in logs].count("mail dropped") == 30


async def test_mail_that_is_put_off_holds_up_no_other_and_goes_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (NEVER, NEVER))
    async with relay(first_time("slow", "451 come again")) as there:
        queue = MailQueue(SmtpMailer(there.url, sender=SENDER))
        with capture_logs() as logs:
            async with queue.running():
                for number in range(30):
                    queue.post(letter_to(f"slow{number}"))
                queue.post(HELLO)
                while "Hi Ann" not in there.heard:
                    await asyncio.sleep(0)
                await logged(logs, "mail not sent", 30)
                assert there.heard.count(".") == 1
    assert there.heard.count(".") == 31
    assert [entry["event"] for entry in logs] == ["mail not sent"] * 30


async def test_a_first_attempt_goes_before_a_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (0, 0))
    monkeypatch.setattr(mail_module, "SENDERS", 1)

    async def after_the_pause() -> Mail | None:
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(0, over.set)  # timers go off in order
        await over.wait()
        queue.post(letter_to("new"))
        return None

    async with relay(first_time("old", "451 come again")) as there:
        queue = MailQueue(SmtpMailer(there.url, sender=SENDER))
        with capture_logs():
            async with queue.running():
                queue.post(letter_to("old"))
                queue.post(after_the_pause)
                await queue.emptied()
    assert there.asked_for() == ["old@acme.test", "new@acme.test", "old@acme.test"]


async def test_mail_that_is_of_no_use_any_more_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (0, 0))
    time = TEN_O_CLOCK
    monkeypatch.setattr(clock, "now", lambda: time)
    put_off = first_time("", "451 come again")

    def answer(line: str) -> str | None:
        nonlocal time
        told = put_off(line)
        if told:
            time = TEN_O_CLOCK + timedelta(minutes=10)
        return told

    async with relay(answer) as there:
        queue = MailQueue(SmtpMailer(there.url, sender=SENDER))
        with capture_logs() as logs:
            async with queue.running():
                for name, minutes in (("late", 10), ("early", 11)):
                    time = TEN_O_CLOCK
                    queue.post(letter_to(name, TEN_O_CLOCK + timedelta(minutes=minutes)))
                    await queue.emptied()
    assert there.asked_for() == ["late@acme.test", "early@acme.test", "early@acme.test"]
    dropped = [entry["reason"] for entry in logs if entry["event"] == "mail dropped"]
    assert dropped == ["it is of no use any more"]


@pytest.mark.parametrize("is_fault", [False, True])
async def test_whatever_does_not_go_before_the_process_ends_is_told(
    monkeypatch: pytest.MonkeyPatch, *, is_fault: bool
) -> None:
    monkeypatch.setattr(mail_module, "PAUSES_SECONDS", (NEVER,))
    monkeypatch.setattr(mail_module, "DRAIN_SECONDS", 0)

    async def stuck() -> Mail | None:
        await asyncio.Event().wait()
        return HELLO

    queue = MailQueue(Postbox(failures=1))
    with capture_logs() as logs, suppress(ZeroDivisionError):
        async with queue.running():
            queue.post(HELLO)
            await logged(logs, "mail not sent", 1)
            for _ in range(30):  # some with a sender, some waiting
                queue.post(stuck)
            if is_fault:
                raise ZeroDivisionError
    assert [entry.get("reason") for entry in logs[1:]] == ["the process ends"] * 31
    async with asyncio.timeout(10):
        await queue.emptied()
