"""What the pages with forms share: how they look, who may post, and what was posted."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from litestar import MediaType, Request, Response
from litestar.exceptions import InternalServerException

from app.core import session_cookie
from app.core.errors import Invalid, NotAllowed, NotSignedIn, ProductError
from app.core.headers import SPACES
from app.core.scope import UserScope
from app.domain import admission
from app.domain.desk import Client
from app.web.errors import Refusal, refusal_of
from app.web.pages import FORM_POLICY, message_page, page

MOST_FORM_BYTES: Final = 16 * 1024
HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": FORM_POLICY,
    "referrer-policy": "no-referrer",  # the addresses of some pages hold a token
}
_MOST_INPUTS: Final = 20
_SEE_OTHER: Final = 303
_NEXT_MAX_CHARACTERS: Final = 1000
# A path of ours: browsers read // and /\ at the beginning as another host.
_LOCAL = re.compile(r"/(?:[\w.~!$&'()*+,;=:@%?-][\w.~!$&'()*+,;=:@%/?-]*)?", re.ASCII)

AnyRequest = Request[Any, Any, Any]


class ForeignForm(NotAllowed):
    """The form was not sent from a page of ours, as far as the browser tells."""

    code = "cross_site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input; `kind` is its HTML type."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    hint: str = ""
    value: str = ""
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A page with one form. `intro` and `outro` are HTML; `hidden` goes along unseen."""

    title: str
    action: str
    button: str
    fields: tuple[Field, ...] = ()
    hidden: Mapping[str, str] | None = None
    intro: str = ""
    outro: str = ""

    def filled(self, values: Mapping[str, str]) -> "Form":
        """The form with what was typed before; passwords are typed again."""
        fields = (
            field if field.kind == "password" else replace(field, value=values.get(field.name, ""))
            for field in self.fields
        )
        return replace(self, fields=tuple(fields))

    def answer(self, error: ProductError | None = None) -> Response[str]:
        """The page, with what was wrong with the last attempt."""
        at_fields, elsewhere = _told(error, {field.name for field in self.fields})
        alerts = "".join(f'<p class="alert" role="alert">{escape(text)}</p>' for text in elsewhere)
        focused = next((field.name for field in self.fields if field.name in at_fields), None)
        if focused is None and self.fields:
            focused = next((one.name for one in self.fields if not one.value), self.fields[0].name)
        inputs = "".join(
            _input(field, at_fields.get(field.name), is_focused=field.name == focused)
            for field in self.fields
        )
        main = (
            f"{alerts}{self.intro}{button_form(self.action, self.button, self.hidden, inputs)}"
            f"{self.outro}"
        )
        tab_title = f"Error: {self.title}" if error else None
        return html(page(self.title, main, tab_title=tab_title), error)


def button_form(
    action: str,
    button: str,
    hidden: Mapping[str, str] | None = None,
    inputs: str = "",
    *,
    is_second: bool = False,
) -> str:
    """A form that posts to a path of ours; `inputs` is HTML."""
    carried = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in (hidden or {}).items()
        if value
    )
    style = ' class="second"' if is_second else ""
    return (
        f'<form method="post" action="{escape(action)}">{carried}{inputs}'
        f"<button{style}>{escape(button)}</button></form>"
    )


