"""Tokens that their client wants to end: RFC 7009."""

import pytest

from app.domain import oauth_clients
from app.domain.oauth_errors import InvalidToken
from tests.support.logins import Door, kept
from tests.support.oauth_site import Site, basic
from tests.support.world import World


async def is_good(here: Door, token: str) -> bool:
    """Whether an access token opens the server."""
    try:
        await here.admitted(token)
    except InvalidToken:
        return False
    return True


async def test_a_revoked_access_token_opens_nothing_and_the_login_goes_on(
    site: Site, here: Door
) -> None:
    issued, client_id = await here.tokens(), (await here.the_client()).client_id
    access = issued.access.reveal()
    response = await site.form("/oauth/revoke", token=access, client_id=client_id)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert not await is_good(here, access)
    assert issued.refresh is not None
    assert (await site.refresh(issued.refresh.reveal(), client_id)).status_code == 200


@pytest.mark.parametrize("hint", [None, "refresh_token", "access_token", "something_else"])
async def test_a_revoked_refresh_token_ends_the_family_whatever_the_hint(
    site: Site, here: Door, hint: str | None
) -> None:
    issued, client_id = await here.tokens(), (await here.the_client()).client_id
    assert issued.refresh is not None
    token = issued.refresh.reveal()
    response = await site.form(
        "/oauth/revoke", token=token, client_id=client_id, token_type_hint=hint
    )
    assert response.status_code == 200
    assert not await is_good(here, issued.access.reveal())
    assert (await site.refresh(token, client_id)).json()["error"] == "invalid_grant"


async def test_to_revoke_what_is_no_token_is_no_error(site: Site, here: Door, world: World) -> None:
    client_id = (await here.the_client()).client_id
    before = await kept(world)
    for token in ("mcpa_unknown", "x", "é\x00" * 200):
        response = await site.form("/oauth/revoke", token=token, client_id=client_id)
        assert response.status_code == 200
    assert await kept(world) == before


async def test_a_client_ends_no_token_of_another(site: Site, here: Door, world: World) -> None:
    issued = await here.tokens()
    assert issued.refresh is not None
    other = (await site.registered())["client_id"]
    before = await kept(world)
    for token in (issued.access.reveal(), issued.refresh.reveal()):
        assert (await site.form("/oauth/revoke", token=token, client_id=other)).status_code == 200
    assert await kept(world) == before
    assert await is_good(here, issued.access.reveal())


async def test_a_request_that_names_no_token_or_no_client_is_refused(
    site: Site, here: Door
) -> None:
    client_id = (await here.the_client()).client_id
    nothing = await site.form("/oauth/revoke", client_id=client_id)
    assert (nothing.status_code, nothing.json()["error"]) == (400, "invalid_request")
    nobody = await site.form("/oauth/revoke", token="mcpa_x")
    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_client")


async def test_a_client_with_a_secret_proves_itself_before_it_ends_a_token(
    site: Site, here: Door
) -> None:
    made = await site.registered(token_endpoint_auth_method="client_secret_basic")
    client_id, secret = made["client_id"], made["client_secret"]
    client = await oauth_clients.by_client_id(here.scope, client_id)
    access = (await here.tokens(app=client)).access.reveal()
    unproved = await site.form("/oauth/revoke", token=access, client_id=client_id)
    assert (unproved.status_code, unproved.json()["error"]) == (401, "invalid_client")
    assert await is_good(here, access)
    await site.form("/oauth/revoke", token=access, headers=basic(client_id, secret))
    assert not await is_good(here, access)
