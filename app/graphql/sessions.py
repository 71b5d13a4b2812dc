"""Sessions: which clients are and were connected."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from app.core.enums import SessionKind
from app.domain import end_user_lists
from app.graphql.conditions import check_texts
from app.graphql.context import Info
from app.graphql.pages import After, Before, Connection, First, Last, page_of, window
from app.graphql.servers.types import Server, server_shown
from app.graphql.shapes import shown

if TYPE_CHECKING:
    from app.graphql.end_users.types import EndUser

LazyEndUser = Annotated["EndUser", strawberry.lazy("app.graphql.end_users.types")]


@strawberry.type(description="What ties the calls of one client on one server together.")
class Session:
    """A session or a visit."""

    id: strawberry.ID = strawberry.field(description="The session's id.")
    kind: SessionKind = strawberry.field(description="A session or a visit.")
    client_name: str = strawberry.field(
        description="What the client calls itself, such as `claude-ai`; empty if it does not say, "
        "or the end user was forgotten."
    )
    client_version: str = strawberry.field(description="The client's version; as clientName.")
    tracking_id: str | None = strawberry.field(
        description="Your own id for the end user, if the address that was used has one."
    )
    connected_at: datetime = strawberry.field(description="When it began.")
    last_seen_at: datetime = strawberry.field(description="When it was last used, to the minute.")
    ended_at: datetime | None = strawberry.field(
        description="When it ended; null while its client may go on with it."
    )
    server_id: strawberry.ID = strawberry.field(description="The server's id.")
    end_user_id: strawberry.ID | None = strawberry.field(
        description="The end user's id; null before the first call that needs one. Of a forgotten "
        "end user the id stays, and leads nowhere."
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


@strawberry.type(description="A page of sessions. They are not counted: there may be very many.")
class SessionConnection(Connection[Session]):
    """A page of sessions."""


@strawberry.input(description="Which sessions to list; all conditions must hold.")
class SessionFilterInput:
    """What to list; what is left out does not matter."""

    server_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those on this server."
    )
    is_live: bool | None = strawberry.field(
        default=None,
        description="True for those whose client may go on with them: sessions that did not end, "
        "and visits that were used within the last 30 minutes. False for the others.",
    )


@strawberry.type
class SessionQueries:
    """The root fields about sessions."""

    @strawberry.field(
        description="Sessions and visits on the organization's servers, the latest first."
    )
    async def sessions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - what clients call it
            SessionFilterInput | None,
            strawberry.argument(description="Which to list; all of them without."),
        ] = None,
    ) -> SessionConnection:
        """A page of sessions."""
        asked = window((first, last), (after, before), column="connected_at", is_descending=True)
        only = filter or SessionFilterInput()
        check_texts(serverId=only.server_id)
        page = await end_user_lists.sessions(
            info.context.scope, asked, server_id=only.server_id, is_live=only.is_live
        )
        edges, nodes, page_info = page_of(page, asked, session_shown)
        return SessionConnection(edges=edges, nodes=nodes, page_info=page_info)


def session_shown(session: end_user_lists.Session) -> Session:
    """A session of the domain as GraphQL's type."""
    return shown(Session, session)
