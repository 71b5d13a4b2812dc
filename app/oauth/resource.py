"""Which addresses are this server's own, as the resource of a token (RFC 8707, RFC 9728)."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from app.domain.oauth_errors import InvalidTarget

MCP_PATH: Final = "/api/mcpserver/mcp"
_MCP_PATH: Final = re.compile(r"/api/mcpserver/(?:([^/]+)/)?mcp")
_TRACKING_ID: Final = re.compile(r"(?!(?:mcp|sse|health)\Z)[A-Za-z0-9._~@:+-]{1,128}")
_PORTS: Final = {"http": 80, "https": 443}


def is_mcp_path(path: str) -> bool:
    """Whether an MCP address of a server has this path, still percent-encoded."""
    found = _MCP_PATH.fullmatch(path)
    if found is None:
        return False
    return found[1] is None or _TRACKING_ID.fullmatch(unquote(found[1])) is not None


def agreed(origin: str, resources: Sequence[str]) -> str | None:
    """The one name of the resource that the parameters name, at the site with this origin.

    A token is for a server, at all of its addresses: the two MCP addresses and the site itself,
    which clients name when they read the metadata at its root, mean the same. Raises InvalidTarget
    for any other.
    """
    for resource in resources:
        if not _is_own(origin, resource):
            message = (
                f"resource must be an address of this server, such as {origin}{MCP_PATH}. "
                "Read /.well-known/oauth-protected-resource for it."
            )
            raise InvalidTarget(message, field="resource")
    return f"{origin}{MCP_PATH}" if resources else None


def _is_own(origin: str, resource: str) -> bool:
    try:
        asked, own = urlsplit(resource), urlsplit(origin)
        is_here = _site(asked) == _site(own)
    except ValueError:
        return False
    is_plain = resource.isascii() and resource.isprintable() and " " not in resource
    has_more = "@" in asked.netloc or "#" in resource or "?" in resource
    path = asked.path.removesuffix("/")
    return is_plain and is_here and not has_more and (not path or is_mcp_path(path))


def _site(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """RFC 3986 §6.2: what makes two spellings of an origin one."""
    port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, parts.hostname, port
