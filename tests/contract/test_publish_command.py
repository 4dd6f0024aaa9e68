"""The command that writes `published/`: what it writes, keeps, names and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.__main__ import main
from shared.contracts.event import Event
from shared.contracts.page import BEGIN, END
from shared.contracts.publish import Places
from tests.contract.made_up_events import (
    TYPE,
    AlmostExample,
    BadExample,
    First,
    Narrower,
    NoExample,
    OtherExample,
    Reworded,
    Stricter,
    WithDate,
    WithDateAndTray,
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Before\n\n{BEGIN}\n{END}\n\nAfter.\n", encoding="utf-8")
    (tmp_path / "services" / "clerk").mkdir(parents=True)
    return Places(tmp_path / "published", readme, tmp_path / "services")


def run(places: Places, event: type[Event], *arguments: str) -> int:
    return main(arguments, {event.type: event}, places)


def tree(places: Places) -> dict[str, str]:
    files = [path for path in places.readme.parent.rglob("*") if path.is_file()]
    return {
        path.relative_to(places.readme.parent).as_posix(): path.read_text(encoding="utf-8")
        for path in files
    }


def body(places: Places, name: str) -> Any:
    return json.loads((places.published / name).read_text(encoding="utf-8"))


def test_writes_schema_example_asyncapi_and_the_table(places: Places) -> None:
    assert run(places, First) == 0

    assert set(tree(places)) == {
        "README.md",
        "published/asyncapi.json",
        f"published/{TYPE}.example.json",
        f"published/{TYPE}.schema.json",
    }
    assert body(places, f"{TYPE}.example.json") == {"letter_id": "a1", "pages": 2}
    assert body(places, f"{TYPE}.schema.json")["title"] == "First"
    page = places.readme.read_text(encoding="utf-8")
    assert page.startswith("# Before\n")
    assert page.endswith("\n\nAfter.\n")
    assert f"| `{TYPE}` | A letter was opened. | desk |  | [schema](" in page


def test_a_second_run_changes_nothing(places: Places) -> None:
    run(places, First)
    before = tree(places)

    assert run(places, First) == 0
    assert run(places, First, "--check") == 0
    assert tree(places) == before


def test_check_names_each_drifted_file_and_the_way_out(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    run(places, First)
    before = tree(places)
    capsys.readouterr()

    assert run(places, OtherExample, "--check") == 1

    told = capsys.readouterr().err
    assert f"published/{TYPE}.schema.json" in told
    assert f"published/{TYPE}.example.json" in told
    assert "published/asyncapi.json" in told
    assert "README.md" not in told
    assert "python -m shared.contracts" in told
    assert tree(places) == before


@pytest.mark.parametrize("name", ["README.md", "published/asyncapi.json"])
def test_check_sees_an_edit_by_hand(
    places: Places, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    run(places, First)
    file = places.readme.parent / name
    file.write_text(file.read_text(encoding="utf-8").replace("opened", "closed"), encoding="utf-8")

    assert run(places, First, "--check") == 1
    assert f"\n  {name}\n" in capsys.readouterr().err
    assert run(places, First) == 0
    assert run(places, First, "--check") == 0


def test_a_new_optional_field_leaves_the_former_schema_in_history(places: Places) -> None:
    run(places, First)
    first = tree(places)
    run(places, WithDate)
    second = tree(places)
    run(places, WithDateAndTray)
    third = tree(places)

    schema, archived = f"published/{TYPE}.schema.json", f"published/history/{TYPE}"
    assert third[f"{archived}.1.schema.json"] == first[schema]
    assert third[f"{archived}.2.schema.json"] == second[schema]
    assert "tray" in json.loads(third[schema])["properties"]
    example = f"published/{TYPE}.example"
    assert third[f"{example}.1.json"] == first[f"{example}.json"]
    assert third[f"{example}.2.json"] == second[f"{example}.json"]
    assert len(third) == 8


def test_every_former_example_is_kept_back_and_forth(places: Places) -> None:
    for event in (First, OtherExample, First, OtherExample):
        assert run(places, event) == 0

    pages = [body(places, f"{TYPE}.example.{n}.json")["pages"] for n in (1, 2, 3)]
    assert pages == [2, 3, 2]
    assert body(places, f"{TYPE}.example.json")["pages"] == 3
    assert not (places.published / "history").exists()


def test_other_words_are_no_new_version_of_the_schema(places: Places) -> None:
    run(places, First)
    run(places, Reworded)

    assert len(tree(places)) == 4
    assert body(places, f"{TYPE}.schema.json")["title"] == "Reworded"


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_a_break_is_refused_and_nothing_is_touched(
    places: Places, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    run(places, First)
    before = tree(places)

    assert run(places, Narrower, *arguments) == 1

    assert (
        f"{TYPE}: field pages: maximum changed from 9 to 5: bodies already written may be refused"
        " from now on. Publish desk.letter_opened.v2 beside it instead."
    ) in capsys.readouterr().err
    assert tree(places) == before


def test_a_field_that_only_the_history_knows_is_missed_too(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    run(places, WithDate)
    run(places, WithDateAndTray)
    (places.published / f"{TYPE}.schema.json").unlink()

    assert run(places, First) == 1
    assert f"{TYPE}: field on: removed:" in capsys.readouterr().err


def test_an_old_example_that_is_no_longer_read_is_refused(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    run(places, First)

    assert run(places, Stricter) == 1
    told = capsys.readouterr().err
    assert f"{TYPE}: field pages: {TYPE}.example.json is refused: Value error, two pages" in told


def test_an_archived_example_that_is_no_longer_read_is_refused(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    run(places, First)
    run(places, OtherExample)

    assert run(places, Stricter) == 1
    told = capsys.readouterr().err
    assert f"{TYPE}: field pages: {TYPE}.example.1.json is refused: Value error, two pages" in told


def test_an_example_that_is_written_otherwise_is_named(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(places, AlmostExample) == 1
    told = capsys.readouterr().err
    assert f"{TYPE}: field pages: the example would be written as 2" in told


def test_a_field_without_an_example_is_named(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(places, NoExample) == 1
    assert f"{TYPE}: field stamps[].value states no example" in capsys.readouterr().err
    assert not places.published.exists()


def test_an_example_that_the_class_refuses_is_named(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(places, BadExample) == 1
    assert f"{TYPE}: field pages: the stated example is refused" in capsys.readouterr().err


def test_the_class_of_a_published_event_may_not_disappear(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    run(places, First)

    assert main([], {}, places) == 1
    told = capsys.readouterr().err
    assert f"{TYPE}: published/{TYPE}.schema.json is there, the class is gone" in told


def test_a_file_of_no_meaning_is_named(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    run(places, First)
    (places.published / "notes.txt").write_text("?", encoding="utf-8")

    assert run(places, First, "--check") == 1
    assert "published/notes.txt" in capsys.readouterr().err


@pytest.mark.parametrize("lost", [f"{TYPE}.example.1.json", f"history/{TYPE}.1.schema.json"])
def test_a_lost_archive_is_named(
    places: Places, capsys: pytest.CaptureFixture[str], lost: str
) -> None:
    for event in (First, WithDate, WithDateAndTray):
        run(places, event)
    (places.published / lost).unlink()

    assert run(places, WithDateAndTray, "--check") == 1
    assert f"published/{lost}: was published, is missing" in capsys.readouterr().err


def test_a_published_file_that_is_no_json_is_named(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    run(places, First)
    (places.published / f"{TYPE}.schema.json").write_text("{", encoding="utf-8")

    assert run(places, First, "--check") == 1
    assert f"{TYPE}.schema.json: no JSON" in capsys.readouterr().err


def test_a_page_without_marks_is_not_overwritten(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    places.readme.write_text("Mine.\n", encoding="utf-8")

    assert run(places, First) == 1
    assert "README.md: the marks" in capsys.readouterr().err
    assert tree(places) == {"README.md": "Mine.\n"}


def test_who_subscribes_stands_in_the_table_and_in_asyncapi(places: Places) -> None:
    file = places.services / "clerk" / "subscriptions.toml"
    file.write_text('[queues.letters]\nbinds = ["desk.*.v1"]\n', encoding="utf-8")

    assert run(places, First) == 0

    assert "| desk | clerk |" in places.readme.read_text(encoding="utf-8")
    assert body(places, "asyncapi.json")["channels"][TYPE]["x-consumers"] == ["clerk"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[queues.letters\n", "clerk/subscriptions.toml: "),
        ("[queues.letters]\n", "clerk/subscriptions.toml: queues.letters.binds: no list of texts"),
        ("[queues.letters]\nbinds = [1]\n", "queues.letters.binds: no list of texts"),
    ],
)
def test_unreadable_subscriptions_are_named(
    places: Places, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    (places.services / "clerk" / "subscriptions.toml").write_text(text, encoding="utf-8")

    assert run(places, First) == 1
    assert reason in capsys.readouterr().err
    assert not places.published.exists()
