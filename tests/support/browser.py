"""A person's browser at the management plane: it keeps the session's cookie as a browser does."""

from dataclasses import dataclass, field
from http.cookies import SimpleCookie

import httpx
from typing_extensions import override

from app.core import session_cookie
from app.core.enums import Role
from tests.support.edge import edge
from tests.support.graph import Graph
from tests.support.people import PASSWORD, Reception


@dataclass
class Browser(Graph):
    """Someone who sends GraphQL from our own pages. `answers` are the bodies that came back."""

    token: str | None = None
    set_cookies: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    @override
    async def post(self, content: bytes, **headers: str) -> httpx.Response:
        cookie = {} if self.token is None else {"cookie": f"{session_cookie.NAME}={self.token}"}
        response = await super().post(content, **cookie, **headers)
        self.answers.append(response.text)
        for line in response.headers.get_list("set-cookie"):
            self.set_cookies.append(line)
            self.token = SimpleCookie(line)[session_cookie.NAME].value or None
        return response

    async def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Sign in, which must succeed."""
        await self.change("signIn { viewer { id } }", email=email, password=password)


def browser_at(people: Reception, token: str | None = None) -> Browser:
    """A browser whose requests come to this front desk, signed in if it has a session's token."""
    return Browser(edge(desk=people.desk), token=token)


async def founder(people: Reception, email: str = "olga@acme.test") -> Browser:
    """Someone who has just founded the organization acme-tools."""
    return browser_at(people, await people.founder(email))


async def colleague(people: Reception, owner: Browser, email: str, role: Role) -> Browser:
    """Someone who has just joined the owner's organization, all over the API."""
    newcomer = browser_at(people, await people.newcomer(email))
    await owner.change("inviteMember { invitation { id } }", email=email, role=role.name)
    invited = await people.token_sent_to(email)
    await newcomer.change("acceptInvitation { organization { slug } }", token=invited)
    return newcomer
