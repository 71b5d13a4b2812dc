"""Where a customer's provider sends people back to."""

from dataclasses import replace

import structlog

from app.core.errors import ProductError, Unavailable
from app.domain import oauth_flows, oauth_logins
from app.domain.end_users import Person
from app.domain.oauth_errors import AccessDenied, FlowOver
from app.domain.oauth_flows import FlowKey
from app.domain.upstream import Answer as UpstreamAnswer
from app.domain.upstream import UpstreamIdentity
from app.domain.upstream_errors import ProviderFaulty, error_code
from app.oauth import browser, leaving, pages
from app.oauth.answer import Answer
from app.oauth.pages import Screen
from app.oauth.plane import Plane
from app.oauth.provider import provider_of
from app.oauth.request import Parameters, Request

log = structlog.get_logger()


async def callback(plane: Plane, request: Request) -> Answer:
    """Back to the client, with a code if the provider said who it is.

    Only the browser whose cookie belongs to the login gets here, once for each trip: anything else
    raises FlowOver, before the provider is asked anything, or is a page to go on from while the
    login is known. Raises InvalidRequest too.
    """
    asked = request.asked
    state = asked.one("state") or ""
    brought = _brought(asked)
    if not state and brought.error:
        raise _unclaimed(request, brought.error)
    key = browser.key_of(request, oauth_logins.flow_of_state(state))
    ours = replace(key, csrf=oauth_flows.csrf_token(key.cookie))
    try:
        trip = await oauth_logins.back_from_upstream(request.config, key, state=state)
        provider = await provider_of(plane, request, trip)
        identity = await plane.upstream.identity(
            provider, trip, brought, redirect_uri=pages.callback_url(request.origin)
        )
        done = await oauth_logins.complete(request.config, key, _person(identity))
    except (AccessDenied, ProviderFaulty) as error:
        return await leaving.with_denial(plane, request, ours, error)
    except FlowOver:
        late = FlowOver("This answer came late, or twice, and does not count.")
        return pages.provider(await _screen(plane, request, key, late))
    except Unavailable as error:
        return pages.provider(await _screen(plane, request, key, error))
    return leaving.with_code(await _screen(plane, request, key), done)


async def _screen(
    plane: Plane, request: Request, key: FlowKey, error: ProductError | None = None
) -> Screen:
    """What is shown of the login, also of one that has just ended. Raises FlowOver."""
    flow = await oauth_flows.held_or_done(request.config, key)
    return Screen(plane=plane, request=request, flow=flow, key=key, error=error)


def _unclaimed(request: Request, error: str) -> FlowOver:
    """A provider that leaves out for which login it says no: nobody can be told but the person."""
    code = error_code(error)
    log.warning("upstream login failed", server=request.config.slug, code=code, reason="no state")
    message = (
        f"The sign-in service answered with {code} and did not say for which login. Go back to "
        "your app and connect again."
    )
    return FlowOver(message)


def _brought(asked: Parameters) -> UpstreamAnswer:
    return UpstreamAnswer(code=asked.one("code"), error=asked.one("error"), issuer=asked.one("iss"))


def _person(identity: UpstreamIdentity) -> Person:
    """Issuer and subject tell who it is; an address that is not verified tells nothing."""
    return Person(
        issuer=identity.issuer,
        subject=identity.subject,
        email=identity.verified_email,
        profile={"name": identity.name} if identity.name else {},
    )
