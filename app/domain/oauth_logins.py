"""Who the person is: proved by a mailed one-time code, or by the customer's own provider."""

import hmac
from dataclasses import dataclass, field
from secrets import randbelow
from typing import Final

from app.core import clock
from app.core.enums import AuthType, FlowStage
from app.core.ids import new_id
from app.core.limiter import network_of
from app.core.mail import without_links
from app.core.scope import ServerScope
from app.core.sealed import derived
from app.core.secrets import Secret, digest
from app.domain import admission, oauth_endings, oauth_flows, oauth_mail
from app.domain.account_rules import canonical_email, check_email
from app.domain.desk import (
    ADDRESS_ATTEMPTS_PER_MINUTE,
    EMAIL_ATTEMPTS_PER_MINUTE,
    Desk,
)
from app.domain.desk import Client as Visitor
from app.domain.end_users import Person
from app.domain.faults import Faults
from app.domain.oauth_endings import Completed
from app.domain.oauth_errors import AccessDenied, FlowOver, InvalidRequest, WrongCode
from app.domain.oauth_flows import Flow, FlowKey
from app.domain.server_directory import ServerConfig
from app.repositories import database, lookups
from app.repositories.oauth_configs import OAuthConfigs
from app.repositories.oauth_flows import KeptFlow, OAuthFlows

CODES_PER_FLOW: Final = 5
WRONG_CODES_MAX: Final = 5
TRIPS_PER_FLOW: Final = 5
_MOST_ROUNDS: Final = 2 * TRIPS_PER_FLOW  # back from a trip begins a round that is none's
SUBJECT_MAX_CHARACTERS: Final = 255  # OpenID Connect Core §2
_DIGITS: Final = 8  # with five attempts for a login, and a hundred mails a day to an address


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRound:
    """What one trip to the customer's provider takes along, and must bring back.

    `issuer` is where it leads, if the server has a provider.
    """

    issuer: str | None
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


async def request_email_code(
    config: ServerConfig,
    desk: Desk,
    visitor: Visitor,
    key: FlowKey,
    *,
    email: str,
    after: int | None = None,
) -> Flow:
    """The login; a one-time code is on its way, and the ones before it are void.

    `after` is how many codes had been sent when the person asked: whoever clicks twice gets one
    mail. Raises FlowOver, Invalid, InvalidRequest, TooMany and Unavailable.
    """
    address = canonical_email(email)
    faults = Faults()
    check_email(faults, address)
    faults.refuse()
    scope = admission.server_scope(config)
    async with database.transaction(scope):  # what sends no mail uses up no one's limit
        kept, is_sent = await _held_for_a_code(config, scope, key, address, after)
        if is_sent:
            return await oauth_flows.with_client(scope, kept)
    await desk.take_mail("mail a code", visitor.address, address, jointly=True)
    code = Secret(f"{randbelow(10**_DIGITS):0{_DIGITS}d}")
    async with database.transaction(scope):
        kept, is_sent = await _held_for_a_code(config, scope, key, address, after)
        if is_sent:
            return await oauth_flows.with_client(scope, kept)
        change = {
            "email": address,
            "email_code_hash": _email_code_hash(key, code.reveal()),
            "email_codes_sent": kept.email_codes_sent + 1,
        }
        await OAuthFlows(scope).change(kept.id, change)
        flow = await oauth_flows.held(config, key)
    server = without_links(config.name, config.slug)
    mail = oauth_mail.login_code(address, code, server=server, good_until=flow.expires_at)
    desk.mail.post(mail)
    return flow


async def check_email_code(
    config: ServerConfig, desk: Desk, visitor: Visitor, key: FlowKey, *, code: str
) -> Completed:
    """The end of the login of whoever received the code. The fifth wrong one ends it too.

    Raises WrongCode, FlowOver, InvalidRequest, TooMany and Unavailable.
    """
    flow = await oauth_flows.held_or_done(config, key)
    await desk.attempts.take_jointly(
        "try a code", visitor.address, per_minute=ADDRESS_ATTEMPTS_PER_MINUTE
    )
    # Of this client: a stranger who tries codes for an address does not keep its owner out.
    whose = f"{network_of(visitor.address)} {flow.email or flow.id}"
    await desk.attempts.take_jointly("try a code", whose, per_minute=EMAIL_ATTEMPTS_PER_MINUTE)
    scope = admission.server_scope(config)
    digits = "".join(character for character in code if character.isalnum())
    async with admission.unit_of_work(config), database.transaction(scope):
        _require(config, AuthType.PLATFORM_OAUTH)
        await oauth_endings.hold_server(config, scope)
        kept = await oauth_flows.locked_or_done(scope, key)
        is_right = hmac.compare_digest(_email_code_hash(key, digits), kept.email_code_hash or "")
        if is_right and kept.stage is FlowStage.DONE:
            return await oauth_endings.completed_before(scope, kept, key)
        oauth_flows.require_consent(kept)
        if kept.email is None or kept.email_code_hash is None:
            message = "Ask for a code first."
            raise InvalidRequest(message)
        if is_right:
            now = clock.now()
            account_id = await lookups.log_in_account(new_id("lacc"), kept.email, now=now)
            person = Person(issuer=desk.base_url, subject=account_id, email=kept.email)
            return await oauth_endings.complete(config, scope, kept, key, person)
        left = await _one_attempt_less(scope, kept)
    if not left:
        message = "Too many wrong codes: this login is over. Go back to your app and connect again."
        raise FlowOver(message)
    message = f"This code is wrong. You can try {left} more time{'s' if left > 1 else ''}."
    raise WrongCode(message, field="code")


