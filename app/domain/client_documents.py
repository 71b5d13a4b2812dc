"""Clients whose client_id is the address of a document about them.

draft-ietf-oauth-client-id-metadata-document, as the MCP authorization specification asks for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from app.core import clock
from app.core.fetch_target import FetchFailed
from app.core.headers import SPACES
from app.core.safe_fetch import Fetched, SafeFetcher
from app.core.scope import ServerScope
from app.core.single_flight import SingleFlight
from app.domain import oauth_clients
from app.domain.oauth_client_rules import METADATA_MAX_BYTES, clean_name
from app.domain.oauth_clients import Client
from app.domain.oauth_errors import InvalidClient, InvalidClientMetadata, InvalidRedirectUri

FETCH_SECONDS: Final = 5.0
# However short a document says that it lives, its host is not asked at each login; and however
# long, a client that takes a redirect URI back is heard within a day.
KEPT_MIN: Final = timedelta(minutes=5)
KEPT_MAX: Final = timedelta(hours=24)
KEPT_WHEN_UNSAID: Final = timedelta(hours=1)
_PATH: Final = re.compile(r"https?://[^/?#]+/")
_JSON: Final = re.compile(r"application/(?:[a-z0-9.+_-]+\+)?json", re.IGNORECASE)
_MAX_AGE: Final = re.compile(r"max-age=\"?([0-9]{1,10})\"?")
_SECRETS: Final = ("client_secret", "client_secret_expires_at")
_PRIVATE: Final = ("d", "k")  # members of a JSON Web Key that only its owner knows


@dataclass(frozen=True, slots=True)
class Document:
    """What a client says of itself, and until when that may be believed unasked."""

    metadata: Mapping[str, Any]
    fresh_until: datetime


class ClientDocuments:
    """Reads clients' metadata documents and remembers them."""

    def __init__(self, fetcher: SafeFetcher) -> None:
        self._fetcher = fetcher
        self._clients: SingleFlight[tuple[str, str], Client] = SingleFlight()
        self._documents: SingleFlight[str, Document] = SingleFlight()

    async def client(self, scope: ServerScope, url: str) -> Client:
        """The client whose document is at this address; it is read unless a fresh one is known.

        Reading may take seconds: call it outside of any unit of work. Raises InvalidClient, whose
        message tells the client's author what to mend.
        """
        known = await oauth_clients.known_document(scope, url)
        if known is not None and known.is_fresh:
            return known.client
        return await self._clients.join((scope.server_id, url), lambda: self._renewed(scope, url))

    async def _renewed(self, scope: ServerScope, url: str) -> Client:
        known = await oauth_clients.known_document(scope, url)  # another caller may just have read
        if known is not None and known.is_fresh:
            return known.client
        document = await self._documents.join(url, lambda: self._read(url))
        try:
            return await oauth_clients.remember_document(
                scope, url, document.metadata, fresh_until=document.fresh_until
            )
        except (InvalidClientMetadata, InvalidRedirectUri) as error:
            raise _refused(error.message) from error

    async def _read(self, url: str) -> Document:
        if not _PATH.match(url):
            raise _refused("Its address must have a path, such as /client.json.")
        try:
            fetched = await self._fetcher.fetch(
                url,
                headers={"accept": "application/json"},
                most_bytes=METADATA_MAX_BYTES,
                seconds=FETCH_SECONDS,
            )
        except FetchFailed as failure:
            again = " Try again in a minute." if failure.is_passing else ""
            raise _refused(failure.message + again) from failure
        return read_document(url, fetched)


def is_document_url(client_id: str) -> bool:
    """Whether a client_id is an address and not one that was given out at registration."""
    return client_id.startswith(("https://", "http://"))


def read_document(url: str, fetched: Fetched) -> Document:
    """What was fetched from `url`, if it is a document that may say who the client is.

    Names and redirect URIs are left to whoever keeps it. Raises InvalidClient.
    """
    if fetched.status != 200:
        raise _refused(f"It was answered with status {fetched.status} instead of 200.")
    media_type = fetched.headers.get("content-type", "").partition(";")[0].strip(SPACES)
    if not _JSON.fullmatch(media_type):
        raise _refused("It must be served as application/json.")
    try:
        metadata = msgspec.json.decode(fetched.body, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _refused("It is no JSON object.") from None
    if metadata.get("client_id") != url:
        raise _refused("Its client_id must be the very address that it is read from.")
    if not clean_name(metadata.get("client_name")):
        raise _refused("It has no client_name, by which people are asked for their consent.")
    _check_public(metadata)
    return Document(metadata, clock.now() + _kept(fetched.headers))


def _check_public(metadata: Mapping[str, Any]) -> None:
    if any(name in metadata for name in _SECRETS) or _has_private_key(metadata.get("jwks")):
        raise _refused("It holds a secret, and everyone can read it.")
    if not _may_be_public(metadata):
        reason = (
            "Its token_endpoint_auth_method must be none, or none must be among its "
            "token_endpoint_auth_methods_supported: PKCE is what counts here."
        )
        raise _refused(reason)


def _may_be_public(metadata: Mapping[str, Any]) -> bool:
    """Some clients prove themselves where they can, and name none besides for everyone else."""
    one = metadata.get("token_endpoint_auth_method")
    more = metadata.get("token_endpoint_auth_methods_supported")
    named = [*([] if one is None else [one]), *(more if isinstance(more, list) else [])]
    return not named or "none" in named


def _has_private_key(jwks: object) -> bool:
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    return isinstance(keys, list) and any(
        isinstance(key, dict) and any(name in key for name in _PRIVATE) for key in keys
    )


def _kept(headers: Mapping[str, str]) -> timedelta:
    """How long the document stays fresh (RFC 9111 §4.2.1), within our bounds."""
    control = headers.get("cache-control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return KEPT_MIN
    if found := _MAX_AGE.search(control):
        age = headers.get("age", "")
        lifetime = timedelta(seconds=int(found[1]))
        lifetime -= timedelta(seconds=int(age) if age.isdecimal() and len(age) < 10 else 0)
    elif "expires" in headers:
        lifetime = _until(headers["expires"])
    else:
        lifetime = KEPT_WHEN_UNSAID
    return max(KEPT_MIN, min(KEPT_MAX, lifetime))


def _until(text: str) -> timedelta:
    try:
        moment = parsedate_to_datetime(text)
        return moment - clock.now()
    except (TypeError, ValueError, OverflowError):  # such as "0", which means "at once"
        return KEPT_MIN


def _refused(why: str) -> InvalidClient:
    message = f"The client's metadata document cannot be used. {why}"
    return InvalidClient(message, field="client_id")