def html(
    content: str,
    error: ProductError | Refusal | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """The answer that shows a page; its status tells of the error, if there was one."""
    refusal = refusal_of(error) if isinstance(error, ProductError) else error
    return Response(
        content,
        status_code=refusal.status if refusal else 200,
        media_type=MediaType.HTML,
        headers={**(refusal.headers if refusal else {}), **HEADERS, **(headers or {})},
    )


def message(title: str, sentence: str) -> Response[str]:
    """The answer that says one thing."""
    return html(message_page(title, sentence))


def go_to(path: str, headers: Mapping[str, str] | None = None) -> Response[str]:
    """The answer that sends the browser on."""
    told = {**HEADERS, "location": path, **(headers or {})}
    return Response("", status_code=_SEE_OTHER, media_type=MediaType.HTML, headers=told)


def link(path: str, **query: str) -> str:
    """A path with the parts of the query that are not empty."""
    given = urlencode({name: value for name, value in query.items() if value}, quote_via=quote)
    return f"{path}?{given}" if given else path


def local_path(text: str) -> str:
    """The text if it is a path on this site, else ''."""
    is_local = len(text) <= _NEXT_MAX_CHARACTERS and _LOCAL.fullmatch(text) is not None
    return text if is_local else ""


async def posted(request: AnyRequest, *, origin: str) -> dict[str, str]:
    """What the form was filled with; of inputs of one name, the last.

    Raises ForeignForm, and Invalid for what no form of ours sends.
    """
    check_sender(request.headers, origin=origin)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip(SPACES).lower()
    if content_type != "application/x-www-form-urlencoded":
        reason = "Send the form as application/x-www-form-urlencoded."
        raise Invalid(reason)
    try:
        body = (await request.body()).decode("latin-1")
    except InternalServerException as error:  # so Litestar calls a sender who left
        reason = "The form was cut off. Send it again."
        raise Invalid(reason) from error
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_INPUTS)
    except ValueError:
        reason = "The form has more inputs than any of ours."
        raise Invalid(reason) from None
    return dict(pairs)


def check_sender(headers: Mapping[str, str], *, origin: str) -> None:
    """Raise ForeignForm unless the browser says that a page of ours sent the form.

    Servers' sites are elsewhere too. Our pages ask for no Referer, and for their forms browsers
    then say "Origin: null": Sec-Fetch-Site decides, and whoever sends neither is refused.
    """
    site = headers.get("sec-fetch-site")
    sender = headers.get("origin")
    is_ours = site in {"same-origin", "none"} if site is not None else sender == origin
    if not is_ours or sender not in {None, "null", origin}:
        reason = (
            f"This form was not sent from {origin}, or the browser is too old to say so. "
            "Open the page there and try again; scripts use the GraphQL API."
        )
        raise ForeignForm(reason)


def session_token(request: AnyRequest) -> str | None:
    """The token of the session that the browser says it has."""
    return session_cookie.token_in("; ".join(request.headers.getall("cookie", [])))


async def viewer(request: AnyRequest) -> UserScope | None:
    """Whoever is signed in with this browser."""
    try:
        return await admission.signed_in(session_token(request))
    except NotSignedIn:
        return None


def client(request: AnyRequest) -> Client:
    """Where the request comes from."""
    address = request.client.host if request.client else ""
    return Client(address=address, user_agent=request.headers.get("user-agent", ""))


def _input(field: Field, fault: str | None, *, is_focused: bool) -> str:
    described = [f"{field.name}-{what}" for what in ("hint", "fault") if _has(what, field, fault)]
    attributes = {
        "id": field.name,
        "name": field.name,
        "type": field.kind,
        "autocomplete": field.autocomplete,
        "value": field.value,
        "aria-describedby": " ".join(described),
    }
    written = "".join(f' {name}="{escape(text)}"' for name, text in attributes.items() if text)
    flags = "".join(
        f" {flag}"
        for flag, is_set in (
            ("required", field.is_required),
            ('aria-invalid="true"', fault),
            ("autofocus", is_focused),
        )
        if is_set
    )
    hint = f'<p class="hint" id="{field.name}-hint">{escape(field.hint)}</p>' if field.hint else ""
    told = f'<p class="fault" id="{field.name}-fault">{escape(fault)}</p>' if fault else ""
    optional = "" if field.is_required else " (optional)"
    return (
        f'<label for="{field.name}">{escape(field.label)}{optional}</label>'
        f"{hint}<input{written}{flags}>{told}"
    )


def _has(what: str, field: Field, fault: str | None) -> bool:
    return bool(field.hint if what == "hint" else fault)


def _told(
    error: ProductError | None, names: Iterable[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is wrong with each field, and what is wrong besides."""
    if error is None:
        return {}, ()
    if not isinstance(error, Invalid) or not error.faults:
        return {}, (error.message,)
    known = set(names)
    at_fields = {one.field: _sentence(one.message) for one in error.faults if one.field in known}
    return at_fields, tuple(
        _sentence(one.message) for one in error.faults if one.field not in known
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
