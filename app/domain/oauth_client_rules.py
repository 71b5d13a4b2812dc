"""What an MCP client may say of itself, and where it may have people sent back to."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn
from urllib.parse import SplitResult, urlsplit

import msgspec

from app.core.enums import ClientAuthMethod
from app.core.unseen import FILLERS, is_blank
from app.domain.oauth_errors import InvalidClientMetadata, InvalidRedirectUri

NAME_MAX_CHARACTERS: Final = 100
URI_MAX_CHARACTERS: Final = 2000
MOST_REDIRECT_URIS: Final = 20
METADATA_MAX_BYTES: Final = 5 * 1024  # of a registration, and of a document
GRANT_TYPES: Final = ("authorization_code", "refresh_token")
NAMELESS: Final = "An MCP client without a name"

LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "[::1]", "localhost"})
# RFC 8252 §7.1 asks for a dot in an app's own scheme; these have none, and their apps are there.
_APP_SCHEMES: Final = frozenset(
    {
        "claude",
        "cursor",
        "goose",
        "kiro",
        "raycast",
        "vscode",
        "vscode-insiders",
        "warp",
        "windsurf",
        "zed",
    }
)
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_URI_CHARACTERS: Final = re.compile(r"[!$-;=?-\[\]_a-z~]+")  # of RFC 3986 but "#"; in lower case
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
_LINKS: Final = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
_TEXTS: Final = ("software_id", "software_version", "application_type")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def checked(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the metadata makes (RFC 7591 §2); what is not known is left out.

    Raises InvalidRedirectUri and InvalidClientMetadata.
    """
    _check_size(metadata)
    kept = {name: value for name in _LINKS if _is_link(value := metadata.get(name))} | {
        name: clean_name(value, longest=NAME_MAX_CHARACTERS)
        for name in _TEXTS
        if isinstance(value := metadata.get(name), str)
    }
    return {
        "name": clean_name(metadata.get("client_name")) or NAMELESS,
        "redirect_uris": _redirect_uris(metadata.get("redirect_uris")),
        "grant_types": _grant_types(metadata),
        "auth_method": _auth_method(metadata).value,
        "metadata": msgspec.json.encode(kept).decode(),
    }


def clean_name(value: object, *, longest: int = NAME_MAX_CHARACTERS) -> str:
    """One line without what hides, turns or breaks text, so that it can be shown to people.

    Empty where nothing would be seen of it.
    """
    if not isinstance(value, str):
        return ""
    seen = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", value[: 4 * longest])
        if character.isspace() or _is_shown(character)
    )
    line = " ".join(seen.split())[:longest].strip()
    return "" if is_blank(line) else line


def _is_shown(character: str) -> bool:
    return character not in FILLERS and unicodedata.category(character) not in _UNSEEN


def check_redirect_uri(uri: str) -> None:
    """Raise InvalidRedirectUri unless the address is https, loopback, or an app's own."""
    parts = _split(uri)
    scheme = parts.scheme.lower()
    if scheme in {"https", "http"}:
        host = _host(parts)
        if not _HOST.fullmatch(host) or parts.username is not None or parts.password is not None:
            _refuse(uri, "has no plain host")
        if scheme == "http" and host not in LOOPBACK_HOSTS:
            _refuse(uri, "is http:// and does not lead to the person's own machine")
    elif "." not in scheme and scheme not in _APP_SCHEMES:
        _refuse(uri, "has a scheme that is neither https nor an app's own, such as com.example.app")


def is_match(registered: str, asked: str) -> bool:
    """Whether the address is the registered one: exact, but for the port on loopback."""
    if registered == asked:
        return True
    one, other = _loopback_without_port(registered), _loopback_without_port(asked)
    return one is not None and one == other


def _loopback_without_port(uri: str) -> str | None:
    """RFC 8252 §7.3: an app on the person's machine takes whichever port is free."""
    try:
        parts = _split(uri)
        if parts.scheme != "http" or _host(parts) not in LOOPBACK_HOSTS or "@" in parts.netloc:
            return None
    except InvalidRedirectUri:
        return None
    return parts._replace(netloc=_host(parts)).geturl()


def _split(uri: str) -> SplitResult:
    if len(uri) > URI_MAX_CHARACTERS:
        _refuse(uri, f"has more than {URI_MAX_CHARACTERS} characters")
    if not _URI_CHARACTERS.fullmatch(uri.lower()) or not uri.isascii() or not _SCHEME.match(uri):
        _refuse(uri, "is no absolute address without a fragment")
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        _refuse(uri, "is no address")
    return parts


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].lower().removesuffix(f":{parts.port}")


def _refuse(uri: str, why: str) -> NoReturn:
    shown = clean_name(uri[:80])
    message = f"The redirect URI '{shown}' {why}."
    raise InvalidRedirectUri(message, field="redirect_uris")


def _check_size(metadata: Mapping[str, Any]) -> None:
    try:
        size = len(msgspec.json.encode(metadata))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        message = "The metadata cannot be written as JSON."
        raise InvalidClientMetadata(message) from error
    if size > METADATA_MAX_BYTES:
        message = f"The metadata takes {size} bytes; at most {METADATA_MAX_BYTES} are fine."
        raise InvalidClientMetadata(message)


def _redirect_uris(given: object) -> list[str]:
    if not isinstance(given, list) or not given or not all(isinstance(uri, str) for uri in given):
        message = "redirect_uris must be a list of at least one address."
        raise InvalidRedirectUri(message, field="redirect_uris")
    if len(given) > MOST_REDIRECT_URIS:
        message = f"redirect_uris has {len(given)} entries; at most {MOST_REDIRECT_URIS} are fine."
        raise InvalidRedirectUri(message, field="redirect_uris")
    for uri in given:
        check_redirect_uri(uri)
    return list(dict.fromkeys(given))


def _grant_types(metadata: Mapping[str, Any]) -> list[str]:
    """Both where nothing is said: who does not want refresh tokens need not use them."""
    named = _names(metadata, "grant_types") or GRANT_TYPES
    if "authorization_code" not in named:
        message = "grant_types must have authorization_code: there is no other way to log in here."
        raise InvalidClientMetadata(message, field="grant_types")
    if "code" not in (_names(metadata, "response_types") or ("code",)):
        message = "response_types must have code."
        raise InvalidClientMetadata(message, field="response_types")
    return [name for name in GRANT_TYPES if name in named]


def _auth_method(metadata: Mapping[str, Any]) -> ClientAuthMethod:
    """As asked where it is offered; a client that says nothing is public."""
    asked = metadata.get("token_endpoint_auth_method")
    return ClientAuthMethod(asked) if asked in tuple(ClientAuthMethod) else ClientAuthMethod.NONE


def _names(metadata: Mapping[str, Any], field: str) -> Sequence[str]:
    value = metadata.get(field)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        message = f"{field} must be a list of texts."
        raise InvalidClientMetadata(message, field=field)
    return value


def _is_link(value: object) -> bool:
    try:
        return isinstance(value, str) and _split(value).scheme == "https"
    except InvalidRedirectUri:
        return False
