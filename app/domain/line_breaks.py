r"""Text whose line breaks were lost on the way and arrived as the two characters `\n`."""

import re

_NEITHER_CODE_NOR_QUOTE = re.compile(
    r"""
    (?P<code>
        (?<!`)(?P<ticks>`+)(?!`) .+? (?<!`)(?P=ticks)(?!`)   # `code`, ``code``, ```a fence```
        | (?<!`)```.*                                         # a fence that nothing closes
        | ~~~ (?: .*?~~~ | .* )
    )
    | (?P<quote>
        "[^"]*" | “[^“”]*” | «[^«»]*» | \u2018[^\u2018\u2019]*\u2019
        | (?<!\w)'(?:[^']|(?<=\w)'(?=\w))*'(?!\w)             # not the apostrophe in a word
    )
    | (?P<escaped>\\\\)                                       # a backslash that stands for itself
    | (?P<lost>(?:\\r)?\\n)
    """,
    re.VERBOSE | re.DOTALL,
)


def repaired(text: str) -> tuple[str, int]:
    r"""The text with each lost line break put back, and how many there were.

    Only text without any real line break is repaired, and only outside code and quotes: elsewhere
    `\n` may be meant, as in `printf "a\n"`.
    """
    if "\\n" not in text or "\n" in text or "\r" in text:
        return text, 0
    count = 0

    def put_back(match: re.Match[str]) -> str:
        nonlocal count
        if match["lost"] is None:
            return match[0]
        count += 1
        return "\n"

    return _NEITHER_CODE_NOR_QUOTE.sub(put_back, text), count
