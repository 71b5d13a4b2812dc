"""Importing and exporting walkthroughs."""

import asyncio
from copy import deepcopy
from typing import Any

import msgspec
import pytest

from app.core.enums import WalkthroughStatus, WalkthroughType
from app.core.errors import Invalid, NotFound
from app.core.scope import OrganizationScope
from app.domain import steps, walkthroughs
from app.domain.walkthrough_files import (
    AmbiguousTitle,
    ImportedStep,
    ImportReport,
    PairedBy,
    RemovedStep,
    export_walkthrough,
    import_walkthrough,
)
from app.domain.walkthroughs import TitleTaken, WalkthroughDetails, WalkthroughPatch
from tests.support.authoring import found, ids, titles, write

pytestmark = pytest.mark.usefixtures("database")


def file(*names: str, **header: Any) -> dict[str, Any]:
    """A file with a step of each of these names."""
    contents = [{"title": name, "contentFields": {"contentForUser": f"{name}."}} for name in names]
    return {"version": "1.0", "walkthrough": {"title": "Guide", **header}, "steps": contents}


async def bring_in(scope: OrganizationScope, value: object, **options: Any) -> ImportReport:
    return await import_walkthrough(scope, msgspec.json.encode(value), **options)


async def present_id(scope: OrganizationScope, value: object, **options: Any) -> str:
    """The id of the walkthrough that the file was imported into."""
    walkthrough_id = (await bring_in(scope, value, **options)).walkthrough_id
    assert walkthrough_id is not None
    return walkthrough_id


async def test_a_new_walkthrough_comes_in_as_the_file_says() -> None:
    scope = await found()
    value = file(
        "One",
        "Two",
        description="How",
        type="integration",
        status="published",
        tags=["cli"],
        estimatedDurationMinutes=5,
        metadata={"a": 1},
    )
    report = await bring_in(scope, value)
    assert report.walkthrough_id is not None
    one, two = await ids(scope, report.walkthrough_id)
    assert report == ImportReport(
        walkthrough_id=report.walkthrough_id,
        title="Guide",
        status=WalkthroughStatus.PUBLISHED,
        is_new=True,
        is_changed=True,
        is_dry_run=False,
        steps=tuple(
            ImportedStep(
                position=position,
                previous_position=None,
                title=title,
                id=step_id,
                paired_by=PairedBy.NEW,
                is_changed=True,
            )
            for position, title, step_id in ((1, "One", one), (2, "Two", two))
        ),
        removed=(),
        notes=(),
    )
    walkthrough = await walkthroughs.by_id(scope, report.walkthrough_id)
    assert walkthrough.status is WalkthroughStatus.PUBLISHED
    assert walkthrough.type is WalkthroughType.INTEGRATION
    assert (walkthrough.description, walkthrough.tags) == ("How", ("cli",))
    assert (walkthrough.estimated_duration_minutes, walkthrough.metadata) == (5, {"a": 1})


async def test_importing_an_unchanged_file_writes_nothing() -> None:
    scope = await found()
    value = file("One", "Two", status="published", tags=["cli"])
    walkthrough_id = await present_id(scope, value)
    before = await walkthroughs.by_id(scope, walkthrough_id)
    steps_before = await steps.of_walkthrough(scope, walkthrough_id)
    exported = await export_walkthrough(scope, walkthrough_id)
    for again, paired_by in ((value, PairedBy.TITLE), (exported, PairedBy.ID)):
        report = await bring_in(scope, again)
        assert (report.is_new, report.is_changed) == (False, False)
        assert [step.paired_by for step in report.steps] == [paired_by] * 2
        assert [step.is_changed for step in report.steps] == [False, False]
    assert await walkthroughs.by_id(scope, walkthrough_id) == before
    assert await steps.of_walkthrough(scope, walkthrough_id) == steps_before


async def test_steps_are_rewritten_moved_added_and_removed_in_one_new_version() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One", "Two", "Three", status="published"))
    before = await walkthroughs.by_id(scope, walkthrough_id)
    one, two, three = await ids(scope, walkthrough_id)
    value = file("Three", "New", "First")
    value["steps"][2]["metadata"] = {"stepId": one}
    report = await bring_in(scope, value)
    new = (await ids(scope, walkthrough_id))[1]
    assert await ids(scope, walkthrough_id) == [three, new, one]
    assert await titles(scope, walkthrough_id) == ["Three", "New", "First"]
    assert [
        (step.id, step.paired_by, step.is_changed, step.previous_position) for step in report.steps
    ] == [
        (three, PairedBy.TITLE, False, 3),
        (new, PairedBy.NEW, True, None),
        (one, PairedBy.ID, True, 1),
    ]
    assert report.removed == (RemovedStep(id=two, title="Two"),)
    after = await walkthroughs.by_id(scope, walkthrough_id)
    assert (after.version, after.revision, after.shape) == (
        before.version + 1,
        before.revision + 1,
        before.shape + 1,
    )


