"""The stack of docker-compose.yml on a Docker engine: `make test-compose`."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.demo.result import RESULT_VARIABLE
from deploy.local.errors import UnavailableError
from deploy.local.folder import ROOT
from tests.e2e.compose_engine import (
    BUILT,
    CLIENT_TRIES,
    REGISTRY,
    SERVICES,
    Stack,
    engine,
    project,
    running,
)

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

SERVERS = ("rabbitmq", "mongo", "prometheus")
JOBS = ("secrets", "mongo-init", "provision", "programmes")
KILLED = 137
ALERT_SECONDS = 60
NEIGHBOUR = """
import urllib.error, urllib.request
headers = {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.5"}
ask = urllib.request.Request("http://intake:8000/api/track", b'{"code": "x"}', headers)
try:
    urllib.request.urlopen(ask)
except urllib.error.HTTPError as answer:
    print(answer.code)
"""


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    if "compose" not in request.config.option.markexpr:
        pytest.skip("a stack in containers takes minutes: make test-compose (pytest -m compose)")
    folder = tmp_path_factory.mktemp("compose")
    try:
        with engine(print) as found, running(project(found, folder)) as up:
            yield up
    except UnavailableError as problem:
        pytest.fail(str(problem), pytrace=False)


def _eventually(look: Callable[[], Any], expected: Any, seconds: float = ALERT_SECONDS) -> None:
    """Wait for what is bound to come; fail with what is there instead."""
    end, seen = time.monotonic() + seconds, None
    while seen != expected and time.monotonic() < end:
        with suppress(httpx.TransportError, httpx.HTTPStatusError):
            seen = look()
        time.sleep(0.2)
    assert seen == expected


def _firing(stack: Stack, name: str) -> list[str]:
    alerts = stack.prometheus("alerts")["alerts"]
    firing = (one["labels"] for one in alerts if one["state"] == "firing")
    return [labels["job"] for labels in firing if labels["alertname"] == name]


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_ready(stack: Stack, service: str) -> None:
    answer = httpx.get(f"{stack.url(service, 8000)}/readyz")
    assert answer.status_code == httpx.codes.OK, answer.text


def test_jobs_have_done_their_work_and_everything_else_runs(stack: Stack) -> None:
    states = {name: one["State"] for name, one in stack.containers().items()}
    lasting = (*SERVICES, "intake-worker", *SERVERS)
    assert set(states) == {*lasting, *JOBS}
    assert {name: states[name]["ExitCode"] for name in JOBS} == dict.fromkeys(JOBS, 0)
    healthy = {name: states[name].get("Health", {}).get("Status") for name in lasting}
    assert healthy == dict.fromkeys(lasting, "healthy")


def test_intake_reaches_its_worker_which_reaches_nobody(stack: Stack) -> None:
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/readyz').read())"
    assert '"worker":"ok"' in stack.compose("exec", "-T", "intake", "python", "-c", ask)
    devices = stack.compose("exec", "-T", "intake-worker", "ls", "/sys/class/net").split()
    assert devices == ["lo"]


def test_prometheus_reaches_every_target(stack: Stack) -> None:
    jobs = (*SERVICES, "rabbitmq", "rabbitmq-queues", "prometheus")

    def health() -> dict[str, str]:
        targets = stack.prometheus("targets", state="active")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}

    _eventually(health, dict.fromkeys(jobs, "up"))


def test_prometheus_sees_the_queues_of_every_consumer_and_their_dead_letters(stack: Stack) -> None:
    def owners(pattern: str) -> set[str]:
        query = f'rabbitmq_detailed_queue_consumers{{queue=~"{pattern}"}}'
        found = stack.prometheus("query", query=query)["result"]
        return {one["metric"]["queue"].split(".")[0] for one in found} & set(SERVICES)

    consumers = {file.parent.name for file in ROOT.glob("services/*/subscriptions.toml")}
    _eventually(lambda: owners("[a-z]+[.][a-z]+"), consumers)
    _eventually(lambda: owners(".+[.]dead"), consumers)


def test_alert_fires_while_a_service_is_stopped_and_clears_when_it_is_back(stack: Stack) -> None:
    _eventually(lambda: _firing(stack, "ServiceDown"), [])
    stack.compose("stop", "courier")
    _eventually(lambda: _firing(stack, "ServiceDown"), ["courier"])
    assert stack.containers()["courier"]["State"]["ExitCode"] != KILLED
    stack.compose("start", "courier")
    _eventually(lambda: _firing(stack, "ServiceDown"), [])


def test_secrets_stay_where_they_belong(stack: Stack) -> None:
    """Not in logs, not in what the engine tells of containers and images, not in the project."""
    images = [f"{REGISTRY}/{image}:test" for image in BUILT]
    visible = {
        "logs": stack.compose("logs", "--no-color"),
        "containers": json.dumps(stack.containers()),
        "project": stack.compose("config"),
        "images": stack.docker.run("image", "inspect", *images),
    }
    for image in images:
        visible[image] = stack.docker.run("history", "--no-trunc", image)
    secrets = stack.originals()
    # What verifies a token is for everybody to see.
    del secrets["token_keys.json"]
    assert len(secrets) == len(set(secrets.values())) >= len(SERVICES) * 2 + 5
    for name, secret in secrets.items():
        telling = max(secret.split("\n"), key=len)
        assert [place for place, text in visible.items() if telling in text] == [], name


@pytest.mark.parametrize(
    ("container", "files"),
    [
        (
            "intake",
            {
                "amqp_url",
                "mongo_url",
                "token_keys.json",
                "tracking_secret",
                "lookup_secret",
                "sealing_keys",
            },
        ),
        ("scheduler", {"amqp_url", "mongo_url", "token_keys.json"}),
        ("courier", {"amqp_url", "mongo_url", "token_keys.json"}),
        ("reporting", {"amqp_url", "mongo_url", "token_keys.json"}),
        ("rabbitmq", {"admin.conf", ".erlang.cookie"}),
        ("mongo", {"keyfile"}),
    ],
)
def test_container_reads_its_own_secrets_and_no_other(
    stack: Stack, container: str, files: set[str]
) -> None:
    listed = stack.compose("exec", "-T", container, "find", "/run/jemput", "-type", "f")
    assert {Path(file).name for file in listed.split()} == files
    owner = stack.compose("exec", "-T", container, "id", "-u").strip()
    asked = ("stat", "--format", "%a %u", *listed.split())
    modes = stack.compose("exec", "-T", container, *asked).splitlines()
    assert set(modes) == {f"400 {owner}"}
    assert owner != "0"


def test_operator_looks_at_dead_letters_with_one_command(stack: Stack) -> None:
    """With a broker user that may read no other queue."""
    command = ["sh", str(ROOT / "deploy/compose/dead.sh"), "list", "--queue"]
    for queue, status in (("courier.events", 0), ("nobody.events", 2)):
        done = subprocess.run(
            [*command, queue], env=stack.docker.environment, capture_output=True, check=False
        )
        assert done.returncode == status, done


@pytest.mark.parametrize("service", SERVICES)
def test_image_holds_one_service_and_nothing_of_the_others(stack: Stack, service: str) -> None:
    script = "find . -mindepth 1 -maxdepth 2 -not -name '__pycache__'; find services -name '*.py'"
    found = stack.compose("exec", "-T", service, "sh", "-c", script).split()
    assert {Path(path).parts[0] for path in found} == {"services", "shared"}
    code = {Path(path).parts[1] for path in found if path.endswith(".py") and "services" in path}
    assert code == {"__init__.py", service}


def test_a_residents_address_is_believed_of_this_machines_proxy_alone(stack: Stack) -> None:
    url = f"{stack.url('intake', 8000)}/api/track"
    with httpx.Client() as proxy:

        def tried(resident: str) -> int:
            headers = {"X-Forwarded-For": resident}
            return proxy.post(url, json={"code": "x"}, headers=headers).status_code

        assert {tried("203.0.113.5") for _ in range(CLIENT_TRIES)} == {httpx.codes.NOT_FOUND}
        _eventually(lambda: tried("203.0.113.5"), httpx.codes.TOO_MANY_REQUESTS)
        assert tried("203.0.113.6") == httpx.codes.NOT_FOUND
    # A container that claims to be that resident is counted as itself.
    said = stack.compose("exec", "-T", "courier", "python", "-c", NEIGHBOUR)
    assert int(said) == httpx.codes.NOT_FOUND


def test_a_second_start_changes_nothing(stack: Stack) -> None:
    before = stack.originals(), {name: one["Id"] for name, one in stack.containers().items()}
    stack.up()
    after = stack.originals(), {name: one["Id"] for name, one in stack.containers().items()}
    assert after == before


def test_demo_against_the_stack(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    command = [sys.executable, "-m", "deploy.local", "demo", "--against-compose"]
    environment = {**stack.docker.environment, RESULT_VARIABLE: str(file)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=600)
    told = json.loads(file.read_text("utf-8"))
    assert told["mode"] == "compose"
    assert (told["botram"]["total"], told["halo_pamor"]["delivered"]) == (938, 60)
    assert (told["lost"], told["duplicated"]) == (0, 0)
