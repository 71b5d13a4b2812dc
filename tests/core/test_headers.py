"""Header fields and cookies, as they come from the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.headers import by_name, cookies

NO_BLANKS = [b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x1f", b"\x85", b"\xa0"]


def test_fields_are_known_by_their_name_in_lower_case() -> None:
    assert by_name([(b"Accept", b" text/html\t"), (b"X-A", b"")]) == {
        "accept": "text/html",
        "x-a": "",
    }


def test_what_is_there_several_times_is_joined() -> None:
    raw = [(b"accept", b"a"), (b"Cookie", b"b=1"), (b"ACCEPT", b"c"), (b"cookie", b"d=2")]
    assert by_name(raw) == {"accept": "a, c", "cookie": "b=1; d=2"}


@pytest.mark.parametrize("byte", NO_BLANKS)
def test_no_byte_but_blank_and_tab_is_taken_from_a_value(byte: bytes) -> None:
    (value,) = by_name([(b"cookie", b" " + byte + b"a=b" + byte + b"\t")]).values()
    assert value.encode("latin-1") == byte + b"a=b" + byte


@pytest.mark.parametrize("byte", NO_BLANKS)
def test_a_cookies_name_and_value_keep_every_other_byte(byte: bytes) -> None:
    odd = byte.decode("latin-1")
    assert cookies(f"{odd}a{odd} = {odd}b{odd}\t; a=c") == {
        f"{odd}a{odd}": f"{odd}b{odd}",
        "a": "c",
    }


def test_a_cookie_that_is_there_twice_is_not_there() -> None:
    assert cookies("a=1; b=2; a=3; c=4") == {"b": "2", "c": "4"}
    assert cookies("a=1; \ta =1; b=2; b=2; b=2") == {}


def test_cookies_stay_in_their_order() -> None:
    assert list(cookies("b=1; a=2; c==3")) == ["b", "a", "c"]
    assert cookies("c==3") == {"c": "=3"}


@given(st.text(alphabet=st.characters(max_codepoint=0xFF), max_size=40))
def test_no_text_hides_a_cookie_in_a_value(text: str) -> None:
    hidden = text.replace(";", "")
    assert cookies(f"x={hidden}; y={hidden}").keys() == {"x", "y"}
