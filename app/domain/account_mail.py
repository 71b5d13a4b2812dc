"""What the product writes to its customers' people."""

from app.core.mail import Mail
from app.core.secrets import Secret

# The pages below base_url that links lead to. Each finds the token in the address, asks the person
# to confirm, and only then spends it: mail scanners follow links.
VERIFY_PAGE = "verify-email"
RESET_PAGE = "reset-password"
INVITATION_PAGE = "invitation"


def confirm_address(base_url: str, to: str, token: Secret) -> Mail:
    """Asks a new user to confirm the address."""
    return Mail(
        to=to,
        subject="Confirm your e-mail address",
        text=(
            "Welcome! Confirm this address within 24 hours, then you can sign in:\n\n"
            f"{_link(base_url, VERIFY_PAGE, token)}\n\n"
            "If you did not sign up, do nothing: without you the account cannot be used.\n"
        ),
    )


def known_already(base_url: str, to: str, token: Secret) -> Mail:
    """Tells someone who signs up again that there is an account."""
    return Mail(
        to=to,
        subject="You have an account already",
        text=(
            "Someone, probably you, signed up with this address. It has an account already.\n"
            "Sign in with your password, or choose a new one within the hour:\n\n"
            f"{_link(base_url, RESET_PAGE, token)}\n\n"
            "If it was not you, do nothing: nothing has changed.\n"
        ),
    )


def reset_password(base_url: str, to: str, token: Secret) -> Mail:
    """Lets the user choose a new password."""
    return Mail(
        to=to,
        subject="Choose a new password",
        text=(
            "Choose a new password within the hour:\n\n"
            f"{_link(base_url, RESET_PAGE, token)}\n\n"
            "It signs you out everywhere. If you did not ask for it, do nothing.\n"
        ),
    )


def password_changed(to: str) -> Mail:
    """Tells the user that the password is another now."""
    return Mail(
        to=to,
        subject="Your password was changed",
        text=(
            "The password of your account was just changed, and other sessions were ended.\n"
            "If it was not you, ask for a new password at once: only you receive its link.\n"
        ),
    )


def invitation(
    base_url: str, to: str, token: Secret, *, organization: str, invited_by: str
) -> Mail:
    """Asks someone to join an organization."""
    return Mail(
        to=to,
        subject=f"Join {organization}",
        text=(
            f"{invited_by} invites you to join {organization}.\n"
            "Accept within 48 hours, signed in with this address:\n\n"
            f"{_link(base_url, INVITATION_PAGE, token)}\n\n"
            "If you do not know them, do nothing.\n"
        ),
    )


def _link(base_url: str, page: str, token: Secret) -> str:
    return f"{base_url}/{page}?token={token.reveal()}"
