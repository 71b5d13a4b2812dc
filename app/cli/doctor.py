"""`mcplatform doctor`."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final, NamedTuple

import aiosmtplib
import click

from app.cli.command import errors_explained, quiet_settings
from app.cli.terminal import plain
from app.core.embedded_postgres import EmbeddedPostgresError
from app.core.errors import Unavailable
from app.core.limiter import Limiter
from app.core.mail import SmtpMailer
from app.core.metrics import Metrics
from app.core.settings import Settings
from app.repositories import migrations
from app.repositories.opening import database_url

SMTP_SECONDS: Final = 10.0


class Finding(NamedTuple):
    """What a check found, and what to do about it if something is wrong."""

    subject: str
    state: str
    advice: str | None = None


@click.command()
def command() -> None:
    """Check settings, database, migrations, Redis, mail, proxies and host names.

    Says of all that is wrong what to do about it. No mail is sent.

    Exit code 1 if something is wrong.
    """
    with errors_explained():
        settings = quiet_settings()
    findings = asyncio.run(_findings(settings))
    for finding in findings:
        mark = "ok " if finding.advice is None else "FIX"
        click.echo(f"{mark}  {finding.subject}: {finding.state}")
        if finding.advice is not None:
            click.echo(f"     {finding.advice}")
    sys.exit(any(finding.advice for finding in findings))


async def _findings(settings: Settings) -> list[Finding]:
    kind = "production" if settings.is_production else "development"
    return [
        Finding("Settings", f"{kind}, at {settings.base_url}"),
        *[finding async for finding in _database(settings)],
        await _redis(settings),
        await _mail(settings),
        *_proxies(settings),
        *_host_names(settings),
    ]


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    where = "DATABASE_URL" if settings.database_url else f"embedded, in {settings.data_folder}"
    try:
        with database_url(settings) as dsn:
            state = await migrations.state(dsn)
    except EmbeddedPostgresError as error:
        yield Finding("Database", f"{where}: does not run", str(error))
        return
    except Unavailable as error:
        yield Finding("Database", f"{where}: no answer", error.message)
        return
    yield Finding("Database", f"{where}: answers as {state.owner}")
    if state.pending:
        advice = "Run `mcplatform migrate`."
        yield Finding("Migrations", f"{len(state.pending)} are missing", advice)
        return
    yield Finding("Migrations", "all applied")
    if state.has_tenant:
        yield Finding(
            "Role and grants", f"the pool can work as {migrations.tenant_role(state.owner)}"
        )
    else:
        yield Finding("Role and grants", "missing", "Run `mcplatform migrate`.")


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding("Redis", "not configured; a single process needs none")
    limiter = Limiter(
        metrics=Metrics(),
        address_calls_per_minute=settings.address_calls_per_minute,
        redis_url=settings.redis_url.get_secret_value(),
    )
    async with aclosing(limiter):
        if await limiter.reach_redis():
            return Finding("Redis", "answers")
    advice = (
        "Start it, or correct REDIS_URL and its password. Until it answers, nobody can log in, and "
        "calls are limited by address alone."
    )
    return Finding("Redis", "no answer within 200 ms", advice)


async def _mail(settings: Settings) -> Finding:
    if settings.smtp_url is not None:
        url = settings.smtp_url.get_secret_value()
        return await _smtp(SmtpMailer(url, sender=settings.mail_from))
    state = f"not configured: it goes into {settings.data_folder / 'outbox'}"
    if settings.is_production:
        return Finding("Mail", f"{state}, and reaches nobody", "Set MCPLATFORM_SMTP_URL.")
    return Finding("Mail", state)


async def _smtp(mailer: SmtpMailer) -> Finding:
    """What the server says is not told: it may repeat a password."""
    try:
        await mailer.reach(seconds=SMTP_SECONDS)
    except aiosmtplib.SMTPAuthenticationError:
        advice = "Correct them in MCPLATFORM_SMTP_URL."
        return Finding("Mail", f"{mailer.place} refuses the user or the password", advice)
    except aiosmtplib.SMTPResponseException as error:
        reason = f"it answers {error.code}"
    except (OSError, TimeoutError, aiosmtplib.SMTPException) as error:
        reason = plain(str(error)) or f"no answer within {SMTP_SECONDS:.0f} s"
    else:
        return Finding("Mail", f"{mailer.place} answers")
    advice = "Start it, or correct MCPLATFORM_SMTP_URL."
    return Finding("Mail", f"{mailer.place} takes none: {reason}", advice)


def _proxies(settings: Settings) -> list[Finding]:
    if not settings.is_production:
        return []
    if settings.trusted_proxies:
        return [Finding("Proxies", f"trusted: {', '.join(map(str, settings.trusted_proxies))}")]
    state = "none are trusted: behind one, everybody shares one address's limits"
    # We speak no TLS ourselves, so that whoever is reached over https is behind one.
    return [Finding("Proxies", state, "Set MCPLATFORM_TRUSTED_PROXIES.")]


def _host_names(settings: Settings) -> list[Finding]:
    base = settings.base_host
    subdomain = f"any-server.{base}"
    found = [_resolved(base, "Make it resolve, or correct MCPLATFORM_BASE_URL.")]
    if settings.is_production:
        found.append(_resolved(subdomain, f"Add a DNS record for *.{base}."))
        found += [_resolved(alias, "Make it resolve here.") for alias in settings.host_aliases]
    elif _addresses(subdomain) is None:
        state = (
            "does not resolve for every program on this machine; the sample server also answers at "
            "127.0.0.1"
        )
        found.append(Finding(f"Host name {subdomain}", state))
    else:
        found.append(_resolved(subdomain, ""))
    return found


def _resolved(host: str, advice: str) -> Finding:
    addresses = _addresses(host)
    if addresses is None:
        return Finding(f"Host name {host}", "does not resolve", advice)
    return Finding(f"Host name {host}", f"resolves to {addresses}")


def _addresses(host: str) -> str | None:
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):  # a label longer than any name may have is the latter
        return None
    return ", ".join(sorted({str(address[0]) for *_, address in found}))
