"""Members of an organization come by their secrets, mislay them, and change them."""

from dataclasses import dataclass, field

from tests.support.secrets_watch import Watch
from tests.support.watched_platform import Browser, Platform

OLGA, MAX = "olga@acme.test", "max@acme.test"
MARK = "harmless_quetzal"  # is to be found wherever secrets are looked for


@dataclass(slots=True)
class Office:
    """An organization: its owner's browser and password, a script's key, the ids of what it has."""

    owner: Browser
    password: str
    key: str = ""
    ids: dict[str, str] = field(default_factory=dict)


def new_password(watch: Watch, name: str) -> str:
    """A password that reads otherwise wherever something is escaped."""
    return watch.keep("password", f'{name}\'s "pass" & <wörd>: 100% \\ a/b+c')


async def open_office(platform: Platform) -> Office:
    """Found an organization over pages and API, with every mistake that can be made under way."""
    owner = Browser(platform, platform.origin())
    first = new_password(platform.watch, "first")
    await _sign_up(owner, OLGA, first)
    await _sign_in(owner, OLGA, first)
    second = await _change_password(owner, first)
    third = await _reset_password(owner, forgotten=second)
    await owner.change("signIn { viewer { id } }", email=OLGA, password=third)
    await owner.change("createOrganization { organization { id } }", name="Acme", slug="acme-tools")
    office = Office(owner, third)
    made = await owner.change("createApiKey { apiKey { id } token }", name="CI", scopes=["READ"])
    office.key = made["token"]
    office.ids["$key"] = made["apiKey"]["id"]
    await _invite(office, new_password(platform.watch, "invited"))
    return office


async def furnish(office: Office) -> None:
    """Open servers, and offer a walkthrough on all of them."""
    walkthrough = await office.owner.change("createWalkthrough { walkthrough { id } }", title=MARK)
    guide = walkthrough["walkthrough"]["id"]
    office.ids["$walkthrough"] = guide
    for place in ("$step", "$next"):
        step = {"walkthroughId": guide, "title": place, "contentForUser": "Do it."}
        made = await office.owner.change("createStep { step { id } }", **step)
        office.ids[place] = made["step"]["id"]
    await office.owner.change("publishWalkthrough { walkthrough { id } }", id=guide)
    for slug, auth_type in (
        ("acme-docs", "PLATFORM_OAUTH"),
        ("acme-next", "PLATFORM_OAUTH"),
        ("acme-own", "CUSTOM_OAUTH"),
    ):
        told = {"slug": slug, "name": MARK, "product": "Acme CLI", "authType": auth_type}
        made = await office.owner.change("createServer { server { id } }", **told)
        office.ids[slug] = made["server"]["id"]
        pair = {"serverId": made["server"]["id"], "walkthroughId": guide}
        await office.owner.change("assignWalkthrough { assignment { id } }", **pair)


async def _sign_up(browser: Browser, email: str, password: str) -> None:
    await browser.open("/sign-up")
    await browser.submit("Sign up", email="no address", password=password)
    await browser.submit("Sign up", email=email, password=password)
    token = await browser.platform.mailed_link(email)
    await browser.open(f"/verify-email?token={token}")
    assert (await browser.submit("Confirm")).status_code == 200
    spent = await browser.send("/verify-email", {"token": token})
    assert spent.is_client_error


async def _sign_in(browser: Browser, email: str, password: str) -> None:
    await browser.open("/sign-in")
    wrong = new_password(browser.platform.watch, f"wrong for {email}")
    assert (await browser.submit("Sign in", email=email, password=wrong)).status_code >= 400
    assert (await browser.submit("Sign in", email=email, password=password)).status_code == 303
    assert (await browser.open("/account")).status_code == 200


async def _change_password(browser: Browser, present: str) -> str:
    new = new_password(browser.platform.watch, "second")
    for given in (
        {"currentPassword": new, "newPassword": present},
        {"currentPassword": present, "newPassword": new[:5]},
        {"currentPassword": present, "newPassword": new * 50},
    ):
        answer = await browser.attempt("changePassword", given)
        assert answer.json()["data"]["changePassword"]["userErrors"] != [], answer.text
    given = {"currentPassword": present, "newPassword": new}
    await browser.change("changePassword { userErrors { code } }", **given)
    return new


async def _reset_password(browser: Browser, forgotten: str) -> str:
    new = new_password(browser.platform.watch, "third")
    await browser.platform.mailed(OLGA)  # that the password was changed
    await browser.open("/forgot-password")
    await browser.submit("Send me a link", email=OLGA)
    token = await browser.platform.mailed_link(OLGA)
    await browser.open(f"/reset-password?token={token}")
    button = "Write the new password"
    assert (await browser.submit(button, password=new[:5])).is_client_error
    assert (await browser.submit(button, password=new)).status_code == 200
    again = await browser.send("/reset-password", {"token": token, "password": forgotten})
    assert again.is_client_error
    return new


async def _invite(office: Office, password: str) -> None:
    """A colleague, who opens the link before there is an account, and in a strange session."""
    platform, owner = office.owner.platform, office.owner
    await owner.change("inviteMember { invitation { id } }", email=MAX)
    token = await platform.mailed_link(MAX)
    await owner.open(f"/invitation?token={token}")
    invited = Browser(platform, platform.origin())
    await invited.open(f"/invitation?token={token}")
    await invited.send("/invitation", {"token": token})
    await invited.follow()
    query = "query Q($token: String!) { invitation(token: $token) { email } }"
    await invited.graphql(query, {"token": token}, name="invitation")
    await _sign_up(invited, MAX, password)
    await _sign_in(invited, MAX, password)
    await invited.open(f"/invitation?token={token}")
    assert (await invited.submit("Accept")).status_code == 303
    await invited.open(f"/invitation?token={token}")
    await owner.change("inviteMember { invitation { id } }", email="ivy@acme.test")
    await platform.mailed_link("ivy@acme.test")
