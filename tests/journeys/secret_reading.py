"""All that an organization's owner can read, and what machines read of the platform's health."""

from tests.journeys.secret_members import Office
from tests.support.watched_platform import Platform
from tests.tenancy.schema_walk import leaves, routes
from tests.tenancy.stage import spelled

_IDS = "{ members { nodes { id } } tickets { nodes { id } } endUsers { nodes { id } } }"
_NAMES = {"$member": "members", "$ticket": "tickets", "$endUser": "endUsers"}


async def read_everything(office: Office) -> None:
    """Ask for every field of every type as the owner, and for every root field with the key."""
    platform = office.owner.platform
    found = (await office.owner.graphql(_IDS)).json()["data"]
    ids = {name: found[place]["nodes"][0]["id"] for name, place in _NAMES.items()}
    ids |= {**office.ids, "$server": office.ids["acme-own"]}
    for route in routes():
        query = spelled(route.query(leaves(route.kind)), ids)
        answer = await office.owner.graphql(query, name=route.name)
        assert "errors" not in answer.json(), (query, answer.text)
        if len(route.fields) == 1:
            bearer, name = f"Bearer {office.key}", f"{route.name} with a key"
            await platform.graphql(query, name=name, authorization=bearer)
    for one in found["endUsers"]["nodes"]:
        await office.owner.change("exportEndUser { content }", id=one["id"])


async def probe(platform: Platform) -> None:
    """Ask what probes and scrapers ask."""
    for path in ("/live", "/ready", "/metrics", "/api/mcpserver/health"):
        assert (await platform.ask("GET", f"{platform.origin()}{path}")).status_code == 200
