"""The demo: a first start, a second one, and what keeps it from starting."""

import asyncio
import re
import signal
from pathlib import Path

import asyncpg
import httpx

from tests.support.command import START_SECONDS, run, serving
from tests.support.redis_servers import free_port

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test-agent", "version": "1.0"},
    },
}


def percents(transcript: str) -> list[int]:
    return [int(found) for found in re.findall(r"(\d+)% \(", transcript)]


async def test_the_first_start_walks_and_opens_a_ticket_and_the_second_goes_on(
    tmp_path: Path,
) -> None:
    port = str(free_port())
    first = await run(tmp_path, "demo", "--once", "--port", port)
    second = await run(tmp_path, "demo", "--once", "--port", port, MCPLATFORM_LOG_LEVEL="info")
    assert (first.code, second.code) == (0, 0), first.stderr + second.stderr
    assert "ticket #1" in first.stdout
    assert first.stdout.count("→ get_next_step") == 2
    assert percents(first.stdout)[0] == 0
    assert "→ get_support" not in second.stdout
    assert percents(second.stdout)[0] == percents(first.stdout)[-1] > 0
    logged = [ended.stdout + ended.stderr for ended in (first, second)]
    assert ["request completed" in told for told in logged] == [False, True]
    for ended in (first, second):
        assert f"http://127.0.0.1:{port}/api/mcpserver/mcp\n" in ended.stdout
        assert "Traceback" not in ended.stderr
        assert "\x1b" not in ended.stdout


async def test_it_serves_on_at_an_address_that_needs_no_host_name(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, free_port(), "demo") as demo,
        httpx.AsyncClient() as client,
    ):
        address = f"{demo.url}/api/mcpserver/mcp"
        answer = await client.post(address, json=INITIALIZE)
        page = await client.get(address, headers={"accept": "text/html"})
        health = await client.get(f"{demo.url}/api/mcpserver/health")
        await demo.says("Serving until Ctrl-C.")
        ended = await demo.leave(signal.SIGINT)
    assert answer.json()["result"]["serverInfo"]["name"]
    assert "claude mcp add --transport http" in page.text
    assert address in page.text
    assert health.json()["checks"]["registeredServers"] >= 1
    assert (ended.code, ended.stdout) == (0, "")
    assert "Traceback" not in ended.stderr


async def test_it_prints_a_way_in_for_the_owner_of_the_samples(tmp_path: Path) -> None:
    async with serving(tmp_path, port := free_port(), "demo") as demo:
        said = await demo.says("Serving until Ctrl-C.")
        base_url = f"http://localhost:{port}"
        (token,) = re.findall(rf"{base_url}/reset-password\?token=(\S+)\n", said)
        assert f"sign in at {base_url}/sign-in." in said
        assert f"GraphiQL is at {base_url}/graphql." in said
        assert f"goes into {tmp_path / '.mcplatform' / 'outbox'}." in said
        browser = {"host": f"localhost:{port}", "origin": base_url}
        async with httpx.AsyncClient(base_url=demo.url, headers=browser) as client:
            password = {"password": "a long enough secret"}
            chosen = await client.post("/reset-password", data={"token": token, **password})
            email = {"email": "olga@example.test"}
            signed = await client.post("/sign-in", data={**email, **password})
            cookie = {"cookie": signed.headers["set-cookie"].partition(";")[0]}
            account = await client.get("/account", headers=cookie)
        await demo.leave()
    assert chosen.status_code == 200
    assert "mcplatform-demo" in account.text
    mails = list((tmp_path / ".mcplatform" / "outbox").glob("*.eml"))
    assert ["Your password was changed" in mail.read_text() for mail in mails] == [True]


async def test_it_ends_quietly_when_nobody_reads_along_any_more(tmp_path: Path) -> None:
    async with serving(tmp_path, free_port(), "demo") as demo:
        assert demo.process.stdout is not None
        await demo.says("Tools: ")
        demo.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]  # as `head` does
        async with asyncio.timeout(START_SECONDS):
            code = await demo.process.wait()
        assert (code, demo.logged()) == (0, "")


async def test_it_starts_also_when_its_own_client_may_not_come_in(
    owner: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    arguments = ("demo", "--once", "--port", str(free_port()))
    first = await run(tmp_path, *arguments, DATABASE_URL=database_url)
    await owner.execute("UPDATE server SET auth_type = 'platform_oauth'")
    once = await run(tmp_path, *arguments, DATABASE_URL=database_url)
    async with serving(tmp_path, free_port(), "demo", DATABASE_URL=database_url) as demo:
        said = await demo.says("Serving until Ctrl-C.")
        ended = await demo.leave()
    refused = (
        "The demo's client is refused by the sample server: This server asks its users to log in.\n"
    )
    for told in (once.stdout, said):
        assert refused in told
        assert f"claude mcp add --transport http mcplatform {demo.url[:16]}" in told
        assert "/reset-password?token=" in told
    assert (first.code, once.code, ended.code) == (0, 1, 0)  # with --once, the walk was all
    assert "Traceback" not in once.stderr + ended.stderr


async def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        ended = await run(tmp_path, "demo", "--port", str(port))
    assert ended.code == 1
    assert ended.stderr.startswith(f"Error: Port {port} is in use.")


async def test_it_is_not_for_production(tmp_path: Path) -> None:
    ended = await run(
        tmp_path,
        "demo",
        MCPLATFORM_BASE_URL="https://mcp.example.com",
        MCPLATFORM_SECRET_KEY="k" * 32,
        DATABASE_URL="postgresql://user@db/mcplatform",
    )
    assert ended.code == 1
    assert "The demo is for your own machine" in ended.stderr
