"""Lists as the management plane reads them: in pages, and for many parents at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.enums import WalkthroughStatus, WalkthroughType
from app.core.listing import Window
from app.core.page import Page
from app.core.scope import OrganizationScope
from app.repositories import database, windows
from app.repositories.assignments import Assignment, assignment_of
from app.repositories.database import Row
from app.repositories.servers import Server, server_of
from app.repositories.steps import Step, step_of
from app.repositories.walkthroughs import Walkthrough, walkthrough_of
from app.repositories.windows import Conditions

_STEPS = """
SELECT * FROM step WHERE organization_id = $1 AND walkthrough_id = ANY ($2) ORDER BY position
"""

_STEP_COUNTS = """
SELECT walkthrough_id, count(*) AS number FROM step
WHERE organization_id = $1 AND walkthrough_id = ANY ($2) GROUP BY walkthrough_id
"""

_OF_SERVERS = """
SELECT a.* FROM assignment a JOIN walkthrough w ON w.id = a.walkthrough_id
WHERE a.organization_id = $1 AND a.server_id = ANY ($2)
ORDER BY a.display_order, w.title, a.id
"""

_OF_WALKTHROUGHS = """
SELECT a.* FROM assignment a JOIN server s ON s.id = a.server_id
WHERE a.organization_id = $1 AND a.walkthrough_id = ANY ($2)
ORDER BY s.name, a.id
"""

_SERVERS = "SELECT * FROM server WHERE organization_id = $1 AND id = ANY ($2)"
_WALKTHROUGHS = "SELECT * FROM walkthrough WHERE organization_id = $1 AND id = ANY ($2)"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkthroughFilter:
    """Which walkthroughs to list; what is None or empty does not matter.

    `search` is looked for in titles, in any case. `server_id`: those assigned to this server.
    """

    statuses: tuple[WalkthroughStatus, ...] = ()
    types: tuple[WalkthroughType, ...] = ()
    tag: str | None = None
    search: str | None = None
    server_id: str | None = None


class Listings:
    """The organization's servers and walkthroughs, and what belongs to them."""

    def __init__(self, scope: OrganizationScope) -> None:
        self._organization_id = scope.organization_id

    async def servers(self, window: Window) -> Page[Server]:
        """A part of the servers."""
        page = await windows.page("server", self._conditions(), window)
        return Page(items=tuple(map(server_of, page.items)), has_more=page.has_more)

    async def server_count(self) -> int:
        """How many servers there are."""
        return await windows.count("server", self._conditions())

    async def walkthroughs(self, only: WalkthroughFilter, window: Window) -> Page[Walkthrough]:
        """A part of the walkthroughs that the filter lets through."""
        page = await windows.page("walkthrough", self._filtered(only), window)
        return Page(items=tuple(map(walkthrough_of, page.items)), has_more=page.has_more)

    async def walkthrough_count(self, only: WalkthroughFilter) -> int:
        """How many walkthroughs the filter lets through."""
        return await windows.count("walkthrough", self._filtered(only))

    async def servers_by_id(self, ids: Sequence[str]) -> list[Server]:
        """Those of these servers that exist."""
        return [server_of(dict(row)) for row in await self._fetch(_SERVERS, ids)]

    async def walkthroughs_by_id(self, ids: Sequence[str]) -> list[Walkthrough]:
        """Those of these walkthroughs that exist."""
        return [walkthrough_of(dict(row)) for row in await self._fetch(_WALKTHROUGHS, ids)]

    async def steps(self, walkthrough_ids: Sequence[str]) -> list[Step]:
        """The steps of these walkthroughs, each one's in order."""
        return [step_of(dict(row)) for row in await self._fetch(_STEPS, walkthrough_ids)]

    async def step_counts(self, walkthrough_ids: Sequence[str]) -> dict[str, int]:
        """How many steps these walkthroughs have; those without any are left out."""
        rows = await self._fetch(_STEP_COUNTS, walkthrough_ids)
        return {row["walkthrough_id"]: row["number"] for row in rows}

    async def assignments_of_servers(self, server_ids: Sequence[str]) -> list[Assignment]:
        """The assignments of these servers, each one's as they are listed."""
        return [assignment_of(dict(row)) for row in await self._fetch(_OF_SERVERS, server_ids)]

    async def assignments_of_walkthroughs(self, ids: Sequence[str]) -> list[Assignment]:
        """The assignments of these walkthroughs, by the servers' names."""
        return [assignment_of(dict(row)) for row in await self._fetch(_OF_WALKTHROUGHS, ids)]

    async def _fetch(self, sql: str, ids: Sequence[str]) -> Sequence[Row]:
        return await database.fetch(sql, self._organization_id, ids)

    def _conditions(self) -> Conditions:
        conditions = Conditions([])
        conditions.add("t.organization_id = $?", self._organization_id)
        return conditions

    def _filtered(self, only: WalkthroughFilter) -> Conditions:
        conditions = self._conditions()
        if only.statuses:
            conditions.add("t.status = ANY ($?)", list(only.statuses))
        if only.types:
            conditions.add("t.type = ANY ($?)", list(only.types))
        if only.tag is not None:
            conditions.add("$? = ANY (t.tags)", only.tag)
        if only.search is not None:
            conditions.add("strpos(lower(t.title), lower($?)) > 0", only.search)
        if only.server_id is not None:
            conditions.add(
                "EXISTS (SELECT FROM assignment a"
                " WHERE a.organization_id = t.organization_id AND a.walkthrough_id = t.id"
                " AND a.server_id = $?)",
                only.server_id,
            )
        return conditions
