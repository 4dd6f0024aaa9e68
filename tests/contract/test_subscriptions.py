"""Who listens to what: declared as data, matched as the broker matches."""

from pathlib import Path

import pytest

from shared.contracts import CATALOGUE
from shared.contracts.__main__ import here
from shared.contracts.consumers import binds_of, consumers_of, matches, subscriptions

FILES = sorted(here().services.glob("*/subscriptions.toml"))
SERVICES = [
    folder
    for folder in sorted(here().services.iterdir())
    if folder.is_dir() and not folder.name.startswith("_")
]
ALL_DECLARE = len(FILES) == len(SERVICES)


@pytest.mark.parametrize(
    "service",
    [folder for folder in SERVICES if (folder / "__main__.py").exists()],
    ids=lambda folder: folder.name,
)
def test_every_service_that_runs_declares_what_it_reads(service: Path) -> None:
    assert (service / "subscriptions.toml").exists()


@pytest.mark.parametrize("file", FILES, ids=[file.parent.name for file in FILES])
def test_every_bind_reaches_a_published_type(file: Path) -> None:
    binds = binds_of(file)

    assert [bind for bind in binds if not any(matches(bind, key) for key in CATALOGUE)] == []
    assert binds


@pytest.mark.parametrize("event_type", CATALOGUE if ALL_DECLARE else ())
def test_every_published_type_is_read_by_a_service(event_type: str) -> None:
    assert consumers_of(event_type, subscriptions(here().services))


@pytest.mark.parametrize(
    ("bind", "key", "expected"),
    [
        ("intake.request_received.v1", "intake.request_received.v1", True),
        ("intake.request_received.v1", "intake.request_received.v2", False),
        ("intake.request_received", "intake.request_received.v1", False),
        ("intake.*.v1", "intake.request_received.v1", True),
        ("intake.*", "intake.request_received.v1", False),
        ("*.*.*", "intake.request_received.v1", True),
        ("intake.#", "intake.request_received.v1", True),
        ("intake.#", "intake", True),
        ("#", "intake.request_received.v1", True),
        ("#.v1", "intake.request_received.v1", True),
        ("#.v2", "intake.request_received.v1", False),
        ("intake.#.v1", "intake.v1", True),
        ("courier.#", "intake.request_received.v1", False),
        ("int*", "intake", False),
        ("", "intake", False),
    ],
)
def test_binds_match_as_a_topic_exchange_does(bind: str, key: str, *, expected: bool) -> None:
    assert matches(bind, key) is expected


def test_binds_of_all_queues_of_a_service_count(tmp_path: Path) -> None:
    for service, text in {
        "archive": '[queues.all]\nbinds = ["#"]\n',
        "clerk": '[queues.a]\nbinds = ["desk.a.v1"]\nn = 5\n[queues.b]\nbinds = ["desk.b.v1"]\n',
        "idle": "",
    }.items():
        (tmp_path / service).mkdir()
        (tmp_path / service / "subscriptions.toml").write_text(text, encoding="utf-8")

    declared = subscriptions(tmp_path)

    assert declared == {"archive": ("#",), "clerk": ("desk.a.v1", "desk.b.v1"), "idle": ()}
    assert consumers_of("desk.b.v1", declared) == ("archive", "clerk")
    assert consumers_of("desk.c.v1", declared) == ("archive",)
