"""What these commands ask of the API: operations, and the shapes of their answers."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import uuid4

import msgspec

from app.cli.api import Api, ApiFault, Refused

MOST_PAGES: Final = 1_000
PAGE_SIZE: Final = 100
_MOST_TITLE_CHARACTERS: Final = 100  # of any walkthrough; longer texts find none

_WALKTHROUGH = "id title status type version revision stepCount tags updatedAt"
_LIST = (
    "query List($first: Int!, $after: String, $filter: WalkthroughFilterInput) {"
    " page: walkthroughs(first: $first, after: $after, filter: $filter, orderBy: TITLE)"
    f" {{ nodes {{ {_WALKTHROUGH} }} pageInfo {{ hasNextPage endCursor }} }} }}"
)
_SERVERS = (
    "query Servers($first: Int!, $after: String) { page: servers(first: $first, after: $after)"
    " { nodes { id slug } pageInfo { hasNextPage endCursor } } }"
)
_ONE = f"query Walkthrough($id: ID!) {{ found: walkthrough(id: $id) {{ {_WALKTHROUGH} }} }}"
_FILE = "query File($id: ID!) { found: walkthroughFile(id: $id) }"
_IMPORT = (
    "mutation Import($input: ImportWalkthroughInput!) { payload: importWalkthrough(input: $input) {"
    " userErrors { field message } walkthrough { id }"
    " report { title status isNew isChanged steps"
    " { position previousPosition title id pairedBy isChanged }"
    " removed { id title } notes { path message } } } }"
)
_ASSIGN = (
    "mutation Assign($input: AssignWalkthroughInput!) { payload: assignWalkthrough(input: $input)"
    " { userErrors { field message } } }"
)
_CHANGE = (
    "mutation Change($input: WalkthroughInput!) { payload: %s(input: $input)"
    " { userErrors { field message } } }"
)

Node = TypeVar("Node")


class Walkthrough(msgspec.Struct, rename="camel", frozen=True):
    """A walkthrough without its steps."""

    id: str
    title: str
    status: str
    type: str
    version: int
    revision: int
    step_count: int
    tags: tuple[str, ...]
    updated_at: datetime


class Server(msgspec.Struct, frozen=True):
    """A server."""

    id: str
    slug: str


class Step(msgspec.Struct, rename="camel", frozen=True):
    """A step as it is after an import."""

    position: int
    previous_position: int | None
    title: str
    id: str | None
    paired_by: str
    is_changed: bool


class Removed(msgspec.Struct, frozen=True):
    """A step that goes."""

    id: str
    title: str


class Note(msgspec.Struct, frozen=True):
    """Something in a file that was understood otherwise than written."""

    path: str
    message: str


class Report(msgspec.Struct, rename="camel", frozen=True):
    """What an import did, or would do; `walkthrough_id` is None for one that it would add."""

    title: str
    status: str
    is_new: bool
    is_changed: bool
    steps: tuple[Step, ...]
    removed: tuple[Removed, ...]
    notes: tuple[Note, ...]
    walkthrough_id: str | None = None


class _PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None


class _Connection(msgspec.Struct, Generic[Node], rename="camel"):
    nodes: list[Node]
    page_info: _PageInfo


class _Page(msgspec.Struct, Generic[Node]):
    page: _Connection[Node]


class _Found(msgspec.Struct, Generic[Node]):
    found: Node | None


class _UserError(msgspec.Struct):
    field: str | None
    message: str


class _Id(msgspec.Struct):
    id: str


class _Payload(msgspec.Struct, rename="camel"):
    user_errors: list[_UserError]
    report: Report | None = None
    walkthrough: _Id | None = None


class _Mutation(msgspec.Struct):
    payload: _Payload


def listed(
    api: Api, *, statuses: Iterable[str] = (), search: str | None = None, server: str | None = None
) -> Iterator[Walkthrough]:
    """The walkthroughs by title, page after page; `server` is an id."""
    only = {
        "statuses": [status.upper() for status in statuses] or None,
        "search": search,
        "serverId": server,
    }
    return _all(api, _LIST, _Page[Walkthrough], filter=only)


def server_called(api: Api, name: str) -> Server:
    """The server with this id or slug. Raises ApiFault."""
    for server in _all(api, _SERVERS, _Page[Server]):
        if name == server.id or name.lower() == server.slug:
            return server
    raise ApiFault(f"There is no server “{name}” in this organization.")


def called(api: Api, name: str) -> Walkthrough:
    """The walkthrough with this id or title; among the archived only if no other has it.

    Raises Refused.
    """
    if len(name) <= _MOST_TITLE_CHARACTERS and name.strip():
        found = api.ask(_ONE, _Found[Walkthrough], id=name).found
        if found is not None:
            return found
        similar = [one for one in listed(api, search=name) if one.title.lower() == name.lower()]
        exact = [one for one in similar if one.title == name]
        for titled in (exact, similar):
            meant = [one for one in titled if one.status != "ARCHIVED"] or titled
            if len(meant) == 1:
                return meant[0]
            if meant:
                raise Refused([f"Several are meant: {', '.join(one.id for one in meant)}."])
    raise Refused(["There is no walkthrough with this id or title in the organization."])


def file_of(api: Api, walkthrough_id: str) -> dict[str, Any]:
    """The walkthrough as the content of a file. Raises Refused."""
    document = api.ask(_FILE, _Found[dict[str, Any]], id=walkthrough_id).found
    if document is None:
        raise Refused(["There is no walkthrough with this id any more."])
    return document


def bring_in(api: Api, content: str, *, dry_run: bool, publish: bool, title: str | None) -> Report:
    """Import a file's content. Raises Refused with a line for each fault and its path."""
    wanted = {
        "content": content,
        "title": title,
        "status": "PUBLISHED" if publish else None,
        "dryRun": dry_run,
    }
    try:
        payload = _changed(api, _IMPORT, wanted)
    except Refused as refusal:
        advice = "Split the walkthrough, or have the platform's operator run `mcplatform import`."
        is_too_large = refusal.code == "TOO_LARGE"
        raise Refused([*refusal.faults, *([advice] if is_too_large else [])]) from refusal
    if payload.report is None:
        raise ApiFault("The platform does not say what became of the file.")
    walkthrough_id = payload.walkthrough.id if payload.walkthrough else None
    return msgspec.structs.replace(payload.report, walkthrough_id=walkthrough_id)


