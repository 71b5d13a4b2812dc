"""GraphiQL: who gets it, that all of it comes from here, and that its examples are good."""

import json
import re
from hashlib import sha256
from html import unescape
from pathlib import Path

import graphql
import pytest

from app.core.settings import read_settings
from app.domain import members
from app.domain.admission import signed_in
from app.graphql.limits import MOST_COST, Measure
from app.graphql.schema import build_schema
from app.web.graphiql import POLICY, assets, examples
from tests.support.edge import ask, edge
from tests.support.people import Reception
from tests.web.visiting import ORIGIN, Visitor

URL = f"{ORIGIN}/graphql"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
STATIC = Path(__file__).parents[2] / "app" / "web" / "static"


async def test_a_browser_gets_the_page(visitor: Visitor) -> None:
    response = await visitor.open("/graphql", **BROWSER)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["cache-control"] == "no-store"
    assert 'Nobody is signed in. <a href="/sign-in?next=%2Fgraphql">Sign in</a>' in response.text


async def test_nobody_else_gets_it(visitor: Visitor) -> None:
    for headers in ({"accept": "application/json"}, {"accept": "*/*"}, {}):
        response = await ask(visitor.app, URL, headers=headers)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_where_it_is_switched_off_a_browser_is_told_as_scripts_are() -> None:
    app = edge(has_graphiql=False)
    assert (await ask(app, URL, headers=BROWSER)).status_code == 405
    path = assets()["start.js"].path
    assert (await ask(app, f"{ORIGIN}{path}")).status_code == 404


async def test_servers_sites_have_none(visitor: Visitor) -> None:
    response = await ask(visitor.app, "http://acme-docs.localhost:8000/graphql", headers=BROWSER)
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("base_url", "setting", "expected"),
    [
        ("http://localhost:8000", None, True),
        ("http://localhost:8000", False, False),
        ("https://mcp.example.com", None, False),
        ("https://mcp.example.com", True, True),
    ],
)
def test_unless_it_is_set_only_this_machine_serves_it(
    *, base_url: str, setting: bool | None, expected: bool
) -> None:
    settings = read_settings(
        base_url=base_url,
        graphiql=setting,
        database_url="postgresql://user@db/mcplatform",
        secret_key="k" * 32,
    )
    assert settings.serves_graphiql is expected


async def test_the_page_names_the_member_and_the_organization(
    visitor: Visitor, people: Reception
) -> None:
    visitor.token = await people.founder("olga@acme.test")
    page = (await visitor.open("/graphql")).text
    assert 'Signed in as <a href="/account">olga@acme.test</a> in Acme.' in page
    assert 'data-headers=""' in page


async def test_a_member_of_several_finds_the_header_that_names_one(
    visitor: Visitor, people: Reception
) -> None:
    visitor.token = await people.founder("olga@acme.test")
    user = await signed_in(visitor.token)
    await members.found(user, name="Zenith", slug="zenith-tools")
    page = (await visitor.open("/graphql")).text
    assert "names one of <code>acme-tools</code>, <code>zenith-tools</code>" in page
    tabs = json.loads(unescape(re.findall(r'data-tabs="([^"]*)"', page)[0]))
    assert {json.loads(tab["headers"])["X-Organization"] for tab in tabs} == {"acme-tools"}


async def test_a_session_that_has_ended_does_not_get_in_the_way(visitor: Visitor) -> None:
    visitor.token = "mcpm_of_a_session_that_has_ended"
    response = await visitor.open("/graphql")
    assert "Nobody is signed in." in response.text
    assert visitor.token is None


async def test_everything_that_it_loads_comes_from_here_and_stays_cached(
    visitor: Visitor,
) -> None:
    page = (await visitor.open("/graphql")).text
    loaded = re.findall(r'(?:src|href)="([^"]*\.(?:js|css))"', page)
    assert len(loaded) == len(assets()) == page.count("<script") + page.count("<link")
    for path in loaded:
        response = await visitor.open(path)
        name = path.rpartition("/")[2]
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        assert response.headers["content-type"] == f"{kind}; charset=utf-8"
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.content == (STATIC / name).read_bytes()


async def test_an_asset_of_another_version_is_not_there(visitor: Visitor) -> None:
    for path in (
        "/graphql-assets/0000000000000000/start.js",
        assets()["start.js"].path.replace("start.js", "README.md"),
        "/graphql-assets/x/..%2f..%2fpages.py",
    ):
        assert (await visitor.open(path)).status_code == 404


def test_the_policy_lets_scripts_come_from_here_alone() -> None:
    assert "script-src 'self';" in POLICY
    assert "connect-src 'self';" in POLICY
    assert "unsafe-eval" not in POLICY
    assert "//" not in POLICY


async def test_no_style_and_no_page_names_a_foreign_host(visitor: Visitor) -> None:
    page = (await visitor.open("/graphql")).text
    assert "//" not in re.sub(r'data-tabs="[^"]*"', "", page)
    for name, asset in assets().items():
        if name.endswith(".css"):
            urls = re.findall(rb"url\(([^)]{0,20})", asset.content)
            assert [url for url in urls if not url.startswith(b"data:")] == []
            assert b"@import" not in asset.content


async def test_no_script_can_load_another(visitor: Visitor) -> None:
    for name, asset in assets().items():
        if name.endswith(".js"):
            assert not re.search(rb"\beval\(|new Function\(|importScripts\(", asset.content), name
            assert not re.search(rb"""\bimport\(["'`]""", asset.content), name


def test_the_vendored_files_are_those_that_the_readme_names() -> None:
    readme = (STATIC / "README.md").read_text()
    told = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    vendored = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in STATIC.iterdir()
        if ".min." in path.name
    }
    assert told == vendored
    assert {path.name for path in STATIC.iterdir()} == {
        *assets(),
        "README.md",
        "LICENSE-graphiql",
        "LICENSE-react",
    }


@pytest.mark.parametrize("example", examples(), ids=lambda text: text.splitlines()[0][2:40])
def test_every_example_is_one_good_operation_with_a_comment(example: str) -> None:
    schema = build_schema()._schema
    document = graphql.parse(example)
    assert graphql.validate(schema, document) == []
    (operation,) = document.definitions
    assert isinstance(operation, graphql.OperationDefinitionNode)
    assert operation.name is not None, "the tab is named after it"
    assert example.startswith("# ")
    assert max(len(line) for line in example.splitlines() if line.startswith("#")) <= 60
    assert Measure(schema, document, {}).size().cost <= MOST_COST


def test_the_examples_read_and_write() -> None:
    assert 5 <= len(examples()) <= 7
    assert any("\nmutation " in example for example in examples())


async def test_the_pages_name_a_mutation_that_there_is(visitor: Visitor, people: Reception) -> None:
    visitor.token = await people.newcomer("ada@acme.test")
    page = (await visitor.open("/account")).text
    mutations = build_schema()._schema.mutation_type
    assert mutations is not None
    assert set(re.findall("<code>([a-zA-Z]+)</code>", page)) == {"createOrganization"}
    assert "createOrganization" in mutations.fields
