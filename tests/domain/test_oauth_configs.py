"""A customer's own provider: what may be entered, who hears of it, and that the secret stays in."""

from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from msgspec import UNSET

from app.core.enums import AuthType
from app.core.errors import Invalid, NotFound
from app.core.scope import OrganizationScope
from app.core.sealed import Sealer, Unreadable
from app.domain import admission, oauth_configs, servers
from app.domain.desk import Desk
from app.domain.edits import RevisionMismatch
from app.domain.oauth_configs import ProviderSettings
from app.domain.oauth_errors import InvalidToken, NotConfigured
from app.domain.server_directory import ServerDirectory
from app.domain.servers import Server, ServerPatch, ServerSettings
from tests.support.logins import Door, code_in, door
from tests.support.people import Reception
from tests.support.tables import dump
from tests.support.world import World

CANARY = "canary-secret-5b21"
ISSUER = "https://id.example.com"
GIVEN = ProviderSettings(issuer=ISSUER, client_id="acme", client_secret=CANARY)
# As docs/operations.md tells operators to look which keys are still needed.
KEYS = (
    "SELECT server_id, split_part(client_secret, '.', 2) FROM oauth_config"
    " WHERE client_secret IS NOT NULL"
)


@pytest.fixture
async def here(world: World, people: Reception) -> Door:
    """A server whose end users log in with the customer's provider."""
    return await door(world, people, auth_type=AuthType.CUSTOM_OAUTH)


def members_scope(world: World) -> OrganizationScope:
    """The organization's scope."""
    return admission.founder(world.organization_id)


async def enter(
    world: World, here: Door, settings: ProviderSettings = GIVEN, *, desk: Desk | None = None
) -> None:
    """Enter a provider."""
    await oauth_configs.set_config(
        members_scope(world), desk or here.people.desk, world.server_id, settings=settings
    )


async def test_what_was_entered_is_what_a_login_is_told(world: World, here: Door) -> None:
    await enter(world, here)
    told = await oauth_configs.provider(here.scope, here.people.desk.sealer)
    assert (told.issuer, told.client_id, told.scopes) == (
        ISSUER, "acme", ("openid", "profile", "email"),
    )  # fmt: skip
    assert told.client_secret is not None
    assert told.client_secret.reveal() == CANARY
    assert CANARY not in repr(told)
    assert await world.rows("SELECT revision FROM server") == [(2,)]


async def test_a_server_without_a_provider_says_so(world: World, here: Door) -> None:
    with pytest.raises(NotConfigured):
        await oauth_configs.provider(here.scope, here.people.desk.sealer)
    with pytest.raises(NotFound):
        await oauth_configs.delete_config(members_scope(world), world.server_id)


async def test_the_secret_stays_until_another_is_entered_or_it_is_removed(
    world: World, here: Door
) -> None:
    async def secret() -> str | None:
        told = await oauth_configs.provider(here.scope, here.people.desk.sealer)
        return told.client_secret.reveal() if told.client_secret else None

    await enter(world, here)
    await enter(world, here, replace(GIVEN, client_id="other", client_secret=UNSET))
    assert await secret() == CANARY
    await enter(world, here, replace(GIVEN, client_secret="another"))
    assert await secret() == "another"
    await enter(world, here, replace(GIVEN, client_secret=None))
    assert await secret() is None


async def test_the_secret_is_not_handed_on_to_another_issuer(
    world: World, here: Door, owner: asyncpg.Connection
) -> None:
    await enter(world, here)
    before = await dump(owner)
    elsewhere = replace(GIVEN, issuer="https://evil.example", client_secret=UNSET)
    with pytest.raises(Invalid) as refusal:
        await enter(world, here, elsewhere)
    assert refusal.value.field == "clientSecret"
    assert await dump(owner) == before
    await enter(world, here, replace(elsewhere, client_secret="its own"))


async def test_another_issuer_or_none_logs_everybody_out(world: World, here: Door) -> None:
    for end in (
        lambda: enter(world, here, replace(GIVEN, issuer="https://new.example")),
        lambda: oauth_configs.delete_config(members_scope(world), world.server_id),
    ):
        await enter(world, here)
        token = (await here.tokens("ann")).access.reveal()
        await enter(
            world, here, replace(GIVEN, issuer=(await issuer_of(world)), client_id="changed")
        )
        await here.admitted(token)
        await end()
        with pytest.raises(InvalidToken):
            await here.admitted(token)


async def issuer_of(world: World) -> str:
    """The issuer as it is."""
    ((issuer,),) = await world.rows("SELECT issuer FROM oauth_config")
    return str(issuer)


