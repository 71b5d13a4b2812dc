"""What people at the front desk work with: passwords, limits, mail, sealed secrets, a way out."""

from dataclasses import dataclass
from typing import Final

from app.core.attempts import Attempts
from app.core.limiter import network_of
from app.core.mail import MailQueue
from app.core.passwords import Passwords
from app.core.safe_fetch import SafeFetcher
from app.core.sealed import Sealer

ADDRESS_ATTEMPTS_PER_MINUTE: Final = 30  # of one client, who may be a whole office
EMAIL_ATTEMPTS_PER_MINUTE: Final = 10
REGISTRATIONS_PER_DAY: Final = 1000  # of one client address: each leaves a row behind
DOCUMENTS_PER_DAY: Final = 5000  # that one client address names: new ones leave rows, too
MAILS_PER_MINUTE: Final = 3  # to one mailbox, as one client asks for them
MAILS_PER_DAY: Final = 20
ASKER_MAILS_PER_DAY: Final = 1000  # to whomever
PROVIDER_CHECKS_PER_MINUTE: Final = 10  # of one organization: each asks somebody else's host
PROVIDER_CHECKS_PER_DAY: Final = 200
SUBSCRIBER_BITS: Final = 48  # the most that one subscriber is given: many have more than one /64
# Whoever asks: a mailbox bears no more, and no stranger alone uses up what its owner needs.
MAILBOX_MAILS_PER_MINUTE: Final = 10
MAILBOX_MAILS_PER_DAY: Final = 100
# Where dots in the name mean nothing, and by which name the place is counted.
_DOTLESS: Final = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The composition root sets it up once a process. Links in mails begin with `base_url`.

    `fetcher` asks what customers want to have asked, apart from what end users' logins wait for.
    """

    passwords: Passwords
    attempts: Attempts
    mail: MailQueue
    sealer: Sealer
    fetcher: SafeFetcher
    base_url: str

    async def take_mail(self, door: str, asker: str, email: str, *, jointly: bool = False) -> None:
        """Count a mail to this address, for which `asker` asks: a client's address, or an id.

        Raises TooMany and, with `jointly`, Unavailable while a configured Redis is away.
        """
        take = self.attempts.take_jointly if jointly else self.attempts.take
        box, network = _mailbox(email), network_of(asker, bits=SUBSCRIBER_BITS)
        own = f"{network} {box}"
        await take(
            door, network, per_minute=ADDRESS_ATTEMPTS_PER_MINUTE, per_day=ASKER_MAILS_PER_DAY
        )
        await take(door, own, per_minute=MAILS_PER_MINUTE, per_day=MAILS_PER_DAY)
        await take("mail", box, per_minute=MAILBOX_MAILS_PER_MINUTE, per_day=MAILBOX_MAILS_PER_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Where a request comes from: its address, and what it says that it is."""

    address: str
    user_agent: str = ""


def _mailbox(email: str) -> str:
    """What receives the mail to an address: `ann+docs@` is most often `ann@`."""
    name, _, domain = email.rpartition("@")
    name = name.partition("+")[0]
    if domain in _DOTLESS:
        name, domain = name.replace(".", ""), _DOTLESS[domain]
    return f"{name}@{domain}"
