"""The hop by plain FastStream: one transaction and one publish for each message."""

import os
from contextlib import suppress
from typing import Any

from faststream import FastStream
from faststream.rabbit import (
    Channel,
    ExchangeType,
    QueueType,
    RabbitBroker,
    RabbitExchange,
    RabbitQueue,
)
from pydantic import BaseModel
from pymongo import AsyncMongoClient

EXCHANGE = RabbitExchange("bench.peers", type=ExchangeType.TOPIC)
QUEUE = RabbitQueue("bench.faststream", queue_type=QueueType.QUORUM, routing_key="faststream")


class Request(BaseModel):
    """The event."""

    id: str
    service: str
    district: str


def application(amqp_url: str, mongo_url: str) -> FastStream:
    """Return the application."""
    client = AsyncMongoClient[dict[str, Any]](mongo_url)
    db = client["bench_faststream"]
    broker = RabbitBroker(amqp_url, default_channel=Channel(prefetch_count=100), logger=None)

    @broker.subscriber(QUEUE, EXCHANGE)
    async def hop(request: Request) -> None:
        inbox_id = {"_id": request.id}
        async with client.start_session() as session, await session.start_transaction():
            await db.inbox.insert_one(dict(inbox_id), session=session)
            await db.state.insert_one({**inbox_id, "service": request.service}, session=session)
            await db.outbox.insert_one({**inbox_id, "body": request.model_dump()}, session=session)
        await broker.publish(request, "faststream.out", exchange=EXCHANGE, persist=True)
        await db.outbox.delete_one(inbox_id)

    return FastStream(broker)


if __name__ == "__main__":
    import uvloop

    with suppress(KeyboardInterrupt):
        uvloop.run(application(os.environ["BENCH_AMQP_URL"], os.environ["BENCH_MONGO_URL"]).run())
