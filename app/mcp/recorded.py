"""Around every tool: one ToolCall row, one mapping of errors, one count in the metrics."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import msgspec
import structlog

from app.core.enums import Outcome
from app.core.errors import Invalid, Unavailable
from app.core.log import REQUEST_ID, note
from app.core.metrics import Metrics
from app.domain import tool_calls
from app.domain.admission import Caller
from app.domain.server_directory import ServerConfig
from app.domain.tool_calls import Call
from app.mcp import call_text
from app.mcp.answer import Answer, InvalidParams, Kind
from app.mcp.arguments import A, parse
from app.mcp.errors import INVALID_PARAMS, JsonRpcError
from app.mcp.tool_definitions import callable_tools, withheld

MOST_INPUT_BYTES = 8_000

log = structlog.get_logger()


class Refusal(Exception):
    """A tool call that is answered with -32602 instead of a result."""

    def __init__(self, params: InvalidParams) -> None:
        super().__init__(params.message)
        self.params = params


@dataclass(slots=True)
class Visit:
    """What a tool works with: the server, who calls, and the call's record."""

    config: ServerConfig
    caller: Caller
    call: Call
    metrics: Metrics

    def arguments(self, shape: type[A], given: object) -> A:
        """The tool's arguments. Raises Invalid with every fault, Refusal for what is no object."""
        if not isinstance(given, dict):
            raise Refusal(call_text.arguments_no_object(self.call.tool))
        return parse(shape, given, withheld=withheld(self.config, self.call.tool))

    @property
    def run(self) -> str | None:
        """The run handle that answers pass on, where this caller has one."""
        return self.caller.new_run or self.caller.run


Tool = Callable[[Visit, object], Awaitable[Answer]]


class Recorder:
    """Runs tools by name."""

    def __init__(self, tools: dict[str, Tool], metrics: Metrics) -> None:
        self._tools = tools
        self._metrics = metrics

    async def run(
        self, name: str, arguments: object, *, config: ServerConfig, caller: Caller, started: float
    ) -> Answer:
        """The tool's answer, recorded.

        Raises JsonRpcError for what is answered as one, and Unavailable when the call could not be
        recorded: nobody is told of a call that left no trace.
        """
        if name not in callable_tools(config):
            self._metrics.tool_called(name, "unknown", perf_counter() - started)
            raise _invalid_params(call_text.unknown_tool(name, callable_tools(config)))
        visit = Visit(config, caller, Call(name, _input(arguments), started), self._metrics)
        outcome = Outcome.ERROR
        try:
            answer = await self._tools[name](visit, arguments)
            outcome = _outcome(answer)
        except Refusal as refusal:
            outcome = Outcome.REFUSED
            await _record(visit, outcome, {"reason": "invalid_params"})
            raise _invalid_params(refusal.params) from refusal
        except Invalid as invalid:
            answer = call_text.invalid(invalid)
        except Unavailable as unavailable:
            answer = call_text.refusal(unavailable)
        except Exception:
            log.exception("tool failed", tool=name)
            answer = call_text.unexpected(REQUEST_ID.get() or "")
        finally:
            note(tool=name, outcome=outcome.value)
            self._metrics.tool_called(name, outcome.value, perf_counter() - started)
        await _record(visit, outcome, {"kind": answer.structured["kind"]})
        return answer

    async def refused(
        self, params: dict[str, Any], *, config: ServerConfig, caller: Caller, started: float
    ) -> None:
        """Record a call whose params broke the protocol's schema, so that no tool was asked."""
        name = params.get("name")
        if not isinstance(name, str) or name not in callable_tools(config):
            return
        call = Call(name, _input(params.get("arguments")), started)
        self._metrics.tool_called(name, Outcome.REFUSED.value, perf_counter() - started)
        visit = Visit(config, caller, call, self._metrics)
        await _record(visit, Outcome.REFUSED, {"reason": "invalid_params"})


def _invalid_params(params: InvalidParams) -> JsonRpcError:
    return JsonRpcError(200, INVALID_PARAMS, params.message, {"details": params.details})


async def _record(visit: Visit, outcome: Outcome, output: dict[str, object]) -> None:
    if visit.call.is_recorded:
        return
    await tool_calls.record(
        visit.caller, visit.call, outcome=outcome, output=msgspec.json.encode(output).decode()
    )


def _outcome(answer: Answer) -> Outcome:
    if not answer.is_error:
        return Outcome.OK
    return Outcome.REFUSED if answer.structured["kind"] == Kind.REFUSED else Outcome.ERROR


def _input(arguments: object) -> str:
    """The arguments as JSON that PostgreSQL takes: no NUL, and not more than a log should hold."""
    told = msgspec.json.encode(arguments)
    if len(told) > MOST_INPUT_BYTES:
        return msgspec.json.encode({"omitted": f"{len(told)} bytes"}).decode()
    return told.decode().replace("\\u0000", "\\ufffd")
