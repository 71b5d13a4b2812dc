"""The output schemas: what `structuredContent` may hold, by kind of answer."""

from app.mcp.answer import Kind

Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_OPTIONAL_TEXT: Schema = {"type": ["string", "null"]}


def _object(
    properties: Schema, *, optional: tuple[str, ...] = (), is_nullable: bool = False
) -> Schema:
    return {
        "type": ["object", "null"] if is_nullable else "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_ACTION = _object({"tool": _TEXT, "arguments": {"type": "object"}}, is_nullable=True)
_WALKTHROUGH = _object({"id": _TEXT, "title": _TEXT, "version": _COUNT}, optional=("version",))
_COUNTS: Schema = {
    "totalSteps": _COUNT,
    "completedSteps": _COUNT,
    "progressPercent": {"type": "integer", "minimum": 0, "maximum": 100},
    "completed": _FLAG,
}
_OFFER: Schema = {
    "walkthroughs": _list(
        _object(
            {
                "id": _TEXT,
                "title": _TEXT,
                "description": _TEXT,
                "type": _TEXT,
                "totalSteps": _COUNT,
                "progressPercent": _COUNT,
                "isStarted": _FLAG,
                "isCompleted": _FLAG,
                "estimatedDurationMinutes": {"type": ["integer", "null"]},
                "tags": _list(_TEXT),
            }
        )
    )
}
_PRESENTED: Schema = {
    "walkthrough": _WALKTHROUGH,
    "step": _object(
        {"id": _TEXT, "title": _TEXT, "section": _OPTIONAL_TEXT, "number": _COUNT},
        is_nullable=True,
    ),
    **_COUNTS,
}
_STATUS: Schema = {
    "walkthrough": _WALKTHROUGH,
    "status": {"enum": ["not_started", "in_progress", "completed"]},
    "nextStep": _object({"id": _TEXT, "title": _TEXT}, is_nullable=True),
    "steps": _list(
        _object(
            {
                "id": _TEXT,
                "title": _TEXT,
                "number": _COUNT,
                "state": {"enum": ["done", "current", "open"]},
            }
        )
    ),
    **_COUNTS,
}
_TICKET: Schema = {"ticket": _object({"number": _COUNT, "title": _TEXT, "isRepeat": _FLAG})}


def _schema(kinds: tuple[Kind, ...], facts: Schema) -> Schema:
    """One flat object: `kind` says which of the facts are there."""
    faulty = (Kind.REFUSED, Kind.INVALID, Kind.ERROR)
    return {
        "type": "object",
        "properties": {
            "kind": {"enum": [kind.value for kind in (*kinds, *faulty)]},
            **facts,
            "nextAction": _ACTION,
            "run": _TEXT,
            "errors": _list(_object({"field": _OPTIONAL_TEXT, "message": _TEXT, "code": _TEXT})),
            "requestId": _TEXT,
            "text": _TEXT,
        },
        "required": ["kind", "text"],
        "additionalProperties": False,
    }


PRESENTED = _schema((Kind.STEP, Kind.COMPLETED, Kind.WALKTHROUGHS), _PRESENTED | _OFFER)
OFFER = _schema((Kind.WALKTHROUGHS,), _OFFER)
STATUS = _schema((Kind.STATUS, Kind.NO_PROGRESS), _STATUS)
RESET = _schema((Kind.RESET, Kind.NO_PROGRESS), {"walkthrough": _WALKTHROUGH})
TICKET = _schema((Kind.TICKET,), _TICKET)
