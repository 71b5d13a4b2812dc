import pytest

from app.core import session_cookie
from app.domain import member_sessions


def test_the_cookie_can_be_read_by_no_script_and_set_by_no_other_host() -> None:
    assert session_cookie.set_cookie("mcpm_secret") == (
        "__Host-mcplatform=mcpm_secret; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax"
    )


def test_the_cookie_lives_as_long_as_a_session() -> None:
    assert session_cookie.LIFE == member_sessions.SESSION_LIFE


def test_signing_out_makes_the_browser_forget_the_same_cookie() -> None:
    assert session_cookie.clear_cookie() == (
        "__Host-mcplatform=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
    )


def test_the_token_is_found_among_other_cookies() -> None:
    assert session_cookie.token_in("a=b; __Host-mcplatform=mcpm_secret; c=d") == "mcpm_secret"
    assert session_cookie.token_in("__Host-mcplatform=mcpm_secret") == "mcpm_secret"


def test_cookies_that_nobody_can_read_hide_no_token() -> None:
    assert session_cookie.token_in('x={"a":1}; =; ;b, __Host-mcplatform=no') is None
    assert session_cookie.token_in('x={"a": 1, "b"}; __Host-mcplatform=mcpm_x') == "mcpm_x"


@pytest.mark.parametrize("byte", ["\xa0", "\x85", "\x0b", "\x0c", "\x1c", "\x1f", "\u2028"])
def test_a_cookie_with_anything_before_its_name_is_another_one(byte: str) -> None:
    assert session_cookie.token_in(f"{byte}__Host-mcplatform=mcpm_x") is None
    assert session_cookie.token_in(f"a=b; {byte}__Host-mcplatform=mcpm_x") is None
    assert session_cookie.token_in(f"__Host-mcplatform{byte}=mcpm_x") is None
    both = f"{byte}__Host-mcplatform=mcpm_x; __Host-mcplatform=mcpm_secret"
    assert session_cookie.token_in(both) == "mcpm_secret"


@pytest.mark.parametrize("other", ["=mcpm_x", "=mcpm_secret", "=", "", " =mcpm_x", "\t=mcpm_x"])
def test_a_cookie_that_is_there_twice_is_no_token(other: str) -> None:
    ours = "__Host-mcplatform=mcpm_secret"
    for header in (f"{ours}; __Host-mcplatform{other}", f"__Host-mcplatform{other}; a=b; {ours}"):
        assert session_cookie.token_in(header) is None


def test_no_cookie_is_no_token() -> None:
    assert session_cookie.token_in("") is None
    assert session_cookie.token_in("__Host-mcplatform=") is None
    assert session_cookie.token_in("mcplatform=mcpm_secret") is None
