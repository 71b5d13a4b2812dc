"""The management plane without GraphQL: the same SQL, the same JSON, and nothing checked."""

from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import click
import msgspec
import uvicorn

from app.models.engine import DB
from app.repositories import analytics, database, migrations
from benchmarks.contenders import POOL_SIZE

_BIND = "SELECT set_config('app.org', $1, false)"
_WALKTHROUGHS = """
SELECT id, title, type, status, updated_at FROM walkthrough
WHERE organization_id = $1 ORDER BY updated_at DESC, id DESC LIMIT 50
"""
_STEPS = """
SELECT walkthrough_id, id, position, title, section_title FROM step
WHERE organization_id = $1 AND walkthrough_id = ANY ($2) ORDER BY position
"""
_encode = msgspec.json.Encoder().encode


class _Ask(msgspec.Struct, rename="camel"):
    """What is asked for: with a time the funnel, without one the list."""

    organization_id: str
    walkthrough_id: str | None = None
    since: str | None = None
    until: str | None = None


_decode = msgspec.json.Decoder(_Ask).decode


async def _funnel(connection: Any, ask: _Ask) -> Any:
    since = msgspec.convert(ask.since, datetime)
    until = msgspec.convert(ask.until, datetime)
    run, *steps = await connection.fetch(
        analytics.FUNNEL, ask.organization_id, None, since, until, ask.walkthrough_id, "day"
    )
    return {
        "analytics": {
            "funnel": {
                "started": run["begun"],
                "finished": run["ended"],
                "completionRate": run["ended"] / run["begun"],
                "medianSeconds": run["median_seconds"],
                "steps": [
                    {
                        "stepId": step["id"],
                        "title": step["title"],
                        "position": step["position"],
                        "reached": max(step["begun"], step["ended"]),
                        "completed": step["ended"],
                        "dropped": max(step["begun"], step["ended"]) - step["ended"],
                        "medianSeconds": step["median_seconds"],
                    }
                    for step in steps
                ],
            }
        }
    }


async def _list(connection: Any, ask: _Ask) -> Any:
    walkthroughs = await connection.fetch(_WALKTHROUGHS, ask.organization_id)
    ids = [one["id"] for one in walkthroughs]
    found: dict[str, list[Any]] = {one: [] for one in ids}
    for step in await connection.fetch(_STEPS, ask.organization_id, ids):
        found[step["walkthrough_id"]].append(
            {
                "id": step["id"],
                "position": step["position"],
                "title": step["title"],
                "sectionTitle": step["section_title"],
            }
        )
    nodes = [
        {
            "id": one["id"],
            "title": one["title"],
            "type": one["type"].upper(),
            "status": one["status"].upper(),
            "updatedAt": one["updated_at"].isoformat(),
            "steps": found[one["id"]],
        }
        for one in walkthroughs
    ]
    return {"walkthroughs": {"nodes": nodes}}


def app(dsn: str) -> Any:
    """The ASGI application."""
    stack = AsyncExitStack()

    async def opened() -> None:
        state = await migrations.state(dsn)
        role = migrations.tenant_role(state.owner)
        await database.start(dsn, tenant_role=role, pool_size=POOL_SIZE)
        stack.push_async_callback(database.stop)

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await opened()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await stack.aclose()
            await send({"type": "lifespan.shutdown.complete"})
            return
        ask = _decode((await receive())["body"])
        assert DB.pool is not None
        connection = await DB.pool.acquire()
        try:
            await connection.fetch(_BIND, ask.organization_id)
            data = await (_funnel if ask.since else _list)(connection, ask)
        finally:
            await DB.pool.release(connection)
        body = _encode({"data": data})
        length = str(len(body)).encode()
        head = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return answer


@click.command()
@click.option("--dsn", envvar="DATABASE_URL", required=True)
@click.option("--port", type=int, required=True)
def main(dsn: str, port: int) -> None:
    """Serve, as fast as uvicorn goes."""
    uvicorn.run(
        app(dsn),
        port=port,
        http="httptools",
        loop="uvloop",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        ws="none",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
