"""Who is at the door: an API key, or a member whose browser sends the session's cookie."""

from app.core import session_cookie
from app.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn
from app.core.headers import SPACES
from app.domain import admission, members, organizations
from app.graphql.context import Browser, Principal
from app.graphql.request import Headers

ORGANIZATION_HEADER = "x-organization"
_BEARER = "bearer "


class CrossSite(NotAllowed):
    """A page of another site sent the request, and may not."""

    code = "cross_site"


def browser(headers: Headers) -> Browser:
    """What the browser sends along; nothing where an API key is sent, which then counts alone."""
    if "authorization" in headers:
        return Browser()
    return Browser(
        token=session_cookie.token_in(headers.get("cookie", "")),
        organization=headers.get(ORGANIZATION_HEADER),
    )


async def principal(headers: Headers, kept: Browser, *, origin: str) -> Principal:
    """Whoever the request says it comes from; nobody if it says nothing.

    `origin` is the platform's own. A session that has ended makes nobody of its browser, which is
    told to forget it. Raises NotSignedIn for a key that is not good (any more), and CrossSite.
    """
    authorization = headers.get("authorization")
    if authorization is not None:
        return await _key(authorization, headers, origin)
    # Also without a cookie: signing in sets one, and a page elsewhere must not choose whose.
    if not _is_same_site(headers, origin):
        message = "This request came from a page of another site. Use an API key there."
        raise CrossSite(message)
    if kept.token is None:
        return Principal()
    try:
        return await person(kept)
    except NotSignedIn:
        kept.drop()
        message = "Your session has ended. Sign in again."
        return Principal(refusal=NotSignedIn(message))


async def person(kept: Browser) -> Principal:
    """The member whose session this is, in the organization that they name or their only one.

    Raises NotSignedIn.
    """
    user = await admission.signed_in(kept.token)
    organization = kept.organization
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
        return Principal(user=user, member=await admission.member(kept.token, organization))
    except NotFound as error:
        return Principal(user=user, refusal=error)


async def _key(authorization: str, headers: Headers, origin: str) -> Principal:
    if not authorization.lower().startswith(_BEARER):
        message = "Send the API key as Authorization: Bearer."
        raise NotSignedIn(message)
    scope = await admission.api_key(authorization[len(_BEARER) :].strip(SPACES))
    if not _is_same_site(headers, origin):
        sender = headers.get("origin")
        if sender not in (await organizations.present(scope)).allowed_origins:
            message = (
                f"Pages of {sender or 'another site'} may not use this key. Add the origin to the "
                "organization's allowedOrigins."
            )
            raise CrossSite(message)
    return Principal(member=scope)


def _is_same_site(headers: Headers, origin: str) -> bool:
    """Whether no browser sends this from elsewhere; servers' sites are elsewhere too.

    What a browser calls same-origin is ours under any name that leads here, such as 127.0.0.1.
    """
    site = headers.get("sec-fetch-site")
    if site == "same-origin":
        return True
    return site in {None, "none"} and headers.get("origin") in {None, origin}
