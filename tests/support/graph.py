"""A client of the management plane: asks as nobody, with a key, or with a member's cookie."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from litestar.types import ASGIApp

from app.core.enums import KeyScope
from app.domain import admission, api_keys
from tests.support.edge import edge

URL = "http://localhost:8000/graphql"


@dataclass(slots=True)
class Graph:
    """Someone who sends GraphQL."""

    app: ASGIApp = field(default_factory=edge)
    headers: dict[str, str] = field(default_factory=dict)

    async def post(self, content: bytes, **headers: str) -> httpx.Response:
        """The answer to a body of the test's own."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)  # type: ignore[arg-type]  # the same interface, typed apart
        async with httpx.AsyncClient(transport=transport) as client:
            sent = {"content-type": "application/json", **self.headers, **headers}
            return await client.post(URL, content=content, headers=sent)

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer to an operation."""
        body = msgspec.json.encode({"query": query, "variables": variables})
        response = await self.post(body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data; there must be no error."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def change(self, mutation: str, **given: Any) -> Any:
        """The payload of a mutation written as `name { fields }`, which must succeed."""
        payload = await self.attempt(mutation, **given)
        assert payload["userErrors"] == [], payload
        return payload

    async def attempt(self, mutation: str, **given: Any) -> Any:
        """The payload of a mutation written as `name { fields }`, whatever it says."""
        name, _, selection = mutation.partition(" ")
        fields = selection.strip().removeprefix("{").removesuffix("}")
        query = operation(name, f"{fields} userErrors {{ field message code }}")
        return (await self.ask(query, input=given))[name]


_WITHOUT_INPUT = frozenset({"signOut", "endOtherSessions"})
_INPUTS = dict.fromkeys(
    ("publishWalkthrough", "unpublishWalkthrough", "archiveWalkthrough", "deleteWalkthrough"),
    "WalkthroughInput",
)


def input_type(mutation: str) -> str:
    """What the schema calls the mutation's input."""
    return _INPUTS.get(mutation, f"{mutation[0].upper()}{mutation[1:]}Input")


def operation(mutation: str, fields: str) -> str:
    """The mutation with its input, if it takes one, as the variable `input`."""
    if mutation in _WITHOUT_INPUT:
        return f"mutation Change {{ {mutation} {{ {fields} }} }}"
    kind = input_type(mutation)
    return f"mutation Change($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} }} }}"


async def with_key(organization_slug: str, *scopes: KeyScope, app: ASGIApp | None = None) -> Graph:
    """A script with a key of the organization, made for these scopes; without any, for all."""
    owner = await admission.operator_as_owner(organization_slug)
    issued = await api_keys.issue(owner, name="Script", scopes=scopes or tuple(KeyScope))
    bearer = {"authorization": f"Bearer {issued.token.reveal()}"}
    return Graph(app or edge(), bearer)
