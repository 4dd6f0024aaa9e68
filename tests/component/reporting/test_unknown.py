"""An event of a newer release is archived as it came, and counted by nobody."""

from dataclasses import replace

from services.reporting.store.names import ARCHIVE, UNFOLDED
from tests.component.reporting.kit import desk
from tests.unit.shared.messaging_kit import message


async def test_an_unknown_type_is_archived_and_not_counted() -> None:
    async with desk() as one:
        known = message("m-newer")
        unknown = replace(known, envelope=replace(known.envelope, type="intake.new_thing.v7"))
        receipt = await one.messaging.hand_in(replace(unknown, body=b'{"new":{"field":1}}'))
        assert (receipt.acknowledged, receipt.dead, receipt.retry_later) == (True, None, False)
        (kept,) = one.messaging.documents(ARCHIVE)
        assert (kept["_id"], kept["type"]) == ("m-newer", "intake.new_thing.v7")
        assert (kept["body"], kept["payload"]) == (b'{"new":{"field":1}}', {"new": {"field": 1}})
        assert one.messaging.documents(UNFOLDED) == []


async def test_of_a_programme_it_waits_for_the_code_that_counts_it() -> None:
    async with desk() as one:
        known = message("m-newer")
        unknown = replace(known, envelope=replace(known.envelope, type="intake.new_thing.v7"))
        await one.messaging.hand_in(unknown)
        (row,) = one.messaging.documents(UNFOLDED)
        assert (row["_id"], row["type"], row["unread"]) == ("m-newer", "intake.new_thing.v7", True)
