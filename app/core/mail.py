"""Mail: written and sent behind the caller's back, over SMTP or into a folder on this machine."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from itertools import count
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from app.core import clock
from app.core.background import in_background
from app.core.errors import Unavailable
from app.core.ids import new_id

# The 30 mails that one client may ask for in a minute keep 15 busy, should each take SEND_SECONDS.
SENDERS: Final = 16
WAITING_MAX: Final = 1000  # whatever is under way, also what failed and waits for another attempt
SEND_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 5.0
PAUSES_SECONDS: Final = (2.0, 20.0)  # before each further attempt; after the last it is dropped
_REFUSALS: Final = 500  # SMTP answers from here on are for good (RFC 5321 §4.2.1)
_LINK: Final = re.compile(r"://|@|www\.|\w\.[^\W\d_]{2}", re.IGNORECASE)
_PORTS: Final = {"smtp": 587, "smtps": 465}
_AWAY = (OSError, TimeoutError, aiosmtplib.SMTPException, Unavailable)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A plain text message. Its text may hold a token: no log shows it.

    From `good_until` on it is of no use, and not sent any more.
    """

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    good_until: datetime | None = None


Letter = Mail | Callable[[], Awaitable[Mail | None]]


class Mailer(Protocol):
    """Whatever takes a message on its way."""

    async def send(self, mail: Mail) -> None:
        """Deliver it, or raise OSError, TimeoutError or SMTPException."""


class SmtpMailer:
    """Sends over the SMTP server of `smtp://user:password@host:587` or `smtps://…:465`.

    A password is never sent without TLS.
    """

    def __init__(self, url: str, *, sender: str) -> None:
        parts = urlsplit(url)
        self._sender = sender
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._is_tls = parts.scheme == "smtps"

    @property
    def place(self) -> str:
        """The server's host and port."""
        return f"{self._host}:{self._port}"

    async def send(self, mail: Mail) -> None:
        """Deliver it over one connection."""
        # The recipient is the very text that was checked, and not what a header parses to.
        async with self._connection(SEND_SECONDS) as server:
            await server.send_message(_message(mail, self._sender), recipients=[mail.to])

    async def reach(self, *, seconds: float) -> None:
        """Connect and log in as for a mail, and send none; raises what `send` does."""
        async with asyncio.timeout(seconds), self._connection(seconds):
            pass

    def _connection(self, seconds: float) -> aiosmtplib.SMTP:
        # None: STARTTLS where the server offers it; an internal relay often does not.
        start_tls = True if self._user and not self._is_tls else None
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._is_tls,
            start_tls=False if self._is_tls else start_tls,
            timeout=seconds,
        )


class OutboxMailer:
    """Puts each message into a folder as an .eml file, which every mail program opens."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Write the file; its name begins with the time, so the newest sorts last."""
        name = f"{clock.now():%Y%m%dT%H%M%S.%fZ}-{new_id('mail')}"
        content = bytes(_message(mail, self._sender))
        await asyncio.to_thread(self._write, name, content)

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{name}"
        draft.write_bytes(content)
        draft.rename(self._folder / f"{name}.eml")


def without_links(name: str, otherwise: str) -> str:
    """A name that somebody chose, or `otherwise` if mail programs would make a link of it.

    Our mail goes to strangers: it is not to lead them where whoever chose the name wants them.
    """
    return otherwise if _LINK.search(name) else name


def mailer(smtp_url: str | None, *, sender: str, outbox: Path) -> Mailer:
    """The way over SMTP, or without a URL into the folder `outbox`."""
    return SmtpMailer(smtp_url, sender=sender) if smtp_url else OutboxMailer(outbox, sender=sender)


