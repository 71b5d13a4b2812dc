"""get_next_step without a product around it: the same SQL, the same words, and nothing checked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Self

import asyncpg
import msgspec

from app.core import clock
from app.core.ids import new_id
from app.domain.presentation import Presentation, PresentedStep
from app.mcp import prose
from app.mcp.answer import Answer
from app.mcp.face import COMPACT
from app.models.engine import DB
from app.repositories import database, lookups, migrations, progress_sql

_BIND = "SELECT set_config('app.org', $1, false)"


class NextStep:
    """The tool, on the product's own pool; who calls is believed."""

    def __init__(self, pool: asyncpg.Pool, organization_id: str, server_id: str) -> None:
        self._pool = pool
        self._organization_id = organization_id
        self._server_id = server_id

    @classmethod
    @asynccontextmanager
    async def opened(cls, dsn: str, *, slug: str, pool_size: int) -> AsyncIterator[Self]:
        """The tool of the server at this slug, while the block lasts."""
        state = await migrations.state(dsn)
        await database.start(
            dsn, tenant_role=migrations.tenant_role(state.owner), pool_size=pool_size
        )
        try:
            server = await lookups.server_by_slug(slug)
            assert server is not None
            assert DB.pool is not None
            yield cls(DB.pool, server["organization_id"], server["id"])
        finally:
            await database.stop()

    async def after(
        self, step_id: str | None, *, end_user_id: str, session_id: str | None = None
    ) -> Answer:
        """Complete the step and present the next one."""
        began = perf_counter()
        connection = await self._pool.acquire()
        try:
            await connection.fetch(_BIND, self._organization_id)
            rows = await connection.fetch(
                progress_sql.ADVANCE,
                self._organization_id,
                self._server_id,
                end_user_id,
                session_id,
                clock.now(),
                new_id("tc"),
                "get_next_step",
                f'{{"currentStepId":"{step_id}"}}',
                (perf_counter() - began) * 1000,
                step_id,
                None,
                False,
                new_id("wsc"),
            )
        finally:
            await self._pool.release(connection)
        return prose.advanced(_presentation(rows[0]), COMPACT)


def _presentation(row: asyncpg.Record) -> Presentation:
    step = None
    if row["step_id"] is not None:
        step = PresentedStep(
            id=row["step_id"],
            title=row["step_title"],
            section_title=row["section_title"],
            number=row["position"],
            content=msgspec.json.decode(row["content_fields"]),
        )
    return Presentation(
        walkthrough_id=row["walkthrough_id"],
        title=row["title"],
        version=row["version"],
        step=step,
        total_steps=row["total_steps"],
        completed_steps=row["completed_steps"],
        percent=row["percent"],
        completed_now=row["verdict"] == "completed",
    )
