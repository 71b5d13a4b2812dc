"""Attempts to get a code, or to send somebody somewhere: none comes to anything."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
import pytest

from app.core.enums import AuthType
from app.domain.oauth_clients import Client
from tests.support.login_browser import (
    AUTHORIZE,
    FORM,
    Browser,
    attributes,
    form_with,
    query,
    told,
)
from tests.support.logins import CALLBACK, CHALLENGE, Door
from tests.support.oauth_site import Site
from tests.support.world import World, make_world

CODES = "SELECT * FROM oauth_code"
AGREED = "SELECT count(*) FROM oauth_flow WHERE stage = 'login'"
WEB = "https://app.example/cb"
EVIL = "https://evil.example/cb"

# Each is asked for by a client that has registered WEB and CALLBACK.
REDIRECTS = [
    EVIL,
    f"{WEB}/",
    f"{WEB}?x=1",
    f"{WEB}#x",
    f"{WEB}/../evil",
    f"{WEB}%0d%0aset-cookie:%20x=1",
    f"{WEB}\r\nlocation: {EVIL}",
    f"{WEB}\x00",
    f"{WEB} {EVIL}",
    "https://app.example/%63b",
    "https://APP.example/cb",
    "https://app.example./cb",
    "https://app.example:443/cb",
    "https://app.example:8443/cb",
    "https://app.example.evil.example/cb",
    "https://app.example@evil.example/cb",
    "https://evil.example\\@app.example/cb",
    "https://evil.example/https://app.example/cb",
    "http://app.example/cb",
    "//app.example/cb",
    "/cb",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "vbscript:x",
    "about:blank",
    "http://127.0.0.1:33418/other",
    "http://127.0.0.1:33418/callback/",
    "http://127.0.0.1:33418/callback?x=1",
    "http://127.0.0.1:33418/callback#x",
    "https://127.0.0.1:33418/callback",
    "http://localhost:33418/callback",
    "http://127.0.0.2:33418/callback",
    "http://[::ffff:127.0.0.1]:33418/callback",
    "http://0x7f000001:33418/callback",
    "http://2130706433:33418/callback",
    "http://127.0.0.1.evil.example:33418/callback",
    "http://127.0.0.1:33418@evil.example/callback",
    "http://127.0.0.1:99999/callback",
]


@dataclass(slots=True)
class Scene:
    """A server, a client, a person's browser that is asked for consent, and an attacker's."""

    world: World
    door: Door
    app: Client
    person: Browser
    attacker: Browser
    answers: list[httpx.Response]

    def form(self) -> tuple[str, dict[str, str]]:
        """The form that the person sees, and the button that says yes."""
        page = self.person.page
        assert page is not None
        return form_with(page.text, "Allow", {})

    async def press(
        self, browser: Browser, headers: dict[str, str] | None = None, **spoilt: str
    ) -> None:
        """Send the person's form, spoilt, from a browser."""
        path, inputs = self.form()
        self.answers.append(await browser.send(path, {**inputs, **spoilt}, **(headers or {})))


@pytest.fixture
async def scene(world: World, here: Door, site: Site) -> Scene:
    """The person has come from the client and is asked."""
    app = await here.registered(redirect_uris=[WEB, CALLBACK])
    made = Scene(world, here, app, Browser(site), Browser(site), [])
    await made.person.begin(app)
    return made


@pytest.mark.parametrize(
    "asking", [{}, {"response_type": "token"}, {"prompt": "none"}, {"scope": "none"}]
)
async def test_nobody_is_sent_to_an_address_that_was_not_registered(
    scene: Scene, asking: dict[str, str]
) -> None:
    """Neither with a code nor with an error, which is all that an open redirector needs."""
    for redirect_uri in REDIRECTS:
        address = f"{AUTHORIZE}?{query(scene.app, redirect_uri=redirect_uri, **asking)}"
        answer = await scene.attacker.open(address)
        assert answer.status_code == 400, redirect_uri
        assert not {"location", "refresh", "set-cookie"} & set(answer.headers), redirect_uri
        assert "<a " not in answer.text, redirect_uri
        assert "<form" not in answer.text, redirect_uri
    assert len(await scene.world.rows("SELECT * FROM oauth_flow")) == 1


async def without_a_cookie(scene: Scene) -> None:
    await scene.press(scene.attacker)


async def with_the_cookie_of_another_login(scene: Scene) -> None:
    await scene.attacker.begin(scene.app)
    await scene.press(scene.attacker)


