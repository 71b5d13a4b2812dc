"""What a server's slug and settings may be (product specification §1 and §2)."""

import re
from collections.abc import Sequence

from app.domain.faults import Faults
from app.repositories.servers import ServerSettings

NAME_MAX_CHARACTERS = 100
PRODUCT_MAX_CHARACTERS = 40
INSTRUCTIONS_MAX_CHARACTERS = 1000
MAX_ALLOWED_ORIGINS = 50
ORIGIN_MAX_CHARACTERS = 300
MAX_CALLS_PER_MINUTE = 1_000_000

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{4,34}[a-z0-9]")

# Shorter names are out of reach anyway.
RESERVED_SLUGS = frozenset({
    "account", "accounts", "admins", "administrator", "analytics", "assets", "billing", "callback",
    "console", "customer", "customers", "dashboard", "developer", "developers", "download",
    "downloads", "example", "graphql", "health", "images", "internal", "localhost", "mcplatform",
    "mcpserver", "metrics", "monitoring", "official", "onboarding", "organization",
    "organizations", "payments", "platform", "postmaster", "pricing", "privacy", "private",
    "production", "public", "register", "registry", "releases", "security", "server", "servers",
    "service", "services", "session", "sessions", "settings", "signin", "signup", "staging",
    "static", "status", "support", "system", "testing", "updates", "uploads", "webhook",
    "webhooks", "webmaster", "website", "well-known",
})  # fmt: skip

# As browsers write it: scheme, host and any port other than the scheme's own; no path.
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_OWN_PORTS = {"http": "80", "https": "443"}


def check_slug(faults: Faults, slug: str) -> None:
    """Note what keeps `slug` from being a name below the base host."""
    if not _SLUG.fullmatch(slug):
        message = (
            "slug must be 6 to 36 of the characters a-z, 0-9 and hyphen,"
            " and neither begin nor end with a hyphen."
        )
        faults.add("slug", message, "invalid_slug")
    elif slug in RESERVED_SLUGS or slug.startswith("xn--"):  # xn-- shows as another script
        faults.add("slug", f"The slug {slug} is reserved. Choose another.", "reserved_slug")


def check_settings(faults: Faults, settings: ServerSettings) -> None:
    """Note everything that is wrong with a server's settings."""
    faults.line("name", settings.name, longest=NAME_MAX_CHARACTERS, required=True)
    faults.line("product", settings.product, longest=PRODUCT_MAX_CHARACTERS, required=True)
    faults.text("instructions", settings.instructions, longest=INSTRUCTIONS_MAX_CHARACTERS)
    faults.number(
        "rateLimitPerMinute", settings.rate_limit_per_minute, least=1, most=MAX_CALLS_PER_MINUTE
    )
    check_origins(faults, settings.allowed_origins)


def check_origins(faults: Faults, origins: Sequence[str]) -> None:
    """Note which of the origins that browsers may call from are none."""
    faults.items("allowedOrigins", origins, most=MAX_ALLOWED_ORIGINS)
    for index, origin in enumerate(origins[:MAX_ALLOWED_ORIGINS]):
        if not _is_origin(origin):
            message = (
                f"“{origin[:100]}” is not an origin as browsers send it, such as"
                " https://app.example.com: lower case, no path, no default port."
            )
            faults.add(f"allowedOrigins[{index}]", message, "invalid_origin")


def _is_origin(text: str) -> bool:
    match = _ORIGIN.fullmatch(text)
    return (
        match is not None
        and len(text) <= ORIGIN_MAX_CHARACTERS
        and match["port"] != _OWN_PORTS.get(match["scheme"], "")
    )
