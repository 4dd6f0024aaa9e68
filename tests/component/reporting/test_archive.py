"""What the archive keeps of where somebody lives: nothing finer than a sub-district."""

import json

from services.reporting.store.names import ARCHIVE
from tests.component.reporting.kit import desk
from tests.unit.reporting.histories import received

VILLAGE = "32.16.18.2001"


async def test_neither_rw_nor_village_is_kept_beside_document_and_second() -> None:
    async with desk() as one:
        asked = received("c1", region_code=VILLAGE, rw="005", pick_up=True)
        await one.messaging.deliver(asked)
        (kept,) = one.messaging.documents(ARCHIVE)
        assert kept["payload"]["region_code"] == "32.16.18"
        assert "rw" not in kept["payload"]
        body = json.loads(kept["body"])
        assert (body["region_code"], body.get("rw")) == ("32.16.18", None)
        assert VILLAGE not in json.dumps(kept, default=str)
