"""The folder of walkthrough files: names that are good everywhere, and whole files or none."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.api import Refused
from app.cli.walkthroughs import folder, plan
from app.cli.walkthroughs.folder import Folder
from app.cli.walkthroughs.operations import Report, Step

ONE = {"walkthrough": {"title": "One"}, "steps": [], "metadata": {"originalId": "wt_aaaaaaaaaaaa"}}
TWO_ID = "wt_bbbbbbbbBBBB"


@given(st.text(max_size=120))
def test_a_files_name_is_good_on_every_system(title: str) -> None:
    stem = folder.file_stem(title)
    assert 0 < len(stem.encode()) <= 240 + len("walkthrough-")
    assert not set(stem) & {*'/\\:*?"<>|. ~', *string.whitespace, *map(chr, range(32))}
    assert stem[0] != "-"
    assert stem[-1] != "-"
    assert stem == folder.file_stem(title)
    assert not stem.startswith("..")


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("Getting started", "getting-started"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows\\x", "c-windows-x"),
        ("nul", "walkthrough-nul"),
        ("COM¹", "walkthrough-com1"),
        ("🙂", "walkthrough"),
        ("はじめに 1", "はじめに-1"),
        ("ﬁne ", "fine"),
    ],
)
def test_a_files_name_tells_of_the_title(title: str, stem: str) -> None:
    assert folder.file_stem(title) == stem


def test_a_walkthrough_stays_in_the_file_that_it_is_in(tmp_path: Path) -> None:
    (tmp_path / "renamed.json").write_text(json.dumps(ONE))
    place = Folder(tmp_path)
    assert place.place_of("wt_aaaaaaaaaaaa", title="One", force=False).name == "renamed.json"


def test_two_of_one_name_get_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "ONE.json").write_text(json.dumps(ONE))
    place = Folder(tmp_path)
    assert place.place_of(TWO_ID, title="One", force=True).name == "one-bbbbbbbb.json"
    with pytest.raises(Refused, match="other walkthroughs' files"):
        place.place_of("wt_ccccbbbbbbbb", title="one", force=True)


def test_a_file_that_does_not_say_whose_it_is_is_overwritten_by_force_only(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text("not even JSON")
    with pytest.raises(Refused, match="Move it away, or overwrite it with --force"):
        Folder(tmp_path).place_of(TWO_ID, title="One", force=False)
    assert Folder(tmp_path).place_of(TWO_ID, title="One", force=True) == tmp_path / "one.json"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text("before")
    file.chmod(0o640)
    folder.write(file, {"title": "ü and half a pair: \ud800"})
    assert file.read_text() == '{\n  "title": "ü and half a pair: \\ud800"\n}\n'
    assert file.stat().st_mode & 0o777 == 0o640

    (tmp_path / "taken.json").mkdir()
    with pytest.raises(Refused, match=r"taken\.json cannot be written"):
        folder.write(tmp_path / "taken.json", ONE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.json", "taken.json"]


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 100_000, '{"metadata": [], "steps": {}, "walkthrough": 1}', "{"]
)
def test_whatever_else_lies_in_the_folder_is_nobodys_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text)
    document = folder.read_document(tmp_path / "odd.json")
    assert folder.original_id(document) is None
    assert folder.title_in(document) is None
    assert folder.steps_in(document) == []


def test_files_are_found_by_their_ending_and_hidden_ones_left_out(tmp_path: Path) -> None:
    for name in ("b.json", "A.JSON", ".hidden.json", "notes.md"):
        (tmp_path / name).touch()
    (tmp_path / "folder.json").mkdir()
    assert [path.name for path in folder.files_in(tmp_path)] == ["A.JSON", "b.json"]


@given(st.lists(st.one_of(st.none(), st.integers(1, 30)), max_size=12, unique_by=lambda n: n or -1))
def test_the_steps_that_do_not_move_keep_their_order(former: list[int | None]) -> None:
    told = plan.steps(report(former))
    stays = [
        place for place, line in zip(former, told, strict=True) if place and "moved" not in line
    ]
    assert stays == sorted(stays)


@pytest.mark.parametrize(
    ("former", "counted"),
    [
        ([], "no steps"),
        ([1, 2, 3], "3 kept"),
        ([None, 1, 2, 3], "1 created, 3 kept"),
        ([3, 1, 2], "3 kept, 1 moved"),
        ([2, 3, None, 1], "1 created, 3 kept, 1 moved"),
        ([3, 2, 1], "3 kept, 2 moved"),
    ],
)
def test_the_fewest_steps_are_said_to_have_moved(former: list[int | None], counted: str) -> None:
    assert plan.summary(report(former), dry_run=True).endswith(f"written): {counted}")


def report(former: list[int | None]) -> Report:
    """A report on steps that were at these places."""
    steps = tuple(
        Step(
            position=position,
            previous_position=place,
            title="Step",
            id=None,
            paired_by="TITLE",
            is_changed=place is None,
        )
        for position, place in enumerate(former, start=1)
    )
    return Report(
        title="One",
        status="DRAFT",
        is_new=False,
        is_changed=True,
        steps=steps,
        removed=(),
        notes=(),
    )
