"""Walkthroughs by id or title, and one change made to each."""

from collections.abc import Callable

from app.cli.api import Api, Refused
from app.cli.terminal import Voice, watched
from app.cli.walkthroughs import operations
from app.cli.walkthroughs.operations import Walkthrough


def found_all(api: Api, names: tuple[str, ...]) -> list[Walkthrough]:
    """Those that are there; a warning for each of the others."""
    found = []
    for name in names:
        try:
            found.append(operations.called(api, name))
        except Refused as refusal:
            Voice().warn(f"{name}: not found", *(f"  {fault}" for fault in refusal.faults))
    return found


def changed_all(
    api: Api,
    walkthroughs: list[Walkthrough],
    change: Callable[[Api, Walkthrough], None],
    *,
    becomes: str,
) -> bool:
    """Whether each has the status that the change leads to, which is told of each."""
    refused = 0
    status = becomes.lower()
    with watched(walkthroughs) as (each, voice):
        for one in each:
            try:
                if one.status != becomes:
                    change(api, one)
            except Refused as refusal:
                refused += 1
                faults = [f"  {fault}" for fault in refusal.faults]
                voice.warn(f"{one.id}: “{one.title}” is not {status}", *faults)
            else:
                was = " already" if one.status == becomes else ""
                voice.tell(f"{one.id}: “{one.title}” is {status}{was}")
    return refused == 0
