"""What the composition root makes of the settings."""

import pytest

from app.core.fetch_target import FetchFailed
from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.core.settings import SAMPLE_SLUG, Settings
from app.main import desk_of, hosts_of, oauth_plane
from app.web.hosts import BadHost, Base, Vhost


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]  # pydantic judges


def in_production() -> Settings:
    return settings(
        base_url="https://mcp.example.com",
        database_url="postgresql://user@db/mcplatform",
        secret_key="k" * 32,
    )


def test_in_development_this_machine_leads_to_the_sample_server() -> None:
    hosts = hosts_of(settings())
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert hosts.site(host, is_mcp=True) == Vhost(SAMPLE_SLUG, f"http://{host}")
        assert hosts.site(host, is_mcp=False) == Base()


def test_an_alias_of_the_operators_comes_before_the_sample_server() -> None:
    hosts = hosts_of(settings(host_aliases="127.0.0.1=acme-docs,docs.acme.test=acme-docs"))
    assert hosts.site("127.0.0.1", is_mcp=True) == Vhost("acme-docs", "http://127.0.0.1")
    assert hosts.site("127.0.0.1", is_mcp=False) == Base()
    docs = Vhost("acme-docs", "http://docs.acme.test:8000")
    assert hosts.site("docs.acme.test", is_mcp=False) == docs


def test_in_production_this_machine_leads_nowhere() -> None:
    hosts = hosts_of(in_production())
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert isinstance(hosts.site(host, is_mcp=True), BadHost)
        assert isinstance(hosts.site(host, is_mcp=False), BadHost)


def test_what_strangers_and_customers_name_and_what_logins_wait_for_are_fetched_apart() -> None:
    desk = desk_of(settings(), a_limiter())
    plane = oauth_plane(settings(), desk)
    fetchers = (plane.documents._fetcher, plane.upstream._directory._fetcher, desk.fetcher)
    assert len({id(fetcher) for fetcher in fetchers}) == 3


def test_in_production_no_customer_has_this_machine_asked() -> None:
    here = "http://localhost:9000"
    desk_of(settings(), a_limiter()).fetcher.check(here)
    with pytest.raises(FetchFailed):
        desk_of(in_production(), a_limiter()).fetcher.check(here)


def a_limiter() -> Limiter:
    return Limiter(metrics=Metrics(None), address_calls_per_minute=1)
