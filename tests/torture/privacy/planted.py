"""Three leaks where leaks could be, of residents whom nobody recorded: so it sees."""

import asyncio
import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Final

from pamqp.commands import Basic

from tests.integration.kernel_kit import line
from tests.torture.privacy.office import Office
from tests.torture.privacy.persons import Person
from tests.torture.privacy.searcher import Hit

COUNT: Final = 3
QUEUE: Final = "planted.dead"
LOG: Final = "planted.log.1.gz"


def plant(office: Office, persons: Sequence[Person]) -> Mapping[str, Hit]:
    """Plant them in copies of real places; who is to be found in which place."""
    nested, logged, sent = persons
    database = f"{office.stack.database('intake')}_planted"
    case = office.data("cases").find_one({}) or {}
    raw = base64.b64encode(f"~{nested.nik}~".encode()).decode()
    office.client[database]["cases"].insert_one({**case, "facts": [{"note": {"raw": raw}}]})
    log = (office.folder / "log" / "intake.log").read_bytes()
    leak = json.dumps({"level": "INFO", "message": f"recorded for {logged.name}"}).encode()
    (office.folder / "log" / LOG).write_bytes(gzip.compress(log + leak + b"\n"))
    asyncio.run(_send(office, sent))
    return {
        f"mongodb {database}.cases": (nested.number, "nik"),
        f"files log/{LOG}": (logged.number, "name"),
        f"rabbitmq queue {QUEUE}": (sent.number, "phone"),
    }


async def _send(office: Office, one: Person) -> None:
    async with line(office.servers.amqp_url) as raw:
        await raw.channel.declare_queue(QUEUE, durable=True)
        said = Basic.Properties(
            headers={"x-last-error": f"no answer to +62{one.phone}"}, delivery_mode=2
        )
        await raw.send_raw(b"{}", said, exchange="", key=QUEUE)
