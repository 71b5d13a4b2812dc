"""mcplatform: walkthroughs and support, served to AI agents over MCP."""

__version__ = "0.1.0"
