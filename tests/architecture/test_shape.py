"""Files and functions stay small enough to read, and nothing is left for later."""

import ast
import re

from tests.architecture.sources import ROOT, comments, sources

FILE_MAX_LINES = 299
FUNCTION_MAX_LINES = 49
# Spelled so that this file does not find itself.
LEFT_FOR_LATER = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HAC[K]|NotImplementedErro[r])\b")
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)\b")
EXCEPTION_WITH_REASON = re.compile(
    r"# noqa: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* - \w|# type: ignore\[[a-z-]+(, [a-z-]+)*\]  # \w"
)


def test_files_stay_under_300_lines() -> None:
    lengths = {source.name: len(source.text.splitlines()) for source in sources("app")}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_MAX_LINES} == {}


def test_functions_stay_under_50_lines() -> None:
    lengths = {
        f"{source.at(node)} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for source in sources("app")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_MAX_LINES} == {}


def test_nothing_is_left_for_later() -> None:
    found = [
        f"{source.name}:{number} {line.strip()}"
        for source in sources("app", "tests", "piccolo_migrations")
        for number, line in enumerate(source.text.splitlines(), start=1)
        if LEFT_FOR_LATER.search(line)
    ]
    assert found == []


def test_every_exception_to_a_rule_gives_its_reason() -> None:
    found = [
        f"{source.name}:{line} {comment}"
        for source in sources("app", "tests", "piccolo_migrations")
        for line, comment in comments(source)
        if EXCEPTION.search(comment) and not EXCEPTION_WITH_REASON.search(comment)
    ]
    assert found == []


def test_files_are_named_after_what_they_hold() -> None:
    assert [path for path in (ROOT / "app").rglob("*") if path.stem in SAYS_NOTHING] == []


def test_every_test_folder_is_a_package() -> None:
    # Without __init__.py, `import mcp` in a test would find tests/mcp.
    files = (path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts)
    folders = {path.parent for path in files}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []
