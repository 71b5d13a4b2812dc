"""What Authlib decides of a client's request for a login: response type, scopes, PKCE.

No I/O: the client was loaded before, and what the login becomes is the domain's.
"""

from collections import defaultdict
from typing import Any, Final

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidRequestError,
    OAuth2Payload,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from typing_extensions import override

from app.domain import oauth_clients, oauth_scopes
from app.domain.oauth_clients import Client
from app.domain.oauth_errors import InvalidRequest, UnsupportedResponseType
from app.domain.oauth_flows import AuthorizationRequest
from app.oauth.request import Parameters

# Authlib refuses http, but for loopback. Here the edge sees to that, and knows *.localhost.
_ANY_HTTPS_ADDRESS: Final = "https://localhost/"
_ONCE: Final = (
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "prompt",
)


class LoginRequired(InvalidRequest):
    """The client wants nobody to be asked, and nobody stays logged in here."""

    code = "login_required"  # OpenID Connect Core §3.1.2.6


class RequestUnsupported(InvalidRequest):
    """The request says in an object of its own what is asked for (RFC 9101)."""

    code = "request_not_supported"


class RequestUriUnsupported(InvalidRequest):
    """The request says elsewhere what is asked for (RFC 9101)."""

    code = "request_uri_not_supported"


def checked(
    asked: Parameters, client: Client, *, redirect_uri: str, resource: str | None
) -> AuthorizationRequest:
    """The request of this client, if a login may begin with it.

    `redirect_uri` was found to be the client's. Raises OAuth2Error, InvalidRequest, InvalidScope
    and UnsupportedResponseType.
    """
    given = {name: value for name in _ONCE if (value := asked.one(name)) is not None}
    _check_openid(given, asked)
    ask = _Ask({**given, "client_id": client.client_id, "redirect_uri": redirect_uri})
    _Judge(client, redirect_uri).get_consent_grant(ask)
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        state=given.get("state"),
        scopes=oauth_scopes.asked(given.get("scope")),
        resource=resource,
        code_challenge=given.get("code_challenge"),
        code_challenge_method=given.get("code_challenge_method"),
    )


def _check_openid(given: dict[str, str], asked: Parameters) -> None:
    """What OpenID Connect would have us refuse in its own way, rather than pass over."""
    if "response_type" not in given:
        message = "response_type is missing. Send response_type=code."
        raise InvalidRequest(message, field="response_type")
    if given["response_type"] != "code":  # Authlib fails at some of the rest
        message = "response_type must be code: nothing else is given here."
        raise UnsupportedResponseType(message, field="response_type")
    if given.get("response_mode", "query") != "query":
        message = "response_mode must be query, or be left out."
        raise InvalidRequest(message, field="response_mode")
    for name, refusal in (("request", RequestUnsupported), ("request_uri", RequestUriUnsupported)):
        if asked.every(name):
            message = f"{name} is not read here. Send plain parameters."
            raise refusal(message, field=name)
    prompts = given.get("prompt", "").split()
    if "none" in prompts and len(prompts) > 1:
        message = "prompt=none goes with no other."
        raise InvalidRequest(message, field="prompt")
    if prompts == ["none"]:  # nobody stays logged in here: each login asks the person
        message = "The person has to log in. Ask again without prompt=none."
        raise LoginRequired(message, field="prompt")


class _Ask(OAuth2Request):
    def __init__(self, given: dict[str, str]) -> None:
        super().__init__("GET", _ANY_HTTPS_ADDRESS)
        self.payload = _Payload(given)


class _Payload(OAuth2Payload):
    def __init__(self, given: dict[str, str]) -> None:
        self._given = given

    @property
    @override
    def data(self) -> dict[str, str]:
        return self._given

    @property
    @override
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: [value] for name, value in self._given.items()})


class _Judge(AuthorizationServer):
    """Knows one client, and the one grant that begins in a browser."""

    def __init__(self, client: Client, redirect_uri: str) -> None:
        super().__init__()
        self._asking = _Asking(client, redirect_uri)
        self.register_grant(AuthorizationCodeGrant, [_S256Only(required=True)])

    @override
    def create_oauth2_request(self, request: Any) -> Any:
        return request

    @override
    def query_client(self, client_id: str) -> "_Asking":
        return self._asking

    @override
    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


class _Asking(ClientMixin):
    def __init__(self, client: Client, redirect_uri: str) -> None:
        self._client = client
        self._redirect_uri = redirect_uri

    @override
    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return oauth_clients.redirect_uri_of(self._client, redirect_uri) == self._redirect_uri

    @override
    def check_response_type(self, response_type: str) -> bool:
        return "authorization_code" in self._client.grant_types

    @override
    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(oauth_scopes.asked(scope))


class _S256Only(CodeChallenge):
    """PKCE in every case: Authlib's own lets requests without it pass, and `plain`."""

    @override
    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        given = grant.request.payload.data
        if "code_challenge" not in given:
            message = "code_challenge is missing. Send one with code_challenge_method=S256."
            raise InvalidRequestError(message)
        if given.get("code_challenge_method") != "S256":  # left out, it would mean plain
            message = "code_challenge_method must be S256."
            raise InvalidRequestError(message)
        super().validate_code_challenge(grant, redirect_uri)
