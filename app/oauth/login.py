"""Who is it? A code by mail tells, or the customer's own provider."""

from app.core.enums import AuthType, FlowStage
from app.core.errors import Invalid, ProductError, TooMany, Unavailable
from app.domain import admission, oauth_configs, oauth_flows, oauth_logins
from app.domain.oauth_errors import InvalidRequest, NotConfigured
from app.domain.oauth_flows import Flow, FlowKey
from app.domain.upstream_errors import ProviderFaulty
from app.oauth import answer, browser, leaving, pages
from app.oauth.answer import Answer
from app.oauth.plane import Plane
from app.oauth.request import Parameters, Request


async def show(plane: Plane, request: Request) -> Answer:
    """The form that comes next; whoever has not agreed yet is asked first. Raises FlowOver."""
    asked = request.asked
    key = browser.key_of(request, asked.one("login"))
    flow = await oauth_flows.held(request.config, key)
    is_other_address = asked.one("address") == "other"
    return _form(plane, request, flow, key, step="email" if is_other_address else None)


async def proceed(plane: Plane, request: Request) -> Answer:
    """The next step, or the same form again with what was wrong.

    Raises FlowOver, ForeignForm and InvalidRequest.
    """
    form, key = browser.posted(request)
    step = form.one("step")
    flow = await oauth_flows.held(request.config, key)
    try:
        match step:
            case "email":
                return await _mail_a_code(plane, request, key, form)
            case "code":
                return await _check_the_code(plane, request, flow, key, form)
            case "provider":
                return await to_provider(plane, request, flow, key)
    except (Invalid, TooMany, Unavailable) as error:
        flow = await oauth_flows.held(request.config, key)
        typed = form.one("email") or ""
        return _form(plane, request, flow, key, step=step, error=error, typed=typed)
    message = "This is no form of ours. Go back to your app and connect again."
    raise InvalidRequest(message, field="step")


async def to_provider(plane: Plane, request: Request, flow: Flow, key: FlowKey) -> Answer:
    """On to the customer's provider, or the reason why not and a button to try again.

    Where trying again cannot help, the client hears of it. Raises FlowOver and InvalidRequest.
    """
    scope = admission.server_scope(request.config)
    try:
        trip = await oauth_logins.go_upstream(request.config, key)
        provider = await oauth_configs.provider(scope, plane.desk.sealer)
        url = await plane.upstream.authorization_url(
            provider, trip, redirect_uri=pages.callback_url(request.origin)
        )
    except (NotConfigured, ProviderFaulty) as error:
        return await leaving.with_denial(plane, request, key, error)
    except Unavailable as error:
        return pages.provider(plane, request, flow, key, error=error)
    return answer.redirect(url)


async def _mail_a_code(plane: Plane, request: Request, key: FlowKey, form: Parameters) -> Answer:
    email = (form.one("email") or "").strip()
    flow = await oauth_logins.request_email_code(
        request.config, plane.desk, request.visitor, key, email=email
    )
    return answer.redirect(pages.login_path(flow.id))


async def _check_the_code(
    plane: Plane, request: Request, flow: Flow, key: FlowKey, form: Parameters
) -> Answer:
    code = form.one("code") or ""
    done = await oauth_logins.check_email_code(
        request.config, plane.desk, request.visitor, key, code=code
    )
    return leaving.with_code(plane, request, flow, done)


def _form(
    plane: Plane,
    request: Request,
    flow: Flow,
    key: FlowKey,
    *,
    step: str | None,
    error: ProductError | None = None,
    typed: str = "",
) -> Answer:
    if flow.stage is FlowStage.CONSENT:
        return answer.redirect(pages.consent_path(flow.id))
    if request.config.auth_type is AuthType.CUSTOM_OAUTH:
        return pages.provider(plane, request, flow, key, error=error)
    if step == "email" or not flow.codes_sent:
        return pages.email(plane, request, flow, key, error=error, typed=typed)
    return pages.code(plane, request, flow, key, error=error)
