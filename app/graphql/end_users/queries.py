"""Reading end users."""

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from app.core.errors import Invalid
from app.domain import end_user_lists
from app.domain.end_user_lists import EndUserFilter
from app.graphql.conditions import TEXT_MAX_CHARACTERS, check_texts, moment
from app.graphql.context import Info
from app.graphql.end_users.types import EndUser, EndUserConnection, end_user_shown
from app.graphql.pages import After, Before, First, Last, page_of, window


@strawberry.enum(description="How end users are sorted.")
class EndUserOrder(Enum):
    """The orders that people need."""

    LAST_SEEN = strawberry.enum_value("last_seen", description="The last seen first.")
    FIRST_SEEN = strawberry.enum_value("first_seen", description="The latest newcomer first.")
    EMAIL = strawberry.enum_value(
        "email", description="By e-mail address; those without one are left out."
    )


_COLUMNS = {
    EndUserOrder.LAST_SEEN: ("last_seen_at", True),
    EndUserOrder.FIRST_SEEN: ("first_seen_at", True),
    EndUserOrder.EMAIL: ("email_key", False),
}


@strawberry.input(description="Which end users to list; all conditions must hold.")
class EndUserFilterInput:
    """What to list; what is left out does not matter."""

    search: str | None = strawberry.field(
        default=None,
        description="Those whose e-mail address or name (`profile.name`) begins with this text, in "
        "any case, whose tracking id begins with it, in this very case, or whose id it is. At most "
        f"{TEXT_MAX_CHARACTERS} characters; blanks around it do not count.",
    )
    server_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those who had a session or visit on this server."
    )
    has_email: bool | None = strawberry.field(
        default=None, description="True for those with an e-mail address, false for the others."
    )
    is_anonymous: bool | None = strawberry.field(
        default=None,
        description="True for those who have neither a tracking id nor a login, false for the "
        "others.",
    )
    since: datetime | None = strawberry.field(
        default=None,
        description="Those last seen at this time or later; without an offset it is UTC.",
    )
    until: datetime | None = strawberry.field(
        default=None, description="Those last seen before this time."
    )

    def applied(self) -> EndUserFilter:
        """The domain's filter. Raises Invalid."""
        check_texts(search=self.search, serverId=self.server_id)
        return EndUserFilter(
            search=(self.search or "").strip() or None,
            server_id=self.server_id,
            has_email=self.has_email,
            is_anonymous=self.is_anonymous,
            since=moment("since", self.since),
            until=moment("until", self.until),
        )


@strawberry.type
class EndUserQueries:
    """The root fields about end users."""

    @strawberry.field(
        description="The organization's end users. Those who were forgotten are not among them."
    )
    async def end_users(  # noqa: PLR0913, PLR0917 - Relay's four arguments
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002 - what clients call it
            EndUserFilterInput | None,
            strawberry.argument(description="Which to list; all of them without."),
        ] = None,
        order_by: Annotated[
            EndUserOrder, strawberry.argument(description="How they are sorted.")
        ] = EndUserOrder.LAST_SEEN,
    ) -> EndUserConnection:
        """A page of end users."""
        column, is_descending = _COLUMNS[order_by]
        asked = window((first, last), (after, before), column=column, is_descending=is_descending)
        only = filter.applied() if filter else EndUserFilter()
        if order_by is EndUserOrder.EMAIL:
            if only.has_email is False:
                message = "hasEmail: false and orderBy: EMAIL exclude one another."
                raise Invalid(message, field="hasEmail", code="invalid")
            only = replace(only, has_email=True)
        page = await end_user_lists.end_users(info.context.scope, only, asked)
        edges, nodes, page_info = page_of(page, asked, end_user_shown)
        return EndUserConnection(edges=edges, nodes=nodes, page_info=page_info, only=only)

    @strawberry.field(
        description="One end user; null if there is none with this id, or who was forgotten."
    )
    async def end_user(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The end user's id.")],  # noqa: A002 - what clients call it
    ) -> EndUser | None:
        """The end user."""
        check_texts(id=id)
        found = await end_user_lists.end_users_by_id(info.context.scope, [id])
        return end_user_shown(found[0]) if found else None