async def go_upstream(
    config: ServerConfig, desk: Desk, visitor: Visitor, key: FlowKey
) -> UpstreamRound:
    """What to send along to the customer's provider; what was sent before is void.

    Each trip has us ask the provider, who may be a stranger's: the sixth ends the login. Raises
    FlowOver, InvalidRequest, TooMany and Unavailable.
    """
    scope = admission.server_scope(config)
    await desk.attempts.take_jointly(
        "go upstream", visitor.address, per_minute=ADDRESS_ATTEMPTS_PER_MINUTE
    )
    async with database.transaction(scope):
        kept = await oauth_flows.locked_after_consent(scope, key)
        _require(config, AuthType.CUSTOM_OAUTH)
        number = kept.upstream_round + 1
        if number <= _MOST_ROUNDS:
            await OAuthFlows(scope).change(kept.id, {"upstream_round": number})
            return _round(key, number, await OAuthConfigs(scope).issuer(scope.server_id))
        await OAuthFlows(scope).end(kept.id)
    message = "Too many attempts: this login is over. Go back to your app and connect again."
    raise FlowOver(message)


def flow_of_state(state: str) -> str:
    """The id of the login that a provider's answer says it is for; nothing vouches for it yet."""
    return state.partition(".")[0]


async def back_from_upstream(config: ServerConfig, key: FlowKey, *, state: str) -> UpstreamRound:
    """What the provider's answer is to be checked with, once for each trip.

    Another browser's answer, one to an earlier trip or to one to another provider, or one that came
    before: FlowOver.
    """
    scope = admission.server_scope(config)
    async with database.transaction(scope):
        kept = await oauth_flows.locked_on_return(scope, key)
        _require(config, AuthType.CUSTOM_OAUTH)
        issuer = await OAuthConfigs(scope).issuer(scope.server_id)
        expected = _round(key, kept.upstream_round, issuer)
        is_expected = state.isascii() and hmac.compare_digest(state, expected.state)
        if not kept.upstream_round or not is_expected:
            raise oauth_flows.over()
        await OAuthFlows(scope).change(kept.id, {"upstream_round": kept.upstream_round + 1})
    return expected


async def completed_before(config: ServerConfig, key: FlowKey) -> Completed:
    """The end of a login that went well just now, for a browser that lost the answer.

    Raises FlowOver and InvalidRequest.
    """
    scope = admission.server_scope(config)
    async with database.transaction(scope):
        kept = await oauth_flows.locked_or_done(scope, key)
        _require(config, AuthType.CUSTOM_OAUTH)
        return await oauth_endings.completed_before(scope, kept, key)


async def complete(config: ServerConfig, key: FlowKey, person: Person) -> Completed:
    """The end of the login of a person whom the customer's provider vouches for.

    Call it with what that provider's answer was found to say, in the browser that
    `back_from_upstream` accepted. Raises FlowOver, also where the server has another provider or
    none by now, InvalidRequest and AccessDenied.
    """
    if not 1 <= len(person.subject) <= SUBJECT_MAX_CHARACTERS or not person.subject.isprintable():
        message = "The identity provider did not say who you are in a way that can be kept."
        raise AccessDenied(message)
    scope = admission.server_scope(config)
    async with admission.unit_of_work(config), database.transaction(scope):
        _require(config, AuthType.CUSTOM_OAUTH)
        await oauth_endings.hold_server(config, scope)
        kept = await oauth_flows.locked_on_return(scope, key)
        if await OAuthConfigs(scope).issuer(scope.server_id) != person.issuer:
            raise oauth_flows.over()
        return await oauth_endings.complete(config, scope, kept, key, person)


async def _one_attempt_less(scope: ServerScope, kept: KeptFlow) -> int:
    """How many attempts are left; without one, the login is over."""
    left = WRONG_CODES_MAX - kept.wrong_codes - 1
    if left:
        await OAuthFlows(scope).change(kept.id, {"wrong_codes": kept.wrong_codes + 1})
    else:
        await OAuthFlows(scope).end(kept.id)
    return left


async def _held_for_a_code(
    config: ServerConfig, scope: ServerScope, key: FlowKey, address: str, after: int | None
) -> tuple[KeptFlow, bool]:
    """The login, and whether the code that is asked for is on its way already."""
    kept = await oauth_flows.locked_after_consent(scope, key)
    _require(config, AuthType.PLATFORM_OAUTH)
    if after is not None and after < kept.email_codes_sent and address == kept.email:
        return kept, True
    if kept.email_codes_sent >= CODES_PER_FLOW:
        message = "No more codes for this login. Go back to your app and connect again."
        raise InvalidRequest(message, field="email")
    return kept, False


def _email_code_hash(key: FlowKey, digits: str) -> str:
    """Only the browser that asked for the code can use it, and no one can try it out on a dump."""
    return digest(derived(key.cookie, f"e-mail code {digits[:100]}"))


def _round(key: FlowKey, number: int, issuer: str | None) -> UpstreamRound:
    """Other values for each trip and each provider: no answer is of use later, or elsewhere."""
    which = f"{number} {issuer or ''}"
    return UpstreamRound(
        issuer=issuer,
        state=f"{key.flow_id}.{derived(key.cookie, f'state {which}')}",
        nonce=derived(key.cookie, f"nonce {which}"),
        code_verifier=derived(key.cookie, f"verifier {which}"),
    )


def _require(config: ServerConfig, auth_type: AuthType) -> None:
    if config.auth_type is not auth_type:
        message = "This server logs people in another way. Go back to your app and connect again."
        raise InvalidRequest(message)
