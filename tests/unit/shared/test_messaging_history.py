"""Whatever comes together, twice, late or through an outage: each message counts once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.errors import Rejected
from shared.messaging.task import Outcome
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from shared.testing.memory import Fault, Memory
from tests.size import examples
from tests.unit.shared.messaging_kit import Desk, desk, event, task


@dataclass(frozen=True)
class Transfer:
    """One message: so much from one account to another, under a mark."""

    inbox_id: str
    source: str
    target: str
    amount: int
    pauses: int
    refused: bool


_accounts = st.sampled_from("abc")
_transfers = st.lists(
    st.builds(
        Transfer,
        inbox_id=st.sampled_from([f"m{n}" for n in range(12)]),
        source=_accounts,
        target=_accounts,
        amount=st.integers(1, 9),
        pauses=st.integers(0, 3),
        refused=st.booleans(),
    ),
    min_size=1,
    max_size=30,
)
_faults = st.lists(st.sampled_from([None, Fault.CONFLICT, Fault.UNKNOWN]), max_size=6)


def move(transfer: Transfer) -> UseCase:
    """The unit that does it; who has too little is refused."""

    async def work(uow: UnitOfWork) -> None:
        for account, amount in (
            (transfer.source, -transfer.amount),
            (transfer.target, transfer.amount),
        ):
            found = await uow.load("accounts", account)
            before = found or {"_id": account, "version": 0, "money": 0, "marks": []}
            for _ in range(transfer.pauses):
                await asyncio.sleep(0)
            after = {
                **before,
                "version": before["version"] + 1,
                "money": before["money"] + amount,
                "marks": [*before["marks"], transfer.inbox_id],
            }
            uow.put("accounts", after)
        uow.publish(event(transfer.inbox_id), version=1)
        if transfer.refused:
            raise Rejected("refused")

    return work


async def run(
    transfers: Sequence[Transfer], faults: Sequence[Fault | None], *, by_account: bool
) -> tuple[Memory, list[Any]]:
    """Two instances, sharing the messages out between them."""
    memory = Memory()
    async with desk(memory, "one") as one, desk(memory, "two") as two:
        one.store.faults.extend(faults)

        def submitted(where: Desk, transfer: Transfer) -> Any:
            key = transfer.source if by_account else transfer.inbox_id
            return where.commit.submit(task(transfer.inbox_id, move(transfer), key))

        ends = await asyncio.gather(
            *[submitted((one, two)[n % 2], transfer) for n, transfer in enumerate(transfers)],
            return_exceptions=True,
        )
    return memory, list(ends)


@settings(deadline=None, max_examples=examples(150))
@given(transfers=_transfers, faults=_faults, by_account=st.booleans())
def test_each_message_counts_once(
    transfers: list[Transfer], faults: list[Fault | None], *, by_account: bool
) -> None:
    memory, ends = asyncio.run(run(transfers, faults, by_account=by_account))
    assert all(isinstance(end, Outcome | Rejected) for end in ends), ends
    accounts = memory.copies("accounts")
    done = {inbox_id["_id"].removeprefix("command:") for inbox_id in memory.copies("inbox")}
    assert sum(account["money"] for account in accounts) == 0
    written = [inbox_id for account in accounts for inbox_id in account["marks"]]
    assert sorted(written) == sorted([*done, *done])
    assert sorted(row["aggregate_id"] for row in memory.copies("outbox")) == sorted(done)
    assert {
        t.inbox_id for t, end in zip(transfers, ends, strict=True) if isinstance(end, Outcome)
    } == (done)
