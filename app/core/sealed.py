"""Secrets that must be readable again: encrypted with a key of this platform, never kept in clear.

AES-256-GCM with a key derived from MCPLATFORM_SECRET_KEY. What is sealed begins with the key's id,
so that keys can be replaced: an old one goes on reading until everything was sealed again.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.errors import Unavailable
from app.core.secrets import TOKEN_BYTES, Secret, token_of

_FORM: Final = "v1"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 6


class Unreadable(Unavailable):
    """No key that this process was given opens it: the secret key was changed, or the row."""

    code = "secret_unreadable"


class Sealer:
    """Seals with `key`, and opens what `key` or one of `old_keys` sealed."""

    def __init__(self, key: str, *old_keys: str) -> None:
        self._key_id = _derived(key, b"key id", _KEY_ID_BYTES).hex()
        self._keys = {
            _derived(one, b"key id", _KEY_ID_BYTES).hex(): AESGCM(
                _derived(one, b"sealed secrets", _KEY_BYTES)
            )
            for one in (*old_keys, key)
        }

        self._roots = [_derived(one, b"successors", _KEY_BYTES).hex() for one in (key, *old_keys)]

    def successors(self, prefix: str, token: str) -> tuple[Secret, ...]:
        """The token that comes after this one, always the same; with each key, the present first.

        Whoever has the one cannot tell the other without the key.
        """
        return tuple(
            derived_token(prefix, f"{root}{token}", f"{prefix} successor") for root in self._roots
        )

    def seal(self, secret: str, *, place: str) -> str:
        """The secret as it may be kept. It opens only at the same `place`, such as a row's id."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._keys[self._key_id].encrypt(nonce, secret.encode(), place.encode())
        return f"{_FORM}.{self._key_id}.{urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, *, place: str) -> Secret:
        """The secret. Raises Unreadable."""
        form, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        key = self._keys.get(key_id)
        if form == _FORM and key is not None:
            try:
                told = urlsafe_b64decode(text)
                opened = key.decrypt(told[:_NONCE_BYTES], told[_NONCE_BYTES:], place.encode())
                return Secret(opened.decode())
            except (InvalidTag, ValueError):
                pass
        message = (
            "This secret was sealed with another MCPLATFORM_SECRET_KEY. Put that one into "
            "MCPLATFORM_SECRET_KEY_OLD, or have the secret entered again."
        )
        raise Unreadable(message)

    def is_outdated(self, sealed: str) -> bool:
        """Whether an old key sealed it."""
        return not sealed.startswith(f"{_FORM}.{self._key_id}.")


def derived(secret: str, purpose: str) -> str:
    """A text of 256 bits that only whoever has the secret can know, another for each purpose."""
    return urlsafe_b64encode(_derived(secret, purpose.encode(), _KEY_BYTES)).decode().rstrip("=")


def derived_token(prefix: str, secret: str, purpose: str) -> Secret:
    """The same as a token of ours."""
    return token_of(prefix, _derived(secret, purpose.encode(), TOKEN_BYTES))


def _derived(secret: str, purpose: bytes, length: int) -> bytes:
    info = b"mcplatform " + purpose
    told = secret.encode(errors="replace")  # a stranger's cookie may have half a surrogate pair
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(told)
