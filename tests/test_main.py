"""What the composition root makes of the settings."""

from app.core.settings import SAMPLE_SLUG, Settings
from app.main import hosts_of
from app.web.hosts import BadHost, Base, Vhost


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]  # pydantic judges


def test_in_development_this_machine_leads_to_the_sample_server() -> None:
    hosts = hosts_of(settings())
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert hosts.site(host, is_mcp=True) == Vhost(SAMPLE_SLUG, f"http://{host}")
        assert hosts.site(host, is_mcp=False) == Base()


def test_an_alias_of_the_operators_comes_before_the_sample_server() -> None:
    hosts = hosts_of(settings(host_aliases="127.0.0.1=acme-docs,docs.acme.test=acme-docs"))
    assert hosts.site("127.0.0.1", is_mcp=True) == Vhost("acme-docs", "http://127.0.0.1")
    assert hosts.site("127.0.0.1", is_mcp=False) == Base()
    assert hosts.site("docs.acme.test", is_mcp=False) == Vhost("acme-docs", "http://docs.acme.test")


def test_in_production_this_machine_leads_nowhere() -> None:
    hosts = hosts_of(
        settings(
            base_url="https://mcp.example.com",
            database_url="postgresql://user@db/mcplatform",
            secret_key="k" * 32,
        )
    )
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert isinstance(hosts.site(host, is_mcp=True), BadHost)
        assert isinstance(hosts.site(host, is_mcp=False), BadHost)
