"""The pages of the platform's own site for members and whoever becomes one, put together."""

from litestar import Response, Router
from litestar.exceptions import HTTPException, NotFoundException

from app.core.errors import ProductError
from app.core.headers import SPACES
from app.web import graphiql, invitation, sign_in, sign_up
from app.web.errors import http_refusal, report_internal_error
from app.web.forms import AnyRequest, go_to, html
from app.web.hosts import Base, Hosts, host_name
from app.web.pages import message_page

__all__ = ["member_pages"]

_ALWAYS = (
    sign_in.sign_in_page,
    sign_in.sign_in,
    sign_in.sign_out_page,
    sign_in.sign_out,
    sign_in.account_page,
    sign_up.sign_up_page,
    sign_up.sign_up,
    sign_up.verify_page,
    sign_up.verify,
    sign_up.forgot_page,
    sign_up.forgot,
    sign_up.reset_page,
    sign_up.reset,
    invitation.invitation_page,
    invitation.accept,
)


def member_pages(hosts: Hosts, *, has_graphiql: bool) -> Router:
    """The routes; none of them is on a server's site."""

    def arrived(request: AnyRequest) -> Response[str] | None:
        """Send the browser on to the base host, to which the session's cookie belongs."""
        state = request.scope["state"]
        if not isinstance(state["site"], Base):
            raise NotFoundException
        host = host_name(state["host"].strip(SPACES).lower())
        if request.method != "GET" or host == hosts.name or host not in hosts.loopback:
            return None
        query = f"?{request.url.query}" if request.url.query else ""
        return go_to(f"{hosts.scheme}://{hosts.authority}{request.url.path}{query}")

    handlers = [*_ALWAYS, *(graphiql.HANDLERS if has_graphiql else ())]
    return Router(
        "/",
        route_handlers=handlers,
        before_request=arrived,
        exception_handlers={
            ProductError: _error_page,
            HTTPException: _http_error_page,
            Exception: _internal_error_page,
        },
    )


def _error_page(_request: AnyRequest, error: ProductError) -> Response[str]:
    return html(message_page("That did not work", error.message), error)


def _http_error_page(request: AnyRequest, error: HTTPException) -> Response[str]:
    refusal = http_refusal(request, error)
    return html(message_page("That did not work", refusal.message), refusal)


def _internal_error_page(_request: AnyRequest, error: Exception) -> Response[str]:
    refusal = report_internal_error(error)
    return html(message_page("That did not work", refusal.message), refusal)
