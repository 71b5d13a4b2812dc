"""The product's source files, parsed once, for the tests that read them."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file; `name` is its path from the root of the project."""

    name: str
    text: str
    tree: ast.Module

    def at(self, node: ast.expr | ast.stmt) -> str:
        """Where the node stands, as editors and terminals link it."""
        return f"{self.name}:{node.lineno}"


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file of ours below these folders of the project."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    paths = sorted(path for path in found if "node_modules" not in path.parts)
    return tuple(_parsed(path) for path in paths)


def _parsed(path: Path) -> Source:
    text = path.read_text()
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text))


def comments(source: Source) -> Iterator[tuple[int, str]]:
    """Every comment in the file, with its line."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def calls(source: Source) -> Iterator[ast.Call]:
    """Every call in the file."""
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


def called_name(call: ast.Call) -> str:
    """The last name in what is called: `insert` for `Server.insert(…)`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def receiver(node: ast.expr) -> str:
    """What an attribute is looked up on, as it is written: `DB` for `DB.transaction`."""
    return ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
