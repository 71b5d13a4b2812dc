"""Tokens that their client wants to end (RFC 7009)."""

from app.domain import oauth_tokens
from app.oauth import answer
from app.oauth.answer import Answer
from app.oauth.client import remembered
from app.oauth.deciding import Asked, Judge
from app.oauth.plane import Plane
from app.oauth.request import Request


async def revoke(_plane: Plane, request: Request) -> Answer:
    """Done, also where there was nothing to end (§2.2).

    Raises OAuth2Error for what Authlib refuses, and InvalidClient.
    """
    asked = Asked(request)
    client = await remembered(request, asked.client_name)
    token = Judge(client).check_revocation(asked)
    await oauth_tokens.revoke(request.config, client, token=token)
    return answer.of_json({})
