"""Characters that people do not see, so that no name is empty to the eye. Pure."""

import unicodedata
from typing import Final

# Letters and symbols by their category, and nothing on the screen: Hangul's fillers, the Braille
# pattern without dots, the null notehead, two blank hieroglyphs.
FILLERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159\U00013441\U00013442")
_EMPTY: Final = frozenset({"Cf", "Me", "Mn", "Zl", "Zp", "Zs"})  # marks alone stand on nothing


def is_blank(text: str) -> bool:
    """Whether nothing of the text would be seen."""
    return all(
        character in FILLERS or character.isspace() or unicodedata.category(character) in _EMPTY
        for character in text
    )
