"""Cancellation at chosen moments: of a coroutine's suspensions, each can be the one that is hit."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, NamedTuple


class Moment(NamedTuple):
    """Cancel at the n-th suspensions; `late`, when what is waited for is there but not yet told."""

    suspensions: tuple[int, ...]
    late: bool


class Interrupted:
    """Awaits work in the present task, and cancels the task at a moment of the work."""

    def __init__(self, work: Coroutine[Any, Any, None], moment: Moment) -> None:
        self._work = work
        self._moment = moment
        self.suspensions = 0

    def __await__(self) -> Generator[Any, Any, None]:
        """Drive the work step by step, as a task would."""
        resume, value = self._work.send, None
        while True:
            try:
                waited = resume(value)
            except StopIteration:
                return
            self.suspensions += 1
            if self.suspensions in self._moment.suspensions:
                self._cancel(waited)
            try:
                resume, value = self._work.send, (yield waited)
            except BaseException as error:  # noqa: BLE001 - handed on to the work, whatever it is
                resume, value = self._work.throw, error

    def _cancel(self, waited: "asyncio.Future[Any] | None") -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._moment.late and waited is not None:
            waited.add_done_callback(lambda _: task.cancel())
        else:
            task.cancel()
