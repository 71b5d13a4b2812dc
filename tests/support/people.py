"""People who sign up, confirm their address and sign in, as a frontend would have them do it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from typing_extensions import override

from app.core.attempts import Attempts
from app.core.enums import Role
from app.core.mail import Mail, MailQueue
from app.core.passwords import Passwords
from app.core.scope import MemberScope, UserScope
from app.core.sealed import Sealer
from app.domain import accounts, admission, invitations, members
from app.domain.desk import Client, Desk
from tests.support.internet import Internet
from tests.support.upstream import fetcher

PASSWORD = "a long enough secret"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_TOKEN = re.compile(r"\?token=(\S+)")


@dataclass(slots=True)
class Postbox:
    """Takes mails as a receiving server would."""

    mails: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        """Keep it."""
        self.mails.append(mail)


class Unlimited(Attempts):
    """Counts nothing."""

    @override
    async def take(
        self, door: str, whose: str, *, per_minute: int, per_day: int | None = None
    ) -> None:
        """Let it pass."""

    @override
    async def take_jointly(
        self, door: str, whose: str, *, per_minute: int, per_day: int | None = None
    ) -> None:
        """Let it pass."""


class Away:
    """What processes count in together, which has gone."""

    async def hit(self, *_: object, **__: object) -> int:
        """Let it pass."""
        return 0

    async def hit_if_counted(self, *_: object, **__: object) -> int | None:
        """Say that nobody counts."""
        return None


@dataclass(frozen=True, slots=True)
class Reception:
    """A front desk whose mail can be read."""

    desk: Desk
    postbox: Postbox

    async def mails_to(self, address: str) -> list[Mail]:
        """What has gone there so far."""
        await self.desk.mail.emptied()
        return [mail for mail in self.postbox.mails if mail.to == address]

    async def token_sent_to(self, address: str) -> str:
        """The token in the last mail that went there."""
        match = _TOKEN.search((await self.mails_to(address))[-1].text)
        assert match is not None
        return match[1]

    async def sign_up(self, address: str, password: str = PASSWORD) -> None:
        """Sign up, and no more."""
        await accounts.sign_up(self.desk, client(), email=address, password=password)

    async def sign_in(self, address: str, password: str = PASSWORD) -> str:
        """A session's token."""
        signed = await accounts.sign_in(self.desk, client(), email=address, password=password)
        return signed.token.reveal()

    async def newcomer(self, address: str) -> str:
        """The session token of someone who has just signed up and confirmed the address."""
        await self.sign_up(address)
        await accounts.verify_email(await self.token_sent_to(address))
        return await self.sign_in(address)

    async def user(self, address: str) -> UserScope:
        """The same, as the scope of the session."""
        return await admission.signed_in(await self.newcomer(address))

    async def founder(self, address: str = "olga@acme.test", slug: str = "acme-tools") -> str:
        """The session token of someone who has just founded an organization."""
        token = await self.newcomer(address)
        await members.found(await admission.signed_in(token), name="Acme", slug=slug)
        return token

    async def owner(self, address: str = "olga@acme.test", slug: str = "acme-tools") -> MemberScope:
        """The scope of the same."""
        return await admission.member(await self.founder(address, slug), slug)

    async def joined(self, scope: MemberScope, address: str, role: Role) -> MemberScope:
        """The scope of someone new who was invited and accepted."""
        token = await self.newcomer(address)
        await invitations.invite(scope, self.desk, email=address, role=role)
        invited = await self.token_sent_to(address)
        await invitations.accept(await admission.signed_in(token), invited)
        return await admission.member(token, scope.organization_id)


def client(address: str = "203.0.113.7") -> Client:
    """A browser."""
    return Client(address=address, user_agent="Firefox")


def new_desk(postbox: Postbox, attempts: Attempts | None = None) -> Desk:
    """A front desk with quick hashes; it sends mail only while its queue is running."""
    return Desk(
        passwords=Passwords(CHEAP),
        attempts=attempts or Unlimited(),
        mail=MailQueue(postbox),
        sealer=Sealer("k" * 32),
        fetcher=fetcher(resolver=Internet().resolve),  # this machine, and nothing beyond
        base_url="http://localhost:8000",
    )


@asynccontextmanager
async def reception(attempts: Attempts | None = None) -> AsyncIterator[Reception]:
    """A front desk, open while the block lasts."""
    postbox = Postbox()
    desk = new_desk(postbox, attempts)
    async with desk.mail.running():
        yield Reception(desk, postbox)
    desk.passwords.close()