@dataclass(slots=True, order=True)
class _Item:
    """A letter under way; the less often it failed, and then the older it is, the sooner it goes.

    So what a server is slow to refuse, for the time being, keeps no first attempt waiting.
    """

    attempts: int
    number: int
    letter: Letter = field(compare=False)
    timer: asyncio.TimerHandle | None = field(default=None, compare=False)

    async def written(self) -> Mail | None:
        """The mail, which is written once."""
        if not isinstance(self.letter, Mail):
            mail = await self.letter()
            if mail is None:
                return None
            self.letter = mail
        return self.letter


class MailQueue:
    """Mail that is under way. Whoever posts neither waits nor learns what became of it.

    It lives in memory: what a crash loses is asked for again with one click.
    """

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self._numbers = count()
        # Each item waits, is with a sender, or has a timer that lets it wait again. To the queue
        # all of them are unfinished tasks.
        self._under_way: dict[int, _Item] = {}
        self._waiting: asyncio.PriorityQueue[_Item] = asyncio.PriorityQueue()

    def post(self, letter: Letter) -> None:
        """Send a message, or one that is written (or turns out needless) only later."""
        if len(self._under_way) >= WAITING_MAX:
            log.error("mail dropped", reason="too many wait")
            return
        item = _Item(attempts=0, number=next(self._numbers), letter=letter)
        self._under_way[item.number] = item
        self._waiting.put_nowait(item)

    async def emptied(self) -> None:
        """Return once everything that was posted has been dealt with."""
        await self._waiting.join()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send while the block lasts, and for a few seconds what is left when it ends."""
        try:
            async with in_background(self._work()):
                yield
                for item in self._under_way.values():
                    if item.timer:
                        self._try_again(item)  # now or never
                with suppress(TimeoutError):
                    async with asyncio.timeout(DRAIN_SECONDS):
                        await self.emptied()
        finally:
            while not self._waiting.empty():
                self._waiting.get_nowait()
            for item in list(self._under_way.values()):
                self._drop(item, "the process ends")

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(SENDERS):
                group.create_task(self._send_one_after_another())

    async def _send_one_after_another(self) -> None:
        while True:
            item = await self._waiting.get()
            item.attempts += 1
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._deliver(item)
            except _AWAY as error:
                log.warning("mail not sent", reason=type(error).__name__)
                self._put_off(item, error)
            except Exception:  # nobody is above, and the other letters must go out
                log.exception("mail dropped")
                self._end(item)
            else:
                self._end(item)

    async def _deliver(self, item: _Item) -> None:
        mail = await item.written()
        if mail is None:
            return
        if mail.good_until is not None and mail.good_until <= clock.now():
            log.error("mail dropped", reason="it is of no use any more")
            return
        await self._mailer.send(mail)

    def _put_off(self, item: _Item, error: Exception) -> None:
        """Let it wait aside, where it keeps no sender from its work, if there is any hope."""
        if _is_for_good(error):
            self._drop(item, "it was refused for good")
        elif item.attempts > len(PAUSES_SECONDS):
            self._drop(item, "it could not be sent")
        else:
            pause_seconds = PAUSES_SECONDS[item.attempts - 1]
            loop = asyncio.get_running_loop()
            item.timer = loop.call_later(pause_seconds, self._try_again, item)

    def _try_again(self, item: _Item) -> None:
        if item.timer:
            item.timer.cancel()
            item.timer = None
        self._waiting.put_nowait(item)
        self._waiting.task_done()  # of the attempt before

    def _drop(self, item: _Item, reason: str) -> None:
        log.error("mail dropped", reason=reason)
        self._end(item)

    def _end(self, item: _Item) -> None:
        if item.timer:
            item.timer.cancel()
        del self._under_way[item.number]
        self._waiting.task_done()


def _is_for_good(error: Exception) -> bool:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(_is_for_good(refused) for refused in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= _REFUSALS


def _message(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("<> "))
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers (RFC 3834)
    # As it is where it can be: in an .eml file a link must survive being copied.
    message.set_content(mail.text, cte="7bit" if mail.text.isascii() else None)
    return message
