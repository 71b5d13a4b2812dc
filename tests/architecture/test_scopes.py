"""A scope is the proof of admission: only admission makes one."""

import ast
from dataclasses import is_dataclass

from app.core import scope as scope_module
from tests.architecture.sources import called_name, calls, sources

ADMISSION = "app/domain/admission.py"
SCOPES = {
    name
    for name, value in vars(scope_module).items()
    if isinstance(value, type) and is_dataclass(value)
}


def test_only_admission_makes_scopes() -> None:
    makers = {
        source.name
        for source in sources("app")
        for call in calls(source)
        if called_name(call) in SCOPES
    }
    assert makers == {ADMISSION}


def test_no_scope_is_made_by_changing_another() -> None:
    found = [
        source.at(call)
        for source in sources("app")
        for call in calls(source)
        if called_name(call) in {"replace", "copy", "deepcopy"}
        if call.args and "scope" in ast.unparse(call.args[0]).lower()
    ]
    assert found == []


def test_no_scope_is_subclassed_outside_its_module() -> None:
    found = [
        source.at(node)
        for source in sources("app")
        if source.name != "app/core/scope.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        if SCOPES & {ast.unparse(base).split(".")[-1] for base in node.bases}
    ]
    assert found == []
