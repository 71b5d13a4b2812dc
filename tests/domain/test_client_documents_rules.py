"""What a client's metadata document must say, and how long that holds."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.core.safe_fetch import Fetched
from app.domain.client_documents import is_document_url, read_document
from app.domain.oauth_errors import InvalidClient

URL = "https://app.example.com/client.json"
JSON = {"content-type": "application/json"}


def _document(url: str, **changes: Any) -> dict[str, Any]:
    document = {
        "client_id": url,
        "client_name": "Acme Agent",
        "redirect_uris": ["http://127.0.0.1/callback", "https://app.example.com/callback"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    } | changes
    return {name: value for name, value in document.items() if value is not None}


def _fetched(
    document: object, headers: dict[str, str] | None = None, *, status: int = 200
) -> Fetched:
    return Fetched(status, JSON | (headers or {}), json.dumps(document).encode())


def _ways(more: object, *, one: str | None) -> dict[str, Any]:
    """How the client proves itself at the token endpoint, and which other ways it has."""
    return {"token_endpoint_auth_method": one, "token_endpoint_auth_methods_supported": more}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"client_name": None}, "It has no client_name"),
        ({"client_name": "  "}, "It has no client_name"),
        ({"client_name": 7}, "It has no client_name"),
        ({"client_name": "\u3164\u2800\u200b"}, "It has no client_name"),
        ({"client_secret": "s"}, "It holds a secret"),
        ({"client_secret_expires_at": 0}, "It holds a secret"),
        ({"jwks": {"keys": [{"kty": "EC", "d": "x"}]}}, "It holds a secret"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "must be none"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "must be none"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "must be none"),
        ({"token_endpoint_auth_method": ["none"]}, "must be none"),
        (_ways(["private_key_jwt"], one="private_key_jwt"), "must be none"),
        (_ways(["client_secret_basic", "client_secret_post"], one="tls_client_auth"), "none must"),
        (_ways(["private_key_jwt"], one=None), "must be none"),
        (_ways([["none"], {"none": 1}, None], one=None), "must be none"),
        (_ways("none", one="private_key_jwt"), "must be none"),
        (_ways(["none"], one="none") | {"client_secret": "s"}, "It holds a secret"),
        ({"client_id": URL + "/"}, "Its client_id must be the very address"),
        ({"client_id": "https://APP.example.com/client.json"}, "Its client_id must be the very"),
        ({"client_id": "https://app.example.com:443/client.json"}, "Its client_id must be the"),
        ({"client_id": [URL]}, "Its client_id must be the very address"),
    ],
)
def test_a_document_must_say_who_the_client_is_and_hold_no_secret(
    changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidClient) as caught:
        read_document(URL, _fetched(_document(URL, **changes)))
    assert why in caught.value.message
    assert (caught.value.code, caught.value.field) == ("invalid_client", "client_id")


def test_a_document_that_says_nothing_of_authentication_is_public() -> None:
    document = _document(URL, token_endpoint_auth_method=None, jwks={"keys": [{"kty": "EC"}]})
    assert read_document(URL, _fetched(document)).metadata == document


@pytest.mark.parametrize(
    "ways",
    [
        _ways(["none", "private_key_jwt"], one="private_key_jwt"),
        _ways(["client_secret_post", "none"], one="client_secret_post"),
        _ways(["none"], one=None),
        _ways(["private_key_jwt"], one="none"),
        _ways([], one=None),
    ],
)
def test_a_document_that_names_none_among_others_is_public(ways: dict[str, Any]) -> None:
    document = _document(URL, **ways)
    assert read_document(URL, _fetched(document)).metadata == document


@pytest.mark.parametrize("status", [201, 204, 400, 404, 500])
def test_only_200_is_a_document(status: int) -> None:
    with pytest.raises(InvalidClient):
        read_document(URL, _fetched(_document(URL), status=status))


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "", "application/jsonp"])
def test_only_json_is_a_document(media_type: str) -> None:
    with pytest.raises(InvalidClient):
        read_document(URL, _fetched(_document(URL), {"content-type": media_type}))


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/cimd+json"],
)
def test_every_kind_of_json_is_a_document(media_type: str) -> None:
    read_document(URL, _fetched(_document(URL), {"content-type": media_type}))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"\xff": 1}', b"[" * 5000])
def test_only_a_json_object_is_a_document(body: bytes) -> None:
    with pytest.raises(InvalidClient):
        read_document(URL, Fetched(200, JSON, body))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 3600),
        ({"cache-control": "max-age=1800"}, 1800),
        ({"cache-control": "public, Max-Age=1800, must-revalidate"}, 1800),
        ({"cache-control": 'max-age="1800"'}, 1800),
        ({"cache-control": "max-age=1800", "age": "600"}, 1200),
        ({"cache-control": "max-age=1800", "age": "9" * 5000}, 1800),
        ({"cache-control": "max-age=1800", "age": "-5"}, 1800),
        ({"cache-control": "max-age=0"}, 300),
        ({"cache-control": "max-age=10"}, 300),
        ({"cache-control": "no-store"}, 300),
        ({"cache-control": "no-cache, max-age=1800"}, 300),
        ({"cache-control": "max-age=31536000"}, 86_400),
        ({"cache-control": "max-age=9999999999"}, 86_400),
        ({"cache-control": "max-age=1800", "expires": "0"}, 1800),
        ({"expires": "0"}, 300),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 300),
        ({"expires": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400),
        ({"expires": "Fri, 31 Dec 2100 23:59:59 -0000"}, 300),
    ],
)  # fmt: skip
def test_a_document_is_kept_as_its_headers_say_within_bounds(
    headers: dict[str, str], seconds: int
) -> None:
    document = read_document(URL, _fetched(_document(URL), headers))
    kept = document.fresh_until - clock.now()
    assert timedelta(seconds=seconds - 30) < kept <= timedelta(seconds=seconds)


def test_a_client_id_that_was_given_out_is_no_address() -> None:
    assert is_document_url(URL)
    assert not is_document_url("oacl_abcdefghijklmnop")
