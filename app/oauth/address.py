"""Where a request to a login's address arrived."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OAuthAddress:
    """One server's site, as the web's edge understood it.

    `origin` is the site's public address, without a path; `path` what was asked for there, still
    percent-encoded; `client_address` the IP address of whoever asked.
    """

    slug: str
    origin: str
    path: str
    client_address: str
