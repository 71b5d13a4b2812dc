"""docs/seed-checklist.md names tests that are there."""

import re

from tests.architecture.sources import ROOT

# `file.py::test_name` or `file.py`; an ellipsis stands for the file named before.
NAMED = re.compile(r"`(?P<file>[\w/]+\.py|…)(?:::(?P<test>test_\w+))?`")


def test_every_test_that_the_checklist_names_exists() -> None:
    missing = []
    file = ""
    for found in NAMED.finditer((ROOT / "docs" / "seed-checklist.md").read_text()):
        file = found["file"] if found["file"] != "…" else file
        path = ROOT / file if file.startswith("benchmarks/") else ROOT / "tests" / file
        text = path.read_text() if path.is_file() else ""
        if not text or (found["test"] and f"def {found['test']}(" not in text):
            missing.append(found[0])
    assert missing == []
