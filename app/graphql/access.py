"""Who is at the door: an API key, or a member whose browser sends the session's cookie."""

from http.cookies import CookieError, SimpleCookie

from app.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from app.domain import admission, members
from app.graphql.context import Principal
from app.graphql.request import Headers

SESSION_COOKIE = "__Host-mcplatform"
ORGANIZATION_HEADER = "x-organization"
_BEARER = "bearer "


class CrossSite(NotAllowed):
    """A page of another site sent the request with the member's cookie."""

    code = "cross_site"


async def principal(headers: Headers, *, origin: str) -> Principal:
    """Whoever the request says it comes from; nobody if it says nothing.

    `origin` is the platform's own. Raises NotSignedIn for credentials that are not good (any more),
    and CrossSite.
    """
    authorization = headers.get("authorization")
    if authorization is not None:
        if not authorization.lower().startswith(_BEARER):
            message = "Send the API key as Authorization: Bearer."
            raise NotSignedIn(message)
        return Principal(member=await admission.api_key(authorization[len(_BEARER) :].strip()))
    token = _session_token(headers)
    if token is None:
        return Principal()
    _check_same_origin(headers, origin)
    return await _person(token, headers.get(ORGANIZATION_HEADER))


async def _person(token: str, organization: str | None) -> Principal:
    user = await admission.signed_in(token)
    if organization is None:
        belongings = await members.belongings(user)
        if len(belongings) != 1:
            message = (
                f"You belong to {len(belongings)} organizations. Name one, by its slug or id, "
                "in the header X-Organization."
            )
            return Principal(user=user, refusal=Invalid(message, code="organization_required"))
        organization = belongings[0].id
    try:
        return Principal(user=user, member=await admission.member(token, organization))
    except NotFound as error:
        return Principal(user=user, refusal=error)


def _session_token(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(SESSION_COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _check_same_origin(headers: Headers, origin: str) -> None:
    """Raise CrossSite for what a browser sends from elsewhere; servers' sites are elsewhere too."""
    site = headers.get("sec-fetch-site")
    sender = headers.get("origin")
    is_ours = site in {None, "same-origin", "none"} and sender in {None, origin}
    if not is_ours:
        message = "This request came from a page of another site. Use an API key there."
        raise CrossSite(message)
