"""What the specifications ask of a server, in our words, and the tests that hold it.

A test is named by its file and its own name. Whoever renames one is told (test_requirements.py).
"""

from tests.oauth.requirements.mcp_authorization import MCP_AUTHORIZATION
from tests.oauth.requirements.mcp_security import MCP_SECURITY
from tests.oauth.requirements.others import OTHERS
from tests.oauth.requirements.rfc_9700 import RFC_9700
from tests.oauth.requirements.rfc_9728 import RFC_9728
from tests.oauth.requirements.row import Requirement

REQUIREMENTS: tuple[Requirement, ...] = (
    *MCP_AUTHORIZATION,
    *MCP_SECURITY,
    *RFC_9728,
    *RFC_9700,
    *OTHERS,
)
