"""Tool calls: what agents asked for, and what came of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry
from strawberry.scalars import JSON

from app.core.enums import Outcome
from app.domain import end_user_lists
from app.domain.end_user_lists import ToolCallFilter
from app.graphql.conditions import check_texts, moment
from app.graphql.context import Info
from app.graphql.pages import After, Before, Connection, First, Last, page_of, window
from app.graphql.servers.types import Server, server_shown
from app.graphql.sessions import Session, session_shown
from app.graphql.shapes import shown

if TYPE_CHECKING:
    from app.graphql.end_users.types import EndUser

LazyEndUser = Annotated["EndUser", strawberry.lazy("app.graphql.end_users.types")]


@strawberry.type(description="One call of a tool that was answered.")
class ToolCall:
    """A tool call."""

    id: strawberry.ID = strawberry.field(description="The call's id.")
    tool: str = strawberry.field(description="The tool's name, such as `get_next_step`.")
    outcome: Outcome = strawberry.field(description="How it ended.")
    duration_ms: float = strawberry.field(
        description="Milliseconds from the receipt of the request until the call was recorded."
    )
    input: JSON = strawberry.field(
        description="The arguments as the agent gave them, `get_support`'s words of the user "
        "among them; empty once the end user is forgotten. `{omitted}` tells the size of what was "
        "too large to keep."
    )
    output: JSON = strawberry.field(
        description="A few facts of the answer, such as the verdict and ids; never its text."
    )
    created_at: datetime = strawberry.field(description="When it was answered.")
    server_id: strawberry.ID = strawberry.field(description="The server's id.")
    end_user_id: strawberry.ID | None = strawberry.field(
        description="The end user's id; null if the call needed none. Of a forgotten end user the "
        "id stays, and leads nowhere."
    )
    session_id: strawberry.ID | None = strawberry.field(
        description="The id of the session or visit; null if the call was made in none."
    )

    @strawberry.field(
        description="Its server; null if it was deleted at this very moment. A key needs the scope "
        "READ or WRITE for it."
    )
    async def server(self, info: Info) -> Server | None:
        """Its server."""
        found = await info.context.loaders.servers.load(self.server_id)
        return server_shown(found) if found else None

    @strawberry.field(description="Its end user; null if it has none, or one who was forgotten.")
    async def end_user(self, info: Info) -> LazyEndUser | None:
        """Its end user."""
        if self.end_user_id is None:
            return None
        # The domain's has every field that the type reads; the type itself imports this module.
        found = await info.context.loaders.end_users.load(self.end_user_id)
        return cast("EndUser | None", found)

    @strawberry.field(description="The session or visit; null if it was made in none.")
    async def session(self, info: Info) -> Session | None:
        """Its session."""
        if self.session_id is None:
            return None
        found = await info.context.loaders.sessions.load(self.session_id)
        return session_shown(found) if found else None


@strawberry.type(
    description="A page of tool calls. They are not counted: there may be millions; analytics "
    "have the figures."
)
class ToolCallConnection(Connection[ToolCall]):
    """A page of tool calls."""


@strawberry.input(description="Which tool calls to list; all conditions must hold.")
class ToolCallFilterInput:
    """What to list; what is left out does not matter."""

    server_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those on this server."
    )
    end_user_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those of this end user."
    )
    session_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those in this session or visit."
    )
    tool: str | None = strawberry.field(
        default=None, description="Those of the tool with this name, such as `get_support`."
    )
    outcome: Outcome | None = strawberry.field(
        default=None, description="Those that ended like this."
    )
    since: datetime | None = strawberry.field(
        default=None,
        description="Those answered at this time or later; without an offset it is UTC.",
    )
    until: datetime | None = strawberry.field(
        default=None, description="Those answered before this time."
    )

    def applied(self) -> ToolCallFilter:
        """The domain's filter. Raises Invalid."""
        check_texts(
            serverId=self.server_id,
            endUserId=self.end_user_id,
            sessionId=self.session_id,
            tool=self.tool,
        )
        return ToolCallFilter(
            server_id=self.server_id,
            end_user_id=self.end_user_id,
            session_id=self.session_id,
            tool=self.tool,
            outcome=self.outcome,
            since=moment("since", self.since),
            until=moment("until", self.until),
        )


@strawberry.type
class ToolCallQueries:
    """The root fields about tool calls."""

    @strawberry.field(description="What agents called on the organization's servers, latest first.")
    async def tool_calls(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - what clients call it
            ToolCallFilterInput | None,
            strawberry.argument(description="Which to list; all of them without."),
        ] = None,
    ) -> ToolCallConnection:
        """A page of tool calls."""
        asked = window((first, last), (after, before), column="created_at", is_descending=True)
        only = filter.applied() if filter else ToolCallFilter()
        page = await end_user_lists.tool_calls(info.context.scope, only, asked)
        edges, nodes, page_info = page_of(page, asked, tool_call_shown)
        return ToolCallConnection(edges=edges, nodes=nodes, page_info=page_info)


def tool_call_shown(call: end_user_lists.ToolCall) -> ToolCall:
    """A tool call of the domain as GraphQL's type."""
    return shown(ToolCall, call)
