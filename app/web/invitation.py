"""The page that an invitation's mail leads to."""

from html import escape

from litestar import Response, get, post
from litestar.di import NamedDependency

from app.core.errors import ProductError
from app.domain import invitations
from app.domain.account_mail import INVITATION_PAGE
from app.domain.desk import Desk
from app.domain.invitations import InvalidInvitation, Preview
from app.web.forms import (
    MOST_FORM_BYTES,
    AnyRequest,
    Form,
    button_form,
    go_to,
    html,
    link,
    posted,
    viewer,
)
from app.web.pages import page
from app.web.sign_in import ACCOUNT_PATH, SIGN_IN_PATH, SIGN_OUT_PATH, SIGN_UP_PATH

INVITATION_PATH = f"/{INVITATION_PAGE}"


@get(INVITATION_PATH)
async def invitation_page(request: AnyRequest) -> Response[str]:
    """What one is invited to, and what it takes to accept."""
    token = request.query_params.get("token", "")
    user = await viewer(request)
    try:
        preview = await invitations.preview(token)
    except InvalidInvitation as error:
        return _no_longer_good(error)
    if user is None:
        return html(page(_title(preview), _newcomer(preview, token)))
    if user.email != preview.email:
        return html(page(_title(preview), _stranger(preview, token, user.email)))
    return _form(preview, token).answer()


@post(INVITATION_PATH, request_max_body_size=MOST_FORM_BYTES)
async def accept(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[str]:
    """Make the member of whoever is signed in with the invited address."""
    token = (await posted(request, origin=desk.base_url)).get("token", "")
    user = await viewer(request)
    if user is None:
        return go_to(link(SIGN_IN_PATH, next=link(INVITATION_PATH, token=token)))
    try:
        await invitations.accept(user, token)
    except InvalidInvitation as error:
        return _no_longer_good(error)
    except ProductError as error:
        main = (
            f'<p class="alert" role="alert">{escape(error.message)}</p>'
            f'<p><a href="{escape(link(INVITATION_PATH, token=token))}">Back</a></p>'
        )
        return html(page("The invitation was not accepted", main), error)
    return go_to(ACCOUNT_PATH)


def _title(preview: Preview) -> str:
    return f"Join {preview.organization_name}"


def _facts(preview: Preview) -> str:
    end = preview.expires_at
    return (
        f"<p>{escape(preview.invited_by_name)} invites <strong>{escape(preview.email)}</strong> to "
        f"join {escape(preview.organization_name)} as {preview.role.value}. The invitation is good "
        f"until {end.day} {end:%B %Y, %H:%M} UTC.</p>"
    )


def _form(preview: Preview, token: str) -> Form:
    return Form(
        title=_title(preview),
        action=INVITATION_PATH,
        button="Accept",
        hidden={"token": token},
        intro=_facts(preview),
    )


def _newcomer(preview: Preview, token: str) -> str:
    then = {"next": link(INVITATION_PATH, token=token), "email": preview.email}
    sign_in, sign_up = link(SIGN_IN_PATH, **then), link(SIGN_UP_PATH, **then)
    return (
        f"{_facts(preview)}"
        f'<p><a href="{escape(sign_in)}">Sign in</a> to accept it. If you have no account yet, '
        f'<a href="{escape(sign_up)}">sign up</a> with this address, confirm it, and open the link '
        "of the invitation again.</p>"
    )


def _stranger(preview: Preview, token: str, email: str) -> str:
    then = link(SIGN_IN_PATH, next=link(INVITATION_PATH, token=token), email=preview.email)
    return (
        f"{_facts(preview)}"
        f'<p class="alert">You are signed in as {escape(email)}. Only the invited address can '
        "accept: sign out, and sign in with that one.</p>"
        f"{button_form(SIGN_OUT_PATH, 'Sign out', {'next': then})}"
    )


def _no_longer_good(error: InvalidInvitation) -> Response[str]:
    main = (
        f"<p>{escape(error.message)} If you accepted it, "
        f'<a href="{SIGN_IN_PATH}">sign in</a>; otherwise ask for a new one.</p>'
    )
    return html(page("This invitation is no longer good", main), error)
