"""The MongoDB of docker-compose.yml: what it knows by itself, and its first start."""

from pathlib import Path

import pytest
import yaml
from pymongo.errors import AutoReconnect

from deploy.local.mongo import arguments
from deploy.mongo import initiate
from shared.mongo.users import TRANSACTION_SECONDS

ROOT = Path(__file__).resolve().parents[3]


def test_mongod_knows_its_limit_of_transactions_by_itself() -> None:
    """Provisioning runs at `up` only, and a server that starts again forgets what it was told."""
    settings = yaml.safe_load((ROOT / "deploy/mongo/mongod.conf").read_text("utf-8"))
    limit = settings["setParameter"]["transactionLifetimeLimitSeconds"]
    assert limit == TRANSACTION_SECONDS
    words = arguments(27017, "/data/db")
    assert words[words.index(f"transactionLifetimeLimitSeconds={limit}") - 1] == "--setParameter"


def test_only_who_asks_for_faults_gets_a_mongod_that_takes_them_from_anybody() -> None:
    assert "enableTestCommands=1" not in arguments(27017, "/data/db")
    assert "enableTestCommands=1" in arguments(27017, "/data/db", test_commands=True)


def test_no_mongod_runs_javascript() -> None:
    settings = yaml.safe_load((ROOT / "deploy/mongo/mongod.conf").read_text("utf-8"))
    assert settings["security"]["javascriptEnabled"] is False
    assert "--noscripting" in arguments(27017, "/data/db")


def test_mongo_is_waited_for_while_it_has_no_primary() -> None:
    answers: list[bool | Exception] = [AutoReconnect("not up"), False, True]

    def step() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    initiate.wait(step, seconds=30)
    assert answers == []


def test_mongo_that_never_comes_is_named_with_the_last_reason() -> None:
    def step() -> bool:
        raise AutoReconnect("connection refused")

    with pytest.raises(TimeoutError, match="connection refused"):
        initiate.wait(step, seconds=0.5)