async def with_a_cookie_renamed_to_the_persons_login(scene: Scene) -> None:
    await scene.attacker.begin(scene.app)
    (name,) = scene.person.cookies
    scene.attacker.cookies = {name: next(iter(scene.attacker.cookies.values()))}
    await scene.press(scene.attacker)


async def with_two_cookies_of_one_name(scene: Scene) -> None:
    (name,) = scene.person.cookies
    cookie = f"{name}={scene.person.cookies[name]}; {name}=planted"
    await scene.press(Browser(scene.attacker.site), {"cookie": cookie})


async def with_a_cookie_of_a_weaker_name(scene: Scene) -> None:
    (name,) = scene.person.cookies
    scene.attacker.cookies = {name.removeprefix("__Host-"): scene.person.cookies[name]}
    await scene.press(scene.attacker)


async def without_the_hidden_field(scene: Scene) -> None:
    await scene.press(scene.person, csrf="")


async def with_a_guessed_hidden_field(scene: Scene) -> None:
    await scene.press(scene.person, csrf="A" * 43)


async def with_the_attackers_hidden_field(scene: Scene) -> None:
    page = await scene.attacker.begin(scene.app)
    await scene.press(scene.person, csrf=attributes(page.text)["csrf"])


async def with_the_cookie_as_hidden_field(scene: Scene) -> None:
    await scene.press(scene.person, csrf=next(iter(scene.person.cookies.values())))


async def with_the_attackers_login_in_the_form(scene: Scene) -> None:
    page = await scene.attacker.begin(scene.app)
    await scene.press(scene.person, login=attributes(page.text)["login"])


async def from_another_site(scene: Scene) -> None:
    await scene.press(scene.person, {"sec-fetch-site": "cross-site"})


async def from_another_servers_site(scene: Scene) -> None:
    await scene.press(scene.person, {"sec-fetch-site": "same-site"})


async def with_a_link(scene: Scene) -> None:
    path, inputs = scene.form()
    parameters = "&".join(f"{name}={value}" for name, value in inputs.items())
    scene.answers.append(await scene.person.open(f"{path}?{parameters}&choice=allow"))


async def as_json(scene: Scene) -> None:
    await scene.press(scene.person, {"content-type": "application/json"})


async def as_plain_text(scene: Scene) -> None:
    await scene.press(scene.person, {"content-type": "text/plain"})


async def with_the_parameters_in_the_query(scene: Scene) -> None:
    path, inputs = scene.form()
    parameters = "&".join(f"{name}={value}" for name, value in inputs.items())
    scene.answers.append(await scene.person.send(f"{path}?{parameters}", {}))


async def with_yes_and_no(scene: Scene) -> None:
    path, inputs = scene.form()
    body = "&".join(f"{name}={value}" for name, value in inputs.items()) + "&choice=deny"
    headers = {"cookie": "; ".join(f"{n}={v}" for n, v in scene.person.cookies.items())}
    scene.answers.append(
        await scene.person.site.send(
            "POST", path, content=body, headers={**headers, "content-type": FORM}
        )
    )


async def at_another_servers_site(scene: Scene) -> None:
    await make_world(scene.world.owner, slug="other-docs", auth_type=AuthType.PLATFORM_OAUTH)
    scene.person.origin = "http://other-docs.localhost:8000"
    await scene.press(scene.person)


async def after_ten_minutes(scene: Scene) -> None:
    await scene.world.owner.execute("UPDATE oauth_flow SET expires_at = now()")
    await scene.press(scene.person)


async def after_a_no(scene: Scene) -> None:
    path, inputs = scene.form()
    cookies = dict(scene.person.cookies)
    await scene.person.send(path, {**inputs, "choice": "deny"})
    scene.person.cookies = cookies
    scene.answers.append(await scene.person.send(path, inputs))


async def by_asking_for_a_mail_without_consent(scene: Scene) -> None:
    _, inputs = scene.form()
    told_so = {**inputs, "step": "email", "email": "ann@acme.test"}
    scene.answers.append(await scene.person.send("/oauth/login", told_so))
    assert await scene.door.people.mails_to("ann@acme.test") == []


async def by_entering_a_code_without_consent(scene: Scene) -> None:
    _, inputs = scene.form()
    told_so = {**inputs, "step": "code", "code": "12345678"}
    scene.answers.append(await scene.person.send("/oauth/login", told_so))


async def by_coming_back_from_no_provider(scene: Scene) -> None:
    _, inputs = scene.form()
    scene.answers.append(
        await scene.person.open(f"/oauth/callback?code=x&state={inputs['login']}.x")
    )


