"""Which site, which address, who called: a table, and properties that hold for any input."""

from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.web.hosts import (
    Arrival,
    BadHost,
    Base,
    Hosts,
    McpPath,
    Vhost,
    arrival,
    host_name,
    is_sse_path,
    mcp_path,
)

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
DEVELOPMENT = Hosts.below(
    "http://localhost:8000", aliases=dict.fromkeys(LOOPBACK, "sample-tool"), loopback=LOOPBACK
)
PRODUCTION = Hosts.below("https://mcp.example.com", aliases={"mcp.acme.com": "acme-docs"})
PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
TRACKING_CHARACTERS = "ABCXYZabcxyz0189._~@:+-"


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("acme-docs.mcp.example.com", "acme-docs"),
        ("ACME-docs.MCP.Example.COM", "acme-docs"),
        ("acme-docs.mcp.example.com:8443", "acme-docs"),
        ("acme-docs.mcp.example.com:", "acme-docs"),
        ("acme-docs.mcp.example.com.", "acme-docs"),
        ("acme-docs.mcp.example.com.:443", "acme-docs"),
        ("  acme-docs.mcp.example.com ", "acme-docs"),
        ("a.mcp.example.com", "a"),
    ],
)
def test_a_server_is_one_label_below_the_base_host(host: str, slug: str) -> None:
    for is_mcp in (True, False):
        site = PRODUCTION.site(host, is_mcp=is_mcp)
        assert site == Vhost(slug, f"https://{slug}.mcp.example.com")


@pytest.mark.parametrize(
    "host", ["mcp.example.com", "MCP.example.com:443", "mcp.example.com.", "mcp.example.com.:8080"]
)
def test_the_base_host_is_the_platforms_own(host: str) -> None:
    assert PRODUCTION.site(host, is_mcp=True) == Base()


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        ".",
        "..",
        ":8000",
        "example.com",
        "localhost",
        "127.0.0.1",
        "[::1]:8000",
        "deep.acme-docs.mcp.example.com",
        ".mcp.example.com",
        "acme..mcp.example.com",
        "acme-docs.mcp.example.com..",
        "xmcp.example.com",
        "acme-docs.mcp.example.com.evil.com",
        "acme-docs.mcp.example.com:80.evil.com",
        "acme-docs.mcp.example.com:port",
        "acme-docs.mcp.example.com:123456",
        "acme-docs.mcp.example.com, mcp.example.com",
        "user@acme-docs.mcp.example.com",
        "user:password@mcp.example.com",
        "http://mcp.example.com",
        "mcp.example.com/path",
        "acme_docs.mcp.example.com",
        "-acme.mcp.example.com",
        "acme-.mcp.example.com",
        "äcme.mcp.example.com",
        "acme%2edocs.mcp.example.com",
        "[mcp.example.com]",
        "[::1",
        "[fe80::1%25eth0]",
        "mcp.example.com\x00",
        "a" * 64 + ".mcp.example.com",
        "a" * 300,
    ],
)
def test_anything_else_is_no_site_of_ours(host: str) -> None:
    assert isinstance(PRODUCTION.site(host, is_mcp=True), BadHost)
    assert isinstance(PRODUCTION.site(host, is_mcp=False), BadHost)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("localhost:9999", "http://localhost:9999"),  # `make run` on another port
        ("LOCALHOST.:9999", "http://localhost:9999"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("127.0.0.1:", "http://127.0.0.1"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("[0:0:0:0:0:0:0:1]", "http://[::1]"),
    ],
)
def test_in_development_this_machine_leads_mcp_paths_alone_to_the_sample_server(
    host: str, origin: str
) -> None:
    assert DEVELOPMENT.site(host, is_mcp=True) == Vhost("sample-tool", origin)
    assert DEVELOPMENT.site(host, is_mcp=False) == Base()


def test_a_subdomain_of_localhost_is_a_server_in_development() -> None:
    site = DEVELOPMENT.site("acme-docs.localhost:9999", is_mcp=True)
    assert site == Vhost("acme-docs", "http://acme-docs.localhost:8000")


