"""The metadata documents that well-known MCP clients publish, as they published them."""

from typing import Any

import httpx
import pytest

from tests.support.client_document import published
from tests.support.login_browser import Browser, told
from tests.support.logins import Door
from tests.support.oauth_site import Site

CHATGPT = "https://chatgpt.com/connector_platform_oauth_redirect"
BOTH_GRANTS = ["authorization_code", "refresh_token"]
DOCUMENTS: list[tuple[dict[str, Any], str]] = [
    (
        {
            "client_name": "ChatGPT",
            "client_uri": "https://chatgpt.com/",
            "redirect_uris": [CHATGPT],
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "token_endpoint_auth_signing_alg": "RS256",
            "jwks_uri": "https://chatgpt.com/oauth/jwks.json",
            "grant_types": BOTH_GRANTS,
            "response_types": ["code"],
            "logo_uri": "https://persistent.oaistatic.com/sonic/misc/openai-logo.png",
        },
        CHATGPT,
    ),
    (
        {
            "client_name": "Claude",
            "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
            "token_endpoint_auth_method": "none",
        },
        "https://claude.ai/api/mcp/auth_callback",
    ),
    (
        {
            "client_name": "Claude Code",
            "client_uri": "https://claude.ai",
            "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"],
            "grant_types": BOTH_GRANTS,
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        },
        "http://localhost:3118/callback",
    ),
    (
        {
            "client_name": "Codex",
            "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback"],
            "token_endpoint_auth_method": "none",
        },
        "http://127.0.0.1:54321/callback",
    ),
    (
        {
            "client_name": "Visual Studio Code",
            "grant_types": [*BOTH_GRANTS, "urn:ietf:params:oauth:grant-type:device_code"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
            "redirect_uris": ["http://127.0.0.1:33418/", "https://vscode.dev/redirect"],
        },
        "http://127.0.0.1:33418/",
    ),
    (
        {
            "client_name": "Grok",
            "redirect_uris": ["https://grok.com/connectors-oauth-exchange-code/"],
            "token_endpoint_auth_method": "none",
        },
        "https://grok.com/connectors-oauth-exchange-code/",
    ),
]
SCOPE = "openid profile email offline_access"
ASSERTION = {
    "client_assertion": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmVk",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}


@pytest.mark.parametrize(
    ("document", "redirect_uri"), DOCUMENTS, ids=[each["client_name"] for each, _ in DOCUMENTS]
)
async def test_a_person_logs_in_with_it(
    here: Door, site: Site, document: dict[str, Any], redirect_uri: str
) -> None:
    browser, name = Browser(site), document["client_name"]
    async with published(**document) as there:
        asking = {"client_id": there.url, "redirect_uri": redirect_uri, "scope": SCOPE}
        page = await browser.begin(await here.the_client(), **asking)
        assert f"<strong><bdi>{name}</bdi></strong>" in page.text
        answer = await browser.log_in(await here.the_client(), **asking)
        tokens = await redeemed(site, there.url, answer, redirect_uri)
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["refresh_token"]


async def redeemed(
    site: Site, client_id: str, answer: httpx.Response, redirect_uri: str, **more: str
) -> httpx.Response:
    """What the code in the answer is worth."""
    return await site.redeem(told(answer)["code"], client_id, redirect_uri=redirect_uri, **more)


async def test_a_signed_statement_of_the_client_besides_its_name_does_no_harm(
    here: Door, site: Site
) -> None:
    """Nobody checks it: PKCE ties a code to whoever began, and such a client is a public one."""
    document, redirect_uri = DOCUMENTS[0]
    async with published(**document) as there:
        answer = await Browser(site).log_in(
            await here.the_client(), client_id=there.url, redirect_uri=redirect_uri
        )
    tokens = await redeemed(site, there.url, answer, redirect_uri, **ASSERTION)
    assert tokens.status_code == 200, tokens.text
    token = tokens.json()["refresh_token"]
    again = await site.refresh(token, there.url, **ASSERTION)
    assert again.status_code == 200, again.text
    gone = {"token": again.json()["refresh_token"], "client_id": there.url, **ASSERTION}
    assert (await site.form("/oauth/revoke", **gone)).status_code == 200


async def test_a_signed_statement_stands_neither_for_a_name_nor_for_a_secret(
    here: Door, site: Site
) -> None:
    secretive = await here.registered(token_endpoint_auth_method="client_secret_post")
    for client_id in (None, secretive.client_id):
        named = {} if client_id is None else {"client_id": client_id}
        asked = {"grant_type": "refresh_token", "refresh_token": "mcpr_x", **named, **ASSERTION}
        answer = await site.token(**asked)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
