"""What people see while they log in: plain HTML that needs no script.

Names that strangers chose stand in <bdi>, so that right-to-left letters turn nothing around them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import urlsplit

from app.core.enums import AuthType
from app.core.errors import Invalid, ProductError, TooMany, Unavailable
from app.domain import oauth_flows
from app.domain.oauth_clients import Client
from app.domain.oauth_configs import CALLBACK_PATH
from app.domain.oauth_flows import Flow, FlowKey
from app.oauth import answer
from app.oauth.answer import Answer
from app.oauth.plane import Plane
from app.oauth.request import Request

CONSENT_PATH: Final = "/oauth/consent"
LOGIN_PATH: Final = "/oauth/login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Whose login is shown; `error` is what was wrong with the last attempt."""

    plane: Plane
    request: Request
    flow: Flow
    key: FlowKey
    error: ProductError | None = None


def consent_path(flow_id: str) -> str:
    """Where the question of this login stands."""
    return f"{CONSENT_PATH}?login={flow_id}"


def login_path(flow_id: str) -> str:
    """Where this login goes on."""
    return f"{LOGIN_PATH}?login={flow_id}"


def callback_url(origin: str) -> str:
    """Where a provider sends people back to."""
    return f"{origin}{CALLBACK_PATH}"


def consent(screen: Screen, *, scopes: Sequence[str]) -> Answer:
    """Who asks, for what, and where the browser goes afterwards.

    `scopes` are those that the customer's provider is going to be asked for, if there is one.
    """
    flow, request = screen.flow, screen.request
    server, app = _name(request.config.name), _name(flow.client.name)
    buttons = (
        '<div class="buttons"><button name="choice" value="allow">Allow</button>'
        '<button name="choice" value="deny" class="second">Cancel</button></div>'
    )
    main = f"""
<dl>
<dt>The app that asks</dt>
<dd>{app}<br>{_vouched(flow.client)}</dd>
<dt>Afterwards your browser goes to</dt>
<dd>{_destination(flow.redirect_uri)}<br><code>{escape(flow.redirect_uri)}</code></dd>
<dt>The app may</dt>
<dd>see and continue your walkthroughs at {server}, and ask for support in your name, until you
have not used it for 30 days, and for a year at most</dd>
<dt>{server} learns</dt>
<dd>{_learnt(request, scopes)}</dd>
</dl>
<p><strong>Allow this only if you have just connected this app yourself.</strong> If a link or
somebody else brought you here, cancel.</p>
{_form(CONSENT_PATH, screen, buttons)}"""
    return _page(screen.plane, f"Allow an app to use {request.config.name}?", main)


def email(screen: Screen, *, typed: str = "") -> Answer:
    """Which address a code goes to."""
    given = {"type": "email", "autocomplete": "email", "maxlength": "254", "value": typed}
    inputs = (
        f"{_input('email', 'Your e-mail address', screen.error, given)}"
        f"{_sent(screen)}<button>Send me a code</button>"
    )
    main = f"""
{_alert(screen.error, "email")}
<p>We send you a code by e-mail. You need no password.</p>
{_form(LOGIN_PATH, screen, inputs, step="email")}
{_cancel(screen)}"""
    return _login_page(screen, main)


def code(screen: Screen, *, is_resend: bool = False) -> Answer:
    """The code that was sent; `is_resend`: the error is that of a wish for another one."""
    to = escape(screen.flow.email or "")
    given = {
        "type": "text",
        "inputmode": "numeric",
        "autocomplete": "one-time-code",
        "maxlength": "20",
    }
    inputs = f"{_input('code', 'Code', screen.error, given)}<button>Log in</button>"
    again = (
        f'{_sent(screen)}<input type="hidden" name="email" value="{to}">'
        '<button class="second">Send another code</button>'
    )
    other = escape(f"{login_path(screen.flow.id)}&address=other")
    which = "another" if screen.flow.codes_sent > 1 else "a"
    stays = "<p>The last code that we have sent is still good.</p>" if is_resend else ""
    main = f"""
{_alert(screen.error, "code")}{stays}
<p>We have sent {which} code of 8 digits to <strong>{to}</strong>.</p>
{_form(LOGIN_PATH, screen, inputs, step="code")}
<h2>No mail?</h2>
<p>It may take a minute, or be in the spam folder. Another code makes this one void.</p>
{_form(LOGIN_PATH, screen, again, step="again")}
<p><a href="{other}">Use another address</a></p>
{_cancel(screen)}"""
    return _login_page(screen, main)


def provider(screen: Screen) -> Answer:
    """On to the customer's provider, when a button is needed for it."""
    button = f"<button>{'Try again' if screen.error else 'Continue'}</button>"
    main = f"""
{_alert(screen.error)}
<p>You log in to {_name(screen.request.config.name)} with its own sign-in service.</p>
{_form(LOGIN_PATH, screen, button, step="provider")}
{_cancel(screen)}"""
    return _login_page(screen, main)


def onward(plane: Plane, flow: Flow, *, url: str, title: str) -> Answer:
    """The way back to an app that no form's answer can lead to."""
    app = _name(flow.client.name)
    main = f"""
<p>Go back to {app}. If it does not open by itself:
<a href="{escape(url)}">open {app}</a>.</p>
<p>You can close this page afterwards.</p>"""
    return _page(plane, title, main).with_headers((b"refresh", f"0;url={url}".encode("ascii")))