def test_an_alias_is_the_servers_whole_site() -> None:
    for is_mcp in (True, False):
        site = PRODUCTION.site("mcp.acme.com", is_mcp=is_mcp)
        assert site == Vhost("acme-docs", "https://mcp.acme.com")


@pytest.mark.parametrize(
    "host",
    [
        "mcp.acme.com:1337",
        "mcp.acme.com:443",
        "mcp.acme.com:",
        "mcp.acme.com.",
        "mcp.acme.com.:1337",
        "MCP.Acme.COM",
        " mcp.acme.com\t",
    ],
)
def test_however_an_alias_is_written_its_origin_is_the_configured_one(host: str) -> None:
    for is_mcp in (True, False):
        assert PRODUCTION.site(host, is_mcp=is_mcp) == Vhost("acme-docs", "https://mcp.acme.com")


@pytest.mark.parametrize(
    ("alias", "asked", "origin"),
    [
        ("mcp.acme.com", "mcp.acme.com", "https://mcp.acme.com:8443"),
        ("mcp.acme.com", "mcp.acme.com:1337", "https://mcp.acme.com:8443"),
        ("[2001:db8:0::7]", "[2001:db8::7]:1337", "https://[2001:db8::7]:8443"),
        ("mcp.example.com", "mcp.example.com", "https://mcp.example.com:8443"),
    ],
)
def test_an_alias_has_the_base_urls_port(alias: str, asked: str, origin: str) -> None:
    hosts = Hosts.below("https://mcp.example.com:8443", aliases={alias: "acme-docs"})
    assert hosts.site(asked, is_mcp=True) == Vhost("acme-docs", origin)


@pytest.mark.parametrize("byte", ["\xa0", "\x85", "\x0b", "\x0c", "\x1c", "\x1f"])
def test_nothing_but_blanks_and_tabs_may_stand_around_a_host(byte: str) -> None:
    for host in (f"{byte}mcp.acme.com", f"mcp.acme.com{byte}", f"mcp.example.com:443{byte}"):
        assert isinstance(PRODUCTION.site(host, is_mcp=True), BadHost)


def test_the_scheme_that_a_proxy_tells_counts_on_this_machine_alone() -> None:
    alias = PRODUCTION.site("mcp.acme.com", is_mcp=True, scheme="http")
    assert alias == Vhost("acme-docs", "https://mcp.acme.com")
    own = PRODUCTION.site("acme-docs.mcp.example.com", is_mcp=True, scheme="http")
    assert own == Vhost("acme-docs", "https://acme-docs.mcp.example.com")
    here = DEVELOPMENT.site("localhost:8443", is_mcp=True, scheme="https")
    assert here == Vhost("sample-tool", "https://localhost:8443")


@settings(deadline=None)  # other processes may keep the machine busy
@given(host=st.text(max_size=300))
def test_any_text_is_judged_and_a_slug_is_always_one_plain_label(host: str) -> None:
    site = PRODUCTION.site(host, is_mcp=True)
    if isinstance(site, Vhost):
        assert "." not in site.slug
        assert site.slug == site.slug.lower()
        assert site.slug.replace("-", "").isalnum()


@settings(deadline=None)  # other processes may keep the machine busy
@given(
    label=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True),
    port=st.none() | st.integers(0, 65535),
    ends_in_dot=st.booleans(),
    upper=st.booleans(),
)
def test_case_port_and_last_dot_never_matter(
    label: str, port: int | None, *, ends_in_dot: bool, upper: bool
) -> None:
    host = f"{label}.mcp.example.com"
    written = host.upper() if upper else host
    written += "." * ends_in_dot + ("" if port is None else f":{port}")
    assert PRODUCTION.site(written, is_mcp=True) == PRODUCTION.site(host, is_mcp=True)
    assert host_name(written.lower()) == host


def headers(**values: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in values.items()]


FORWARDED = headers(
    host="inner:8000",
    x_forwarded_host="acme-docs.mcp.example.com",
    x_forwarded_proto="https",
    x_forwarded_for="203.0.113.9",
)


