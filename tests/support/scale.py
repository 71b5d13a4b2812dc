"""How much the tests do: MCPLATFORM_TEST_SCALE multiplies it for campaigns (`make campaign`)."""

import os

SCALE = max(1.0, float(os.environ.get("MCPLATFORM_TEST_SCALE") or 1))


def scaled(small: int, large: int | None = None) -> int:
    """`small` times the scale, but at most `large`."""
    number = round(small * SCALE)
    return number if large is None else min(number, max(small, large))
