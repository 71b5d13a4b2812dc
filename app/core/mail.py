"""Mail: written and sent behind the caller's back, over SMTP or into a folder on this machine."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from app.core import clock
from app.core.background import in_background
from app.core.errors import Unavailable
from app.core.ids import new_id

SENDERS: Final = 4  # one slow receiver does not hold up the others
WAITING_MAX: Final = 1000
SEND_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 5.0
PAUSES_SECONDS: Final = (0.0, 2.0, 20.0)  # before each attempt; after the last it is dropped
_LINK: Final = re.compile(r"://|@|www\.|\w\.[^\W\d_]{2}", re.IGNORECASE)
_PORTS: Final = {"smtp": 587, "smtps": 465}
_AWAY = (OSError, TimeoutError, aiosmtplib.SMTPException, Unavailable)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A plain text message. Its text may hold a token: no log shows it."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


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

    async def send(self, mail: Mail) -> None:
        """Deliver it over one connection."""
        # None: STARTTLS where the server offers it; an internal relay often does not.
        start_tls = True if self._user and not self._is_tls else None
        await aiosmtplib.send(
            _message(mail, self._sender),
            recipients=[mail.to],  # the very text that was checked, and not what a header parses to
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._is_tls,
            start_tls=False if self._is_tls else start_tls,
            timeout=SEND_SECONDS,
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


class MailQueue:
    """Mail that is under way. Whoever posts neither waits nor learns what became of it.

    It lives in memory: what a crash loses is asked for again with one click.
    """

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self._waiting: asyncio.Queue[Letter] = asyncio.Queue(WAITING_MAX)

    def post(self, letter: Letter) -> None:
        """Send a message, or one that is written (or turns out needless) only later."""
        if self._waiting.full():
            log.error("mail dropped", reason="too many wait")
        else:
            self._waiting.put_nowait(letter)

    async def emptied(self) -> None:
        """Return once everything that was posted has been dealt with."""
        await self._waiting.join()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send while the block lasts, and for a few seconds what is left when it ends."""
        async with in_background(self._work()):
            yield
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self.emptied()
            if not self._waiting.empty():
                log.error("mail dropped", reason="the process ends")

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(SENDERS):
                group.create_task(self._send_one_after_another())

    async def _send_one_after_another(self) -> None:
        while True:
            letter = await self._waiting.get()
            try:
                await self._deliver(letter)
            except Exception:  # nobody is above, and the other letters must go out
                log.exception("mail dropped")
            finally:
                self._waiting.task_done()

    async def _deliver(self, letter: Letter) -> None:
        mail = letter if isinstance(letter, Mail) else None
        for pause_seconds in PAUSES_SECONDS:
            await asyncio.sleep(pause_seconds)
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    if not isinstance(letter, Mail) and mail is None:
                        mail = await letter()
                    if mail is not None:
                        await self._mailer.send(mail)
            except _AWAY as error:
                log.warning("mail not sent", reason=type(error).__name__)
            else:
                return
        log.error("mail dropped", reason="it could not be sent")


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
