import pytest

from app.mcp.argument_faults import is_email


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com",
        "a.b+c_d-e@mail.example.co.uk",
        "o'hara@example.ie",
        "jörg@müller.example",
        "a@b.co",
        "a" * 64 + "@example.com",
    ],
)
def test_these_are_email_addresses(address: str) -> None:
    assert is_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@localhost",
        "ada@@example.com",
        "ada@lovelace@example.com",
        "a da@example.com",
        "ada@exa mple.com",
        "ada@example..com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@example-.com",
        "ada@example.com\nBcc: x@y.zz",
        "ada\u202e@example.com",
        "ada\x00@example.com",
        "Ada <ada@example.com>",
        "a@b.co,c@d.co",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b.c" * 90 + ".com",
    ],
)
def test_these_are_none(address: str) -> None:
    assert not is_email(address)