async def by_going_to_a_provider_that_is_not_this_servers_way(scene: Scene) -> None:
    await scene.person.submit("Allow")
    await scene.person.follow()
    page = scene.person.page
    assert page is not None
    told_so = {**attributes(page.text), "step": "provider"}
    scene.answers.append(await scene.person.send("/oauth/login", told_so))


async def with_the_persons_code_in_the_attackers_login(scene: Scene) -> None:
    await scene.person.submit("Allow")
    await scene.person.follow()
    code = await scene.person.ask_for_code()
    await scene.attacker.agree(scene.app)
    await scene.attacker.ask_for_code("eve@evil.test")
    scene.answers.append(await scene.attacker.submit("Log in", code=code))


async def with_a_code_that_was_typed_from_elsewhere(scene: Scene) -> None:
    await scene.person.submit("Allow")
    await scene.person.follow()
    code = await scene.person.ask_for_code()
    path, inputs = form_with(str(scene.person.page and scene.person.page.text), "Log in", {})
    scene.answers.append(await scene.attacker.send(path, {**inputs, "code": code}))


async def with_a_challenge_of_the_attackers_in_the_form(scene: Scene) -> None:
    """What the client asked for is kept on our side: a form cannot change it."""
    await scene.press(scene.person, code_challenge="A" * 43, redirect_uri=EVIL)
    rows = await scene.world.rows("SELECT code_challenge, redirect_uri FROM oauth_flow")
    assert rows == [(CHALLENGE, CALLBACK)]


async def with_half_a_surrogate_in_everything(scene: Scene) -> None:
    path, _ = scene.form()
    body = b"login=%ED%A0%80&csrf=%ED%A0%80&choice=allow"
    answer = await scene.person.site.send(
        "POST", path, content=body, headers={"content-type": FORM}
    )
    scene.answers.append(answer)


async def with_a_head_request(scene: Scene) -> None:
    path, inputs = scene.form()
    cookie = "; ".join(f"{n}={v}" for n, v in scene.person.cookies.items())
    parameters = f"login={inputs['login']}&choice=allow"
    scene.answers.append(
        await scene.person.site.send("HEAD", f"{path}?{parameters}", headers={"cookie": cookie})
    )


ATTACKS: list[Callable[[Scene], Awaitable[None]]] = [
    without_a_cookie,
    with_the_cookie_of_another_login,
    with_a_cookie_renamed_to_the_persons_login,
    with_two_cookies_of_one_name,
    with_a_cookie_of_a_weaker_name,
    without_the_hidden_field,
    with_a_guessed_hidden_field,
    with_the_attackers_hidden_field,
    with_the_cookie_as_hidden_field,
    with_the_attackers_login_in_the_form,
    from_another_site,
    from_another_servers_site,
    with_a_link,
    as_json,
    as_plain_text,
    with_the_parameters_in_the_query,
    with_yes_and_no,
    at_another_servers_site,
    after_ten_minutes,
    after_a_no,
    by_asking_for_a_mail_without_consent,
    by_entering_a_code_without_consent,
    by_coming_back_from_no_provider,
    with_half_a_surrogate_in_everything,
    with_a_head_request,
]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_consent_and_no_code_come_of_it(
    scene: Scene, attack: Callable[[Scene], Awaitable[None]]
) -> None:
    await attack(scene)
    assert scene.answers
    for answer in scene.answers:
        assert "code=mcpc_" not in str(answer.headers)
        assert not answer.headers.get("location", "").startswith(("http", "//"))
    assert await scene.world.rows(CODES) == []
    assert await scene.world.rows(AGREED) == [(0,)]


AFTER_CONSENT: list[Callable[[Scene], Awaitable[None]]] = [
    with_the_persons_code_in_the_attackers_login,
    with_a_code_that_was_typed_from_elsewhere,
    by_going_to_a_provider_that_is_not_this_servers_way,
    with_a_challenge_of_the_attackers_in_the_form,
]


@pytest.mark.parametrize("attack", AFTER_CONSENT)
async def test_no_code_comes_of_it(
    scene: Scene, attack: Callable[[Scene], Awaitable[None]]
) -> None:
    await attack(scene)
    assert all("code=mcpc_" not in str(answer.headers) for answer in scene.answers)
    assert await scene.world.rows(CODES) == []


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) + len(AFTER_CONSENT) >= 25


async def test_an_open_door_to_the_client_has_no_way_round(scene: Scene) -> None:
    """The same scene without an attack: it is the attacks that fail, not the login."""
    await scene.person.submit("Allow")
    await scene.person.follow()
    answer = await scene.person.submit("Log in", code=await scene.person.ask_for_code())
    assert told(answer)["code"].startswith("mcpc_")
