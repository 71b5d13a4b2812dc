"""Walkthrough files in a folder: their names, reading, and writing them whole or not at all."""

import json
import os
import re
import secrets
import unicodedata
from pathlib import Path
from typing import Any, Final

from app.cli.api import Refused

MOST_FILES: Final = 10_000
MOST_FILE_BYTES: Final = 10 * 1024 * 1024  # of what the platform takes as a file
_MOST_NAME_CHARACTERS: Final = 60  # of up to four bytes each; with the endings under 255 bytes
_ID_CHARACTERS: Final = 8
_SUFFIX: Final = ".json"
_OF_DEVICES: Final = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")  # what Windows keeps for them

Document = dict[str, Any]


class Folder:
    """A folder of walkthrough files, and which walkthrough each of them is."""

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._names = {_key(one.name) for one in path.iterdir()}
        except OSError as error:
            raise Refused([f"{path} cannot be used: {error.strerror}."]) from error
        self._path = path
        self._files: dict[str, Path] = {}
        for file in files_in(path):
            walkthrough_id = original_id(read_document(file))
            if walkthrough_id is not None:
                self._files.setdefault(walkthrough_id, file)

    def place_of(self, walkthrough_id: str, *, title: str, force: bool) -> Path:
        """Where a walkthrough's file is, or is to be; once it is there, it stays.

        Without `force` no file is given away that does not say which walkthrough it is. Raises
        Refused.
        """
        if walkthrough_id in self._files:
            return self._files[walkthrough_id]
        stem = file_stem(title)
        ending = re.sub(r"\W", "", walkthrough_id)[-_ID_CHARACTERS:].lower()
        for name in (f"{stem}{_SUFFIX}", f"{stem}-{ending}{_SUFFIX}"):
            file = self._path / name
            if _key(name) not in self._names or (force and not self._is_of_another(file)):
                self._names.add(_key(name))
                self._files[walkthrough_id] = file
                return file
            if not self._is_of_another(file):
                message = f"{file} is there and does not say that it is {walkthrough_id}."
                raise Refused([f"{message} Move it away, or overwrite it with --force."])
        raise Refused([f"{self._path / stem}{_SUFFIX} and the like are other walkthroughs' files."])

    def _is_of_another(self, file: Path) -> bool:
        return any(_key(known.name) == _key(file.name) for known in self._files.values())


def files_in(path: Path) -> list[Path]:
    """The folder's JSON files by name, hidden ones left out. Raises Refused."""
    try:
        found = [
            one
            for one in path.iterdir()
            if one.suffix.lower() == _SUFFIX and not one.name.startswith(".") and one.is_file()
        ]
    except OSError as error:
        raise Refused([f"{path} cannot be read: {error.strerror}."]) from error
    if len(found) > MOST_FILES:
        raise Refused([f"{path} has {len(found)} files; at most {MOST_FILES} are looked at."])
    return sorted(found)


def file_stem(title: str) -> str:
    """A file name without its ending, good on every system, that tells of the title."""
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", title).casefold())
    stem = unicodedata.normalize("NFC", words)[:_MOST_NAME_CHARACTERS].strip("-")
    return f"walkthrough-{stem}".rstrip("-") if not stem or _OF_DEVICES.fullmatch(stem) else stem


def read_text(path: Path) -> str:
    """A file's text. Raises Refused."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise Refused([f"It cannot be read: {error.strerror}."]) from error
    if len(content) > MOST_FILE_BYTES:
        raise Refused([f"$: The file has more than {MOST_FILE_BYTES} bytes."])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused([f"$: The file is not text in UTF-8 ({error.reason})."]) from error


def read_document(path: Path) -> Document | None:
    """What a file holds, if it is an object of JSON."""
    try:
        return parsed(read_text(path))
    except Refused:
        return None


def parsed(text: str) -> Document | None:
    """What a text holds, if it is an object of JSON."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def original_id(document: Document | None) -> str | None:
    """Which walkthrough a file says that it is."""
    return _id_in(document, "originalId")


def title_in(document: Document | None) -> str | None:
    """What a file calls its walkthrough, in lower case: titles differ by more than that."""
    header = (document or {}).get("walkthrough")
    title = header.get("title") if isinstance(header, dict) else None
    return title.lower() if isinstance(title, str) else None


def steps_in(document: Document | None) -> list[Document]:
    """The steps of a file, as far as they have the form of one."""
    steps = (document or {}).get("steps")
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def step_id_in(step: Document) -> str | None:
    """Which step a file says that this one is."""
    return _id_in(step, "stepId")


def is_same(one: Document | None, other: Document) -> bool:
    """Whether two files say the same, at whatever time they were exported."""
    return one is not None and {**one, "exportedAt": None} == {**other, "exportedAt": None}


def write(path: Path, document: Document) -> None:
    """Put the document where the path leads: all of it, or nothing changes. Raises Refused."""
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    content = text.encode(errors="backslashreplace")  # JSON's own spelling of half a letter
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                part.chmod(path.stat().st_mode & 0o777)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)  # it is there only if something went wrong
    except OSError as error:
        raise Refused([f"{path} cannot be written: {error.strerror}."]) from error


def _id_in(holder: object, name: str) -> str | None:
    metadata = holder.get("metadata") if isinstance(holder, dict) else None
    found = metadata.get(name) if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None


def _key(name: str) -> str:
    """A file's name as systems compare it that know neither case nor ways to write a letter."""
    return unicodedata.normalize("NFC", name).casefold()
