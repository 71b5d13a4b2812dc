"""Codes and refresh tokens become access tokens (RFC 6749 §3.2, RFC 7636, RFC 8707)."""

from app.domain import oauth_tokens
from app.domain.oauth_clients import Client
from app.domain.oauth_tokens import Issued
from app.oauth import answer
from app.oauth.answer import Answer
from app.oauth.client import remembered
from app.oauth.deciding import Asked, Judge
from app.oauth.plane import Plane
from app.oauth.request import Request
from app.oauth.resource import agreed


async def token(plane: Plane, request: Request) -> Answer:
    """The tokens that a code or a refresh token is worth.

    Raises OAuth2Error for what Authlib refuses, and what `oauth_tokens` raises.
    """
    asked = Asked(request)
    client = await remembered(request, asked.client_name)
    grant_type = Judge(client).check_token_request(asked)
    resource = agreed(request.origin, request.form.every("resource"))
    exchange = _redeemed if grant_type == "authorization_code" else _refreshed
    return answer.of_json(_told(await exchange(plane, request, client, asked.form, resource)))


async def _redeemed(
    _plane: Plane, request: Request, client: Client, form: dict[str, str], resource: str | None
) -> Issued:
    return await oauth_tokens.redeem_code(
        request.config,
        client,
        code=form["code"],
        redirect_uri=form.get("redirect_uri"),
        code_verifier=form.get("code_verifier"),
        resource=resource,
    )


async def _refreshed(
    plane: Plane, request: Request, client: Client, form: dict[str, str], resource: str | None
) -> Issued:
    return await oauth_tokens.refresh(
        request.config,
        plane.desk,
        client,
        token=form["refresh_token"],
        scope_asked=form.get("scope"),
        resource=resource,
    )


def _told(issued: Issued) -> dict[str, object]:
    told: dict[str, object] = {
        "access_token": issued.access.reveal(),
        "token_type": "Bearer",
        "expires_in": issued.expires_in_seconds,
        "scope": " ".join(issued.scopes),
    }
    if issued.refresh is not None:
        told["refresh_token"] = issued.refresh.reveal()
    return told
