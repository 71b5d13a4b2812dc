"""One statement for all objects of an operation that ask for the same thing."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from strawberry.dataloader import DataLoader

from app.core.scope import MemberScope
from app.domain import listings
from app.domain.servers import Server
from app.domain.walkthroughs import Walkthrough

Item = TypeVar("Item")
Found = TypeVar("Found", Server, Walkthrough)


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
        self.assignments_of_walkthrough = self._many(
            listings.assignments_of_walkthroughs, lambda assignment: assignment.walkthrough_id
        )

    async def _step_counts(self, ids: list[str]) -> list[int]:
        counts = await listings.step_counts(self._scope, ids)
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
