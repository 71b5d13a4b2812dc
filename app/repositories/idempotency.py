"""What came of writes that may be sent twice."""

from datetime import datetime

from app.core.ids import new_id
from app.models.idempotency import IdempotencyRecord
from app.repositories import database
from app.repositories.base import Row, ScopedRepository

# Of several who claim a key at once, the unique constraint lets one go on; the others wait until it
# has committed, and then get no row.
_CLAIM = """
INSERT INTO idempotency_record AS r
    (id, organization_id, principal_id, key, request_hash, result, created_at)
VALUES ($1, $2, $3, $4, $5, 'null', $6)
ON CONFLICT (organization_id, principal_id, key) DO UPDATE
    SET request_hash = $5, result = 'null', created_at = $6 WHERE r.created_at <= $7
RETURNING r.id
"""

_KEEP = "UPDATE idempotency_record SET result = $3::jsonb WHERE organization_id = $1 AND id = $2"


class IdempotencyRecords(ScopedRepository):
    """The organization's records."""

    table = IdempotencyRecord

    async def claim(
        self, principal_id: str, key: str, *, request_hash: str, now: datetime, since: datetime
    ) -> str | None:
        """The id of the record that is this transaction's to fill; None if the key is taken.

        A key that was taken at `since` or before is free again.
        """
        row = await database.fetch_row(
            _CLAIM,
            new_id("idem"),
            self.organization_id,
            principal_id,
            key,
            request_hash,
            now,
            since,
        )
        return row["id"] if row else None

    async def keep(self, record_id: str, result: str) -> None:
        """Write the result, as JSON."""
        await database.fetch(_KEEP, self.organization_id, record_id, result)

    async def by_key(self, principal_id: str, key: str) -> Row | None:
        """The record's request_hash and result."""
        return await self._row(
            IdempotencyRecord.principal_id == principal_id, IdempotencyRecord.key == key
        )
