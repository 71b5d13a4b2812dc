"""Two organizations side by side, and everyone who may try something at the management plane."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec
from litestar.types import ASGIApp

from app.core import session_cookie
from app.core.enums import KeyScope, Role
from app.core.limiter import Limiter
from app.core.metrics import Metrics
from app.core.scope import MemberScope
from app.domain import admission, api_keys, invitations, members, ticket_desk
from tests.support import authoring
from tests.support.agent import Agent
from tests.support.edge import edge
from tests.support.figures import rolled_up
from tests.support.graph import Graph
from tests.support.people import Reception
from tests.tenancy import snapshots
from tests.tenancy.snapshots import Snapshot


@dataclass(slots=True)
class Company:
    """An organization with one of everything; `word` is in all that its people wrote.

    `ids` has the ids by the names that the manifest gives them.
    """

    app: ASGIApp
    people: Reception
    scope: MemberScope
    word: str
    ids: dict[str, str]
    boss: Graph
    keys: dict[frozenset[KeyScope], Graph] = field(default_factory=dict)

    def is_mentioned_in(self, told: object) -> bool:
        """Whether something of this organization shows in what somebody was told."""
        text = str(told)
        return self.word.lower() in text.lower() or any(one in text for one in self.ids.values())

    async def key(self, *scopes: KeyScope) -> Graph:
        """A script with a key for these scopes."""
        made_for = frozenset(scopes)
        if made_for not in self.keys:
            issued = await api_keys.issue(self.scope, name=f"{self.word} script", scopes=scopes)
            bearer = {"authorization": f"Bearer {issued.token.reveal()}"}
            self.keys[made_for] = Graph(self.app, bearer)
        return self.keys[made_for]


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who tries, and the ids that stand for names in the manifest when they do."""

    graph: Graph
    ids: Mapping[str, str]

    def spelled(self, given: Any) -> Any:
        """The same with the ids in place of their names."""
        return spelled(given, self.ids)


@dataclass(frozen=True, slots=True)
class Stage:
    """`home` is whose ids everybody tries, `other` another organization with as much in it."""

    home: Company
    other: Company
    nobody: Actor
    stranger: Actor
    own: dict[Role, Actor]
    start: Snapshot

    async def changes(self) -> dict[str, list[str]]:
        """What has become other since the curtain rose."""
        return await self.start.changes()

    def without(self, scopes: frozenset[KeyScope]) -> Actor:
        """A key of the home organization for everything but these scopes, if that is something."""
        rest = frozenset(KeyScope) - scopes or frozenset(KeyScope)
        return Actor(self.home.keys[rest], self.home.ids)


def spelled(given: Any, ids: Mapping[str, str]) -> Any:
    """The same with ids in place of their names, the longest names first."""
    text = msgspec.json.encode(given).decode()
    for name in sorted(ids, key=len, reverse=True):
        text = text.replace(name, ids[name])
    return msgspec.json.decode(text)


def person(app: ASGIApp, token: str) -> Graph:
    """Whoever has this session, at our own pages; they send its cookie whatever is answered."""
    return Graph(app, {"cookie": f"{session_cookie.NAME}={token}"})


async def set_up(owner: asyncpg.Connection, people: Reception) -> Stage:
    """The stage, with everyone in their place."""
    limiter = Limiter(metrics=Metrics(), address_calls_per_minute=1_000_000)
    app = edge(desk=people.desk, limiter=limiter)
    home = await company(app, people, slug="acme-tools", word="Quetzal")
    other = await company(app, people, slug="other-tools", word="Okapi")
    own = {role: await _colleague(home, other, role) for role in (Role.MEMBER, Role.ADMIN)}
    await rolled_up(owner)
    # Invitations are not sent again at once.
    await owner.execute("UPDATE invitation SET sent_at = sent_at - interval '1 day'")
    nobody = Actor(Graph(app), home.ids)
    stranger = Actor(other.boss, home.ids)
    return Stage(home, other, nobody, stranger, own, await snapshots.taken(owner))


async def company(app: ASGIApp, people: Reception, *, slug: str, word: str) -> Company:
    """An organization whose server, walkthrough, team and end user have everything."""
    name = word.lower()
    token = await people.founder(f"boss@{name}.test", slug)
    scope = await admission.member(token, slug)
    boss = person(app, token)
    ids = {"$organization": scope.organization_id, "$user": scope.actor_id}
    made = Company(app, people, scope, word, ids, boss)
    await boss.change("updateOrganization { organization { id } }", name=word)
    ids |= await _offered(made, f"{name}-docs")
    ids |= await _team(made)
    ids |= await _asked(made, f"{name}-docs")
    for scopes in _key_rings():
        await made.key(*scopes)
    return made


