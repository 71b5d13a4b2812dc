"""Where an MCP request arrived."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class McpAddress:
    """One server's MCP address, as the web's edge understood it.

    `tracking_id` is the customer's own id for the end user, from the path; `client_address` is the
    IP address of whoever called; `url` is this MCP address as the public writes it.
    """

    slug: str
    tracking_id: str | None
    client_address: str
    url: str
