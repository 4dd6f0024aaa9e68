"""The processing record (UU 27/2022, article 31) and the impact assessment (34) tell the truth.

Who adds a collection, a retention or an event has to say what it holds and who receives it.
"""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.provision import service_names
from services.scheduler.domain.lease import REMEMBERED as LEASE_REMEMBERED
from shared.contracts import CATALOGUE
from shared.contracts.consumers import consumers_of, subscriptions
from shared.files.stored import UNBOUND_FOR
from shared.messaging.revocations import REMEMBERED as REVOKED_FOR
from shared.messaging.topology import DEAD_LETTER_DAYS
from shared.mongo.migrations import MESSAGING, MESSAGING_COLLECTIONS, Index

ROOT = Path(__file__).resolve().parents[3]
INTAKE = ROOT / "services" / "intake"
RECORD = (INTAKE / "PEMROSESAN.md").read_text("utf-8")
ASSESSMENT = (INTAKE / "DAMPAK.md").read_text("utf-8")
SERVICES = service_names()
_HOUR, _DAY = 3_600, 86_400


def in_words(seconds: int) -> str:
    """A time to keep, as the record says it."""
    return f"{seconds // _DAY} hari" if seconds % _DAY == 0 else f"{seconds // _HOUR} jam"


AT_ITS_TIME = {
    **dict.fromkeys(
        [f"{one}.revocations" for one in SERVICES],
        f"sesi {in_words(int(REVOKED_FOR.total_seconds()))}",
    ),
    "scheduler.lease_accesses": in_words(int(LEASE_REMEMBERED.total_seconds())),
    "*.counts": "sampai jangka hitungnya lewat",
}


def rows(page: str, columns: int) -> dict[str, list[str]]:
    """The rows of tables with so many columns, by the name in code that stands first in each."""
    found: dict[str, list[str]] = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `") and len(cells) == columns:
            name = cells[0].strip("`")
            assert name not in found, f"{name} stands twice"
            found[name] = cells[1:]
    return found


PLACES = {name: cells for name, cells in rows(RECORD, 4).items() if "." in name}


def place(service: str, collection: str) -> str:
    """A collection as the record names it: behind the database that it lies in."""
    apart = importlib.import_module(f"services.{service}.store").COLLECTIONS.apart
    part = f"_{apart[collection]}" if collection in apart else ""
    return f"{service}{part}.{collection}"


def kept() -> Iterator[str]:
    """Every collection of every service, as the record names it."""
    for service in SERVICES:
        collections = importlib.import_module(f"services.{service}.store").COLLECTIONS
        yield from (place(service, name) for name in collections.names)
    yield from (f"*.{name}" for name in MESSAGING_COLLECTIONS)


def expiring() -> Iterator[tuple[str, Index]]:
    """Every index that deletes, with the collection as the record names it."""
    for service in SERVICES:
        indexes = importlib.import_module(f"services.{service}.store").INDEXES
        yield from (
            (place(service, one.collection), one) for one in indexes if one.expire_after is not None
        )
    yield from ((f"*.{one.collection}", one) for one in MESSAGING if one.expire_after is not None)


def test_the_record_names_every_collection_and_no_other() -> None:
    assert set(PLACES) == set(kept())


def test_of_every_collection_it_says_what_it_holds_and_how_long() -> None:
    for name, (what, personal, how_long) in PLACES.items():
        assert all((what, personal, how_long)), name
        assert personal.partition(":")[0].partition(",")[0] in {
            "ya",
            "kunci",
            "tidak ada",
            "tidak langsung",
            "akun petugas",
            "akun petugas (nama samaran)",
        }, name


@pytest.mark.parametrize(("name", "index"), [*expiring()])
def test_what_is_deleted_after_a_time_is_said_with_that_time(name: str, index: Index) -> None:
    """Where the index says 0 the document says when; by what rule stands in `AT_ITS_TIME`."""
    said = in_words(index.expire_after) if index.expire_after else AT_ITS_TIME[name]
    assert said in PLACES[name][2]


def test_the_other_times_are_those_of_the_code() -> None:
    unbound = in_words(int(UNBOUND_FOR.total_seconds())).replace("1 hari", "24 jam")
    assert unbound in PLACES["intake.files"][2]
    assert unbound in PLACES["intake.fs.chunks"][2]
    assert f"pesan yang disisihkan {DEAD_LETTER_DAYS} hari" in RECORD.replace("\n", " ")


def test_every_event_is_there_with_those_who_receive_it() -> None:
    declared = subscriptions(ROOT / "services")
    told = {name: cells[0] for name, cells in rows(RECORD, 2).items()}
    assert told == {type_: ", ".join(consumers_of(type_, declared)) for type_ in CATALOGUE}


def test_purpose_and_basis_are_those_of_the_programmes_that_are_shipped() -> None:
    told = {name: cells for name, cells in rows(RECORD, 4).items() if "." not in name}
    shipped = [json.loads(one.read_text("utf-8")) for one in (INTAKE / "programmes").glob("*.json")]
    assert told == {
        one["id"]: [
            f"{one['name']}, {one['owner']}",
            one["data_use"]["purpose"],
            one["data_use"]["basis"],
        ]
        for one in shipped
    }


def test_every_proof_in_the_assessment_is_a_test_that_is_there() -> None:
    lines = [line for line in ASSESSMENT.splitlines() if re.search(r"\| [RST]/[RST] \|", line)]
    assert len(lines) >= 10
    for line in lines:
        proofs = re.findall(r"`(tests/[a-z0-9_/]+\.py)`", line)
        assert proofs, line
        for proof in proofs:
            assert (ROOT / proof).is_file(), proof


@pytest.mark.parametrize("page", [RECORD, ASSESSMENT], ids=["record", "assessment"])
def test_what_only_people_know_is_left_blank_and_links_lead_somewhere(page: str) -> None:
    assert page.count("[ISI: ") >= 5
    for target in re.findall(r"\]\(([A-Za-z.]+)(?:#[a-z-]+)?\)", page):
        assert (INTAKE / target).is_file(), target


def test_a_collection_that_nobody_described_is_found() -> None:
    page = RECORD.replace("| `courier.jobs` |", "| jobs |")
    places = {name for name in rows(page, 4) if "." in name}
    assert set(kept()) - places == {"courier.jobs"}
