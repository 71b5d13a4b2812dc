"""The question whether a client may use the server in the person's name, asked each time."""

from app.core.enums import AuthType, FlowStage
from app.domain import admission, oauth_configs, oauth_flows
from app.domain.oauth_errors import AccessDenied, InvalidRequest
from app.oauth import answer, browser, leaving, login, pages
from app.oauth.answer import Answer
from app.oauth.pages import Screen
from app.oauth.plane import Plane
from app.oauth.request import Request


async def show(plane: Plane, request: Request) -> Answer:
    """The question; whoever has said yes goes on to log in. Raises FlowOver."""
    key = browser.key_of(request, request.asked.one("login"))
    flow = await oauth_flows.held(request.config, key)
    if flow.stage is FlowStage.LOGIN:
        return answer.redirect(pages.login_path(flow.id))
    screen = Screen(plane=plane, request=request, flow=flow, key=key)
    return pages.consent(screen, scopes=await _asked_upstream(request))


async def _asked_upstream(request: Request) -> tuple[str, ...]:
    if request.config.auth_type is not AuthType.CUSTOM_OAUTH:
        return ()
    scope = admission.server_scope(request.config)
    provider = await oauth_configs.of_server(scope, request.config.id)
    return provider.scopes if provider else ()


async def decide(plane: Plane, request: Request) -> Answer:
    """On to log in, or back to the client, which hears that the login was cancelled.

    Nobody is sent to the customer's provider before they have agreed to this very client. Raises
    FlowOver, ForeignForm and InvalidRequest.
    """
    form, key = browser.posted(request)
    match form.one("choice"):
        case "allow":
            flow = await oauth_flows.consent(request.config, key)
            if request.config.auth_type is AuthType.CUSTOM_OAUTH:
                return await login.to_provider(
                    Screen(plane=plane, request=request, flow=flow, key=key)
                )
            return answer.redirect(pages.login_path(flow.id))
        case "deny":
            message = "The login was cancelled."
            return await leaving.with_denial(plane, request, key, AccessDenied(message))
    message = "Say yes or no with one of the two buttons."
    raise InvalidRequest(message, field="choice")
