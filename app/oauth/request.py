"""One HTTP request to a login's address, as it is read from the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl

from litestar.types import Receive

from app.core.headers import SPACES
from app.domain.desk import Client as Visitor
from app.domain.oauth_errors import InvalidRequest
from app.domain.server_directory import ServerConfig

MOST_BODY_BYTES: Final = 64 * 1024
MOST_PARAMETERS: Final = 100
_FORM: Final = "application/x-www-form-urlencoded"

Headers = Mapping[str, str]


class TooLarge(InvalidRequest):
    """The body is longer than anything that is sent here."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a query or a form says; a name may be there more than once, and then who asks decides.

    Parameters without a value count as left out (RFC 6749 §3.1).
    """

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, text: str) -> Self:
        """The parameters of a query string or a form. Raises InvalidRequest."""
        found: dict[str, list[str]] = {}
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
            )
        except ValueError as error:  # bytes that are no UTF-8, or too many parameters
            message = "The parameters cannot be read: they must be few, and UTF-8."
            raise InvalidRequest(message) from error
        for name, value in pairs:
            if value:
                found.setdefault(name, []).append(value)
        return cls({name: tuple(values) for name, values in found.items()})

    def one(self, name: str) -> str | None:
        """The parameter, if it is there. Raises InvalidRequest if it is there twice."""
        values = self.values.get(name, ())
        if len(values) > 1:
            message = f"{name} is there more than once."
            raise InvalidRequest(message, field=name)
        return values[0] if values else None

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a parameter that may be repeated, as `resource` may."""
        return self.values.get(name, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to a server whose end users log in.

    `path` is as on the wire, still percent-encoded; `query` as well, without the question mark.
    `origin` is the site's public address, which is the issuer; `visitor` who asks. Names of headers
    are in lower case.
    """

    method: str
    path: str
    query: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    origin: str
    config: ServerConfig
    visitor: Visitor

    @property
    def asked(self) -> Parameters:
        """What the query says. Raises InvalidRequest."""
        return Parameters.read(self.query)

    @property
    def form(self) -> Parameters:
        """What the body says as a form. Raises InvalidRequest."""
        if media_type(self.headers) != _FORM:
            message = f"Send the parameters as {_FORM}."
            raise InvalidRequest(message)
        return Parameters.read(self.body.decode("latin-1"))


def media_type(headers: Headers) -> str:
    """What the Content-Type header says, without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip(SPACES).lower()


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """The whole body. Raises TooLarge past the limit, without reading on, and InvalidRequest."""
    announced = headers.get("content-length", "0")
    size = int(announced[:18]) if announced.isascii() and announced.isdigit() else 0
    read = bytearray()
    more = True
    while more:
        if size > MOST_BODY_BYTES:
            message = f"The body is larger than {MOST_BODY_BYTES // 1024} KiB."
            raise TooLarge(message)
        event = await receive()
        if event["type"] != "http.request":
            message = "The request was cut off."
            raise InvalidRequest(message)
        read += event.get("body", b"")
        size = max(size, len(read))
        more = event.get("more_body", False) or size > MOST_BODY_BYTES
    return bytes(read)
