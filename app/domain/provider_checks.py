"""Trying a customer's OpenID provider before anybody logs in with it: what somebody must mend.

It is asked as logins ask it, anew each time, and told to whoever entered it. Whether redirect URI,
scopes and claims are right only a login shows.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.ids import new_id
from app.core.scope import MemberScope
from app.core.sealed import Unreadable
from app.domain import id_tokens, oauth_configs, permissions, servers
from app.domain.code_exchange import SecretNotTaken, refusal
from app.domain.desk import PROVIDER_CHECKS_PER_DAY, PROVIDER_CHECKS_PER_MINUTE, Desk
from app.domain.oauth_configs import Provider
from app.domain.permissions import Action
from app.domain.provider_metadata import (
    OtherIssuer,
    ProviderDirectory,
    ProviderMetadata,
    discovery_url,
)
from app.domain.upstream_errors import ProviderFaulty, ProviderUnavailable

_SHOWN_MAX: Final = 200  # characters of what a provider says
_FAILURES: Final = (ProviderUnavailable, ProviderFaulty)
# Some providers say of a wrong secret that the client may not use this grant.
_OF_THE_CLIENT: Final = frozenset({"invalid_client", "unauthorized_client"})


class ProviderProblemCode(StrEnum):
    """What a login with the provider fails at, or may fail at."""

    UNREACHABLE = "unreachable"
    DISCOVERY_UNUSABLE = "discovery_unusable"
    OTHER_ISSUER = "other_issuer"
    KEYS_UNUSABLE = "keys_unusable"
    CLIENT_REFUSED = "client_refused"
    CLIENT_UNCERTAIN = "client_uncertain"
    SECRET_NOT_TAKEN = "secret_not_taken"  # noqa: S105 - a code
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 - a code


@dataclass(frozen=True, slots=True)
class ProviderProblem:
    """Something to mend, in sentences for whoever entered the provider."""

    code: ProviderProblemCode
    message: str


@dataclass(frozen=True, slots=True)
class ProviderCheck:
    """What came of asking a provider; `redirect_uri` is what must be entered there."""

    redirect_uri: str
    problems: tuple[ProviderProblem, ...]


async def check(scope: MemberScope, desk: Desk, server_id: str) -> ProviderCheck:
    """What is wrong with the provider that was entered for a server; it changes nothing.

    It may take ten seconds: call it outside of any unit of work. Raises NotPermitted, NotFound,
    NotConfigured and TooMany.
    """
    permissions.require(scope, Action.MANAGE_SERVERS)
    server = await servers.by_id(scope, server_id)
    redirect_uri = oauth_configs.redirect_uri(server.slug, base_url=desk.base_url)
    try:
        provider = await oauth_configs.provider_at(scope, server_id, desk.sealer)
    except Unreadable:
        return ProviderCheck(redirect_uri, (_secret_unreadable(),))
    await desk.attempts.take(
        "check a provider",
        scope.organization_id,
        per_minute=PROVIDER_CHECKS_PER_MINUTE,
        per_day=PROVIDER_CHECKS_PER_DAY,
    )
    directory = ProviderDirectory(desk.fetcher)  # it knows nothing yet: all is asked anew
    return ProviderCheck(redirect_uri, await _problems(directory, provider, redirect_uri))


async def _problems(
    directory: ProviderDirectory, provider: Provider, redirect_uri: str
) -> tuple[ProviderProblem, ...]:
    try:
        metadata = await directory.metadata(provider.issuer)
    except _FAILURES as failure:
        return (_of_discovery(failure, provider.issuer),)
    async with asyncio.TaskGroup() as group:
        keys = group.create_task(_of_keys(directory, metadata))
        client = group.create_task(_of_client(directory, metadata, provider, redirect_uri))
    found = (keys.result(), client.result())
    return tuple(problem for problem in found if problem is not None)


def _of_discovery(failure: ProviderUnavailable | ProviderFaulty, issuer: str) -> ProviderProblem:
    url = discovery_url(issuer)
    if isinstance(failure, OtherIssuer):
        return ProviderProblem(
            ProviderProblemCode.OTHER_ISSUER,
            f"Your provider is entered under another name. {failure.reason} If it is yours, enter "
            "the issuer as it spells it: both must be the same to the last character.",
        )
    if isinstance(failure, ProviderUnavailable):
        return ProviderProblem(
            ProviderProblemCode.UNREACHABLE,
            f"Your provider gives no answer that can be used at {url}. {failure.reason} See "
            "whether the issuer is right and the provider is up, with a certificate that is good.",
        )
    return ProviderProblem(
        ProviderProblemCode.DISCOVERY_UNUSABLE,
        f"Your provider's discovery document cannot be used. {_sentence(failure.reason)} It must "
        f"be at {url}: mend the issuer, or the provider.",
    )


async def _of_keys(
    directory: ProviderDirectory, metadata: ProviderMetadata
) -> ProviderProblem | None:
    algorithms = metadata.id_token_signing_alg_values_supported
    try:
        if id_tokens.fit(await directory.keys(metadata), algorithms):
            return None
        told = ", ".join(algorithms)[:_SHOWN_MAX]
        reason = f"None of them fits the algorithms that it names for ID tokens ({told})."
    except _FAILURES as failure:
        reason = failure.reason
    return ProviderProblem(
        ProviderProblemCode.KEYS_UNUSABLE,
        f"Your provider's keys cannot be used. {_sentence(reason)} See that it publishes the key "
        "with which it signs ID tokens, such as one for RS256 or ES256, at "
        f"{metadata.jwks_uri[:_SHOWN_MAX]}.",
    )


async def _of_client(
    directory: ProviderDirectory, metadata: ProviderMetadata, provider: Provider, redirect_uri: str
) -> ProviderProblem | None:
    """By a code that was never given: who refuses the code has accepted the client before."""
    form = {
        "code": new_id("check", groups=4),
        "redirect_uri": redirect_uri,
        "code_verifier": new_id("verifier", groups=6),  # at least 43 characters, RFC 7636 §4.1
    }
    try:
        status, error = await refusal(
            directory,
            metadata,
            form,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
        )
    except SecretNotTaken as failure:
        return _secret_not_taken(failure)
    except _FAILURES as failure:
        return _uncertain(failure.reason)
    if error == "invalid_grant":
        return None
    if error in _OF_THE_CLIENT or status == 401:
        return _client_refused(has_secret=provider.client_secret is not None)
    told = f" and the error {error!r}" if error else ""
    return _uncertain(f"Its token endpoint answers with status {status}{told}.")


def _client_refused(*, has_secret: bool) -> ProviderProblem:
    if has_secret:
        told = "with this client secret. Enter both again as it shows them,"
    else:
        told = (
            "without a client secret. Enter the secret if there is one, see that the id is right,"
        )
    return ProviderProblem(
        ProviderProblemCode.CLIENT_REFUSED,
        f"Your provider does not accept the client id {told} and see that this client may use the "
        "authorization code flow.",
    )


def _uncertain(reason: str) -> ProviderProblem:
    return ProviderProblem(
        ProviderProblemCode.CLIENT_UNCERTAIN,
        f"Whether client id and client secret are right could not be found out. {reason} They may "
        "well be: log in once yourself.",
    )


def _secret_not_taken(failure: SecretNotTaken) -> ProviderProblem:
    return ProviderProblem(
        ProviderProblemCode.SECRET_NOT_TAKEN,
        f"Your provider cannot be told the client secret. {failure.reason} Have it allow "
        "client_secret_basic or client_secret_post, or enter a client that has no secret.",
    )


def _secret_unreadable() -> ProviderProblem:
    return ProviderProblem(
        ProviderProblemCode.SECRET_UNREADABLE,
        "The client secret can no longer be read here, so nothing was asked. Enter it again.",
    )


def _sentence(reason: str) -> str:
    return f"{reason.rstrip('.')}."
