"""How a login ends: with a code for the client, or with a no.

For half a minute it is known how: forms are sent twice, and of two answers a browser follows the
second.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from app.core import clock
from app.core.enums import FlowStage
from app.core.scope import ServerScope
from app.core.sealed import derived_token
from app.core.secrets import Secret, digest
from app.domain import admission, oauth_flows
from app.domain.account_rules import canonical_email, check_email
from app.domain.end_users import Person
from app.domain.faults import Faults
from app.domain.oauth_client_rules import clean_name
from app.domain.oauth_flows import Flow, FlowKey
from app.domain.server_directory import ServerConfig
from app.repositories import database, end_users
from app.repositories.oauth_flows import KeptFlow, OAuthFlows
from app.repositories.oauth_grants import NewGrant, OAuthGrants
from app.repositories.servers import Servers

CODE_LIFE: Final = timedelta(seconds=60)
DONE_LIFE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A login that went well: send the browser to `redirect_uri` with `code` and `state`.

    Without a code, the client has used it already, and needs nothing more.
    """

    redirect_uri: str
    state: str | None
    code: Secret | None


async def hold_server(config: ServerConfig, scope: ServerScope) -> None:
    """Have the server go on as it is until the transaction ends.

    Or a login under way could outlive the change that ends all of its kind, or of its provider.
    Raises FlowOver where the server logs people in otherwise by now.
    """
    if not await Servers(scope).hold(config.id, auth_type=config.auth_type):
        raise oauth_flows.over()


async def complete(
    config: ServerConfig, scope: ServerScope, kept: KeptFlow, key: FlowKey, person: Person
) -> Completed:
    """The end of a locked login of this person, who is an end user from now on.

    The server is held.
    """
    end_user_id = await end_users.person_id(scope, issuer=person.issuer, subject=person.subject)
    code, now = _code(key), clock.now()
    await OAuthGrants(scope).open(
        NewGrant(
            client_id=kept.client_id,
            end_user_id=end_user_id,
            auth_type=config.auth_type,
            scopes=kept.scopes,
            resource=kept.resource,
            code_hash=digest(code.reveal()),
            redirect_uri=kept.redirect_uri,
            code_challenge=kept.code_challenge,
            created_at=now,
            expires_at=now + CODE_LIFE,
        )
    )
    await _finish(scope, kept)
    profile = msgspec.json.encode(_shown(person)).decode()
    await end_users.know(end_user_id, email=_verified(person), profile=profile)
    return Completed(redirect_uri=kept.redirect_uri, state=kept.state, code=code)


async def completed_before(scope: ServerScope, kept: KeptFlow, key: FlowKey) -> Completed:
    """The same end of a login that went well just now. Raises FlowOver for any other."""
    code = _code(key)
    is_used = await OAuthGrants(scope).is_used(digest(code.reveal()))
    if is_used is None:
        raise oauth_flows.over()
    told = None if is_used else code
    return Completed(redirect_uri=kept.redirect_uri, state=kept.state, code=told)


async def deny(config: ServerConfig, key: FlowKey) -> Flow:
    """The login, which is over: the client is to hear access_denied. Raises FlowOver."""
    scope = admission.server_scope(config)
    async with database.transaction(scope):
        kept = await oauth_flows.locked_or_done(scope, key)
        if kept.stage is not FlowStage.DONE:
            await _finish(scope, kept)
        elif await OAuthGrants(scope).is_used(digest(_code(key).reveal())) is not None:
            raise oauth_flows.over()
        return await oauth_flows.with_client(scope, kept)


async def _finish(scope: ServerScope, kept: KeptFlow) -> None:
    change = {"stage": FlowStage.DONE.value, "expires_at": clock.now() + DONE_LIFE}
    await OAuthFlows(scope).change(kept.id, change)


def _code(key: FlowKey) -> Secret:
    """The one code that this browser's login can end with."""
    return derived_token("mcpc", key.cookie, "authorization code")


def _verified(person: Person) -> str | None:
    """The address, in the form in which it is kept, if it is one."""
    faults = Faults()
    address = canonical_email(person.email or "")
    check_email(faults, address)
    return None if faults.found else address


def _shown(person: Person) -> dict[str, str]:
    """Of all that a provider tells, the name."""
    name = clean_name(person.profile.get("name"))
    return {"name": name} if name else {}
