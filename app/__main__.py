"""`python -m app` is `mcplatform`."""

from app.cli import main

main(prog_name="mcplatform")
