"""End users who log in, as browsers and MCP clients would have them do it."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.core.enums import AuthType
from app.core.errors import ProductError
from app.core.scope import ServerScope
from app.domain import (
    admission,
    oauth_clients,
    oauth_configs,
    oauth_flows,
    oauth_logins,
    oauth_tokens,
)
from app.domain.admission import Caller, Credentials
from app.domain.end_users import Person
from app.domain.oauth_clients import Client
from app.domain.oauth_configs import ProviderSettings
from app.domain.oauth_endings import Completed
from app.domain.oauth_flows import AuthorizationRequest, FlowKey
from app.domain.oauth_logins import UpstreamRound
from app.domain.oauth_scopes import asked
from app.domain.oauth_tokens import Issued
from app.domain.server_directory import ServerConfig, ServerDirectory
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET
from tests.support.people import Reception, client
from tests.support.world import World

CALLBACK = "http://127.0.0.1:33418/callback"
VERIFIER = "v" * 43
CHALLENGE = oauth_tokens.challenge_of(VERIFIER)
ISSUER = "https://id.example.com"
TABLES = (
    "oauth_client",
    "oauth_flow",
    "oauth_grant",
    "oauth_code",
    "oauth_token",
    "login_account",
    "end_user",
)
METADATA: dict[str, Any] = {"client_name": "Cursor", "redirect_uris": [CALLBACK]}


@dataclass(frozen=True, slots=True)
class Door:
    """A server whose end users log in, and the desk that they log in at."""

    config: ServerConfig
    people: Reception
    clients: list[Client] = field(default_factory=list)

    @property
    def scope(self) -> ServerScope:
        """The server's scope."""
        return admission.server_scope(self.config)

    async def registered(self, **metadata: Any) -> Client:
        """A new client."""
        told = {**METADATA, **metadata}
        made = await oauth_clients.register(self.scope, self.people.desk, client(), told)
        return made.client

    async def the_client(self) -> Client:
        """The client that everyone here uses who names no other."""
        if not self.clients:
            self.clients.append(await self.registered())
        return self.clients[0]

    async def begun(self, app: Client | None = None, **asking: Any) -> FlowKey:
        """A login that has just begun, in a browser that shows its form."""
        given = {
            "client": app or await self.the_client(),
            "redirect_uri": CALLBACK,
            "state": "the state",
            "scopes": asked(None),
            "resource": None,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **asking,
        }
        begun = await oauth_flows.begin(
            self.config, self.people.desk, client(), AuthorizationRequest(**given)
        )
        cookie = begun.cookie.reveal()
        return FlowKey(flow_id=begun.flow.id, cookie=cookie, csrf=oauth_flows.csrf_token(cookie))

    async def consented(self, app: Client | None = None, **asking: Any) -> FlowKey:
        """The same, once the person has agreed."""
        key = await self.begun(app, **asking)
        await oauth_flows.consent(self.config, key)
        return key

    async def mailed_code(self, key: FlowKey, email: str) -> str:
        """The one-time code that was sent there just now."""
        await oauth_logins.request_email_code(
            self.config, self.people.desk, client(), key, email=email
        )
        text = (await self.people.mails_to(email))[-1].text
        return "".join(character for character in text.splitlines()[2] if character.isdigit())

    async def try_code(self, key: FlowKey, code: str) -> Completed:
        """Enter a one-time code."""
        return await oauth_logins.check_email_code(
            self.config, self.people.desk, client(), key, code=code
        )

    async def logged_in(
        self, who: str = "ann@acme.test", app: Client | None = None, **asking: Any
    ) -> Completed:
        """The end of a whole login, of an address or of a subject at the customer's provider."""
        key = await self.consented(app, **asking)
        if self.config.auth_type is AuthType.PLATFORM_OAUTH:
            return await self.try_code(key, await self.mailed_code(key, who))
        if await oauth_configs.of_server(self.scope, self.config.id) is None:
            await configure(self, ISSUER)
        round_trip = await self.gone_upstream(key)
        await oauth_logins.back_from_upstream(self.config, key, state=round_trip.state)
        person = Person(issuer=ISSUER, subject=who, email=f"{who}@acme.test")
        return await oauth_logins.complete(self.config, key, person)

    async def gone_upstream(self, key: FlowKey) -> UpstreamRound:
        """What goes along to the customer's provider."""
        return await oauth_logins.go_upstream(self.config, self.people.desk, client(), key)

    async def redeemed(self, code: str, app: Client | None = None, **asking: Any) -> Issued:
        """What a code is worth."""
        given: dict[str, Any] = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER, **asking}
        return await oauth_tokens.redeem_code(
            self.config, app or await self.the_client(), code=code, **given
        )

    async def tokens(
        self, who: str = "ann@acme.test", app: Client | None = None, **asking: Any
    ) -> Issued:
        """The tokens of somebody who has just logged in."""
        return await self.redeemed(code_in(await self.logged_in(who, app, **asking)), app)

    async def refreshed(self, token: str, app: Client | None = None, **asking: Any) -> Issued:
        """What a refresh token is worth."""
        return await oauth_tokens.refresh(
            self.config, self.people.desk, app or await self.the_client(), token=token, **asking
        )

    async def admitted(self, token: str | None, **brought: Any) -> Caller:
        """Whoever calls with this access token."""
        async with admission.unit_of_work(self.config):
            return await admission.admit(self.config, Credentials(token=token, **brought))

    async def new_session(self, caller: Caller | None = None) -> str:
        """A session's id, of this caller if it is given."""
        async with admission.unit_of_work(self.config):
            return await admission.open_session(
                self.config,
                client=("cursor", "1"),
                tracking_id=None,
                end_user_id=caller.end_user_id if caller else None,
            )


def code_in(done: Completed) -> str:
    """What the client is to be told of a login, which it has not been told yet."""
    assert done.code is not None
    return done.code.reveal()


async def let_retries_pass(world: World) -> None:
    """As if every refresh token that was used had been used half a minute ago."""
    await world.owner.execute(
        "UPDATE oauth_token SET used_at = used_at - $1::interval", oauth_tokens.RETRIED_FOR
    )


async def kept(world: World) -> list[Any]:
    """All rows that logins are made of, and of the end users who log in."""
    return [await world.rows(f"SELECT * FROM {table} ORDER BY id") for table in TABLES]


async def refused(world: World, work: Awaitable[object], error: type[ProductError]) -> ProductError:
    """What the work is refused with, having changed nothing."""
    before = await kept(world)
    with pytest.raises(error) as refusal:
        await work
    assert await kept(world) == before
    return refusal.value


async def door(
    world: World, people: Reception, *, auth_type: AuthType = AuthType.PLATFORM_OAUTH
) -> Door:
    """The world's server as one whose end users log in in this way."""
    await world.change_server(auth_type=auth_type.value)
    config = await ServerDirectory().by_slug(world.slug)
    assert config is not None
    return Door(config, people)


async def configure(
    here: Door, issuer: str, *, scopes: tuple[str, ...] = oauth_configs.DEFAULT_SCOPES
) -> None:
    """Have the server's end users log in at this provider."""
    settings = ProviderSettings(
        issuer=issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, scopes=scopes
    )
    owner = await admission.operator_as_owner(f"{here.config.slug}-org")
    await oauth_configs.set_config(owner, here.people.desk, here.config.id, settings=settings)
