"""What the handlers of a login work with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.domain.client_documents import ClientDocuments
from app.domain.desk import Desk
from app.domain.upstream import Upstream


class PageMaker(Protocol):
    """Makes a whole page, in the look of all our pages."""

    def __call__(self, title: str, main: str, *, tab_title: str | None = None) -> str:
        """The page; `title` is text, `main` is HTML. `tab_title` is what the tab says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """The composition root sets it up once a process.

    `message_page` makes a page of a title and a sentence, in the look of all our pages; `page` one
    of a title and HTML, to be sent with `page_policy` as its Content-Security-Policy.
    """

    desk: Desk
    documents: ClientDocuments
    upstream: Upstream
    message_page: Callable[[str, str], str]
    page: PageMaker
    page_policy: str
