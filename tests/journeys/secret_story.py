"""One organization's life with all its secrets, in two processes one after the other."""

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from redis.asyncio import Redis

from tests.journeys import secret_breaks, secret_faults, secret_reading, secret_upstream
from tests.journeys.secret_logins import (
    App,
    at_the_provider,
    come_back,
    log_in_by_mail,
    registered,
    set_provider,
)
from tests.journeys.secret_members import Office, furnish, open_office
from tests.support.identity_provider import CLIENT_SECRET, IdentityProvider, identity_provider
from tests.support.internet import Authority
from tests.support.redis_servers import free_port
from tests.support.secrets_watch import Watch
from tests.support.watched_platform import Browser, Platform, platform

_OTHER_SECRET = "an0ther:with/colon +and%signs & quotes"
_METHODS = ("none", "client_secret_basic", "client_secret_post")


async def play(
    watch: Watch, owner: asyncpg.Connection, folder: Path, redis: Redis, settings: dict[str, str]
) -> None:
    """Every chapter. The second process has another sealing key, and logs as terminals show it."""
    first_key, second_key = (watch.keep("sealing key", f"{name} key/+%" * 4) for name in "ab")
    trusted = Authority(folder)
    (folder / "authority.pem").write_bytes(trusted.pem())
    told = {
        "MCPLATFORM_LOG_LEVEL": "debug",
        "MCPLATFORM_LOG_BODIES": "true",
        "MCPLATFORM_ADDRESS_CALLS_PER_MINUTE": "1000000",
        "MCPLATFORM_SECRET_KEY": first_key,
        "SSL_CERT_FILE": str(folder / "authority.pem"),
        **settings,
    }
    async with identity_provider() as provider:
        async with platform(watch, owner, folder, free_port(), **told) as first:
            office = await _first_process(first, provider)
            await watch.look_into(redis)
            assert await first.leave() == 0
        async with secret_breaks.repeating_post_office(trusted.serving("localhost")) as port:
            password = watch.keep("SMTP password", "smtp pass/word+%")
            told |= {
                "MCPLATFORM_SECRET_KEY": second_key,
                "MCPLATFORM_SECRET_KEY_OLD": first_key,
                "MCPLATFORM_SMTP_URL": f"smtps://us:{quote(password, safe='')}@localhost:{port}",
                "MCPLATFORM_LOG_FORMAT": "console",
            }
            async with platform(watch, owner, folder, free_port(), **told) as second:
                moved = Browser(second, second.origin(), dict(office.owner.cookies))
                office.owner = moved
                await _second_process(office, provider)
                await watch.look_into(redis)
                assert await second.leave() == 0


async def _first_process(first: Platform, provider: IdentityProvider) -> Office:
    watch = first.watch
    watch.chapter = "members"
    office = await open_office(first)
    await furnish(office)
    watch.chapter = "logins"
    apps = await _log_in(first)
    await log_in_by_mail(
        await registered(first, "acme-docs", callback="com.acme.app:/back"), "o@p.test"
    )
    watch.chapter = "provider"
    await set_provider(office, provider, CLIENT_SECRET, idempotencyKey="once")
    custom = await registered(first, "acme-own")
    await _log_in_at_the_provider(custom, provider)
    await custom.walk()
    await secret_upstream.suffer(custom, provider, secret_upstream.repeating, CLIENT_SECRET)
    watch.chapter = "shouting-provider"
    await secret_upstream.suffer(custom, provider, secret_upstream.shouting, CLIENT_SECRET)
    watch.chapter = "rotation"
    await set_provider(office, provider, _OTHER_SECRET)
    browser, back = await at_the_provider(custom, provider)  # it knows only the secret of before
    assert "error=" in (await come_back(browser, provider, back)).headers["location"]
    await set_provider(office, provider, CLIENT_SECRET)
    await _log_in_at_the_provider(custom, provider)
    await _go_wrong(office, apps[0], custom)
    watch.chapter = "breaks"
    await secret_breaks.break_the_office(office, provider)
    await secret_breaks.break_a_login_by_mail(await registered(first, "acme-docs"), "b@p.test")
    await secret_breaks.break_a_login_at_the_provider(custom, provider)
    watch.chapter = "reading"
    await secret_reading.read_everything(office)
    await secret_reading.probe(first)
    return office


async def _second_process(office: Office, provider: IdentityProvider) -> None:
    second = office.owner.platform
    second.watch.chapter = "another-key"
    custom = await registered(second, "acme-own")
    await _log_in_at_the_provider(custom, provider)
    await set_provider(office, provider, None)  # which seals it with the new key
    await _log_in_at_the_provider(custom, provider)
    await secret_breaks.have_mail_refused(office)
    second.watch.chapter = "more-breaks"
    await secret_breaks.break_the_office(office, provider)
    await secret_breaks.break_a_login_at_the_provider(custom, provider)


async def _log_in(first: Platform) -> list[App]:
    apps = []
    for number, method in enumerate(_METHODS):
        app = await registered(first, "acme-docs", method)
        other = await registered(first, "acme-docs", method)
        stranger = await registered(first, "acme-next", method)
        await log_in_by_mail(app, f"person-{number}@acme.test")
        await secret_faults.misuse(app, other, stranger)
        await secret_faults.use_up(app, other, stranger)
        apps.append(app)
    return apps


async def _log_in_at_the_provider(app: App, provider: IdentityProvider) -> None:
    browser, back = await at_the_provider(app, provider)
    app.brought_back((await come_back(browser, provider, back)).headers["location"])
    assert (await app.redeem()).status_code == 200
    assert (await app.refresh()).status_code == 200


async def _go_wrong(office: Office, app: App, custom: App) -> None:
    """One secret of each kind, the last that there was, in all the wrong places."""
    platform, watch = office.owner.platform, office.owner.platform.watch
    last = {kind: secret for secret, kind in watch.secrets.items() if "MCP" not in kind}
    secrets = list(last.values())
    watch.chapter = "mistakes"
    await secret_faults.mistake(app, secrets)
    await secret_faults.mistake(custom, secrets[1:])
    await secret_faults.mistake_over_graphql(office, last)
    watch.chapter = "scattered"
    await secret_faults.scatter(platform, "acme-docs", secrets)
    watch.chapter = "lost-ways"
    await secret_faults.lose_the_way(platform, "acme-docs", secrets)
    watch.chapter = "misspellings"
    await secret_faults.misspell(office, {name: last[name] for name in ("password", "API key")})


def with_password(dsn: str, password: str) -> str:
    """The DSN with this password, unless it has one that is needed."""
    parts = urlsplit(dsn)
    if parts.password is not None:
        return dsn
    user, _, place = parts.netloc.rpartition("@")
    netloc = f"{user}:{quote(password, safe='')}@{place}"
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))
