"""GraphQL over HTTP: one POST, one operation, one JSON answer."""

import asyncio
from typing import Any, Final

import msgspec
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from app.core.errors import NotAllowed, NotSignedIn, ProductError, TooMany, Unavailable
from app.core.headers import by_name
from app.core.log import note
from app.domain.desk import Client, Desk
from app.graphql import access, cors, errors
from app.graphql.context import Context
from app.graphql.request import Operation, Unreadable, body, check_form, operation
from app.graphql.schema import Schema

TIME_LIMIT_SECONDS: Final = 15.0

_ALLOWED: Final = (OperationType.QUERY, OperationType.MUTATION)
_STATUSES: Final[dict[type[ProductError], int]] = {
    NotSignedIn: 401,
    NotAllowed: 403,
    TooMany: 429,
    Unavailable: 503,
}

Answer = dict[str, Any]
RawHeaders = cors.RawHeaders


class GraphqlEndpoint:
    """The ASGI application at {base}/graphql; `origin` is the platform's own."""

    def __init__(
        self,
        schema: Schema,
        *,
        desk: Desk,
        origin: str,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
    ) -> None:
        self._schema = schema
        self._desk = desk
        self._origin = origin
        self._time_limit_seconds = time_limit_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == ScopeType.HTTP
        given = by_name(scope["headers"])
        if cors.is_preflight(scope["method"], given):
            await send({"type": "http.response.start", "status": 204, "headers": cors.PREFLIGHT})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        browser = access.browser(given)
        headers: RawHeaders = ()
        try:
            check_form(scope["method"], given)
            asked = operation(await body(given, receive))
            principal = await access.principal(given, browser, origin=self._origin)
            client = Client(
                address=scope["client"][0] if scope["client"] else "",
                user_agent=given.get("user-agent", ""),
            )
            context = Context(principal, desk=self._desk, client=client, browser=browser)
            status, answer = 200, await self._answer(asked, context)
        except Unreadable as refusal:
            status, headers = refusal.status, refusal.headers
            answer = _only(errors.told(refusal.code, refusal.message))
        except ProductError as error:
            status = next((n for kind, n in _STATUSES.items() if isinstance(error, kind)), 400)
            headers = _told_headers(error)
            answer = _only(errors.of_product(error))
        except Exception as error:  # noqa: BLE001 - the plane's outermost door
            status, answer = 500, _only(errors.internal(error))
        if browser.answer is not None:
            headers += ((b"set-cookie", browser.answer.encode()),)
        await _send(send, status, answer, headers + cors.answered(given))

    async def _answer(self, asked: Operation, context: Context) -> Answer:
        try:
            async with asyncio.timeout(self._time_limit_seconds):
                return await self._executed(asked, context)
        except TimeoutError:
            message = f"The operation took longer than {self._time_limit_seconds:g} seconds."
            return _only(errors.told("TIMEOUT", message))

    async def _executed(self, asked: Operation, context: Context) -> Answer:
        try:
            result = await self._schema.execute(
                asked.query,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=_ALLOWED,
            )
        except (CannotGetOperationTypeError, InvalidOperationTypeError):
            name = f"called {asked.operation_name[:100]!r} " if asked.operation_name else ""
            message = f"The query has no operation {name}that could be run."
            return _only(errors.told("GRAPHQL_VALIDATION_FAILED", message))
        note(method=asked.operation_name[:100] if asked.operation_name else "anonymous")
        was_run = not isinstance(result, PreExecutionError)
        answer: Answer = {}
        if result.errors:
            answer["errors"] = errors.rendered(result.errors, is_executed=was_run)
        if was_run:
            answer["data"] = result.data
        if result.extensions:
            answer["extensions"] = result.extensions
        return answer


def _only(error: dict[str, Any]) -> Answer:
    note(code=error["extensions"]["code"])
    return {"errors": [error]}


def _told_headers(error: ProductError) -> RawHeaders:
    if isinstance(error, NotSignedIn):
        return ((b"www-authenticate", b"Bearer"),)
    if isinstance(error, TooMany | Unavailable):
        return ((b"retry-after", str(error.retry_after_seconds).encode()),)
    return ()


async def _send(send: Send, status: int, answer: Answer, headers: RawHeaders) -> None:
    content = msgspec.json.encode(answer)
    sent = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": content, "more_body": False})
