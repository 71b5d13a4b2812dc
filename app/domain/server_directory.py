"""Which server answers at a slug: read once, kept in process, dropped as soon as anyone writes."""

from dataclasses import dataclass

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.repositories import lookups, notices
from app.repositories.database import Row

_MOST_ENTRIES = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class ServerConfig:
    """What a request needs to know of its server. Hashed by identity: quick to look up."""

    id: str
    organization_id: str
    name: str
    product: str
    slug: str
    auth_type: AuthType
    support_ticket_type: SupportTicketType
    walkthrough_tools_enabled: bool
    walkthrough_toolset: Toolset
    instructions: str
    allowed_origins: frozenset[str]
    rate_limit_per_minute: int | None
    has_walkthroughs: bool


class ServerDirectory:
    """Server configurations by slug.

    Nothing is kept while the database's notices do not arrive. A read that was under way when a
    notice came is given out but not kept: it may be older than the notice.
    """

    def __init__(self) -> None:
        self._kept: dict[str, ServerConfig | None] = {}
        self._generation = 0
        self._is_listening = False
        self.hits = 0
        self.misses = 0

    async def by_slug(self, slug: str) -> ServerConfig | None:
        """The server at this slug; None when there is none.

        Raises Unavailable when it has to be read and the database does not answer.
        """
        try:
            found = self._kept[slug]
        except KeyError:
            self.misses += 1
        else:
            self.hits += 1
            return found
        generation = self._generation
        row = await lookups.server_by_slug(slug)
        config = _config(row) if row else None
        if self._is_listening and generation == self._generation:
            if len(self._kept) >= _MOST_ENTRIES:
                self._kept.clear()
            self._kept[slug] = config
        return config

    async def server_count(self) -> int:
        """How many servers are registered."""
        return await lookups.server_count()

    async def follow(self, dsn: str) -> None:
        """Keep in step with the database's notices until cancelled."""
        await notices.follow(
            dsn, on_notice=self._drop, on_connected=self._connected, on_lost=self._lost
        )

    def _drop(self, organization_id: str) -> None:
        self._generation += 1
        self._kept = {
            slug: config
            for slug, config in self._kept.items()
            if config is not None and config.organization_id != organization_id
        }

    def _connected(self) -> None:
        self._is_listening = True
        self._generation += 1  # what is being read now may be older than notices that were missed

    def _lost(self) -> None:
        self._is_listening = False
        self._generation += 1
        self._kept.clear()


def _config(row: Row) -> ServerConfig:
    return ServerConfig(
        id=row["id"],
        organization_id=row["organization_id"],
        name=row["name"],
        product=row["product"],
        slug=row["slug"],
        auth_type=AuthType(row["auth_type"]),
        support_ticket_type=SupportTicketType(row["support_ticket_type"]),
        walkthrough_tools_enabled=row["walkthrough_tools_enabled"],
        walkthrough_toolset=Toolset(row["walkthrough_toolset"]),
        instructions=row["instructions"],
        allowed_origins=frozenset(row["allowed_origins"]),
        rate_limit_per_minute=row["rate_limit_per_minute"],
        has_walkthroughs=row["has_walkthroughs"],
    )