def _key_rings() -> list[frozenset[KeyScope]]:
    """Keys for each scope alone, and for everything without one, two or three of them."""
    every = list(KeyScope)
    return [
        frozenset(scope for place, scope in enumerate(every) if number >> place & 1)
        for number in range(1, 2 ** len(every))
    ]


async def _offered(made: Company, slug: str) -> dict[str, str]:
    """The ids of a server and of the walkthrough that it offers, and of its steps."""
    word = made.word
    server = await authoring.open_server(made.scope, slug)
    walkthrough = await authoring.write(
        made.scope, f"{word} one", f"{word} two", title=f"{word} course", is_published=True
    )
    pair = {"serverId": server.id, "walkthroughId": walkthrough.id}
    boss = made.boss
    await boss.change("updateServer { server { id } }", id=server.id, name=f"{word} Docs")
    assigned = await boss.change("assignWalkthrough { assignment { id } }", **pair)
    provider = {"issuer": f"https://{word.lower()}.example.com", "clientId": word}
    await boss.change("setServerOauthConfig { server { id } }", serverId=server.id, **provider)
    step, following = await authoring.ids(made.scope, walkthrough.id)
    return {
        "$server": server.id,
        "$slug": slug,
        "$walkthrough": walkthrough.id,
        "$step": step,
        "$next": following,
        "$assignment": assigned["assignment"]["id"],
    }


async def _team(made: Company) -> dict[str, str]:
    """The ids of a colleague, of an invitation and its token, and of a key."""
    people, scope, name = made.people, made.scope, made.word.lower()
    await people.joined(scope, f"max@{name}.test", Role.MEMBER)
    _, colleague = (await members.page(scope)).items
    address = f"ivy@{name}.test"
    invitation = await invitations.invite(scope, people.desk, email=address, role=Role.MEMBER)
    key = await api_keys.issue(scope, name=made.word, scopes=[KeyScope.READ])
    user = await admission.signed_in(await people.sign_in(scope.actor_name))
    return {
        "$address": scope.actor_name,
        "$member": colleague.id,
        "$colleague": colleague.user_id,
        "$session": user.session_id or "",
        "$invitation": invitation.id,
        "$token": await people.token_sent_to(address),
        "$key": key.key.id,
    }


async def _asked(made: Company, slug: str) -> dict[str, str]:
    """The ids of an end user who is in the walkthrough and asked for help, and of the answer."""
    scope, word = made.scope, made.word
    agent = Agent(slug=slug, tracking_id=f"{word}-ann")
    await agent.initialize()
    await agent.call("start_walkthrough", name=made.ids["$walkthrough"])
    await agent.call("get_next_step", currentStepId=made.ids["$step"])
    told = {"title": f"{word} fails", "problemDescription": word, "email": f"ann@{word}.test"}
    await agent.call("get_support", **told)
    ticket = await ticket_desk.by_number(scope, 1)
    assignee = made.ids["$member"]
    await made.boss.change("assignTicket { ticket { id } }", id=ticket.id, assigneeId=assignee)
    progress = await made.boss.ask(
        "query Q($id: ID!) { endUser(id: $id) { progress { id } toolCalls { nodes { id } } } }",
        id=ticket.end_user_id,
    )
    assert ticket.step_id == made.ids["$next"]
    return {
        "$ticket": ticket.id,
        "$comment": await _commented(made.boss, ticket.id),
        "$endUser": ticket.end_user_id or "",
        "$visit": agent.session_id or "",
        "$progress": progress["endUser"]["progress"][0]["id"],
        "$call": progress["endUser"]["toolCalls"]["nodes"][0]["id"],
    }


async def _colleague(home: Company, other: Company, role: Role) -> Actor:
    """Someone at home, with a second session, an own comment, and an invitation elsewhere."""
    people, address = home.people, f"{role}@home.test"
    await people.joined(home.scope, address, role)
    own = person(home.app, await people.sign_in(address))
    spare = await admission.signed_in(await people.sign_in(address))
    await other.boss.change("inviteMember { invitation { id } }", email=address)
    ids = {
        **home.ids,
        "$session": spare.session_id or "",
        "$comment": await _commented(own, home.ids["$ticket"]),
        "$token": await people.token_sent_to(address),
    }
    return Actor(own, ids)


async def _commented(author: Graph, ticket_id: str) -> str:
    """The id of a new comment."""
    written = await author.change(
        "addTicketComment { activity { id } }", ticketId=ticket_id, body="We look into it."
    )
    return str(written["activity"]["id"])
