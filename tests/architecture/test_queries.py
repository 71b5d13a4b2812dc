"""Only repositories speak SQL, and only their base class uses Piccolo's query verbs."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import Source, called_name, calls, receiver, sources

REPOSITORIES = "app/repositories/"
ENGINE = "app/models/engine.py"  # binds app.org and switches the role
LAUNCHER = "app/core/embedded_postgres.py"  # makes the empty database
VERB_FILES = {"app/repositories/base.py", "app/repositories/lookups.py"}
VERBS = {"alter", "count", "delete", "exists", "insert", "objects", "raw", "select", "update"}
STATEMENT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|SET"
    r"|LISTEN|NOTIFY|LOCK)\s"
)
RUNS_STATEMENTS = {"fetch_bound", "fetch_row", "run_ddl", "run_querystring", "run_script"}
OPENS_CONNECTIONS = {"asyncpg.connect", "asyncpg.create_pool"}


def test_statements_stand_in_repositories_only() -> None:
    found = [
        f"{where} {text.strip()[:60]}"
        for source in sources("app")
        if not source.name.startswith(REPOSITORIES) and source.name not in {ENGINE, LAUNCHER}
        for where, text in strings(source)
        if STATEMENT.match(text)
    ]
    assert found == []


def test_statements_are_run_by_repositories_only() -> None:
    found = [
        source.at(call)
        for source in sources("app")
        if not source.name.startswith(REPOSITORIES) and source.name != ENGINE
        for call in calls(source)
        if called_name(call) in RUNS_STATEMENTS or ast.unparse(call.func) == "database.fetch"
    ]
    assert found == []


def test_query_verbs_on_a_table_stand_in_the_base_class_only() -> None:
    found = [
        f"{source.at(node)} {ast.unparse(node)}"
        for source in sources("app")
        if source.name not in VERB_FILES
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in VERBS
        if receiver(node) in table_names(source) | {"self.table", "cls.table"}
    ]
    assert found == []


def test_connections_are_opened_by_the_pool_migrations_and_the_listener_only() -> None:
    found = {
        source.name
        for source in sources("app")
        for call in calls(source)
        if ast.unparse(call.func) in OPENS_CONNECTIONS
    }
    assert found <= {ENGINE, "app/repositories/migrations.py", "app/repositories/notices.py"}


def test_transactions_are_opened_through_the_unit_of_work_only() -> None:
    # Piccolo's own leak their connection when a commit fails or the task is cancelled.
    found = [
        f"{source.at(node)} {ast.unparse(node)}"
        for source in sources("app")
        if source.name not in {ENGINE, f"{REPOSITORIES}database.py", f"{REPOSITORIES}migrations.py"}
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"transaction", "atomic"}
        if receiver(node) != "database"
    ]
    assert found == []


def strings(source: Source) -> Iterator[tuple[str, str]]:
    """Every string in the file and where, parts of f-strings included, but for docstrings."""
    prose = {id(node.value) for node in ast.walk(source.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(source.tree):
        match node:
            case ast.Constant(value=str() as text) if id(node) not in prose:
                yield source.at(node), text


def table_names(source: Source) -> set[str]:
    """What the file calls the tables that it imports."""
    return {
        alias.asname or alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app.models")
        for alias in node.names
    }
