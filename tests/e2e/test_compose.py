"""The stack of docker-compose.yml on a Docker engine: `make test-compose`."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from deploy.local.demo.result import RESULT_VARIABLE
from deploy.local.folder import ROOT
from tests.e2e.compose_engine import BUILT, CLIENT_TRIES, REGISTRY, SERVICES, Stack
from tests.e2e.compose_kit import eventually
from tests.unit.deploy.test_compose_file import HANDED_OUT

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

SERVERS = ("rabbitmq", "mongo", "prometheus", "proxy")
JOBS = ("secrets", "mongo-init", "provision", "programmes")
KILLED = 137
NEIGHBOUR = """
import urllib.error, urllib.request
headers = {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.5"}
for place in ("intake:8000", "proxy:8080"):
    url = f"http://{place}/intake/api/track"
    try:
        urllib.request.urlopen(urllib.request.Request(url, b'{"code": "x"}', headers))
    except urllib.error.HTTPError as answer:
        print(answer.code)
"""

ASK_METRICS = """
import urllib.error, urllib.request
try:
    print(urllib.request.urlopen("http://intake:8000/metrics").status)
except urllib.error.HTTPError as answer:
    print(answer.code)
"""


@pytest.fixture(scope="module")
def stack(compose_stack: Stack) -> Stack:
    return compose_stack


def _firing(stack: Stack, name: str) -> list[str]:
    alerts = stack.prometheus("alerts")["alerts"]
    firing = (one["labels"] for one in alerts if one["state"] == "firing")
    return [labels["job"] for labels in firing if labels["alertname"] == name]


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_at_the_one_address_and_at_no_other(stack: Stack, service: str) -> None:
    address = stack.url("proxy", 8080)
    answer = httpx.get(f"{address}/{service}/api/openapi.json")
    assert answer.status_code == httpx.codes.OK, answer.text
    for path in ("/readyz", "/metrics", f"/{service}/readyz", f"/{service}/metrics"):
        assert httpx.get(address + path).status_code == httpx.codes.NOT_FOUND, path
    ports = stack.containers()[service]["NetworkSettings"]["Ports"]
    assert not any(ports.values())


def test_the_start_page_is_at_the_one_address(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url('proxy', 8080)}/", headers={"Accept": "text/html"})
    assert (answer.status_code, "Lacak permohonan" in answer.text) == (httpx.codes.OK, True)


def test_the_proxy_outlives_a_service_that_is_away(stack: Stack) -> None:
    stack.compose("stop", "courier")
    stack.compose("restart", "proxy")
    # The engine gives it another port here, since none is stated.
    address = stack.url("proxy", 8080)
    asked = f"{address}/courier/api/openapi.json"
    eventually(lambda: httpx.get(asked).status_code, httpx.codes.SERVICE_UNAVAILABLE)
    assert httpx.get(f"{address}/intake/api/openapi.json").status_code == httpx.codes.OK
    stack.compose("start", "courier")
    eventually(lambda: httpx.get(asked).status_code, httpx.codes.OK)


def test_everything_comes_back_when_it_is_started_again(stack: Stack) -> None:
    """With its read-only files and its folders in memory made anew."""
    lasting = (*SERVICES, "intake-worker", *SERVERS)
    stack.compose("restart", *lasting, seconds=300)

    def health() -> dict[str, str]:
        known = stack.containers()
        return {name: known[name]["State"]["Health"]["Status"] for name in lasting}

    eventually(health, dict.fromkeys(lasting, "healthy"), 150)


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

    eventually(health, dict.fromkeys(jobs, "up"))


def test_metrics_are_for_prometheus_and_no_other_container(stack: Stack) -> None:
    said = stack.compose("exec", "-T", "courier", "python", "-c", ASK_METRICS)
    assert int(said) == httpx.codes.FORBIDDEN


def test_prometheus_sees_the_queues_of_every_consumer_and_their_dead_letters(stack: Stack) -> None:
    def owners(pattern: str) -> set[str]:
        query = f'rabbitmq_detailed_queue_consumers{{queue=~"{pattern}"}}'
        found = stack.prometheus("query", query=query)["result"]
        return {one["metric"]["queue"].split(".")[0] for one in found} & set(SERVICES)

    consumers = {file.parent.name for file in ROOT.glob("services/*/subscriptions.toml")}
    eventually(lambda: owners("[a-z]+[.][a-z]+"), consumers)
    eventually(lambda: owners(".+[.]dead"), consumers)


def test_alert_fires_while_a_service_is_stopped_and_clears_when_it_is_back(stack: Stack) -> None:
    eventually(lambda: _firing(stack, "ServiceDown"), [])
    stack.compose("stop", "courier")
    eventually(lambda: _firing(stack, "ServiceDown"), ["courier"])
    assert stack.containers()["courier"]["State"]["ExitCode"] != KILLED
    stack.compose("start", "courier")
    eventually(lambda: _firing(stack, "ServiceDown"), [])


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
    # What verifies a token or a server is for everybody to see.
    for public in ("token_keys.json", "ca.pem", "rabbitmq_tls.pem", "mongo_tls.pem"):
        del secrets[public]
    assert len(secrets) == len(set(secrets.values())) >= len(SERVICES) * 2 + 5
    for name, secret in secrets.items():
        telling = max(secret.split("\n"), key=len)
        assert [place for place, text in visible.items() if telling in text] == [], name


@pytest.mark.parametrize(("container", "files"), HANDED_OUT.items())
def test_container_reads_its_own_secrets_and_no_other(
    stack: Stack, container: str, files: set[str]
) -> None:
    folder = "/etc/jemput/proxy/generated" if container == "proxy" else "/run/jemput"
    listed = stack.compose("exec", "-T", container, "find", folder, "-type", "f")
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
    url = f"{stack.url('proxy', 8080)}/intake/api/track"
    with httpx.Client() as proxy:

        def tried(resident: str) -> int:
            headers = {"X-Forwarded-For": resident}
            return proxy.post(url, json={"code": "x"}, headers=headers).status_code

        assert {tried("203.0.113.5") for _ in range(CLIENT_TRIES)} == {httpx.codes.NOT_FOUND}
        eventually(lambda: tried("203.0.113.5"), httpx.codes.TOO_MANY_REQUESTS)
        assert tried("203.0.113.6") == httpx.codes.NOT_FOUND
    # A container that claims to be that resident is counted as itself, by intake and by the proxy.
    said = stack.compose("exec", "-T", "courier", "python", "-c", NEIGHBOUR)
    assert said.split() == [str(int(httpx.codes.NOT_FOUND))] * 2


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
