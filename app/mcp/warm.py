"""What the SDK builds at its first use, built before anyone waits for it."""

from mcp_types import CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.domain.server_directory import ServerConfig
from app.mcp import transport
from app.mcp.server import server_for
from app.mcp.transport import Message

_ANY = ServerConfig(
    id="",
    organization_id="",
    name="any",
    product="any",
    slug="",
    auth_type=AuthType.NONE,
    support_ticket_type=SupportTicketType.DASHBOARD,
    walkthrough_tools_enabled=True,
    walkthrough_toolset=Toolset.BOTH,
    instructions="",
    allowed_origins=frozenset(),
    rate_limit_per_minute=None,
    has_walkthroughs=True,
)


async def warm_up() -> None:
    """List the tools once in every version of the protocol: the first time takes up to 100 ms."""
    server = server_for(_ANY)
    for version in (*HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION):
        envelope = {PROTOCOL_VERSION_META_KEY: version, CLIENT_CAPABILITIES_META_KEY: {}}
        is_stateless = version == LATEST_MODERN_VERSION
        message = Message(version, is_stateless, "tools/list", {"_meta": envelope}, id=0)
        await transport.dispatch(server, message)
