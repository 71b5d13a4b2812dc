"""Who is it? A code by mail tells, or the customer's own provider."""

import re
from dataclasses import replace

from app.core.enums import AuthType, FlowStage
from app.core.errors import Invalid, TooMany, Unavailable
from app.core.log import note
from app.domain import oauth_flows, oauth_logins
from app.domain.oauth_errors import InvalidRequest
from app.domain.upstream_errors import ProviderFaulty
from app.oauth import answer, browser, leaving, pages
from app.oauth.answer import Answer
from app.oauth.pages import Screen
from app.oauth.plane import Plane
from app.oauth.provider import provider_of
from app.oauth.request import Parameters, Request


async def show(plane: Plane, request: Request) -> Answer:
    """The form that comes next; whoever has not agreed yet is asked first. Raises FlowOver."""
    asked = request.asked
    key = browser.key_of(request, asked.one("login"))
    flow = await oauth_flows.held(request.config, key)
    step = "email" if asked.one("address") == "other" else None
    return _form(Screen(plane=plane, request=request, flow=flow, key=key), step)


async def proceed(plane: Plane, request: Request) -> Answer:
    """The next step, or the same form again with what was wrong.

    Raises FlowOver, ForeignForm and InvalidRequest.
    """
    form, key = browser.posted(request)
    step = form.one("step")
    flow = await oauth_flows.held_or_done(request.config, key)
    screen = Screen(plane=plane, request=request, flow=flow, key=key)
    try:
        match step:
            case "email" | "again":
                return await _mail_a_code(screen, form)
            case "code":
                return await _check_the_code(screen, form)
            case "provider" if flow.stage is FlowStage.DONE:
                done = await oauth_logins.completed_before(request.config, key)
                return leaving.with_code(screen, done)
            case "provider":
                return await to_provider(screen)
    except (Invalid, TooMany, Unavailable) as error:
        note(code=error.code)
        flow = await oauth_flows.held(request.config, key)
        return _form(replace(screen, flow=flow, error=error), step, typed=form.one("email") or "")
    message = "This is no form of ours. Go back to your app and connect again."
    raise InvalidRequest(message, field="step")


async def to_provider(screen: Screen) -> Answer:
    """On to the customer's provider, or the reason why not and a button to try again.

    Where trying again cannot help, the client hears of it. Raises FlowOver and InvalidRequest.
    """
    plane, request = screen.plane, screen.request
    try:
        trip = await oauth_logins.go_upstream(
            request.config, plane.desk, request.visitor, screen.key
        )
        provider = await provider_of(plane, request, trip)
        url = await plane.upstream.authorization_url(
            provider, trip, redirect_uri=pages.callback_url(request.origin)
        )
    except ProviderFaulty as error:
        return await leaving.with_denial(plane, request, screen.key, error)
    except (TooMany, Unavailable) as error:
        return pages.provider(replace(screen, error=error))
    return answer.redirect(url)


async def _mail_a_code(screen: Screen, form: Parameters) -> Answer:
    sent = form.one("sent") or ""
    flow = await oauth_logins.request_email_code(
        screen.request.config,
        screen.plane.desk,
        screen.request.visitor,
        screen.key,
        email=(form.one("email") or "").strip(),
        after=int(sent) if re.fullmatch(r"[0-9]{1,3}", sent) else None,
    )
    return answer.redirect(pages.login_path(flow.id))


async def _check_the_code(screen: Screen, form: Parameters) -> Answer:
    plane, request = screen.plane, screen.request
    done = await oauth_logins.check_email_code(
        request.config, plane.desk, request.visitor, screen.key, code=form.one("code") or ""
    )
    return leaving.with_code(screen, done)


def _form(screen: Screen, step: str | None, *, typed: str = "") -> Answer:
    if screen.flow.stage is FlowStage.CONSENT:
        return answer.redirect(pages.consent_path(screen.flow.id))
    if screen.request.config.auth_type is AuthType.CUSTOM_OAUTH:
        return pages.provider(screen)
    if step == "email" or not screen.flow.codes_sent:
        return pages.email(screen, typed=typed)
    return pages.code(screen, is_resend=step == "again" and screen.error is not None)