async def test_a_server_changes_to_its_own_provider_once_that_was_entered(
    world: World, here: Door, owner: asyncpg.Connection
) -> None:
    await world.change_server(auth_type="none")
    scope = members_scope(world)

    async def change(**settings: Any) -> Server:
        return await servers.configure(scope, world.server_id, patch=ServerPatch(**settings))

    before = await dump(owner)
    with pytest.raises(Invalid) as refusal:
        await change(auth_type=AuthType.CUSTOM_OAUTH, name="")
    assert [(fault.field, fault.code) for fault in refusal.value.faults] == [
        ("name", "required"),
        ("authType", "login_not_configured"),
    ]
    assert await dump(owner) == before
    await enter(world, here)
    assert (await change(auth_type=AuthType.CUSTOM_OAUTH)).auth_type is AuthType.CUSTOM_OAUTH
    await oauth_configs.delete_config(scope, world.server_id)  # nobody can log in any more
    assert (await change(auth_type=AuthType.CUSTOM_OAUTH, name="Acme")).name == "Acme"


async def test_a_new_server_is_closed_until_its_provider_is_entered(
    world: World, here: Door
) -> None:
    settings = ServerSettings(name="Acme", product="CLI", auth_type=AuthType.CUSTOM_OAUTH)
    opened = await servers.open_server(members_scope(world), "acme-new", settings=settings)
    config = await ServerDirectory().by_slug("acme-new")
    assert config is not None
    at = Door(config, here.people)
    with pytest.raises(InvalidToken):
        await at.admitted(None)
    with pytest.raises(NotConfigured):
        await oauth_configs.provider(at.scope, here.people.desk.sealer)
    await oauth_configs.set_config(
        members_scope(world), here.people.desk, opened.id, settings=GIVEN
    )
    assert (await oauth_configs.provider(at.scope, here.people.desk.sealer)).issuer == ISSUER


async def test_who_read_an_older_revision_changes_nothing(world: World, here: Door) -> None:
    await enter(world, here)
    scope, desk = members_scope(world), here.people.desk
    with pytest.raises(RevisionMismatch):
        await oauth_configs.set_config(
            scope, desk, world.server_id, settings=replace(GIVEN, client_id="x"),
            expected_revision=1,
        )  # fmt: skip
    with pytest.raises(RevisionMismatch):
        await oauth_configs.delete_config(scope, world.server_id, expected_revision=1)
    assert await world.rows("SELECT client_id FROM oauth_config") == [("acme",)]


async def test_an_old_key_reads_until_the_settings_are_saved_again(
    world: World, here: Door
) -> None:
    await enter(world, here)
    rotated = Sealer("n" * 32, "k" * 32)
    told = await oauth_configs.provider(here.scope, rotated)
    assert told.client_secret is not None
    assert told.client_secret.reveal() == CANARY
    with pytest.raises(Unreadable):
        await oauth_configs.provider(here.scope, Sealer("n" * 32))
    desk = replace(here.people.desk, sealer=rotated)
    before = await world.rows(KEYS)
    await enter(world, here, replace(GIVEN, client_secret=UNSET), desk=desk)
    key_id = rotated.seal("x", place="x").split(".")[1]
    assert await world.rows(KEYS) == [(world.server_id, key_id)] != before
    told = await oauth_configs.provider(here.scope, Sealer("n" * 32))
    assert told.client_secret is not None
    assert told.client_secret.reveal() == CANARY


async def test_a_sealed_secret_that_is_moved_to_another_row_is_unreadable(
    world: World, here: Door
) -> None:
    await enter(world, here)
    await world.owner.execute("UPDATE oauth_config SET id = 'coac_other'")
    with pytest.raises(Unreadable):
        await oauth_configs.provider(here.scope, here.people.desk.sealer)


async def test_no_secret_of_any_login_is_in_the_database(
    world: World, here: Door, people: Reception, owner: asyncpg.Connection
) -> None:
    await enter(world, here)
    key = await here.consented()
    here_too = Door(replace(here.config, auth_type=AuthType.PLATFORM_OAUTH), people, here.clients)
    code = await here_too.mailed_code(key, "ann@acme.test")
    completed = await here.logged_in("ann")
    issued = await here.redeemed(code_in(completed))
    assert issued.refresh is not None
    secrets = [
        CANARY,
        code,
        key.cookie,
        key.csrf,
        code_in(completed),
        issued.access.reveal(),
        issued.refresh.reveal(),
        "k" * 32,
    ]
    kept = str(await dump(owner))
    assert [secret for secret in secrets if secret in kept] == []
