"""The programs in an environment of their own that tests start (`make .venv/tools/installed`)."""

import sys
from pathlib import Path

FOLDER = Path(sys.prefix) / "tools" / "bin"


def tool(name: str) -> Path:
    """The program's path."""
    program = FOLDER / name
    assert program.exists(), f"{program} is missing: run make test, which installs it"
    return program
