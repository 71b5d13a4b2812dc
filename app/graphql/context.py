"""Who asks, and what one operation shares: the principal and the loaders."""

from dataclasses import dataclass
from typing import Any

from strawberry.types import Info as StrawberryInfo

from app.core.errors import NotSignedIn, ProductError
from app.core.scope import MemberScope, UserScope
from app.domain.desk import Client, Desk
from app.graphql.loaders import Loaders


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever sent the request.

    `member` acts in one organization; without it, `refusal` says why not. `user` is set for people
    who signed in.
    """

    user: UserScope | None = None
    member: MemberScope | None = None
    refusal: ProductError | None = None


class Context:
    """What the resolvers of one operation work with."""

    def __init__(self, principal: Principal, *, desk: Desk, client: Client) -> None:
        self.principal = principal
        self.desk = desk
        self.client = client
        self._loaders: Loaders | None = None

    @property
    def scope(self) -> MemberScope:
        """The scope to act in. Raises what the principal was refused with, or NotSignedIn."""
        if self.principal.member is not None:
            return self.principal.member
        if self.principal.refusal is not None:
            raise self.principal.refusal
        message = "Sign in, or send an API key as Authorization: Bearer."
        raise NotSignedIn(message)

    def forget(self) -> None:
        """Read anew from now on: something was changed."""
        self._loaders = None

    @property
    def loaders(self) -> Loaders:
        """What reads for many objects at once."""
        if self._loaders is None:
            self._loaders = Loaders(self.scope)
        return self._loaders


Info = StrawberryInfo[Context, Any]