def test_a_trusted_proxy_is_believed() -> None:
    assert arrival(FORWARDED, "10.1.2.3", PROXIES) == Arrival(
        "acme-docs.mcp.example.com", "https", "203.0.113.9"
    )


@pytest.mark.parametrize("peer", ["192.0.2.1", "", "unix", "10.1.2.3.4", "fe80::1"])
def test_nobody_else_is_believed(peer: str) -> None:
    assert arrival(FORWARDED, peer, PROXIES) == Arrival("inner:8000", None, peer)
    assert arrival(FORWARDED, "10.1.2.3", ()) == Arrival("inner:8000", None, "10.1.2.3")


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.9:51234", "203.0.113.9"),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("203.0.113.9, garbage", "10.1.2.3"),
        ("", "10.1.2.3"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy_of_ours(
    forwarded_for: str, client: str
) -> None:
    found = arrival(headers(host="a", x_forwarded_for=forwarded_for), "10.1.2.3", PROXIES)
    assert found.client_address == client


def test_of_several_forwarded_hosts_the_nearest_proxys_counts() -> None:
    twice = [*headers(host="a", x_forwarded_host="evil.com"), *headers(x_forwarded_host="b.com")]
    assert arrival(twice, "fd00::1", PROXIES).host == "b.com"
    joined = headers(host="a", x_forwarded_host="evil.com, b.com", x_forwarded_proto="x, HTTP")
    assert arrival(joined, "fd00::1", PROXIES) == Arrival("b.com", "http", "fd00::1")


def test_a_proxy_is_known_by_its_ipv4_address_in_ipv6_form_too() -> None:
    assert arrival(FORWARDED, "::ffff:10.1.2.3", PROXIES).client_address == "203.0.113.9"


def test_two_host_headers_or_none_are_no_host() -> None:
    assert arrival([*headers(host="a"), *headers(host="a")], "192.0.2.1", ()).host == ""
    assert arrival([], "192.0.2.1", ()).host == ""


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/mcpserver/mcp", McpPath(None)),
        ("/api/mcpserver/user-1/mcp", McpPath("user-1")),
        ("/api/mcpserver/bob%40corp.example/mcp", McpPath("bob@corp.example")),
        ("/api/mcpserver/a%2Fb/mcp", McpPath("a/b")),
        ("/api/mcpserver//mcp", McpPath("")),
        ("/api/mcpserver/mcp/mcp", McpPath("mcp")),
        ("/api/mcpserver/", None),
        ("/api/mcpserver/mcp/", None),
        ("/api/mcpserver/a/b/mcp", None),
        ("/api/mcpserver/health", None),
        ("/api/mcpserver/MCP", None),
        ("/mcp", None),
        ("", None),
    ],
)
def test_a_path_names_an_mcp_address_or_none(path: str, target: McpPath | None) -> None:
    assert mcp_path(path) == target


def test_sse_paths_are_known() -> None:
    assert is_sse_path("/api/mcpserver/sse")
    assert is_sse_path("/api/mcpserver/user-1/sse")
    assert not is_sse_path("/api/mcpserver/mcp")
    assert not is_sse_path("/other/sse")


@pytest.mark.parametrize("word", ["mcp", "sse", "health", "", "a b", "a/b", "ä", "a\n", "x" * 129])
def test_some_words_are_no_tracking_ids(word: str) -> None:
    assert not McpPath(word).is_valid


@settings(deadline=None)  # other processes may keep the machine busy
@given(st.text(alphabet=TRACKING_CHARACTERS, min_size=1, max_size=128))
def test_all_of_the_alphabet_makes_tracking_ids(tracking_id: str) -> None:
    assert McpPath(tracking_id).is_valid


@settings(deadline=None)  # other processes may keep the machine busy
@given(st.text(max_size=140))
def test_nothing_but_the_alphabet_makes_tracking_ids(tracking_id: str) -> None:
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~@:+-")
    if McpPath(tracking_id).is_valid:
        assert set(tracking_id) <= alphabet
        assert 1 <= len(tracking_id) <= 128
