"""What goes wrong in end users' logins, with the codes that the specifications give it.

RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2, RFC 8707 §2. Whoever renders these for a
client sends `code` as `error` and `message` as `error_description`.
"""

from app.core.errors import Invalid, NotAllowed, NotFound, NotSignedIn, ProductError


class OAuthError(ProductError):
    """A failure that has a code in the OAuth specifications."""


class InvalidRequest(OAuthError, Invalid):
    """A parameter is missing, is there twice, or has a value that cannot be."""

    code = "invalid_request"


class InvalidClient(OAuthError, Invalid):
    """The client is unknown at this server, or did not prove itself."""

    code = "invalid_client"


class InvalidGrant(OAuthError, Invalid):
    """The code or token is unknown, expired, used, revoked, or was given to another client."""

    code = "invalid_grant"


class InvalidScope(OAuthError, Invalid):
    """None of the scopes is offered, or more is asked for than was granted."""

    code = "invalid_scope"


class InvalidTarget(OAuthError, Invalid):
    """The resource is none of this server's, or not the one that was granted."""

    code = "invalid_target"


class UnsupportedResponseType(OAuthError, Invalid):
    """The authorization endpoint gives codes and nothing else."""

    code = "unsupported_response_type"


class InvalidRedirectUri(OAuthError, Invalid):
    """A redirect URI is none that a client may have."""

    code = "invalid_redirect_uri"


class InvalidClientMetadata(OAuthError, Invalid):
    """What a client says of itself cannot be accepted."""

    code = "invalid_client_metadata"


class AccessDenied(OAuthError, NotAllowed):
    """The person, or the customer's identity provider, said no."""

    code = "access_denied"


class InvalidToken(OAuthError, NotSignedIn):
    """There is no access token, or none that this server accepts."""

    code = "invalid_token"


class InsufficientScope(OAuthError, NotAllowed):
    """The access token does not reach this far."""

    code = "insufficient_scope"


class FlowOver(NotFound):
    """The login is unknown, finished, expired, or another browser's: all the same."""

    code = "login_over"


class WrongCode(Invalid):
    """The one-time code is wrong; there are attempts left."""

    code = "wrong_code"


class NotConfigured(NotFound):
    """The server is to log in with a provider that nobody has entered yet."""

    code = "login_not_configured"
