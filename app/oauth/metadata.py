"""What clients read before they ask for a login: RFC 9728, RFC 8414, OpenID Connect Discovery."""

from typing import Any, Final

from app.core.enums import ClientAuthMethod
from app.core.errors import NotFound
from app.domain import oauth_scopes
from app.oauth import answer
from app.oauth.answer import Answer
from app.oauth.plane import Plane
from app.oauth.request import Request
from app.oauth.resource import is_mcp_path

PROTECTED_RESOURCE: Final = "/.well-known/oauth-protected-resource"
AUTHORIZATION_SERVER: Final = "/.well-known/oauth-authorization-server"
OPENID_CONFIGURATION: Final = "/.well-known/openid-configuration"
KEYS: Final = "/oauth/jwks"
GRANT_TYPES: Final = ("authorization_code", "refresh_token")
# A server may stop asking for logins, or be renamed: nobody need believe these for long.
MAX_AGE_SECONDS: Final = 300


async def protected_resource(_plane: Plane, request: Request) -> Answer:
    """Who gives tokens for the MCP address that the path names, or for the site where none is.

    Raises NotFound for what is no MCP address.
    """
    path = request.path.removeprefix(PROTECTED_RESOURCE)
    path = "" if path == "/" else path
    if path and not is_mcp_path(path):
        message = "There is no MCP address at this path."
        raise NotFound(message)
    document = {
        "resource": f"{request.origin}{path}",  # §3.3: the very address that was asked about
        "authorization_servers": [request.origin],
        "scopes_supported": list(oauth_scopes.asked(None)),
        "bearer_methods_supported": ["header"],
        "resource_name": request.config.name,
    }
    return answer.of_public_json(document, max_age_seconds=MAX_AGE_SECONDS)


async def authorization_server(_plane: Plane, request: Request) -> Answer:
    """Where and how tokens are to be had at this site."""
    return answer.of_public_json(document_of(request.origin), max_age_seconds=MAX_AGE_SECONDS)


async def openid_configuration(_plane: Plane, request: Request) -> Answer:
    """The same for clients that look where OpenID providers tell it.

    No ID token is ever given: what such a provider must tell besides is there because clients
    refuse a document without it.
    """
    document = document_of(request.origin) | {
        "jwks_uri": f"{request.origin}{KEYS}",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    return answer.of_public_json(document, max_age_seconds=MAX_AGE_SECONDS)


async def keys(_plane: Plane, _request: Request) -> Answer:
    """The keys that ID tokens are signed with: none."""
    return answer.of_public_json({"keys": []}, max_age_seconds=MAX_AGE_SECONDS)


def document_of(issuer: str) -> dict[str, Any]:
    """The metadata of the authorization server with this issuer (RFC 8414 §2)."""
    methods = [method.value for method in ClientAuthMethod]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "registration_endpoint": f"{issuer}/oauth/register",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "scopes_supported": list(oauth_scopes.OFFERED),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
    }
