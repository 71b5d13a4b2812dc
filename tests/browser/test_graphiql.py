"""GraphiQL in a real browser: nothing comes from another host, nothing breaks its policy."""

import pytest
from playwright.async_api import Browser, Page, expect

from app.domain import members
from app.domain.admission import signed_in
from tests.browser.desk import Platform, sign_in
from tests.support.chromium import tab
from tests.support.people import Reception

OLGA = "olga@acme.test"


async def run_example(page: Page, name: str) -> None:
    """Turn to an example's tab and run it, once the editor shows it."""
    await page.get_by_role("tab", name=name, exact=True).click()
    await expect(page.locator(".graphiql-query-editor")).to_contain_text(f" {name} ")
    await page.get_by_role("button", name="Execute query").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_member_signs_in_runs_a_query_and_sees_its_result(
    platform: Platform, browser: Browser, people: Reception, scheme: str
) -> None:
    await people.founder(OLGA)
    async with tab(browser, platform.origin, color_scheme=scheme) as page:
        await page.goto("/graphql")
        await expect(page.locator("header")).to_contain_text("Nobody is signed in.")
        await page.get_by_role("link", name="Sign in").click()
        await sign_in(page, OLGA)
        await expect(page.locator("header")).to_contain_text(f"Signed in as {OLGA} in Acme.")
        result = page.locator(".result-window")
        await page.get_by_role("button", name="Execute query").click()
        await expect(result).to_contain_text('"slug": "acme-tools"')


async def test_the_examples_are_tabs_that_can_be_changed_and_had_back(
    platform: Platform, browser: Browser, people: Reception
) -> None:
    await people.founder(OLGA)
    async with tab(browser, platform.origin) as page:
        await page.goto("/sign-in?next=/graphql")
        await sign_in(page, OLGA)
        await run_example(page, "CreateWalkthrough")
        await expect(page.locator(".result-window")).to_contain_text('"status": "DRAFT"')
        await run_example(page, "Walkthroughs")
        await expect(page.locator(".result-window")).to_contain_text("Send your first request")

        tabs = page.get_by_role("tab")
        count = await tabs.count()
        await page.get_by_role("button", name="Close Tab").first.click()
        await expect(tabs).to_have_count(count - 1)
        await page.wait_for_function(
            "count => JSON.parse(localStorage['graphiql:tabState'] ?? '{}').tabs?.length === count",
            arg=count - 1,
        )
        await page.reload()
        await expect(tabs).to_have_count(count - 1)
        await page.get_by_role("link", name="Show the examples again").click()
        await expect(tabs).to_have_count(count)
        await expect(page).to_have_url(f"{platform.origin}/graphql")


async def test_the_schema_is_documented_beside_the_editor(
    platform: Platform, browser: Browser
) -> None:
    async with tab(browser, platform.origin) as page:
        await page.goto("/graphql")
        await page.get_by_role("button", name="Show Documentation Explorer").click()
        docs = page.locator(".graphiql-plugin")
        await expect(docs).to_contain_text("Root Types")
        await docs.get_by_role("link", name="Query").click()
        await expect(docs).to_contain_text("viewer")


async def test_a_member_of_several_organizations_names_one_in_a_header(
    platform: Platform, browser: Browser, people: Reception
) -> None:
    user = await signed_in(await people.founder(OLGA))
    await members.found(user, name="Zenith", slug="zenith-tools")
    async with tab(browser, platform.origin) as page:
        await page.goto("/sign-in?next=/graphql")
        await sign_in(page, OLGA)
        await expect(page.locator(".graphiql-editor-tools")).to_contain_text("Headers")
        await run_example(page, "Servers")
        await expect(page.locator(".result-window")).to_contain_text('"servers"')
