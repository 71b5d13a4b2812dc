"""What people at the front desk work with: passwords, limits on attempts, mail, sealed secrets."""

from dataclasses import dataclass
from typing import Final

from app.core.attempts import Attempts
from app.core.mail import MailQueue
from app.core.passwords import Passwords
from app.core.sealed import Sealer

ADDRESS_ATTEMPTS_PER_MINUTE: Final = 30  # of one client, who may be a whole office
EMAIL_ATTEMPTS_PER_MINUTE: Final = 10
MAILS_PER_MINUTE: Final = 3  # to one address, whoever asks for them


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The composition root sets it up once a process. Links in mails begin with `base_url`."""

    passwords: Passwords
    attempts: Attempts
    mail: MailQueue
    sealer: Sealer
    base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Where a request comes from: its address, and what it says that it is."""

    address: str
    user_agent: str = ""
