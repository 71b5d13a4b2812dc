"""Opaque identifiers: a prefix that names the kind, then random characters."""

from hashlib import sha256
from secrets import randbits
from string import ascii_lowercase

_ALPHABET = ascii_lowercase + "234567"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # one for each 10 bits


def new_id(prefix: str, *, groups: int = 2) -> str:
    """A fresh id such as `ws_mzxw6ytboi2gk3tp`.

    Each group adds 8 characters (40 bits) from the operating system's generator. Ids that open a
    door (sessions, run handles) use 4 groups: 160 bits.
    """
    bits = 40 * groups
    return spelled(prefix, randbits(bits), bits)


def derived_id(prefix: str, *parts: str) -> str:
    """The one id that belongs to these texts, as long as a fresh one."""
    told = b"".join(len(part).to_bytes(8) + part.encode() for part in parts)
    return spelled(prefix, int.from_bytes(sha256(told).digest()[:10]), 80)


def spelled(prefix: str, number: int, bits: int) -> str:
    """These bits as an id; their number is a multiple of 10."""
    tail = "".join([_PAIRS[number >> shift & 1023] for shift in range(0, bits, 10)])
    return f"{prefix}_{tail}"
