"""How large an answer may be: rows are few, but each holds long texts, and aliases repeat them."""

from collections.abc import Iterator
from typing import Final

from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from typing_extensions import override

MOST_CHARACTERS: Final = 32 * 1024 * 1024  # while it is written out, an answer is there twice
_NUMBER_CHARACTERS: Final = 8


class AnswerSize(SchemaExtension):
    """Refuses to write out an answer that is too large; the texts in it are still shared then."""

    @override
    def on_execute(self) -> Iterator[None]:
        yield
        result = self.execution_context.result
        if result is None or characters(result.data, most=MOST_CHARACTERS) <= MOST_CHARACTERS:
            return
        message = (
            f"The answer has more than {MOST_CHARACTERS // 1024**2} million characters: ask for "
            "less. What a mutation changed is changed."
        )
        result.data = None
        result.errors = [GraphQLError(message, extensions={"code": "COST_LIMIT"})]


def characters(value: object, *, most: int) -> int:
    """About how long a value is as JSON; counting stops once it is more than `most`."""
    found = 0
    waiting = [value]
    while waiting and found <= most:
        one = waiting.pop()
        if isinstance(one, str):
            found += len(one)
        elif isinstance(one, dict):
            found += sum(map(len, one))
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        else:
            found += _NUMBER_CHARACTERS
    return found
