"""URLs that strangers name never lead into our own network."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import addresses
from app.core.fetch_target import FetchFailed, read_target
from app.core.safe_fetch import SafeFetcher
from tests.core.ssrf_spellings import CLOSED, HOSTS, URLS
from tests.support.internet import PUBLIC, Internet

SPELLINGS = [
    *(f"https://{host}/" for host in HOSTS),
    *(f"https://[{address}]/" for address in CLOSED if ":" in address),
    *(f"https://{address}:8443/x?y=z" for address in CLOSED if ":" not in address),
    *URLS,
]

# A loaded machine is slow to make any text up.
loaded = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    internet = Internet()
    internet.watch(monkeypatch)
    return internet


async def _credulous(host: str, port: int) -> Sequence[str]:
    """Understands every spelling that the system's resolver does, and finds all else inside."""
    try:
        found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError, ValueError):
        return ["10.0.0.1"]
    return [str(sockaddr[0]) for *_, sockaddr in found]


async def _get(fetcher: SafeFetcher, url: str) -> str:
    with pytest.raises(FetchFailed) as caught:
        await fetcher.fetch(url, most_bytes=100, seconds=10)
    return caught.value.message


def test_the_table_has_enough_spellings() -> None:
    assert len(set(SPELLINGS)) >= 300


async def test_no_spelling_connects_to_an_address_that_is_not_public(internet: Internet) -> None:
    fetcher = SafeFetcher(resolver=_credulous)
    messages = await asyncio.gather(*(_get(fetcher, url) for url in SPELLINGS))
    assert internet.connections == []
    assert not [message for message in messages if "10.0.0.1" in message]  # it is not told


@pytest.mark.parametrize("switch", [False, True])
def test_what_is_no_plain_https_url_is_refused_before_its_name_is_looked_up(
    *, switch: bool
) -> None:
    for url in URLS:
        with pytest.raises(FetchFailed):
            read_target(url, allows_loopback=switch)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://example.com", "example.com", "/"),
        ("https://Example.COM/A", "example.com", "/A"),
        ("https://example.com:443/a?b=c/../d", "example.com", "/a?b=c/../d"),
        ("https://id.example.co.uk:8443/.well-known/x", "id.example.co.uk:8443", "/.well-known/x"),
        (
            "https://xn--bcher-kva.example/~a/...;b@c:%20",
            "xn--bcher-kva.example",
            "/~a/...;b@c:%20",
        ),
        ("https://a_b.example.com?x", "a_b.example.com", "/?x"),
    ],
)
def test_a_plain_https_url_is_taken_as_it_is(url: str, authority: str, path: str) -> None:
    target = read_target(url, allows_loopback=False)
    assert (target.authority, target.path) == (authority, path)


async def test_in_development_only_loopback_is_let_through(internet: Internet) -> None:
    fetcher = SafeFetcher(resolver=_credulous, allows_loopback=True)
    await asyncio.gather(*(_get(fetcher, url) for url in SPELLINGS))
    assert {address for address, _ in internet.connections} <= {
        "127.0.0.1", "127.1.2.3", "127.255.255.254", "::1",
    }  # fmt: skip


async def test_no_name_may_resolve_to_such_an_address(internet: Internet) -> None:
    fetcher = SafeFetcher(resolver=internet.resolve)
    for number, address in enumerate(CLOSED):
        internet.names[f"n{number}.example.com"] = [[address]]
        internet.names[f"m{number}.example.com"] = [[PUBLIC, address]]  # one bad, all bad
        for kind in "nm":
            host = f"{kind}{number}.example.com"
            message = await _get(fetcher, f"https://{host}/")
            assert message == f"{host} has no public address."
    assert internet.connections == []
    assert len(internet.lookups) == 2 * len(CLOSED)


async def test_a_name_that_nobody_knows_reads_like_one_of_our_own_network(
    internet: Internet,
) -> None:
    fetcher = SafeFetcher(resolver=internet.resolve)
    internet.names["inside.example.com"] = [["10.0.0.1"]]
    told = []
    for name in ("inside", "absent"):
        with pytest.raises(FetchFailed) as caught:
            await fetcher.fetch(f"https://{name}.example.com/", most_bytes=9, seconds=10)
        told.append((caught.value.message.replace(name, "…"), caught.value.is_passing))
    assert told == [("….example.com has no public address.", False)] * 2


async def test_a_resolver_that_is_away_is_a_passing_failure() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    with pytest.raises(FetchFailed) as caught:
        await SafeFetcher(resolver=resolve).fetch("https://a.test/", most_bytes=9, seconds=10)
    assert caught.value.is_passing


async def test_a_name_is_looked_up_once_and_rebinding_it_changes_nothing(
    internet: Internet,
) -> None:
    internet.names["rebound.example.com"] = [[PUBLIC], ["127.0.0.1"], ["169.254.169.254"]]
    fetcher = SafeFetcher(resolver=internet.resolve)
    message = await _get(fetcher, "https://rebound.example.com/")
    assert message == "rebound.example.com cannot be reached over a safe connection."
    assert internet.lookups == ["rebound.example.com"]
    assert internet.connections == [(PUBLIC, 443)]


async def test_the_system_is_asked_once_and_all_that_it_says_is_looked_at(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def getaddrinfo(host: str, port: int, **_options: object) -> list[object]:
        asked.append((host, port))
        return [(0, 0, 0, "", (PUBLIC, port)), (0, 0, 0, "", ("fe80::1%eth0", port, 0, 2))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    message = await _get(SafeFetcher(), "https://two.example.com/")
    assert message == "two.example.com has no public address."
    assert asked == [("two.example.com", 443)]
    assert internet.connections == []


async def test_all_public_addresses_are_tried_ipv4_first(internet: Internet) -> None:
    internet.names["two.example.com"] = [["2606:2800:220:1::1", PUBLIC, "1.1.1.1", "9.9.9.9"]]
    await _get(SafeFetcher(resolver=internet.resolve), "https://two.example.com:8443/")
    assert internet.connections == [(PUBLIC, 8443), ("1.1.1.1", 8443), ("9.9.9.9", 8443)]


@pytest.mark.parametrize("switch", [False, True])
@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/x",
        "http://127.0.0.1/",
        "http://[::1]:9/",
        "https://a.localhost:1/",
        "https://a.localhost/",
    ],
)
def test_this_machine_may_be_named_in_development_alone(url: str, *, switch: bool) -> None:
    fetcher = SafeFetcher(allows_loopback=switch)
    if switch:
        fetcher.check(url)
    else:
        with pytest.raises(FetchFailed):
            fetcher.check(url)


@pytest.mark.parametrize("text", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_public(text: str) -> None:
    assert addresses.is_public(ip_address(text))


@loaded
@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: addresses.Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        assert not addresses.is_public(address)


@loaded
@given(st.text(max_size=60), st.booleans())
def test_any_text_is_a_target_or_refused(text: str, allows_loopback: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
    for url in (text, f"https://{text}", f"https://example.com{text}"):
        try:
            target = read_target(url, allows_loopback=allows_loopback)
        except FetchFailed:
            continue
        assert url.startswith(("https://", "http://"))
        assert target.is_loopback or (target.scheme == "https" and target.port in {443, 8443})
