"""Identifiers."""

import re

from app.core.ids import new_id


def test_an_id_is_its_prefix_and_at_least_sixteen_random_characters() -> None:
    assert re.fullmatch(r"ws_[a-z2-7]{16}", new_id("ws"))
    assert re.fullmatch(r"mcps_[a-z2-7]{32}", new_id("mcps", groups=4))


def test_ids_do_not_repeat() -> None:
    assert len({new_id("tc") for _ in range(10_000)}) == 10_000
