"""What the product writes to end users who log in."""

from datetime import datetime

from app.core.mail import Mail
from app.core.secrets import Secret


def login_code(to: str, code: Secret, *, server: str, good_until: datetime) -> Mail:
    """Brings the one-time code. The subject does not show it: screens show subjects to others."""
    digits = code.reveal()
    return Mail(
        to=to,
        subject=f"Your code to log in to {server}",
        text=(
            f"Your code to log in to {server}:\n\n"
            f"    {digits[:4]} {digits[4:]}\n\n"
            "Enter it within 10 minutes in the browser window that asked for it, and nowhere "
            "else.\nNobody of ours will ever ask you for it.\n\n"
            "If you did not want to log in, do nothing: without the code no one can.\n"
        ),
        good_until=good_until,
    )
