"""docs/operations.md tells of every setting, and of no other."""

import re
from pathlib import Path

from app.core.settings import Settings, variable

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_operations_page_lists_every_setting_once_and_nothing_else() -> None:
    section = PAGE.read_text().partition("## Settings")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)
    assert sorted(listed) == sorted(variable(field) for field in Settings.model_fields)


def test_it_tells_the_defaults_of_numbers_and_switches() -> None:
    page = PAGE.read_text()
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, int):
            assert f"| `{variable(name)}` | {str(field.default).lower()} |" in page
