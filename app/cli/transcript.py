"""What an agent and a server say to each other, told as it happens."""

import asyncio
import json
import sys
from typing import Any

import click
from mcp import Client
from mcp_types import CallToolResult, Implementation, TextContent

from app import __version__

STEPS = 2
PAUSE_SECONDS = 0.7
_HEAD_LINES = 10
_TAIL_LINES = 5
_LINE_CHARACTERS = 100
_SUPPORT = {
    "title": "The install command stops half way",
    "problemDescription": "It prints that the network is unreachable. I am behind a proxy.",
    "email": "developer@example.com",
}


async def walk_through(url: str, *, opens_ticket: bool) -> None:
    """Connect to an MCP address as any client does, take some steps, and print it all."""
    client_info = Implementation(name="mcplatform-demo", version=__version__)
    async with Client(url, client_info=client_info) as client:
        server = client.server_info
        await _say(f"An MCP client connects to {url}")
        await _say(f"Server: {server.name if server else '?'}, MCP {client.protocol_version}")
        tools = (await client.list_tools()).tools
        await _say("Tools: " + ", ".join(tool.name for tool in tools))
        facts = await _start(client)
        for _ in range(STEPS):
            step = facts.get("step")
            if step is None:
                break
            facts = await _call(client, "get_next_step", currentStepId=step["id"])
        if opens_ticket:
            await _call(client, "get_support", **_SUPPORT)


async def _start(client: Client) -> dict[str, Any]:
    facts = await _call(client, "start_walkthrough")
    offered = facts.get("walkthroughs")
    if not offered:
        return facts
    unfinished = [one for one in offered if not one["isCompleted"]]
    return await _call(client, "start_walkthrough", name=(unfinished or offered)[0]["title"])


async def _call(client: Client, tool: str, **arguments: str) -> dict[str, Any]:
    await _say(f"→ {tool} {json.dumps(arguments, ensure_ascii=False)}", is_call=True)
    result = await client.call_tool(tool, arguments)
    facts = result.structured_content or {}
    await _say(_told(result, facts))
    return facts


def _told(result: CallToolResult, facts: dict[str, Any]) -> str:
    """The answer, cut to what one reads while it passes by."""
    lines = [f"{one['title']} ({one['totalSteps']} steps)" for one in facts.get("walkthroughs", ())]
    if not lines:
        blocks = [block.text for block in result.content if isinstance(block, TextContent)]
        lines = [line for block in blocks for line in block.splitlines() if line]
    if len(lines) > _HEAD_LINES + _TAIL_LINES:
        left_out = f"… {len(lines) - _HEAD_LINES - _TAIL_LINES} lines …"
        lines = [*lines[:_HEAD_LINES], left_out, *lines[-_TAIL_LINES:]]
    return "\n".join(f"  │ {_cut(line)}" for line in lines)


def _cut(line: str) -> str:
    return line if len(line) <= _LINE_CHARACTERS else f"{line[: _LINE_CHARACTERS - 1]}…"


async def _say(text: str, *, is_call: bool = False) -> None:
    if is_call:
        click.echo()
    click.echo(click.style(text, bold=True) if is_call else text)
    if sys.stdout.isatty():
        await asyncio.sleep(PAUSE_SECONDS)