def arrived(plane: Plane, flow: Flow, *, title: str) -> Answer:
    """The end of a login whose client has got what it needs already."""
    return _page(
        plane, title, f"<p>You can close this page and go back to {_name(flow.client.name)}.</p>"
    )


def denied(plane: Plane, request: Request, client: Client, *, url: str, reason: str) -> Answer:
    """The way back to a client that the person is not logged in to, by a link alone."""
    main = f"""
<p>{escape(reason)} Nothing was shared with {_name(client.name)}.</p>
<p>You can close this page, or <a href="{escape(url)}">go back to the app</a>. It leads to
{_destination(url)}.</p>"""
    return _page(plane, f"You are not logged in to {request.config.name}", main)


def unanswered(plane: Plane, request: Request, client: Client, *, url: str, reason: str) -> Answer:
    """A link back to a client, whose request cannot be answered."""
    app = _name(client.name)
    main = f"""
<p>{app} asked for a login to {_name(request.config.name)} in a way that does not work:
{escape(reason)}</p>
<p>If you know this app, <a href="{escape(url)}">go back to it</a> and try to connect again. It
leads to {_destination(url)}. If a link or somebody else brought you here, close this page.</p>"""
    return _page(plane, "This login cannot begin", main, status=400)


def refused(plane: Plane, request: Request, *, title: str, sentences: str, status: int) -> Answer:
    """What went wrong and what to do, without a way to go on."""
    main = f"<p>{escape(sentences)}</p>\n<p>Server: {_name(request.config.name)}</p>"
    return _page(plane, title, main, status=status)


def _page(
    plane: Plane,
    title: str,
    main: str,
    *,
    error: ProductError | None = None,
    status: int | None = None,
) -> Answer:
    tab_title = f"Error: {title}" if error else title
    page = plane.page(title, main, tab_title=tab_title)
    policy = (b"content-security-policy", plane.page_policy.encode())
    made = answer.of_page(page, status=status or _status(error)).with_headers(policy)
    if isinstance(error, TooMany | Unavailable):
        made = made.with_headers((b"retry-after", str(error.retry_after_seconds).encode()))
    return made


def _status(error: ProductError | None) -> int:
    match error:
        case None:
            return 200
        case TooMany():
            return 429
        case Unavailable():
            return 503
    return 400


def _login_page(screen: Screen, main: str) -> Answer:
    title = f"Log in to {screen.request.config.name}"
    return _page(screen.plane, title, main, error=screen.error)


def _form(path: str, screen: Screen, inputs: str, *, step: str | None = None) -> str:
    """A form of this browser's login; `inputs` is HTML."""
    hidden: Mapping[str, str | None] = {
        "login": screen.flow.id,
        "csrf": oauth_flows.csrf_token(screen.key.cookie),
        "step": step,
    }
    carried = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in hidden.items()
        if value
    )
    return f'<form method="post" action="{path}">{carried}{inputs}</form>'


def _sent(screen: Screen) -> str:
    """By which a form that is sent twice is told from a wish for another code."""
    return f'<input type="hidden" name="sent" value="{screen.flow.codes_sent}">'


def _cancel(screen: Screen) -> str:
    button = '<button name="choice" value="deny" class="second">Cancel</button>'
    return _form(CONSENT_PATH, screen, button)


def _input(name: str, label: str, error: ProductError | None, attributes: Mapping[str, str]) -> str:
    fault = _fault(error, name)
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items() if value)
    flags = f' aria-invalid="true" aria-describedby="{name}-fault"' if fault else ""
    told = f'<p class="fault" id="{name}-fault">{escape(fault)}</p>' if fault else ""
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" required autofocus{written}{flags}>{told}'
    )


def _fault(error: ProductError | None, field: str) -> str:
    faults = error.faults if isinstance(error, Invalid) else ()
    text = next((fault.message for fault in faults if fault.field == field), "")
    return f"{text[:1].upper()}{text[1:]}"


def _alert(error: ProductError | None, *fields: str) -> str:
    """What was wrong, unless it is told at its input."""
    if error is None or any(_fault(error, field) for field in fields):
        return ""
    return f'<p class="alert" role="alert">{escape(error.message)}</p>'


def _name(text: str) -> str:
    return f"<strong><bdi>{escape(text)}</bdi></strong>"


def _vouched(client: Client) -> str:
    """Who says that the app is called so."""
    if client.url is None:
        return "It chose this name itself. Nobody has checked it."
    return f"Published at <strong>{escape(urlsplit(client.url).netloc)}</strong>."


def _destination(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    if parts.scheme == "https":
        return f"<strong>{escape(parts.netloc)}</strong>"
    if parts.scheme == "http" and parts.netloc:
        return f"an app on this computer (<strong>{escape(parts.netloc)}</strong>)"
    opener = f"{parts.scheme}:"
    return f"the app on this device that opens <strong>{escape(opener)}</strong> links"


def _learnt(request: Request, scopes: Sequence[str]) -> str:
    if request.config.auth_type is not AuthType.CUSTOM_OAUTH:
        return "your e-mail address"
    asked = f"<br>It asks there for <code>{escape(' '.join(scopes))}</code>" if scopes else ""
    return f"who you are at its own sign-in service: your name and your e-mail address{asked}"
