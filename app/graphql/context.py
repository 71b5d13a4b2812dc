"""Who asks, and what one operation shares: the principal, the loaders and the session's cookie."""

from dataclasses import dataclass, field
from typing import Any

from strawberry.types import Info as StrawberryInfo

from app.core import session_cookie
from app.core.errors import NotSignedIn, ProductError
from app.core.scope import MemberScope, UserScope
from app.core.secrets import Secret
from app.domain.desk import Client, Desk
from app.domain.permissions import NotPermitted
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


@dataclass(slots=True, kw_only=True)
class Browser:
    """What a browser keeps for us: the session's token, as it sent it and as it is to keep it.

    `answer` is the Set-Cookie value to send, if there is one; `organization` what the request named
    in X-Organization.
    """

    token: str | None = field(default=None, repr=False)
    organization: str | None = None
    answer: str | None = field(default=None, repr=False)

    def keep(self, token: Secret) -> None:
        """Hand over another token."""
        self.token = token.reveal()
        self.answer = session_cookie.set_cookie(self.token)

    def drop(self) -> None:
        """Have the token forgotten."""
        self.token = None
        self.answer = session_cookie.clear_cookie()


class Context:
    """What the resolvers of one operation work with."""

    def __init__(
        self, principal: Principal, *, desk: Desk, client: Client, browser: Browser | None = None
    ) -> None:
        self.principal = principal
        self.desk = desk
        self.client = client
        self.browser = browser or Browser()
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

    @property
    def user(self) -> UserScope:
        """The person who signed in. Raises NotPermitted for keys, and NotSignedIn."""
        self.refuse_keys()
        if self.principal.user is not None:
            return self.principal.user
        if isinstance(self.principal.refusal, NotSignedIn):
            raise self.principal.refusal
        message = "Sign in first."
        raise NotSignedIn(message)

    def refuse_keys(self) -> None:
        """Raise NotPermitted if a key asks for what people do, signed in or not."""
        if self.principal.user is None and self.principal.member is not None:
            message = "No API key may do this. Send the request without one."
            raise NotPermitted(message)

    def become(self, principal: Principal) -> None:
        """Go on as who has just signed in."""
        self.principal = principal
        self.forget()

    def leave(self) -> None:
        """Go on as nobody, and have the browser forget its session."""
        self.browser.drop()
        self.become(Principal())

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