async def test_rewriting_text_alone_leaves_the_shape() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One", "Two", status="published"))
    before = await walkthroughs.by_id(scope, walkthrough_id)
    untouched, _ = await steps.of_walkthrough(scope, walkthrough_id)
    value = file("One", "Two")
    value["steps"][1]["contentFields"]["contextForAgent"] = "More."
    report = await bring_in(scope, value)
    assert [step.is_changed for step in report.steps] == [False, True]
    after = await walkthroughs.by_id(scope, walkthrough_id)
    assert (after.version, after.shape) == (before.version + 1, before.shape)
    same, rewritten = await steps.of_walkthrough(scope, walkthrough_id)
    assert same == untouched
    assert rewritten.updated_at > rewritten.created_at


async def test_facts_that_end_users_do_not_read_make_no_new_version() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One", status="published"))
    before = await walkthroughs.by_id(scope, walkthrough_id)
    value = file("One", tags=["new"], metadata={"b": 2})
    value["steps"][0]["metadata"] = {"note": "x"}
    assert (await bring_in(scope, value)).is_changed
    after = await walkthroughs.by_id(scope, walkthrough_id)
    assert (after.version, after.revision) == (before.version, before.revision + 1)
    assert (after.tags, after.metadata) == (("new",), {"b": 2})


async def test_the_original_id_finds_the_walkthrough_under_another_title() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One"))
    value = file("One", title="Renamed") | {"metadata": {"originalId": walkthrough_id}}
    report = await bring_in(scope, value)
    assert (report.walkthrough_id, report.is_new) == (walkthrough_id, False)
    assert (await walkthroughs.by_id(scope, walkthrough_id)).title == "Renamed"


async def test_the_title_finds_the_walkthrough_in_any_case() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One", title="Getting Started"))
    assert await present_id(scope, file("One", title="getting started")) == walkthrough_id


async def test_the_title_in_its_own_case_is_preferred() -> None:
    scope = await found()
    upper = await write(scope, title="GUIDE")
    lower = await write(scope, title="guide")
    assert await present_id(scope, file("One", title="guide")) == lower.id
    with pytest.raises(AmbiguousTitle) as refused:
        await bring_in(scope, file("One", title="Guide"))
    assert refused.value.message == "Several walkthroughs are called “GUIDE”, “guide”."
    assert await titles(scope, upper.id) == []


async def test_an_archived_walkthrough_is_found_by_its_id_only() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One"))
    await walkthroughs.archive(scope, walkthrough_id)
    assert await present_id(scope, file("One")) != walkthrough_id
    value = file("One", title="Old") | {"metadata": {"originalId": walkthrough_id}}
    report = await bring_in(scope, value)
    assert (report.walkthrough_id, report.status) == (walkthrough_id, WalkthroughStatus.ARCHIVED)


async def test_ids_of_another_organization_read_as_absent() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One"))
    exported = await export_walkthrough(scope, walkthrough_id)
    stranger = await found("stranger")
    report = await bring_in(stranger, exported)
    assert (report.is_new, report.walkthrough_id == walkthrough_id) == (True, False)
    assert [step.paired_by for step in report.steps] == [PairedBy.NEW]
    assert (await export_walkthrough(scope, walkthrough_id))["steps"] == exported["steps"]
    with pytest.raises(NotFound):
        await export_walkthrough(stranger, walkthrough_id)


async def test_the_status_of_an_existing_walkthrough_changes_only_when_asked() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One", status="draft"))
    report = await bring_in(scope, file("One", status="published"))
    assert (report.status, report.is_changed) == (WalkthroughStatus.DRAFT, False)
    published = await bring_in(scope, file("One"), status=WalkthroughStatus.PUBLISHED)
    assert (published.status, published.is_changed) == (WalkthroughStatus.PUBLISHED, True)
    first = await walkthroughs.by_id(scope, walkthrough_id)
    assert first.version == 2
    again = await bring_in(scope, file("One"), status=WalkthroughStatus.PUBLISHED)
    assert not again.is_changed
    assert await walkthroughs.by_id(scope, walkthrough_id) == first
    assert (await bring_in(scope, file("One", isPublished=False))).status is first.status


