"""What Authlib decides of a client's request: whether it can be read, and who the client is.

Authlib does no I/O here. Whom a request names is loaded before; what a code or token is worth is
decided afterwards, under a lock (docs/decisions/0015-oauth-plane.md).
"""

from collections import defaultdict
from typing import Any, Final

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Payload,
    TokenEndpointMixin,
)
from authlib.oauth2.rfc6749.grants import BaseGrant
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc7009 import RevocationEndpoint
from typing_extensions import override

from app.core.enums import ClientAuthMethod
from app.domain import oauth_clients
from app.domain.oauth_clients import Client
from app.domain.oauth_errors import InvalidClient
from app.oauth.request import Parameters, Request

AUTH_METHODS: Final = [method.value for method in ClientAuthMethod]
_REPEATED: Final = frozenset({"resource"})  # RFC 8707 §2
# Authlib refuses http, but for loopback. Here the edge sees to that, and knows *.localhost.
_ANY_HTTPS_ADDRESS: Final = "https://localhost/"


class Asked(OAuth2Request):
    """A client's form, as Authlib reads one.

    Raises InvalidRequest for what is there twice, and InvalidRequestError for two credentials.
    """

    def __init__(self, request: Request) -> None:
        authorization = request.headers.get("authorization", "")
        super().__init__("POST", _ANY_HTTPS_ADDRESS, headers={"Authorization": authorization})
        self._form = _once(request.form)
        self.payload = _Payload(self._form)
        self._basic_id = _basic_id(self.headers)
        if self._basic_id is not None and "client_secret" in self._form:
            raise InvalidRequestError("The client proves itself twice.")
        if self._basic_id is not None and self._form.get("client_id", self._basic_id) != (
            self._basic_id
        ):
            raise InvalidRequestError("client_id and the Authorization header differ.")

    @property
    @override
    def form(self) -> dict[str, str]:
        return self._form

    @property
    def client_name(self) -> str:
        """The client_id that the request names, unproved. Raises InvalidClientError."""
        name = self._basic_id or self._form.get("client_id")
        if not name:
            raise InvalidClientError(description="client_id is missing.")
        return name


class Judge(AuthorizationServer):
    """Decides of a request by one client, which was loaded for it."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self.register_grant(_CodeGrant)
        self.register_grant(_RefreshGrant)

    def check_token_request(self, asked: Asked) -> str:
        """The grant type of a sound request by the client itself. Raises OAuth2Error."""
        if asked.payload.grant_type is None:
            raise InvalidRequestError("Missing 'grant_type' in request.")
        grant = self.get_token_grant(asked)
        grant.validate_token_request()
        return str(grant.GRANT_TYPE)

    def check_revocation(self, asked: Asked) -> str:
        """The token that the client itself wants to be rid of. Raises OAuth2Error."""
        endpoint = _Revocation(self)
        endpoint.check_params(asked, endpoint.authenticate_endpoint_client(asked))
        return asked.form["token"]

    @override
    def query_client(self, client_id: str) -> "_Judged | None":
        return _Judged(self._client) if self._client.client_id == client_id else None

    @override
    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


class _Payload(OAuth2Payload):
    def __init__(self, form: dict[str, str]) -> None:
        self._form = form

    @property
    @override
    def data(self) -> dict[str, str]:
        return self._form

    @property
    @override
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: [value] for name, value in self._form.items()})


class _Judged(ClientMixin):
    def __init__(self, client: Client) -> None:
        self._client = client

    @override
    def check_client_secret(self, client_secret: str) -> bool:
        try:
            oauth_clients.check_secret(self._client, client_secret)
        except InvalidClient:
            return False
        return True

    @override
    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """With a secret, in whichever place it is sent: not all clients keep to what they said."""
        is_public = self._client.secret_hash is None
        return is_public is (method == ClientAuthMethod.NONE)


class _Grant(BaseGrant, TokenEndpointMixin):
    """A grant whose code or token nobody has looked up yet."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    NEEDED = ""

    @override
    def validate_token_request(self) -> None:
        self.request.client = self.authenticate_token_endpoint_client()
        if self.NEEDED not in self.request.form:
            message = f"Missing '{self.NEEDED}' in request."
            raise InvalidRequestError(message)


class _CodeGrant(_Grant):
    GRANT_TYPE = "authorization_code"
    NEEDED = "code"


class _RefreshGrant(_Grant):
    GRANT_TYPE = "refresh_token"
    NEEDED = "refresh_token"


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = AUTH_METHODS

    @override
    def check_params(self, request: Any, client: Any) -> None:
        # RFC 7009 §2.1: a hint only tells where to look first, and we look once.
        request.form.pop("token_type_hint", None)
        super().check_params(request, client)


def _once(form: Parameters) -> dict[str, str]:
    names = form.values.keys() - _REPEATED
    return {name: value for name in names if (value := form.one(name)) is not None}


def _basic_id(headers: dict[str, str]) -> str | None:
    if "," in headers["Authorization"]:  # Authlib would read the first of two
        raise InvalidClientError(description="There is more than one Authorization header.")
    try:
        client_id, _ = extract_basic_authorization(headers)
    except ValueError as error:  # what is behind "Basic" is no base64 of a text
        raise InvalidClientError(description="The Authorization header cannot be read.") from error
    return client_id or None
