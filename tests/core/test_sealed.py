"""What is sealed opens with the right key at the right place only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.sealed import Sealer, Unreadable, derived

KEY, OLD, OTHER = (letter * 40 for letter in "abc")
SECRET = "canary-93f1"


def test_what_was_sealed_is_opened_again() -> None:
    sealed = Sealer(KEY).seal(SECRET, place="coac_1")
    assert Sealer(KEY).unseal(sealed, place="coac_1").reveal() == SECRET
    assert SECRET not in sealed


@given(st.text())
def test_any_text_survives(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    sealer = Sealer(KEY)
    assert sealer.unseal(sealer.seal(text, place="x"), place="x").reveal() == text


def test_the_same_secret_looks_different_each_time() -> None:
    sealer = Sealer(KEY)
    assert len({sealer.seal(SECRET, place="x") for _ in range(20)}) == 20


def test_an_old_key_goes_on_reading_and_what_it_sealed_is_outdated() -> None:
    sealed = Sealer(OLD).seal(SECRET, place="x")
    rotated = Sealer(KEY, OTHER, OLD)
    assert rotated.unseal(sealed, place="x").reveal() == SECRET
    assert rotated.is_outdated(sealed)
    again = rotated.seal(SECRET, place="x")
    assert not rotated.is_outdated(again)
    assert Sealer(KEY).unseal(again, place="x").reveal() == SECRET


def test_a_key_that_is_gone_leaves_it_unreadable() -> None:
    sealed = Sealer(OLD).seal(SECRET, place="x")
    with pytest.raises(Unreadable) as refusal:
        Sealer(KEY).unseal(sealed, place="x")
    assert "Put that one into MCPLATFORM_SECRET_KEY_OLD" in refusal.value.message


def test_it_opens_at_no_other_place() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(SECRET, place="coac_1")
    with pytest.raises(Unreadable):
        sealer.unseal(sealed, place="coac_2")


@pytest.mark.parametrize("spoilt", ["", "v1", "v1.", SECRET, "v2.x.y", "v1..", "v1.é.é"])
def test_what_was_never_sealed_is_unreadable(spoilt: str) -> None:
    with pytest.raises(Unreadable):
        Sealer(KEY).unseal(spoilt, place="x")


def test_a_changed_character_makes_it_unreadable() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal(SECRET, place="x")
    for at in range(len(sealed)):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(Unreadable):
            sealer.unseal(changed, place="x")


def test_what_is_derived_differs_by_secret_and_purpose() -> None:
    texts = {derived(secret, purpose) for secret in (KEY, OLD) for purpose in ("a", "b", "ab")}
    assert len(texts) == 6
    assert derived(KEY, "a") == derived(KEY, "a")
    assert all(len(text) == 43 for text in texts)