async def test_a_file_that_is_to_be_published_must_be_complete() -> None:
    scope = await found()
    value = file("One", "Two", "Three", status="published")
    value["steps"][1]["contentFields"]["contentForUser"] = " "
    del value["steps"][2]["contentFields"]
    missing = [
        ("steps[1].contentFields.contentForUser", "required"),
        ("steps[2].contentFields.contentForUser", "required"),
    ]
    with pytest.raises(Invalid) as refused:
        await bring_in(scope, value)
    assert [(fault.field, fault.code) for fault in refused.value.faults] == missing
    value["walkthrough"]["status"] = "draft"
    walkthrough_id = await present_id(scope, value)
    with pytest.raises(Invalid) as refused:
        await bring_in(scope, value, status=WalkthroughStatus.PUBLISHED)
    assert [(fault.field, fault.code) for fault in refused.value.faults] == missing
    assert (await walkthroughs.by_id(scope, walkthrough_id)).status is WalkthroughStatus.DRAFT


async def test_an_incomplete_file_does_not_replace_what_is_published() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One", status="published"))
    value = file("One", "Two")
    del value["steps"][1]["contentFields"]
    for incomplete in (value, file()):
        with pytest.raises(Invalid):
            await bring_in(scope, incomplete)
    assert await titles(scope, walkthrough_id) == ["One"]


async def test_what_is_missing_is_reported_with_everything_else() -> None:
    scope = await found()
    value = file("One", status="published", type="novel")
    value["steps"][0] = {"title": "x" * 201}
    with pytest.raises(Invalid) as refused:
        await bring_in(scope, value)
    assert [fault.field for fault in refused.value.faults] == [
        "walkthrough.type",
        "steps[0].title",
        "steps[0].contentFields.contentForUser",
    ]


async def test_a_dry_run_tells_the_same_and_writes_nothing() -> None:
    scope = await found()
    new = await bring_in(scope, file("One"), dry_run=True)
    assert (new.walkthrough_id, new.is_new, new.is_dry_run) == (None, True, True)
    assert [(step.id, step.paired_by) for step in new.steps] == [(None, PairedBy.NEW)]
    walkthrough_id = await present_id(scope, file("One", "Two", status="published"))
    before = await walkthroughs.by_id(scope, walkthrough_id)
    one, two = await ids(scope, walkthrough_id)
    trial = await bring_in(scope, file("Two", "Three"), dry_run=True)
    assert trial.walkthrough_id == walkthrough_id
    assert [(step.id, step.paired_by) for step in trial.steps] == [
        (two, PairedBy.TITLE),
        (None, PairedBy.NEW),
    ]
    assert trial.removed == (RemovedStep(id=one, title="One"),)
    assert await walkthroughs.by_id(scope, walkthrough_id) == before
    assert await ids(scope, walkthrough_id) == [one, two]


async def test_a_dry_run_meets_every_refusal_that_the_import_would() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One"))
    await write(scope, title="Taken")
    value = file("One", title="Taken") | {"metadata": {"originalId": walkthrough_id}}
    for dry_run in (True, False):
        with pytest.raises(TitleTaken):
            await bring_in(scope, value, dry_run=dry_run)
    assert (await walkthroughs.by_id(scope, walkthrough_id)).title == "Guide"


async def test_a_bare_array_keeps_everything_that_it_does_not_state() -> None:
    scope = await found()
    header = {"description": "How", "type": "installer", "tags": ["cli"], "metadata": {"a": 1}}
    value = file("One", **header) | {"metadata": {"source": "docs"}}
    walkthrough_id = await present_id(scope, value)
    before = await walkthroughs.by_id(scope, walkthrough_id)
    await bring_in(scope, file("One", "Two")["steps"], title="Guide")
    after = await walkthroughs.by_id(scope, walkthrough_id)
    assert await titles(scope, walkthrough_id) == ["One", "Two"]
    for name in ("description", "type", "tags", "metadata", "file_metadata"):
        assert getattr(after, name) == getattr(before, name)


async def test_a_refused_import_leaves_nothing_behind() -> None:
    scope = await found()
    value = file("One", status="published")
    value["steps"].append({"title": ""})
    with pytest.raises(Invalid):
        await bring_in(scope, value)
    assert (await bring_in(scope, file("One"))).is_new


