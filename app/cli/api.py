"""A client of the platform's GraphQL API, for commands that run on an integrator's machine."""

import json
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, TypeVar

import click
import httpx
import msgspec

from app import __version__
from app.cli.terminal import Voice, plain
from app.core.api_settings import ApiSettings

TIMEOUT_SECONDS: Final = 30.0  # longer than the platform lets an operation take
CONNECT_SECONDS: Final = 10.0
MOST_TRIES: Final = 5
MOST_WAIT_SECONDS: Final = 60.0
MOST_ANSWER_BYTES: Final = 64 * 1024 * 1024

_BUSY: Final = frozenset({429, 502, 503, 504})
_HOW_TO_GET_A_KEY: Final = (
    "Put the API key into MCPLATFORM_API_KEY or a file for --key-file. "
    "`mcplatform token create` on the platform makes one."
)

Shape = TypeVar("Shape")


class ApiFault(click.ClickException):
    """Nothing more can be done at this address or with this key; ends the command."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(plain(line) for line in lines))


class Refused(Exception):
    """The platform does not do this one thing; `faults` has a line for each reason."""

    def __init__(self, faults: Sequence[str], *, code: str = "") -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Later:
    """The platform may do it when it is asked again; `seconds` is None where it does not say."""

    reason: str
    seconds: float | None = None


class Api:
    """Asks one platform with one key; use it in a `with`."""

    def __init__(self, settings: ApiSettings) -> None:
        if settings.key is None:
            raise ApiFault("There is no API key.", _HOW_TO_GET_A_KEY)
        self._address = settings.address
        self._client = httpx.Client(
            headers={
                "authorization": f"Bearer {settings.key.get_secret_value()}",
                "content-type": "application/json",
                "user-agent": f"mcplatform-cli/{__version__}",
            },
            timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            # A proxy would read what goes to this machine in clear.
            trust_env=self._address.startswith("https://"),
        )

    def __enter__(self) -> "Api":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(self, operation: str, shape: type[Shape], **variables: object) -> Shape:
        """The data of an operation; it is sent again while the platform is busy.

        A mutation needs an idempotencyKey, then. Raises ApiFault and Refused.
        """
        content = msgspec.json.encode({"query": operation, "variables": variables})
        tried = 1
        while isinstance(answer := self._attempt(content), _Later):
            self._wait(answer, tried)
            tried += 1
        return self._shaped(answer, shape)

    def _wait(self, later: _Later, tried: int) -> None:
        if tried == MOST_TRIES:
            raise ApiFault(f"{later.reason} It was asked {tried} times. Try again later.")
        seconds = 0.25 * 2**tried if later.seconds is None else later.seconds
        if seconds > MOST_WAIT_SECONDS:
            raise ApiFault(f"{later.reason} Try again in {seconds:.0f} seconds.")
        if seconds > 1:
            Voice().warn(f"{later.reason} Waiting {seconds:g} seconds …")
        time.sleep(seconds)

    def _attempt(self, content: bytes) -> dict[str, Any] | _Later:
        try:
            with self._client.stream("POST", self._address, content=content) as response:
                body = _whole(response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ApiFault(*_unreachable(self._address, error)) from error
        except httpx.TimeoutException:
            return _Later(f"{self._address} does not answer in time.")
        except httpx.TransportError:
            return _Later(f"{self._address} broke off the connection.")
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise ApiFault(f"{self._address} cannot be asked: {error}") from error
        return self._understood(response, body)

    def _understood(self, response: httpx.Response, body: bytes) -> dict[str, Any] | _Later:
        if response.status_code in _BUSY:
            wait = response.headers.get("retry-after", "")
            reason = f"The platform is busy (HTTP {response.status_code})."
            return _Later(reason, float(wait) if wait.isdecimal() and len(wait) < 10 else None)
        if response.is_redirect:
            place = response.headers.get("location", "elsewhere")
            raise ApiFault(f"{self._address} leads to {place}.", "Set MCPLATFORM_API_URL to that.")
        answer = _decoded(body)
        if answer is None:
            raise self._stranger(f"HTTP {response.status_code}")
        if answer.get("errors"):
            return self._judged(answer["errors"], response.status_code)
        return answer

    def _judged(self, errors: Any, status: int) -> _Later:
        """What to do about errors: wait, or one of the exceptions."""
        try:
            found = msgspec.convert(errors, list[_Error])
        except msgspec.ValidationError as error:
            raise self._stranger(f"HTTP {status}") from error
        first = found[0]
        if first.extensions.retry_after_seconds is not None:
            return _Later(first.message, first.extensions.retry_after_seconds)
        if first.extensions.code == "NOT_SIGNED_IN":
            raise ApiFault(first.message, _HOW_TO_GET_A_KEY)
        if first.extensions.code.startswith("GRAPHQL_"):
            message = f"{self._address} does not understand this command: {first.message}"
            raise ApiFault(message, f"Is it of another version? This is {__version__}.")
        raise Refused([error.message for error in found], code=first.extensions.code)

    def _shaped(self, answer: dict[str, Any], shape: type[Shape]) -> Shape:
        try:
            return msgspec.convert(answer.get("data"), shape)
        except msgspec.ValidationError as error:
            raise self._stranger(str(error)) from error

    def _stranger(self, sign: str) -> ApiFault:
        return ApiFault(
            f"{self._address} does not answer as an mcplatform API does ({sign}).",
            "Set MCPLATFORM_API_URL to the platform's own address, such as "
            "https://mcp.example.com, and not to a server's.",
        )


class _Extensions(msgspec.Struct, rename="camel"):
    code: str = ""
    retry_after_seconds: float | None = None


class _Error(msgspec.Struct):
    message: str
    extensions: _Extensions = msgspec.field(default_factory=_Extensions)


def _whole(response: httpx.Response) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MOST_ANSWER_BYTES:
            raise ApiFault(f"{response.url} answers with more than any walkthrough has.")
    return bytes(body)


def _decoded(body: bytes) -> dict[str, Any] | None:
    """The answer, or None if it is no GraphQL; numbers stay as they are written in files."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    is_answer = isinstance(answer, dict) and ("data" in answer or "errors" in answer)
    return answer if is_answer else None


def _unreachable(address: str, error: BaseException) -> tuple[str, str]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"The certificate of {address} is not to be trusted: {cause.verify_message}.",
                "Correct MCPLATFORM_API_URL; for an authority of your own set SSL_CERT_FILE.",
            )
        if isinstance(cause, ssl.SSLError):
            return f"{address} does not speak TLS: {cause.reason}.", "Correct MCPLATFORM_API_URL."
        cause = cause.__cause__ or cause.__context__
    return (
        f"{address} cannot be reached: {str(error) or 'no answer'}.",
        "Set MCPLATFORM_API_URL or --url to the platform's address, and check the network.",
    )
