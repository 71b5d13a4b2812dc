"""One statement for all objects of an operation that ask for the same thing."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from strawberry.dataloader import DataLoader

from app.core.listing import Window
from app.core.page import Page
from app.core.scope import MemberScope
from app.domain import end_user_lists, listings, oauth_configs, ticket_lists
from app.domain.end_user_lists import EndUser, Session
from app.domain.members import Member
from app.domain.oauth_configs import OAuthConfig
from app.domain.servers import Server
from app.domain.steps import Step
from app.domain.ticket_desk import Activity, Ticket
from app.domain.walkthroughs import Walkthrough

Item = TypeVar("Item")
Found = TypeVar("Found", Server, Walkthrough, EndUser, Session, Member, Step, Ticket, Activity)


class Loaders:
    """Loaders for one operation, in one scope."""

    def __init__(self, scope: MemberScope) -> None:
        self._scope = scope
        self.servers = self._one(listings.servers_by_id)
        self.walkthroughs = self._one(listings.walkthroughs_by_id)
        self.steps = self._many(listings.steps, lambda step: step.walkthrough_id)
        self.step_counts: DataLoader[str, int] = DataLoader(load_fn=self._step_counts)
        self.assignments_of_server = self._many(
            listings.assignments_of_servers, lambda assignment: assignment.server_id
        )
        self.oauth_configs: DataLoader[str, OAuthConfig | None] = DataLoader(
            load_fn=self._oauth_configs
        )
        self.assignments_of_walkthrough = self._many(
            listings.assignments_of_walkthroughs, lambda assignment: assignment.walkthrough_id
        )
        self.end_users = self._one(end_user_lists.end_users_by_id)
        self.sessions = self._one(end_user_lists.sessions_by_id)
        self.progress_of_end_user = self._many(
            end_user_lists.progress, lambda progress: progress.end_user_id
        )
        self.sessions_of_end_user = self._pages(end_user_lists.sessions_of)
        self.tool_calls_of_end_user = self._pages(end_user_lists.tool_calls_of)
        self.tickets_of_end_user = self._pages(end_user_lists.tickets_of)
        self.steps_by_id = self._one(ticket_lists.steps_by_id)
        self.members = self._one(ticket_lists.members_by_id)
        self.tickets = self._one(ticket_lists.tickets_by_id)
        self.activities_by_id = self._one(ticket_lists.activities_by_id)
        self.activities_of_ticket = self._pages(ticket_lists.activities)
        self.comment_counts: DataLoader[str, int] = DataLoader(load_fn=self._comment_counts)

    async def _oauth_configs(self, server_ids: list[str]) -> list[OAuthConfig | None]:
        configs = await oauth_configs.of_servers(self._scope, server_ids)
        found = {config.server_id: config for config in configs}
        return [found.get(one) for one in server_ids]

    async def _step_counts(self, ids: list[str]) -> list[int]:
        counts = await listings.step_counts(self._scope, ids)
        return [counts.get(one, 0) for one in ids]

    async def _comment_counts(self, ids: list[str]) -> list[int]:
        counts = await ticket_lists.comment_counts(self._scope, ids)
        return [counts.get(one, 0) for one in ids]

    def _one(
        self, read: Callable[[MemberScope, Sequence[str]], Awaitable[Iterable[Found]]]
    ) -> DataLoader[str, Found | None]:
        async def load(ids: list[str]) -> list[Found | None]:
            found = {item.id: item for item in await read(self._scope, ids)}
            return [found.get(one) for one in ids]

        return DataLoader(load_fn=load)

    def _many(
        self,
        read: Callable[[MemberScope, Sequence[str]], Awaitable[Iterable[Item]]],
        parent_of: Callable[[Item], str],
    ) -> DataLoader[str, list[Item]]:
        async def load(ids: list[str]) -> list[list[Item]]:
            found: dict[str, list[Item]] = defaultdict(list)
            for item in await read(self._scope, ids):
                found[parent_of(item)].append(item)
            return [found[one] for one in ids]

        return DataLoader(load_fn=load)

    def _pages(
        self,
        read: Callable[[MemberScope, Sequence[str], Window], Awaitable[dict[str, Page[Item]]]],
    ) -> DataLoader[tuple[str, Window], Page[Item]]:
        """By parent and window: those that ask for the same window share a statement."""

        async def load(asked: list[tuple[str, Window]]) -> list[Page[Item]]:
            parents: dict[Window, list[str]] = defaultdict(list)
            for parent, window in asked:
                parents[window].append(parent)
            found = {
                window: await read(self._scope, ids, window) for window, ids in parents.items()
            }
            return [found[window][parent] for parent, window in asked]

        return DataLoader(load_fn=load)
