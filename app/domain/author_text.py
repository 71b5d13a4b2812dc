"""What authors wrote, made safe to stand between our tags."""

import re
from collections.abc import Iterator
from html import unescape
from itertools import dropwhile, islice
from unicodedata import category, normalize

SECTION_TAGS = ("step_objectives", "step_background", "step_operations", "relay_to_user")
RECAP_TAG = "step_recap"

_OUR_TAGS = (*SECTION_TAGS, RECAP_TAG)
_LONGEST = max(map(len, _OUR_TAGS))
_LESS_THAN = r"<\uff1c\ufe64"  # as they are, wide and small
_AMPERSAND = r"&\uff06\ufe60"
_MARKS = ("<", "\uff1c", "\ufe64", "&", "\uff06", "\ufe60")
_PLAIN_MARKS = ("<", "&")
_UNSEEN_CATEGORIES = {"Cc", "Cf", "Cn", "Mn", "Me"}
_UNSEEN = "\u115f\u1160\u2800"  # letters and symbols without ink; other fillers normalize to these

# A less-than sign, or a reference to one that may itself be escaped any number of times.
_OPENER = re.compile(
    rf"""([{_LESS_THAN}{_AMPERSAND}](?:
        (?<=[{_LESS_THAN}])
        | (?:amp;?|\#0*38;?|\#x0*26;?)* (?:lt|\#0*60|\#x0*3c);?
    ))""",
    re.IGNORECASE | re.VERBOSE,
)
# What may follow an opener and needs no second look: a plain word that plainly ends. Both runs are
# taken whole by look-ahead: early 3.11 releases mistake possessive quantifiers.
_PLAIN_WORD = re.compile(r"(?=([ \t\r\n/]*))\1(?=([\w-]*))\2(?:[ \t\r\n!-%'-~]|\Z)", re.ASCII)
_OUR_NAME = re.compile(rf"(?:{'|'.join(_OUR_TAGS)})(?![a-z0-9_])")


def block(text: str) -> str:
    """The author's text without anything that reads as one of our tags; other tags stay.

    A look-alike loses its `<`: the name after it is left to be read, and no decoding brings a tag
    back. Spaces, slashes, letters of another case or width, characters that nobody sees and
    character references do not hide one.
    """
    marks = _PLAIN_MARKS if text.isascii() else _MARKS
    if not any([mark in text for mark in marks]):  # noqa: C419 - quicker than a generator
        return text
    head, *rest = _OPENER.split(text)
    pieces = [head]
    for opener, following in zip(rest[::2], rest[1::2], strict=True):
        pieces += ("[" if _is_ours(following) else opener, following)
    return "".join(pieces)


def line(text: str) -> str:
    """The author's text, likewise, on one line."""
    return block(" ".join(text.split()))


def _is_ours(following: str) -> bool:
    """Whether a reader may take what follows a `<` for one of our tags, opening or closing."""
    plain = _PLAIN_WORD.match(following)
    if plain:
        return plain[2].lower().replace("-", "_") in _OUR_TAGS
    seen = dropwhile(lambda character: character.isspace() or character == "/", _seen(following))
    name = "".join(islice(seen, _LONGEST + 1)).replace("-", "_")
    return _OUR_NAME.match(name) is not None


def _seen(text: str) -> Iterator[str]:
    """The characters that a reader sees, in their plainest form."""
    decoded = unescape(unescape(unescape(text)))
    for character in decoded:
        for plain in normalize("NFKC", character).casefold():
            if plain.isspace() or (
                plain not in _UNSEEN and category(plain) not in _UNSEEN_CATEGORIES
            ):
                yield plain
