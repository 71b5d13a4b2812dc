"""Tables that refuse a kind of statement for a while, with an error that no one foresaw."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

# A sequence counts what was refused: it is not rolled back.
_BREAK = """
CREATE SEQUENCE refusal OWNED BY NONE;
CREATE FUNCTION refuse_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM nextval('refusal');
    RAISE deadlock_detected;
END
$$;
CREATE TRIGGER broken BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_it();
"""


@asynccontextmanager
async def broken(owner: asyncpg.Connection, table: str, verb: str) -> AsyncIterator[None]:
    """Fail each such statement on a row of the table; the block begins when one has failed."""
    await owner.execute(_BREAK.format(table=table, verb=verb))
    while not await owner.fetchval("SELECT is_called FROM refusal"):
        await asyncio.sleep(0.01)
    yield
    await owner.execute(f"DROP TRIGGER broken ON {table}")
