"""The audit trail: what is noted, chained and published, and that nothing is altered unseen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.intake.domain import Deed, Refused
from services.intake.store import COLLECTIONS, IntakeReader
from shared.audit.chain import MOST, ChainEntries
from shared.audit.kept import AUDIT, AUDIT_BLOCKS
from shared.audit.metrics import TrailMetrics
from shared.audit.trail import AuditEntry, Block
from shared.audit.verify import Verdict, WatchTrail, verify
from shared.contracts.envelope import new_id
from shared.contracts.intake import AuditHeadPublished
from shared.messaging.message import Document
from shared.testing.memory import stored
from tests.component.intake.kit import Desk, at_event, desk
from tests.component.intake.people import Browser, admin_headers, person
from tests.component.intake.test_sessions import OPERATOR, at_work

Documents = dict[str, Document]


@dataclass(frozen=True)
class Trail:
    """An office with its trail."""

    office: Desk
    reader: IntakeReader
    chain: ChainEntries

    @property
    def entries(self) -> Documents:
        """What lies in the database."""
        return self.office.messaging.memory.collections[AUDIT]

    @property
    def blocks(self) -> Documents:
        """What lies in the database."""
        return self.office.messaging.memory.collections[AUDIT_BLOCKS]

    @property
    def deeds(self) -> list[str]:
        """What was noted, in order."""
        return [entry["deed"] for _, entry in sorted(self.entries.items())]

    @property
    def told(self) -> list[AuditHeadPublished]:
        """What was published."""
        published = self.office.messaging.published
        return [event for event in published if isinstance(event, AuditHeadPublished)]

    async def verdict(self) -> Verdict:
        """Verify, with the heads that were published."""
        heads = {event.number: event.head for event in self.told}
        return await verify(self.reader, self.office.messaging.clock(), heads)


@dataclass
class Told:
    """What the jobs tell of the trail."""

    findings: list[int] = field(default_factory=list)
    failures: int = 0

    def chained(self) -> None:
        """Forget it."""

    def found(self, findings: int) -> None:
        """Remember how many."""
        self.findings.append(findings)

    def failed(self) -> None:
        """Count it."""
        self.failures += 1


def chain_of(
    office: Desk, reader: IntakeReader, progress: Told | TrailMetrics | None = None
) -> ChainEntries:
    """What chains the trail of an office."""
    messaging = office.messaging
    commands = messaging.commands(Refused)
    head, told = AuditHeadPublished, progress or Told()
    return ChainEntries(reader, commands, messaging.clock, head, told)


@pytest.fixture
async def trail() -> AsyncIterator[Trail]:
    async with desk() as office:
        yield trail_of(office)


def trail_of(office: Desk) -> Trail:
    """The trail of an office."""
    reader = IntakeReader(office.messaging.messaging.database, COLLECTIONS)
    return Trail(office, reader, chain_of(office, reader))


@pytest.fixture
async def three(trail: Trail) -> Trail:
    """A trail of three blocks."""
    return await three_blocks(trail)


async def three_blocks(trail: Trail) -> Trail:
    """Have three blocks made."""
    for name in ("siti", "tono", "rudi"):
        await person(trail.office, name, OPERATOR)
        assert await trail.chain.look() == 2
        trail.office.messaging.clock.advance(minutes=1)
    return trail


async def test_what_is_done_with_rights_and_persons_is_noted(trail: Trail) -> None:
    office = trail.office
    one, browser = await at_work(office)
    recorded = await office.record(at_event())
    (await browser.ask("GET", f"/requests/{recorded['case_id']}")).raise_for_status()
    assert (await browser.copied().refresh()).status_code == 401
    (await browser.ask("DELETE", "/session")).raise_for_status()
    path = f"/api/accounts/{one.account_id}"
    for way, body in (("grants", {"grants": ["head:botram:32.16"]}), ("recovery", None)):
        method = "PUT" if body else "POST"
        await office.client.request(
            method, f"{path}/{way}", json=body, headers=admin_headers(office)
        )
    await office.client.post(f"{path}/disable", headers=admin_headers(office))

    assert trail.deeds == [
        "invited",
        "password_set",
        "signed_in",
        "read",
        "refresh_elsewhere",
        "signed_out",
        "granted",
        "recovered",
        "disabled",
    ]
    by_deed = {entry["deed"]: entry for entry in trail.entries.values()}
    assert by_deed["invited"]["actor"] == "a-root"
    assert by_deed["granted"]["said"] == ["head:botram:32.16"]
    assert (by_deed["read"]["actor"], by_deed["read"]["about"]) == (
        one.account_id,
        recorded["case_id"],
    )
    assert "siti" not in str(trail.entries)


async def test_a_trail_that_nobody_touched_has_no_findings(three: Trail) -> None:
    found = await three.verdict()
    assert (found.entries, found.blocks, found.findings) == (6, 3, [])
    assert found.head == f"3:{three.told[-1].head}"
    assert [event.number for event in three.told] == [1, 2, 3]
    assert await three.chain.look() == 0


def alter_entry(trail: Trail) -> None:
    entry = trail.entries[sorted(trail.entries)[1]]
    entry["actor"] = "somebody-else"


def remove_entry(trail: Trail) -> None:
    del trail.entries[min(trail.entries)]


def alter_block(trail: Trail) -> None:
    block = trail.blocks["000000000002"]
    block["entries"] = dict(list(block["entries"].items())[:1])


def remove_block(trail: Trail) -> None:
    del trail.blocks["000000000002"]


def remove_the_end(trail: Trail) -> None:
    del trail.blocks["000000000003"]


def spoil_entry(trail: Trail) -> None:
    trail.entries[min(trail.entries)]["at"] = "never"


def take_the_zone_from_entry(trail: Trail) -> None:
    trail.entries[min(trail.entries)]["at"] = "2023-03-11T03:00:00"


def take_the_zone_from_block(trail: Trail) -> None:
    trail.blocks["000000000003"]["at"] = "2023-03-11T03:00:00"


def move_entry(trail: Trail) -> None:
    """Queries by time would pass it over."""
    trail.entries[min(trail.entries)]["noted"] = datetime(2020, 1, 1, tzinfo=UTC)


def spoil_block(trail: Trail) -> None:
    trail.blocks["000000000003"]["entries"] = "none"


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (alter_entry, "is altered"),
        (remove_entry, "is missing"),
        (alter_block, "block 3 does not follow the one before it"),
        (remove_block, "block 3 does not follow the one before it"),
        (remove_the_end, "block 3 was published and is missing"),
        (spoil_entry, "is altered"),
        (take_the_zone_from_entry, "is altered"),
        (take_the_zone_from_block, "block 0 does not follow the one before it"),
        (move_entry, "is altered"),
        (spoil_block, "block 0 does not follow the one before it"),
    ],
)
async def test_a_trail_that_was_altered_by_hand_is_found(
    three: Trail, harm: Callable[[Trail], None], words: str
) -> None:
    harm(three)
    three.office.messaging.clock.advance(hours=1)
    assert any(words in finding for finding in (await three.verdict()).findings)


async def test_a_chain_that_was_made_anew_is_not_the_published_one(three: Trail) -> None:
    remove_entry(three)
    three.blocks.clear()
    heads = {event.number: event.head for event in three.told}
    await three.chain.look()
    found = await verify(three.reader, three.office.messaging.clock(), heads)
    assert "block 1 is not the one that was published" in found.findings
    assert (await verify(three.reader, three.office.messaging.clock(), {})).findings == []


async def test_an_entry_that_stays_without_a_block_is_found(three: Trail) -> None:
    await person(three.office, "ani", OPERATOR)
    assert (await three.verdict()).findings == []
    three.office.messaging.clock.advance(minutes=16)
    assert len((await three.verdict()).findings) == 2


async def test_a_spoilt_entry_in_no_block_is_found_once_it_is_chained(three: Trail) -> None:
    await person(three.office, "ani", OPERATOR)
    three.entries[max(three.entries)]["at"] = "never"
    await three.chain.look()
    assert [one for one in (await three.verdict()).findings if "is altered" in one]


async def test_a_service_watches_its_own_trail_and_knows_the_head_it_saw(three: Trail) -> None:
    told = Told()
    watch = WatchTrail(three.reader, three.office.messaging.clock, told)
    await watch.look()
    remove_the_end(three)
    three.office.messaging.clock.advance(minutes=5)
    await watch.look()
    await watch.look()
    assert told.findings[0] == 0
    assert set(told.findings[1:]) == {1}


async def test_how_far_the_chain_is_behind_is_told_and_grows_while_it_stands_still(
    trail: Trail,
) -> None:
    messaging = trail.office.messaging
    registry = CollectorRegistry()
    metrics = TrailMetrics(registry, messaging.clock)
    chain = chain_of(trail.office, trail.reader, metrics)

    def behind() -> float | None:
        return registry.get_sample_value("jemput_audit_behind_seconds")

    assert behind() is None
    await chain.look()
    await person(trail.office, "siti", OPERATOR)
    messaging.clock.advance(minutes=1)
    await chain.look()
    assert behind() == 0
    # A block of this number lies there that no reader understands: nothing can follow it.
    await person(trail.office, "tono", OPERATOR)
    spoilt = trail.blocks[max(trail.blocks)]
    spoilt["holds"] = None
    for _ in range(3):
        messaging.clock.advance(minutes=10)
        await chain.look()
    assert behind() == 20 * 60


async def test_what_waited_for_long_is_chained_whole_however_much_it_is(three: Trail) -> None:
    """The process that chains was away for hours, others went on."""
    clock = three.office.messaging.clock
    collection = COLLECTIONS.of(AuditEntry)
    for number in range(2 * MOST + 1):
        at = clock() + timedelta(seconds=10 * number)
        entry = AuditEntry(new_id(), at, Deed.READ, "a-1", f"case-{number}")
        three.entries[entry.id] = stored(collection.encode(entry))
    clock.advance(hours=12)

    assert [await three.chain.look() for _ in range(4)] == [MOST, MOST, 1, 0]
    assert (await three.verdict()).findings == []


async def test_two_instances_that_chain_at_one_moment_make_one_block(trail: Trail) -> None:
    await person(trail.office, "siti", OPERATOR)
    other = chain_of(trail.office, trail.reader)
    await asyncio.gather(trail.chain.look(), other.look())
    assert len(trail.blocks) == 1
    assert len(trail.told) == 1
    assert (await trail.verdict()).findings == []


async def test_an_entry_that_was_committed_late_gets_into_a_later_block(three: Trail) -> None:
    late = {**three.entries[min(three.entries)], "_id": "00000000-late", "about": "case-9"}
    three.entries["00000000-late"] = late
    assert await three.chain.look() == 1
    found = await three.verdict()
    assert (found.blocks, found.findings) == (4, [])


async def test_stolen_tokens_are_in_the_trail(trail: Trail) -> None:
    _, browser = await at_work(trail.office)
    old, known = dict(browser.cookies), browser.refresh_hash
    for _ in range(2):
        (await browser.refresh()).raise_for_status()
    await Browser(trail.office, browser.key, old, known).refresh()
    assert trail.deeds[-1] == Deed.REFRESH_REUSED


def test_a_block_says_whose_block_it_follows() -> None:
    block = Block("000000000001", 1, "0" * 64, datetime.max.replace(tzinfo=UTC), {})
    assert block.follows(None)
    assert not block.follows(block)
