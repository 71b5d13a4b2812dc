"""The MCP endpoint: HTTP in, HTTP out. Transport knows what a message means, tools what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, cast

import structlog
from litestar.types import HTTPScope, Receive, Scope, Send

from app.core.errors import ProductError, Unavailable
from app.core.headers import SPACES
from app.core.limiter import Limiter
from app.core.log import note
from app.core.metrics import Metrics
from app.domain import admission
from app.domain.admission import Credentials
from app.domain.server_directory import ServerConfig, ServerDirectory
from app.mcp import access, transport
from app.mcp.access import SESSION_HEADER
from app.mcp.address import McpAddress
from app.mcp.answer import Answer
from app.mcp.body import check_media_types, read_body
from app.mcp.errors import INVALID_REQUEST, JsonRpcError, from_product_error
from app.mcp.origin import Origins
from app.mcp.recorded import Recorder
from app.mcp.server import CALL_TOOL, server_for, stamp_for
from app.mcp.tools import TOOLS
from app.mcp.transport import Headers, Message, Reply

_ALLOWED = (b"allow", b"POST, GET, DELETE, OPTIONS")
_JSON = (b"content-type", b"application/json")
_PLAIN = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))

log = structlog.get_logger()


@dataclass(slots=True)
class Request:
    """One HTTP request at an MCP address, and when it came (`perf_counter` seconds).

    `token` is the access token, on servers whose end users log in.
    """

    method: str
    headers: Headers
    raw_headers: list[tuple[str, str]]
    receive: Receive
    address: McpAddress
    started: float
    token: str | None = None


class ConnectPage(Protocol):
    """Makes the page that a browser is shown at an MCP address."""

    def __call__(self, name: str, url: str, *, asks_login: bool) -> str:
        """The page of the server called `name`, whose address is `url`."""


class McpEndpoint:
    """Answers every request to an MCP address of any server."""

    def __init__(
        self,
        *,
        directory: ServerDirectory,
        limiter: Limiter,
        metrics: Metrics,
        connect_page: ConnectPage,
        calls_per_minute: int,
        is_production: bool,
    ) -> None:
        self._directory = directory
        self._limiter = limiter
        self._metrics = metrics
        self._connect_page = connect_page
        self._calls_per_minute = calls_per_minute
        self._origins = Origins(allow_loopback=not is_production)
        self._recorder = Recorder(TOOLS, metrics)

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, *, address: McpAddress
    ) -> None:
        """Answer one request."""
        raw = [
            (name.decode("latin-1"), value.decode("latin-1").strip(SPACES))
            for name, value in scope["headers"]
        ]
        request = Request(
            cast("HTTPScope", scope)["method"],
            dict(reversed(raw)),
            raw,
            receive,
            address,
            perf_counter(),
        )
        cors: tuple[tuple[bytes, bytes], ...] = ()
        try:
            access.check_address(self._limiter, address.client_address)
            config = await self._server(address)
            cors = self._origins.check(request.headers, config)
            reply = await self._answer(request, config)
        except Unavailable as error:
            told = from_product_error(error, url=address.url)
            reply = transport.error_reply(told, await _unserved(request))
        except ProductError as error:
            reply = transport.error_reply(from_product_error(error, url=address.url), None)
        except JsonRpcError as error:
            reply = transport.error_reply(error, None)
        await _send(send, reply, cors)

    async def _server(self, address: McpAddress) -> ServerConfig:
        config = await self._directory.by_slug(address.slug)
        if config is None:
            message = "There is no server at this address."
            raise JsonRpcError(404, INVALID_REQUEST, message, {"code": "server_not_found"})
        return config

    async def _answer(self, request: Request, config: ServerConfig) -> Reply:
        match request.method:
            case "POST":
                return await self._post(request, config)
            case "GET" if "text/html" in request.headers.get("accept", ""):
                page = self._connect_page(
                    config.name, request.address.url, asks_login=config.auth_type.is_oauth
                )
                return Reply(200, page.encode(), ((b"content-type", b"text/html; charset=utf-8"),))
            case "DELETE" if SESSION_HEADER in request.headers and not transport.is_stateless(
                request.headers
            ):
                return await self._end_session(request, config)
            case "OPTIONS":
                return Reply(204, b"", (_ALLOWED,))
            case _:
                message = "Send JSON-RPC messages with POST."
                raise JsonRpcError(405, INVALID_REQUEST, message, headers=(_ALLOWED,))

    async def _end_session(self, request: Request, config: ServerConfig) -> Reply:
        request.token = access.token(request.raw_headers, config)
        session_id = access.session_id(request.headers) or ""
        tracking_id = request.address.tracking_id
        async with admission.unit_of_work(config):
            if request.token is not None:  # nobody ends the session of another person
                await admission.admit(
                    config,
                    Credentials(
                        session_id=session_id, tracking_id=tracking_id, token=request.token
                    ),
                )
            await admission.end_session(config, session_id, tracking_id=tracking_id)
        return Reply(200)

    async def _post(self, request: Request, config: ServerConfig) -> Reply:
        request.token = access.token(request.raw_headers, config)
        check_media_types(request.headers)
        body = await read_body(request.headers, request.receive)
        log.debug("request received", request_bytes=len(body), body=body)
        message = transport.read(body, request.headers, request.raw_headers)
        note(method=message.method, server=config.slug, request_bytes=len(body))
        try:
            reply = await self._exchange(message, request, config)
        except ProductError as error:
            told = from_product_error(error, url=request.address.url)
            reply = transport.error_reply(told, message)
        return reply

    async def _exchange(self, message: Message, request: Request, config: ServerConfig) -> Reply:
        is_request = message.id is not None
        if is_request and message.method == "initialize" and not message.is_stateless:
            return await self._initialize(message, request, config)
        given = access.credentials(message, request.headers, request.address, token=request.token)
        if is_request and message.method == "tools/call":
            async with admission.unit_of_work(config):
                return await self._call(message, given, request, config)
        if given.session_id is not None or request.token is not None:
            async with admission.unit_of_work(config):
                await admission.admit(config, given)
        if not is_request:
            return Reply(202)
        return await transport.dispatch(server_for(config), message)

    async def _initialize(self, message: Message, request: Request, config: ServerConfig) -> Reply:
        person_id = None
        if request.token is not None:
            async with admission.unit_of_work(config):
                caller = await admission.admit(config, Credentials(token=request.token))
                person_id = caller.end_user_id
        reply = await transport.dispatch(server_for(config), message)
        if not transport.has_result(reply):
            return reply
        async with admission.unit_of_work(config):
            session_id = await admission.open_session(
                config,
                client=message.client,
                tracking_id=request.address.tracking_id,
                end_user_id=person_id,
            )
        name, client_version = message.client
        log.info("connection", server=config.slug, client=name, client_version=client_version)
        self._metrics.sessions_started.inc()
        return reply._replace(headers=((b"mcp-session-id", session_id.encode()),))

    async def _call(
        self, message: Message, given: Credentials, request: Request, config: ServerConfig
    ) -> Reply:
        caller = await admission.admit(config, given)
        await access.check_rate(
            self._limiter,
            caller,
            config=config,
            client_address=request.address.client_address,
            default=self._calls_per_minute,
        )
        access.check_scope(caller, message)
        headers: tuple[tuple[bytes, bytes], ...] = ()
        if given.session_id is None and not message.is_stateless:
            caller.session_id = await admission.open_session(
                config,
                client=("", ""),
                tracking_id=request.address.tracking_id,
                end_user_id=caller.end_user_id if caller.access else None,
            )
            caller.is_kept_in_session = caller.access is not None
            self._metrics.sessions_started.inc()
            headers = ((b"mcp-session-id", caller.session_id.encode()),)

        was_asked = False

        async def run(name: str, arguments: object) -> Answer:
            nonlocal was_asked
            was_asked = True
            return await self._recorder.run(
                name, arguments, config=config, caller=caller, started=request.started
            )

        reply = await self._run_tool(message, config, run)
        if not was_asked:
            await self._recorder.refused(
                message.params, config=config, caller=caller, started=request.started
            )
        return reply._replace(headers=reply.headers + headers)

    async def _run_tool(
        self, message: Message, config: ServerConfig, run: Callable[[str, object], Any]
    ) -> Reply:
        understood = transport.tool_call(message)
        if understood is None:
            token = CALL_TOOL.set(run)
            try:
                return await transport.dispatch(server_for(config), message)
            finally:
                CALL_TOOL.reset(token)
        try:
            answer = await run(*understood)
        except JsonRpcError as error:
            return transport.error_reply(error, message)
        return transport.tool_reply(
            message,
            texts=answer.texts,
            structured=answer.structured,
            is_error=answer.is_error,
            stamp=stamp_for(config) if message.is_stateless else None,
        )


async def _unserved(request: Request) -> Message | None:
    """The message of a request whose server could not be looked up: its id is owed an answer."""
    if request.method != "POST":
        return None
    try:
        return transport.read(
            await read_body(request.headers, request.receive), request.headers, request.raw_headers
        )
    except JsonRpcError:
        return None


async def _send(send: Send, reply: Reply, cors: tuple[tuple[bytes, bytes], ...]) -> None:
    headers = [(b"content-length", str(len(reply.body)).encode()), *_PLAIN, *cors, *reply.headers]
    if reply.body and not any(name == b"content-type" for name, _ in reply.headers):
        headers.append(_JSON)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
