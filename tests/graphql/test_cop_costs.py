"""Queries of a size that is allowed, made to keep the one thread of a process busy."""

from pathlib import Path

import msgspec
import pytest

from app.graphql.answer_size import MOST_CHARACTERS
from app.graphql.errors import MOST_MESSAGE_CHARACTERS
from app.graphql.limits import MOST_DIGITS, MOST_FAULTS, MOST_REPEATS
from app.graphql.request import MOST_VALUES, Unreadable, body
from tests.support.graph import Graph

DIGITS = "9" * 250_000
MANY_FIELDS = " ".join(f"a{number}: fields {{ name args {{ name }} }}" for number in range(28))


async def codes(query: str, **variables: object) -> set[str]:
    answer = await Graph().answer(query, **variables)
    return {error["extensions"]["code"] for error in answer["errors"]}


@pytest.mark.parametrize("number", [DIGITS, f"-{DIGITS}", f"1.{DIGITS}", f"1e{DIGITS}"])
@pytest.mark.parametrize(
    "query",
    ["{{ ticketByNumber(number: {}) {{ id }} }}", "{{ tickets(first: {}) {{ totalCount }} }}",
     'mutation {{ createWalkthrough(input: {{title: "a", metadata: {{a: [{}]}}}})'
     " {{ userErrors {{ code }} }} }}",
     "query ($n: Int = {}) {{ ticketByNumber(number: $n) {{ id }} }}"],
    ids=["an Int", "a page", "JSON", "a default"],
)  # fmt: skip
async def test_a_number_of_many_digits_is_refused(query: str, number: str) -> None:
    assert await codes(query.format(number)) == {"GRAPHQL_VALIDATION_FAILED"}


async def test_digits_in_a_text_are_no_number() -> None:
    query = f'{{ server(id: "{"9" * MOST_DIGITS * 2}") {{ id }} }}'
    assert await codes(query) == {"NOT_SIGNED_IN"}


async def test_a_variable_of_many_digits_is_refused() -> None:
    query = "query ($n: Int!) { ticketByNumber(number: $n) { id } }"
    content = f'{{"query": "{query}", "variables": {{"n": {DIGITS}}}}}'
    response = await Graph().post(content.encode())
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "query",
    [
        f"{{ {'...{ viewer { id } }' * 150} }}",
        f"{{ {'viewer { id }' * 150} }}",
        "{" + " ".join(f"...F{number}" for number in range(100)) + "}"
        + " ".join(f"fragment F{number} on Query {{ viewer {{ id }} }}" for number in range(100)),
        f"{{ __schema {{ types {{ {MANY_FIELDS} }} }} }}",
        "{" + " ".join(f"a{number}: __schema {{ types {{ fields {{ args {{ name }} }} }} }}"
                       for number in range(28)) + "}",
    ],
    ids=["inline fragments", "fields", "fragments", "the schema's fields", "the schema"],
)  # fmt: skip
async def test_what_costs_more_the_more_often_it_is_said_is_not_said_often(query: str) -> None:
    assert await codes(query) == {"COST_LIMIT"}


@pytest.mark.parametrize(
    "query",
    ["{ " + " ".join(f"...on Walkthruogh{number} {{ id }}" for number in range(300)) + " }",
     "{ " + " ".join(f"{'walkthruogh' * 50}{number}" for number in range(390)) + " }",
     "mutation { createServer(input: {" + " ".join(f"{'pro' * 150}{n}: 1" for n in range(490))
     + "}) { userErrors { code } } }"],
    ids=["types", "fields", "inputs"],
)  # fmt: skip
async def test_of_many_mistakes_a_few_are_told_and_briefly(query: str) -> None:
    answer = await Graph().answer(query)
    assert len(answer["errors"]) == MOST_FAULTS + 1
    assert all(len(error["message"]) <= MOST_MESSAGE_CHARACTERS for error in answer["errors"])


async def test_a_long_name_is_not_sent_back() -> None:
    [error] = (await Graph().answer(f"{{ {'a' * 200_000} }}"))["errors"]
    assert len(error["message"]) == MOST_MESSAGE_CHARACTERS


@pytest.mark.parametrize(
    "value", [["a"] * (MOST_VALUES + 1), {str(key): 1 for key in range(MOST_VALUES + 1)},
              [[[1]] * (MOST_VALUES // 2)]],
    ids=["a list", "an object", "lists of lists"],
)  # fmt: skip
async def test_variables_of_very_many_values_are_refused(value: object) -> None:
    content = msgspec.json.encode({"query": "{ __typename }", "variables": {"a": value}})
    response = await Graph().post(content)
    assert response.status_code == 413
    [error] = response.json()["errors"]
    assert error["message"] == f"The variables hold more than {MOST_VALUES} values."


async def test_a_body_of_two_megabytes_is_not_read_on() -> None:
    taken = 0

    async def megabytes() -> object:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b" " * 1_000_000, "more_body": True}

    cases = [({}, 1), ({"content-length": "10"}, 1), ({"content-length": "2000000"}, 0)]
    for announced, most in cases:
        taken = 0
        with pytest.raises(Unreadable) as refused:
            await body(announced, megabytes)  # type: ignore[arg-type]  # it is what a server gives
        assert (refused.value.status, taken) == (413, most)


def test_the_page_on_the_api_tells_these_limits() -> None:
    page = Path(__file__).parents[2] / "docs" / "graphql.md"
    assert (
        f"{MOST_REPEATS} objects of one name, numbers of {MOST_DIGITS} digits, "
        f"{MOST_VALUES} values in variables, "
        f"and answers of {MOST_CHARACTERS // 1024**2} million characters. "
        f"Of the mistakes in a query the first {MOST_FAULTS} are told."
    ) in " ".join(page.read_text(encoding="utf-8").split())
