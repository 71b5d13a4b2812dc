"""A customer's provider that answers faultily, and repeats what it was told in confidence."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator

from tests.journeys.secret_logins import App, again_at_the_provider, at_the_provider, come_back
from tests.support.identity_provider import Faults, IdentityProvider
from tests.support.internet import response

Fault = tuple[Faults, dict[str, str]]


async def suffer(
    app: App, provider: IdentityProvider, wrongs: Callable[[str], Iterator[Fault]], secret: str
) -> None:
    """A login for each fault; only a second trip, where one is offered, comes to something."""
    for number, _ in enumerate(wrongs(secret)):
        browser, back = await at_the_provider(app, provider)
        provider.faults, changes = list(wrongs(f"You sent {secret} and {back['code']}"))[number]
        answer = await come_back(browser, provider, {**back, **changes})
        provider.faults = Faults()
        assert "mcpc_" not in answer.headers.get("location", ""), provider.faults
        if ">Try again</button>" in answer.text:
            back = await again_at_the_provider(browser, provider)
            answer = await come_back(browser, provider, back)
            assert "mcpc_" in answer.headers["location"]


def repeating(said: str) -> Iterator[Fault]:
    """Answers that repeat what was said where nobody need look."""
    denied = {"error": "invalid_grant", "error_description": said}
    for answer in (
        _json({"error": "invalid_client", "error_description": said}, 401),
        _json(denied, 400),
        _json(denied, 500),
        _json({"id_token": said, "access_token": said}, 200),
        _json({"access_token": said}, 200),
        _json([said], 200),
        response(said.encode()),
        response(said.encode(), status=400),
        response(status=302, headers={"location": f"https://elsewhere.example/?{said}"}),
        response(headers={"content-encoding": said}),
    ):
        yield Faults(answers={"/token": answer}), {}
    for answer in (_json(denied, 401), _json({"sub": said}, 200), response(said.encode())):
        yield Faults(claims={"email": None}, answers={"/userinfo": answer}), {}
    for claim in ("iss", "aud", "nonce", "azp", "exp"):
        yield Faults(claims={claim: said}), {}
    yield Faults(claims={"sub": said * 10}), {}
    yield Faults(header={"kid": said}), {}
    yield Faults(forge=lambda token: f"{token}{said}"), {}
    yield Faults(), {"error": "access_denied", "error_description": said}


def shouting(said: str) -> Iterator[Fault]:
    """Answers that say it where we look for something else, which the log is to tell."""
    for answer in (
        _json({"error": said}, 401),
        f"{said}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\n{said}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{said}\r\n\r\n".encode(),
    ):
        yield Faults(answers={"/token": answer}), {}
    yield Faults(forge=_with_header({"alg": "ES256", "crit": [said]})), {}
    yield Faults(), {"error": said}
    yield Faults(), {"iss": said}


def _with_header(header: object) -> Callable[[str], str]:
    text = urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return lambda token: f"{text}.{token.partition('.')[2]}"


def _json(content: object, status: int) -> bytes:
    body = json.dumps(content).encode()
    return response(body, status=status, headers={"content-type": "application/json"})
