"""The hop by Celery: `celery -A peer_celery worker`; `python peer_celery.py N` feeds it."""

import os
import sys
import uuid
from functools import cache
from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue
from pymongo import MongoClient

NAME = "bench.celery"

app = Celery("peer_celery", broker=os.environ["BENCH_AMQP_URL"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=50,
    worker_detect_quorum_queues=True,
    broker_transport_options={"confirm_publish": True},
    task_default_queue=NAME,
    task_queues=[
        Queue(
            NAME,
            Exchange("bench.peers", type="topic"),
            "celery",
            queue_arguments={"x-queue-type": "quorum"},
        )
    ],
)


@cache
def client() -> MongoClient[dict[str, Any]]:
    """Return this process's client: made after the fork."""
    return MongoClient(os.environ["BENCH_MONGO_URL"])


@app.task(name="hop")
def hop(id_: str, service: str, district: str) -> None:
    """Do the work of one event."""
    db = client()["bench_celery"]
    with client().start_session() as session, session.start_transaction():
        db.inbox.insert_one({"_id": id_}, session=session)
        db.state.insert_one({"_id": id_, "service": service}, session=session)
        db.outbox.insert_one({"_id": id_, "district": district}, session=session)
    said = {"id_": id_, "service": service, "district": district}
    app.send_task("next", kwargs=said, exchange="bench.peers", routing_key="celery.out")
    db.outbox.delete_one({"_id": id_})


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        hop.apply_async(
            args=[str(uuid.uuid4()), "KIA", "32.16.05"],
            exchange="bench.peers",
            routing_key="celery",
        )
