"""Plays the person for a client that wants a login; tests/clients/run starts it.

`python -m tests.journeys.login OUTBOX COMMAND…` passes on what the command prints. When the address
of a login is in it, a person logs in there with a code from the newest mail in the folder OUTBOX,
and the browser goes on to the client.
"""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import httpx

from tests.journeys.person import Person

_LOGIN = re.compile(r"https?://[^\s\"'<>]+/oauth/authorize\?[^\s\"'<>]+")
_COMMAND_SECONDS = 120


async def _main(outbox: Path, command: list[str]) -> int:
    person = Person(outbox)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
    assert process.stdout is not None
    async with asyncio.timeout(_COMMAND_SECONDS), httpx.AsyncClient() as browser:
        async for line in process.stdout:
            text = line.decode()
            sys.stdout.write(text)
            if found := _LOGIN.search(text):
                await browser.get(await person.log_in(found[0]))
        return await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(Path(sys.argv[1]), sys.argv[2:])))
