"""Writes that may be sent twice and are done once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from app.core import clock
from app.core.errors import Conflict
from app.core.scope import MemberScope
from app.domain.faults import Faults
from app.repositories import database
from app.repositories.idempotency import IdempotencyRecords

RECORD_LIFE: Final = timedelta(hours=24)
KEY_MAX_CHARACTERS: Final = 255

Result = TypeVar("Result")


class KeyReused(Conflict):
    """The key came with another request before."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        message = "This idempotencyKey was used for another request. Choose a fresh one."
        super().__init__(message, field="idempotencyKey")


async def once(
    scope: MemberScope,
    key: str | None,
    *,
    request: object,
    result_type: type[Result],
    work: Callable[[], Awaitable[Result]],
) -> Result:
    """What `work` returned when this actor first sent this request with this key.

    `request` names the operation and holds its whole input, as plain data; the result is plain
    data too (a dataclass will do), so one with a Secret in it is refused. Work and record are
    committed together: work that fails leaves no record. Without a key, `work` just runs.

    Raises Invalid, KeyReused, and whatever `work` raises.
    """
    if key is None:
        return await work()
    faults = Faults()
    faults.line("idempotencyKey", key, longest=KEY_MAX_CHARACTERS, required=True)
    faults.refuse()
    request_hash = sha256(msgspec.json.encode(request, order="sorted")).hexdigest()
    records = IdempotencyRecords(scope)
    now = clock.now()
    async with database.transaction(scope):
        record_id = await records.claim(
            scope.actor_id, key, request_hash=request_hash, now=now, since=now - RECORD_LIFE
        )
        if record_id is not None:
            result = await work()
            await records.keep(record_id, msgspec.json.encode(result).decode())
            return result
        known = await records.by_key(scope.actor_id, key)
    if known is None or known["request_hash"] != request_hash:
        raise KeyReused
    return msgspec.json.decode(known["result"], type=result_type)
