"""The pages to sign up, to confirm an address and to choose another password.

Opening the link of a mail spends nothing: mail scanners follow links. Its form does.
"""

from html import escape

from litestar import Response, get, post
from litestar.di import NamedDependency

from app.core import session_cookie
from app.core.errors import ProductError
from app.domain import accounts
from app.domain.account_mail import RESET_PAGE, VERIFY_PAGE
from app.domain.account_rules import PASSWORD_MIN_CHARACTERS
from app.domain.accounts import InvalidLink
from app.domain.desk import Desk
from app.web.forms import (
    MOST_FORM_BYTES,
    AnyRequest,
    Field,
    Form,
    client,
    html,
    link,
    local_path,
    message,
    posted,
)
from app.web.pages import page
from app.web.sign_in import EMAIL, FORGOT_PATH, SIGN_IN_PATH, SIGN_UP_PATH

VERIFY_PATH = f"/{VERIFY_PAGE}"
RESET_PATH = f"/{RESET_PAGE}"
_NEW_PASSWORD = Field(
    name="password",
    label="New password",
    kind="password",
    autocomplete="new-password",
    hint=f"At least {PASSWORD_MIN_CHARACTERS} characters; a few words are good.",
)


@get(SIGN_UP_PATH)
async def sign_up_page(request: AnyRequest) -> Response[str]:
    """The form."""
    given = request.query_params
    return _sign_up_form(given.get("next", "")).filled({"email": given.get("email", "")}).answer()


@post(SIGN_UP_PATH, request_max_body_size=MOST_FORM_BYTES)
async def sign_up(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[str]:
    """Send the mail that goes on; what is told is the same for an address with an account."""
    given = await posted(request, origin=desk.base_url)
    try:
        await accounts.sign_up(
            desk,
            client(request),
            email=given.get("email", ""),
            password=given.get("password", ""),
            name=given.get("name", ""),
        )
    except ProductError as error:
        return _sign_up_form(given.get("next", "")).filled(given).answer(error)
    then = local_path(given.get("next", ""))
    rest = f'<p>After that, <a href="{escape(then)}">go on where you were</a>.</p>' if then else ""
    main = (
        f"<p>We have written to <strong>{escape(given.get('email', ''))}</strong>. Open the link "
        f"in that mail within 24 hours to confirm the address; then you can sign in.</p>{rest}"
    )
    return html(page("Look at your mail", main))


@get(VERIFY_PATH)
async def verify_page(request: AnyRequest) -> Response[str]:
    """The question whether the address is to be confirmed."""
    return _verify_form(request.query_params.get("token", "")).answer()


@post(VERIFY_PATH, request_max_body_size=MOST_FORM_BYTES)
async def verify(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[str]:
    """Confirm the address."""
    given = await posted(request, origin=desk.base_url)
    try:
        await accounts.verify_email(given.get("token", ""))
    except InvalidLink as error:
        main = (
            "<p>This link was used before or has expired. If you have confirmed the address, "
            f'<a href="{SIGN_IN_PATH}">sign in</a>. If not, signing in with your password sends a '
            "new link.</p>"
        )
        return html(page("This link is no longer good", main), error)
    main = f'<p>Your address is confirmed. Now <a href="{SIGN_IN_PATH}">sign in</a>.</p>'
    return html(page("Welcome", main))


@get(FORGOT_PATH)
async def forgot_page() -> Response[str]:
    """The form that asks for a link."""
    return _forgot_form().answer()


@post(FORGOT_PATH, request_max_body_size=MOST_FORM_BYTES)
async def forgot(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[str]:
    """Send a link; what is told is the same for an address without an account."""
    given = await posted(request, origin=desk.base_url)
    try:
        email = given.get("email", "")
        await accounts.request_password_reset(desk, client(request), email=email)
    except ProductError as error:
        return _forgot_form().filled(given).answer(error)
    sentence = (
        "If this address has an account, a link to choose a new password is on its way. It is good "
        "for an hour."
    )
    return message("Look at your mail", sentence)


@get(RESET_PATH)
async def reset_page(request: AnyRequest) -> Response[str]:
    """The form that asks for the new password."""
    return _reset_form(request.query_params.get("token", "")).answer()


@post(RESET_PATH, request_max_body_size=MOST_FORM_BYTES)
async def reset(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[str]:
    """Write the new password; every session ends, this browser's too."""
    given = await posted(request, origin=desk.base_url)
    token = given.get("token", "")
    try:
        await accounts.reset_password(
            desk, client(request), token=token, password=given.get("password", "")
        )
    except InvalidLink as error:
        main = (
            "<p>This link was used before or has expired. "
            f'<a href="{FORGOT_PATH}">Ask for a new one</a>.</p>'
        )
        return html(page("This link is no longer good", main), error)
    except ProductError as error:
        return _reset_form(token).answer(error)
    main = (
        "<p>You have a new password, and were signed out everywhere. "
        f'Now <a href="{SIGN_IN_PATH}">sign in</a>.</p>'
    )
    forgotten = {"set-cookie": session_cookie.clear_cookie()}
    return html(page("Your password was changed", main), headers=forgotten)


def _sign_up_form(then: str) -> Form:
    sign_in = link(SIGN_IN_PATH, next=local_path(then))
    return Form(
        title="Sign up",
        action=SIGN_UP_PATH,
        button="Sign up",
        fields=(
            EMAIL,
            Field(
                name="name",
                label="Name",
                autocomplete="name",
                hint="Your colleagues see it.",
                is_required=False,
            ),
            _NEW_PASSWORD,
        ),
        hidden={"next": local_path(then)},
        outro=f'<p>Have you been here before? <a href="{escape(sign_in)}">Sign in</a>.</p>',
    )


def _verify_form(token: str) -> Form:
    return Form(
        title="Confirm your e-mail address",
        action=VERIFY_PATH,
        button="Confirm",
        hidden={"token": token},
        intro=(
            "<p>You, or someone who gave your address, signed up here. Confirm only if it was you."
            "</p>"
        ),
    )


def _forgot_form() -> Form:
    return Form(
        title="Choose a new password",
        action=FORGOT_PATH,
        button="Send me a link",
        fields=(EMAIL,),
        intro="<p>We send a link to the address of your account.</p>",
    )


def _reset_form(token: str) -> Form:
    return Form(
        title="Choose a new password",
        action=RESET_PATH,
        button="Write the new password",
        fields=(_NEW_PASSWORD,),
        hidden={"token": token},
        intro="<p>It signs you out everywhere.</p>",
    )