async def test_an_export_has_the_formats_keys_in_its_order() -> None:
    scope = await found()
    value = file("One", "Two") | {"metadata": {"source": "docs"}}
    value["steps"][0]["sectionTitle"] = "Setup"
    walkthrough_id = await present_id(scope, value)
    exported = await export_walkthrough(scope, walkthrough_id)
    walkthrough = await walkthroughs.by_id(scope, walkthrough_id)
    one, two = await steps.of_walkthrough(scope, walkthrough_id)
    expected = {
        "version": "1.0",
        "exportedAt": exported["exportedAt"],
        "walkthrough": {
            "title": "Guide",
            "description": "",
            "type": "course",
            "status": "draft",
            "createdAt": round(walkthrough.created_at.timestamp() * 1000),
            "updatedAt": round(walkthrough.updated_at.timestamp() * 1000),
            "estimatedDurationMinutes": None,
            "tags": [],
            "metadata": {},
        },
        "steps": [
            {
                "title": "One",
                "sectionTitle": "Setup",
                "contentFields": {
                    "version": "v1",
                    "introductionForAgent": "",
                    "contextForAgent": "",
                    "contentForUser": "One.",
                    "operationsForAgent": "",
                },
                "displayOrder": 1,
                "createdAt": round(one.created_at.timestamp() * 1000),
                "updatedAt": round(one.updated_at.timestamp() * 1000),
                "metadata": {"stepId": one.id},
                "nextStepReference": 1,
            },
            {
                "title": "Two",
                "contentFields": {
                    "version": "v1",
                    "introductionForAgent": "",
                    "contextForAgent": "",
                    "contentForUser": "Two.",
                    "operationsForAgent": "",
                },
                "displayOrder": 2,
                "createdAt": round(two.created_at.timestamp() * 1000),
                "updatedAt": round(two.updated_at.timestamp() * 1000),
                "metadata": {"stepId": two.id},
                "nextStepReference": None,
            },
        ],
        "metadata": {"source": "docs", "originalId": walkthrough_id},
    }
    # The text rather than the value: the order of the keys counts too.
    assert msgspec.json.encode(exported) == msgspec.json.encode(expected)
    assert exported["exportedAt"].endswith("Z")


async def test_the_links_of_a_file_order_its_steps_once() -> None:
    scope = await found()
    value = file("One", "Two", "Three")
    for step, link, order in zip(value["steps"], [2, -1, 1], [0, 5, 9], strict=True):
        step.update(nextStepReference=link, displayOrder=order)
    walkthrough_id = await present_id(scope, value)
    assert await titles(scope, walkthrough_id) == ["One", "Three", "Two"]
    exported = await export_walkthrough(scope, walkthrough_id)
    derived = [(one["displayOrder"], one["nextStepReference"]) for one in exported["steps"]]
    assert derived == [(1, 1), (2, 2), (3, None)]


async def test_a_copy_of_an_export_in_another_walkthrough_takes_no_steps_from_the_first() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One"))
    exported = await export_walkthrough(scope, walkthrough_id)
    copy = deepcopy(exported)
    copy["walkthrough"]["title"] = "Copy"
    del copy["metadata"]
    report = await bring_in(scope, copy)
    assert (report.is_new, [step.paired_by for step in report.steps]) == (True, [PairedBy.NEW])
    assert (await export_walkthrough(scope, walkthrough_id))["steps"] == exported["steps"]


async def test_an_import_waits_for_an_author_at_work_and_one_wins_completely() -> None:
    scope = await found()
    walkthrough_id = await present_id(scope, file("One", "Two"))
    await asyncio.gather(
        *(bring_in(scope, file(*names)) for names in (("A", "B", "C"), ("D",), ("E", "F")) * 4),
        *(
            walkthroughs.update(
                scope, walkthrough_id, patch=WalkthroughPatch(description=f"Take {number}")
            )
            for number in range(5)
        ),
    )
    assert await titles(scope, walkthrough_id) in [["A", "B", "C"], ["D"], ["E", "F"]]


async def test_of_several_imports_of_a_new_title_none_makes_a_second_walkthrough() -> None:
    scope = await found()
    reports = await asyncio.gather(
        *(bring_in(scope, file("One")) for _ in range(8)), return_exceptions=True
    )
    made = [one for one in reports if isinstance(one, ImportReport)]
    assert all(isinstance(one, ImportReport | TitleTaken) for one in reports)
    assert len({one.walkthrough_id for one in made}) == 1
    assert sum(one.is_new for one in made) == 1


async def test_two_thousand_steps_come_in_and_go_out() -> None:
    scope = await found()
    names = [f"Step {number}" for number in range(2000)]
    walkthrough_id = await present_id(scope, file(*names, status="published"))
    assert await titles(scope, walkthrough_id) == names
    await bring_in(scope, file(*reversed(names)))
    assert await titles(scope, walkthrough_id) == names[::-1]


async def test_a_walkthrough_that_was_written_by_hand_comes_out() -> None:
    scope = await found()
    created = await walkthroughs.create(scope, WalkthroughDetails(title="By hand"))
    exported = await export_walkthrough(scope, created.id)
    assert (exported["steps"], exported["metadata"]) == ([], {"originalId": created.id})
