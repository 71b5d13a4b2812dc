"""MCP servers and the slugs they live at."""

from piccolo.columns import Array, Boolean, Integer
from piccolo.constraints import Check
from piccolo.table import Table

from app.core.enums import AuthType, SupportTicketType, Toolset
from app.models.columns import Text, id_column, moment, one_of, reference


class Server(Table, tablename="server"):
    """One MCP server on a subdomain of its own."""

    id = id_column("srv")
    organization_id = reference()
    name = Text()
    product = Text()
    slug = Text(unique=True)
    auth_type = Text(default=AuthType.NONE.value)
    support_ticket_type = Text(default=SupportTicketType.DASHBOARD.value)
    walkthrough_tools_enabled = Boolean(default=True)
    walkthrough_toolset = Text(default=Toolset.COMPACT.value)
    instructions = Text(default="")
    allowed_origins = Array(Text(), default=[])
    rate_limit_per_minute = Integer(default=None, null=True)
    revision = Integer(default=1)
    assignments_revision = Integer(default=1)
    created_at = moment()
    updated_at = moment()

    server_name_length = Check("char_length(name) BETWEEN 1 AND 100")
    server_product_length = Check("char_length(product) BETWEEN 1 AND 40")
    server_slug_form = Check("slug ~ '^[a-z0-9][a-z0-9-]{4,34}[a-z0-9]$'")
    server_instructions_length = Check("char_length(instructions) <= 1000")
    server_rate_limit_positive = Check("rate_limit_per_minute > 0")
    server_auth_type = Check(one_of("auth_type", AuthType))
    server_support_ticket_type = Check(one_of("support_ticket_type", SupportTicketType))
    server_walkthrough_toolset = Check(one_of("walkthrough_toolset", Toolset))


class ReleasedSlug(Table, tablename="released_slug"):
    """A slug that was given up: no one can take it again, or they would inherit its issuer."""

    slug = Text(primary_key=True, default="")
    organization_id = reference()
    released_at = moment()
