"""What the handlers of a login work with."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.client_documents import ClientDocuments
from app.domain.desk import Desk
from app.domain.upstream import Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """The composition root sets it up once a process.

    `message_page` makes a page of a title and a sentence, in the look of all our pages.
    """

    desk: Desk
    documents: ClientDocuments
    upstream: Upstream
    message_page: Callable[[str, str], str]
