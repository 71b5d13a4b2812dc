"""What goes wrong between this platform and a customer's identity provider.

`message` is for the person who logs in; `reason` is for the log and for the customer, and never
holds a code, a token or a secret.
"""

import re

from app.core.errors import Unavailable
from app.domain.oauth_errors import AccessDenied, OAuthError

_AGAIN = "Start again from your app."
_CODE = re.compile(r"[a-z]{1,30}(?:_[a-z]{1,30}){0,5}")


def error_code(given: object) -> str:
    """What a provider calls an error, if it has the form of a name; else it may be anything."""
    if not given:
        return ""
    return given if isinstance(given, str) and _CODE.fullmatch(given) else "(no error code)"


class ProviderUnavailable(OAuthError, Unavailable):
    """The provider does not answer just now."""

    code = "temporarily_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The sign-in service does not answer just now. Try again in a minute.",
            retry_after_seconds=60,
        )
        self.reason = reason


class ProviderFaulty(OAuthError, Unavailable):
    """The provider answers, but not as agreed: somebody must mend it, or our settings of it."""

    code = "server_error"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Sign-in is not set up right for this server. Tell those who run it; trying again will "
            "not help.",
            retry_after_seconds=600,
        )
        self.reason = reason


class ProviderRefused(AccessDenied):
    """The provider, or the person at it, said no."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The sign-in was not completed. {_AGAIN}")
        self.reason = reason


class IdentityNotAccepted(AccessDenied):
    """What the provider says of the person does not hold: it is not ours to let them in."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The sign-in service's answer cannot be trusted. {_AGAIN}")
        self.reason = reason