def assign(api: Api, server: Server, walkthrough_id: str) -> None:
    """Offer a walkthrough on a server too; one that is there stays as it is. Raises Refused."""
    _changed(api, _ASSIGN, {"serverId": server.id, "walkthroughId": walkthrough_id})


def publish(api: Api, walkthrough: Walkthrough) -> None:
    """Publish what was read; raises Refused, also when someone has written since."""
    _changed(api, _CHANGE % "publishWalkthrough", _as_read(walkthrough))


def archive(api: Api, walkthrough: Walkthrough) -> None:
    """Put away what was read; raises Refused, also when someone has written since."""
    _changed(api, _CHANGE % "archiveWalkthrough", _as_read(walkthrough))


def _as_read(walkthrough: Walkthrough) -> dict[str, object]:
    return {"id": walkthrough.id, "expectedRevision": walkthrough.revision}


def _all(api: Api, operation: str, shape: type[_Page[Node]], **variables: object) -> Iterator[Node]:
    after = None
    for _ in range(MOST_PAGES):
        page = api.ask(operation, shape, first=PAGE_SIZE, after=after, **variables).page
        yield from page.nodes
        if not page.page_info.has_next_page:
            return
        after = page.page_info.end_cursor
    raise ApiFault(f"The list has more than {MOST_PAGES * PAGE_SIZE} entries: filter it.")


def _changed(api: Api, operation: str, given: Mapping[str, object]) -> _Payload:
    """The payload of a mutation, whose key makes it safe to send again."""
    wanted = {**given, "idempotencyKey": uuid4().hex}
    payload = api.ask(operation, _Mutation, input=wanted).payload
    if payload.user_errors:
        raise Refused([_fault(error) for error in payload.user_errors])
    return payload


def _fault(error: _UserError) -> str:
    if error.field is None or error.message.startswith(error.field):
        return error.message
    return f"{error.field}: {error.message}"
