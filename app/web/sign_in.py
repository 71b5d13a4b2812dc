"""The pages to sign in and out, and the one that says who is signed in."""

from html import escape

from litestar import Response, get, post
from litestar.di import NamedDependency

from app.core import session_cookie
from app.core.errors import NotSignedIn, ProductError
from app.domain import accounts, admission, members
from app.domain.desk import Desk
from app.domain.members import Belonging
from app.web.forms import (
    MOST_FORM_BYTES,
    AnyRequest,
    Field,
    Form,
    button_form,
    client,
    go_to,
    html,
    link,
    local_path,
    posted,
    session_token,
    viewer,
)
from app.web.pages import page

SIGN_IN_PATH = "/sign-in"
SIGN_OUT_PATH = "/sign-out"
SIGN_UP_PATH = "/sign-up"
FORGOT_PATH = "/forgot-password"
ACCOUNT_PATH = "/account"
EMAIL = Field(name="email", label="E-mail address", kind="email", autocomplete="username")


@get(SIGN_IN_PATH)
async def sign_in_page(request: AnyRequest) -> Response[str]:
    """The form; whoever is signed in already goes where they wanted to."""
    then = local_path(request.query_params.get("next", ""))
    if await viewer(request) is not None:
        return go_to(then or ACCOUNT_PATH)
    email = request.query_params.get("email", "")
    return _form(then).filled({"email": email}).answer()


@post(SIGN_IN_PATH, request_max_body_size=MOST_FORM_BYTES)
async def sign_in(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[str]:
    """Open a session and go on; or the form again, with the reason."""
    given = await posted(request, origin=desk.base_url)
    then = local_path(given.get("next", ""))
    try:
        signed = await accounts.sign_in(
            desk,
            client(request),
            email=given.get("email", ""),
            password=given.get("password", ""),
            previous_token=session_token(request),
        )
    except ProductError as error:
        return _form(then).filled(given).answer(error)
    cookie = session_cookie.set_cookie(signed.token.reveal())
    return go_to(then or ACCOUNT_PATH, {"set-cookie": cookie})


@get(SIGN_OUT_PATH)
async def sign_out_page() -> Response[str]:
    """The question; a link alone signs nobody out."""
    return Form(title="Sign out?", action=SIGN_OUT_PATH, button="Sign out").answer()


@post(SIGN_OUT_PATH, request_max_body_size=MOST_FORM_BYTES)
async def sign_out(request: AnyRequest, desk: NamedDependency[Desk]) -> Response[str]:
    """End the session and forget its cookie, whether or not it still lived."""
    given = await posted(request, origin=desk.base_url)
    user = await viewer(request)
    if user is not None:
        await accounts.sign_out(user)
    forgotten = {"set-cookie": session_cookie.clear_cookie()}
    return go_to(local_path(given.get("next", "")) or SIGN_IN_PATH, headers=forgotten)


@get(ACCOUNT_PATH)
async def account_page(request: AnyRequest, has_graphiql: NamedDependency[bool]) -> Response[str]:
    """Who is signed in, and in which organizations."""
    try:
        user = await admission.signed_in(session_token(request))
        account = await accounts.viewer(user)
    except NotSignedIn:
        return go_to(link(SIGN_IN_PATH, next=ACCOUNT_PATH))
    belongings = await members.belongings(user)
    name = f"{escape(account.name)}, " if account.name else ""
    graphiql = (
        '<p><a href="/graphql">Open GraphiQL</a> to read and change everything over the GraphQL '
        "API, with examples to begin with.</p>"
        if has_graphiql
        else ""
    )
    main = (
        f"<p>{name}<strong>{escape(account.email)}</strong></p>"
        f"<h2>Organizations</h2>{_organizations(belongings)}{graphiql}"
        f"{button_form(SIGN_OUT_PATH, 'Sign out', is_second=True)}"
    )
    return html(page("You are signed in", main))


def _organizations(belongings: tuple[Belonging, ...]) -> str:
    if not belongings:
        return (
            "<p>You belong to none yet. Accept an invitation with the link in its mail, or found "
            "one over the GraphQL API, with <code>createOrganization</code>.</p>"
        )
    items = "".join(
        f"<li>{escape(one.name)} (<code>{escape(one.slug)}</code>), as {one.role.value}</li>"
        for one in belongings
    )
    return f"<ul>{items}</ul>"


def _form(then: str) -> Form:
    sign_up, forgot = link(SIGN_UP_PATH, next=then), FORGOT_PATH
    return Form(
        title="Sign in",
        action=SIGN_IN_PATH,
        button="Sign in",
        fields=(
            EMAIL,
            Field(
                name="password",
                label="Password",
                kind="password",
                autocomplete="current-password",
            ),
        ),
        hidden={"next": then},
        outro=(
            f'<p><a href="{escape(forgot)}">Choose a new password</a> if you do not know it any '
            f'more. Are you new here? <a href="{escape(sign_up)}">Sign up</a>.</p>'
        ),
    )
