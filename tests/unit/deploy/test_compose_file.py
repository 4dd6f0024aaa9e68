"""docker-compose.yml keeps its promises, and the secrets it hands out are the ones it mounts."""

import json
import re
import stat
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.compose import addresses, make_secrets
from deploy.compose.addresses import CA
from deploy.provision import has_worker, service_names
from deploy.proxy.configuration import GENERATED
from shared.auth.keys import load_private, load_public, write_public
from shared.runtime import WorkerSettings

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVICES = service_names()
WORKERS = tuple(f"{service}-worker" for service in SERVICES if has_worker(service))
SERVERS = ("rabbitmq", "mongo", "prometheus", "proxy")
JOBS = ("secrets", "mongo-init", "provision", "programmes")
LASTING = (*SERVICES, *WORKERS, *SERVERS)
DRAIN_SECONDS = 25
PARENT_MIB = 128
"""A worker's parent: 92 measured."""
HANDOUTS = "/run/jemput"
EVERY_SERVICE = {"amqp_url", "mongo_url", CA, "token_keys.json"}
HANDED_OUT: dict[str, set[str]] = {
    "intake": EVERY_SERVICE
    | {"tracking_secret", "lookup_secret", "sealing_keys", "session_private_key.pem"},
    "scheduler": EVERY_SERVICE | {"sealing_keys"},
    "courier": EVERY_SERVICE,
    "reporting": EVERY_SERVICE | {"sealing_keys"},
    "rabbitmq": {"admin.conf", ".erlang.cookie", CA, "tls.pem", "tls.key"},
    "mongo": {"keyfile", CA, "tls.pem"},
    "proxy": {f"{name}.conf" for name in ("main", "listen", "trusted", "upstreams", "locations")},
}
"""What each container may know: `make test-compose` looks into the containers for it."""
SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|KEY|CREDENTIAL|AMQP_URL|MONGO_URL)S?$")


def _seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def _mounts(container: str) -> dict[str, str]:
    """Mounted volume or path -> place in the container, with its mode."""
    pairs = (mount.partition(":") for mount in CONTAINERS[container].get("volumes", []))
    return {source: target for source, _, target in pairs}


def _made(folder: Path) -> dict[str, set[str]]:
    """Run the first start; the names of the files each container was given."""
    _start(folder)
    shares = (folder / "handouts").iterdir()
    return {share.name: {file.name for file in share.iterdir()} for share in shares}


def _start(folder: Path, renew: str | None = None, now: datetime | None = None) -> None:
    places = (folder / "secrets", folder / "handouts")
    make_secrets.make(*places, owners={}, renew=renew, now=now)


def _contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_it_consists_of_what_the_architecture_names() -> None:
    assert set(CONTAINERS) == {*SERVICES, *WORKERS, *SERVERS, *JOBS}


@pytest.mark.parametrize("container", CONTAINERS)
def test_image_can_be_exchanged_and_is_pinned(container: str) -> None:
    image = CONTAINERS[container]["image"]
    name, tag = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", image).rsplit(":", 1)
    assert "${" in image
    assert name
    assert tag[-1:].isalnum()
    assert tag != "latest"


def test_images_that_are_built_bear_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for container in (*SERVICES, *WORKERS, *JOBS[1:]):
        assert CONTAINERS[container]["image"].endswith(f"${{JEMPUT_VERSION:-{version}}}")


@pytest.mark.parametrize("container", CONTAINERS)
def test_container_is_confined(container: str) -> None:
    settings = CONTAINERS[container]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert settings["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert settings["deploy"]["resources"]["limits"]["memory"]
    assert "container_name" not in settings
    assert "privileged" not in settings


def test_ports_are_published_on_this_machine_only_and_can_be_moved() -> None:
    exposed = yaml.safe_load((ROOT / "deploy/compose/expose.yml").read_text("utf-8"))["services"]
    assert set(exposed) == {"rabbitmq", "mongo"}
    containers = (*CONTAINERS.values(), *exposed.values())
    ports = [port for container in containers for port in container.get("ports", [])]
    address = r"(?:127\.0\.0\.1|\$\{JEMPUT_ADDRESS:-127\.0\.0\.1\})"
    shape = re.compile(address + r":\$\{\w+_PORT:-(\d+)\}:\d+")
    defaults = [match[1] for match in map(shape.fullmatch, ports) if match]
    assert len(set(defaults)) == len(ports) == 5


def test_one_port_serves_all_and_the_services_publish_none() -> None:
    published = {name for name, one in CONTAINERS.items() if "ports" in one}
    assert published == {"proxy", "prometheus", "rabbitmq"}
    assert CONTAINERS["proxy"]["ports"] == [
        f"${{JEMPUT_ADDRESS:-127.0.0.1}}:${{JEMPUT_PORT:-8000}}:{make_secrets.PROXY_PORT}"
    ]


@pytest.mark.parametrize("container", LASTING)
def test_what_lasts_is_started_again(container: str) -> None:
    assert CONTAINERS[container]["restart"] == "unless-stopped"


@pytest.mark.parametrize("container", JOBS)
def test_job_runs_once(container: str) -> None:
    assert CONTAINERS[container]["restart"] == "no"


@pytest.mark.parametrize("server", SERVERS)
def test_server_is_asked_for_its_health_without_more_than_its_image_has(server: str) -> None:
    assert CONTAINERS[server]["healthcheck"]["test"][:2] in (["CMD", "bash"], ["CMD", "promtool"])


@pytest.mark.parametrize("service", SERVICES)
def test_service_may_finish_its_drain(service: str) -> None:
    assert _seconds(CONTAINERS[service]["stop_grace_period"]) > DRAIN_SECONDS


def test_nothing_starts_before_what_it_needs() -> None:
    done, healthy = "service_completed_successfully", "service_healthy"
    wanted: dict[str, dict[str, str]] = {
        "rabbitmq": {"secrets": done},
        "mongo": {"secrets": done},
        "mongo-init": {"mongo": healthy},
        "provision": {"rabbitmq": healthy, "mongo-init": done},
        "programmes": {"provision": done},
        "proxy": {"secrets": done},
        **{service: {"provision": done} for service in SERVICES},
    }
    wanted["intake"] |= {"programmes": done}
    found = {
        name: {on: how["condition"] for on, how in one["depends_on"].items()}
        for name, one in CONTAINERS.items()
        if "depends_on" in one
    }
    assert found == wanted


@pytest.mark.parametrize("job", JOBS)
def test_somebody_waits_for_the_end_of_every_job(job: str) -> None:
    """Or `docker compose up --wait` takes a job that has ended well for a failure."""
    waits = [one["depends_on"].get(job, {}) for one in CONTAINERS.values() if "depends_on" in one]
    assert "service_completed_successfully" in {one.get("condition") for one in waits}


def test_an_office_is_served_even_where_the_shipped_programmes_fail() -> None:
    waits = [name for name, one in CONTAINERS.items() if "programmes" in one.get("depends_on", {})]
    assert waits == ["intake"]
    assert CONTAINERS["intake"]["depends_on"]["programmes"]["required"] is False


@pytest.mark.parametrize("container", CONTAINERS)
def test_environment_holds_no_secret(container: str) -> None:
    for name, value in CONTAINERS[container].get("environment", {}).items():
        assert str(value).startswith("/") or not SECRET.search(name), name


def test_secrets_are_mounted_where_they_are_needed_and_read_only() -> None:
    mounted = {
        name: {source for source in _mounts(name) if source.endswith("secrets")}
        for name in CONTAINERS
        if name != "secrets"
    }
    wanted: dict[str, set[str]] = {name: {f"{name}-secrets"} for name in (*SERVICES, *SERVERS[:2])}
    wanted |= {"programmes": {"intake-secrets"}, **{worker: set() for worker in WORKERS}}
    wanted |= {"proxy": {"proxy-secrets"}}
    wanted |= {"prometheus": set(), "mongo-init": {"secrets"}, "provision": {"secrets"}}
    assert mounted == wanted
    for name, sources in mounted.items():
        assert all(_mounts(name)[source].endswith(":ro") for source in sources)


def test_every_named_volume_is_declared_and_used() -> None:
    used = {source for name in CONTAINERS for source in _mounts(name)}
    assert {source for source in used if not source.startswith(".")} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_pointed_at_files_that_it_is_given(service: str, tmp_path: Path) -> None:
    given = _made(tmp_path)[service]
    environment = CONTAINERS[service]["environment"]
    files = {value for value in environment.values() if str(value).startswith(HANDOUTS)}
    # The authority that verifies the servers is named in their URLs.
    assert files == {f"{HANDOUTS}/{name}" for name in given - {CA}}


def test_intakes_commands_find_what_intake_finds() -> None:
    """Its files, its worker, and the prefix that stands in printed pages."""
    commands, intake = CONTAINERS["programmes"], CONTAINERS["intake"]
    files = {name for name, value in intake["environment"].items() if str(value).startswith("/")}
    wanted = {*files, "INTAKE_PATH_PREFIX", "INTAKE_OFFICE_ADDRESS", "INTAKE_SCANNER_SOCKET"}
    assert "INTAKE_WORKER_SOCKET" in files
    assert commands["environment"] == {name: intake["environment"][name] for name in wanted}
    assert sorted(commands["volumes"]) == sorted(intake["volumes"])


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_has_its_socket_and_nothing_else_of_the_outside(worker: str) -> None:
    """It opens what strangers send: no network, no secret, memory of its own."""
    settings, service = CONTAINERS[worker], CONTAINERS[worker.removesuffix("-worker")]
    prefix = worker.removesuffix("-worker").upper()
    assert settings["network_mode"] == "none"
    assert "ports" not in settings
    assert settings["image"] == service["image"]
    assert settings["environment"][f"{prefix}_ROLE"] == "worker"
    socket = settings["environment"][f"{prefix}_WORKER_SOCKET"]
    assert socket == service["environment"][f"{prefix}_WORKER_SOCKET"]
    assert settings["healthcheck"]["test"] == ["CMD", "python", "-m", "shared.worker", socket]
    assert _mounts(worker) == {worker: str(Path(socket).parent)}
    assert _mounts(worker.removesuffix("-worker"))[worker] == str(Path(socket).parent)
    given = {name for name, value in settings["environment"].items() if value}
    assert given == {f"{prefix}_ROLE", f"{prefix}_WORKER_SOCKET"}


@pytest.mark.parametrize("worker", WORKERS)
def test_a_workers_memory_holds_its_children_at_their_limits(worker: str) -> None:
    settings = WorkerSettings()
    children = settings.quick_children * settings.quick_mib
    children += settings.heavy_children * settings.heavy_mib
    children += settings.reading_children * settings.reading_mib
    assert CONTAINERS[worker]["deploy"]["resources"]["limits"]["memory"] == "1536M"
    assert children + PARENT_MIB <= 1536


def test_each_container_is_given_what_it_may_know_and_nothing_else(tmp_path: Path) -> None:
    assert _made(tmp_path) == {**HANDED_OUT, make_secrets.ERASURES: set()}


def test_each_handout_has_a_volume(tmp_path: Path) -> None:
    targets = set(_mounts("secrets").values())
    assert {f"{HANDOUTS}/handouts/{container}" for container in _made(tmp_path)} < targets


def test_the_proxy_finds_every_service_at_its_stated_address() -> None:
    hosts = dict(line.split(":", 1) for line in CONTAINERS["proxy"]["extra_hosts"])
    stated = {
        name: CONTAINERS[name]["networks"]["default"]["ipv4_address"]
        for name in (*SERVICES, "proxy", "prometheus")
    }
    assert len(set(stated.values())) == len(stated)
    assert hosts == {name: stated[name] for name in SERVICES}


def test_the_proxy_writes_into_memory_alone_and_runs_the_shipped_file(tmp_path: Path) -> None:
    proxy = CONTAINERS["proxy"]
    assert proxy["entrypoint"][:5] == ["nginx", "-p", "/etc/jemput/proxy/", "-c", "nginx.conf"]
    assert proxy["user"] == f"{make_secrets.PROXY_UID}:{make_secrets.PROXY_UID}"
    owner = f"uid={make_secrets.PROXY_UID},gid={make_secrets.PROXY_UID}"
    assert proxy["tmpfs"] == [f"/etc/jemput/proxy/run:mode=0700,{owner}"]
    assert _mounts("proxy") == {
        "./deploy/proxy/nginx.conf": "/etc/jemput/proxy/nginx.conf:ro",
        "./deploy/proxy/errors": "/etc/jemput/proxy/errors:ro",
        "proxy-secrets": f"/etc/jemput/proxy/{GENERATED}:ro",
    }
    text = (ROOT / "deploy/proxy/nginx.conf").read_text("utf-8")
    written = re.findall(r"^\s*(?:pid|\w+_temp_path) (\S+);", text, re.MULTILINE)
    assert len(written) == 6
    assert all(path.startswith("run/") for path in written)
    included = set(re.findall(rf"include {GENERATED}/(\S+);", text))
    assert included == _made(tmp_path)["proxy"]


CERTIFICATE = {"tls_certificate": "made-up certificate", "tls_key": "made-up key"}


@pytest.mark.parametrize(
    ("given", "office", "listen", "believed"),
    [
        ({}, "", "listen 8080;", {"10.0.0.1/32"}),
        ({}, "192.0.2.1, 192.0.2.0/28", "listen 8080;", {"192.0.2.1/32", "192.0.2.0/28"}),
        (CERTIFICATE, "", "listen 8080 ssl http2;", set()),
        (CERTIFICATE, "192.0.2.1", "listen 8080 ssl http2;", {"192.0.2.1/32"}),
    ],
)
def test_the_proxy_believes_the_gateway_unless_it_speaks_tls_itself(
    tmp_path: Path, given: dict[str, str], office: str, listen: str, believed: set[str]
) -> None:
    for name, text in {"tls_certificate": "", "tls_key": "\n", **given}.items():
        (tmp_path / name).write_text(text)
    environment = {"JEMPUT_GATEWAY": "10.0.0.1", "JEMPUT_OFFICE_PROXIES": office}
    found = make_secrets.front(environment, tmp_path)
    assert found["listen.conf"].splitlines()[0] == listen
    assert set(re.findall(r"set_real_ip_from (\S+);", found["trusted.conf"])) == believed
    assert {CERTIFICATE[name] for name in given} <= set(found.values())
    assert ("tls.key" in found) == bool(given)


def test_another_certificate_makes_the_job_anew() -> None:
    """Compose does so for what stands in the environment, and not for a secret's file."""
    told = CONTAINERS["secrets"]["environment"].values()
    for name in ("tls_certificate", "tls_key"):
        variable = COMPOSE["secrets"][name]["file"].partition(":-")[0]
        assert any(f"{variable}:-}}" in str(value) for value in told)


def test_a_certificate_without_its_key_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "tls_certificate").write_text("made-up certificate")
    with pytest.raises(SystemExit, match="JEMPUT_TLS_KEY"):
        make_secrets.front({}, tmp_path)


def test_handouts_name_containers_that_exist() -> None:
    hosts = {address.partition(":")[0] for address in (addresses.BROKER, addresses.DATABASE)}
    assert hosts < set(CONTAINERS)


def test_prometheus_asks_containers_that_exist() -> None:
    text = (ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8")
    jobs = yaml.safe_load(text)["scrape_configs"]
    targets = {target for job in jobs for one in job["static_configs"] for target in one["targets"]}
    hosts = {target.partition(":")[0] for target in targets}
    assert hosts - {"127.0.0.1"} == {*SERVICES, "rabbitmq"}


def test_secrets_differ_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    _made(tmp_path)
    originals = _contents(tmp_path / "secrets")
    logins = {
        f"{service}_{server}_password" for service in SERVICES for server in ("amqp", "mongo")
    }
    administration = {"rabbitmq_admin_password", "operator_amqp_password", "mongo_root_password"}
    administration |= {"erlang_cookie"}
    keys = {"mongo_keyfile", "tracking_secret", "lookup_secret", "sealing_keys"}
    keys |= {"scheduler_sealing_keys", "reporting_sealing_keys"}
    keys |= {"token_private_key.pem", "session_private_key.pem", "token_keys.json"}
    tls = {CA, "ca_key.pem"}
    tls |= {f"{name}_{part}.pem" for name in ("rabbitmq", "mongo") for part in ("tls", "tls_key")}
    assert set(originals) == logins | administration | keys | tls
    assert len(set(originals.values())) == len(originals)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    shared = tmp_path / "handouts"
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o400}
    assert {mode for path, mode in modes.items() if path.is_dir() and path != shared} == {0o700}


def test_each_file_is_given_to_the_user_who_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, int] = {}
    monkeypatch.setattr(
        "os.chown", lambda path, user, _: given.update({Path(path).parent.name: user})
    )
    owners = {"secrets": 1, "rabbitmq": 2, "mongo": 2, "proxy": 4, **dict.fromkeys(SERVICES, 3)}
    make_secrets.make(tmp_path / "secrets", tmp_path / "handouts", owners)
    assert {name: given[name] for name in owners} == owners


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    _made(tmp_path)
    before = _contents(tmp_path)
    _made(tmp_path)
    assert _contents(tmp_path) == before


@pytest.mark.parametrize("missing", ["courier_amqp_password", "token_keys.json"])
def test_a_start_that_was_cut_off_is_finished_by_the_next(tmp_path: Path, missing: str) -> None:
    _made(tmp_path)
    before = _contents(tmp_path / "secrets")
    (tmp_path / "secrets" / missing).unlink()
    (tmp_path / "secrets" / f".{missing}.new").write_text("half a sec")
    _made(tmp_path)
    after = _contents(tmp_path / "secrets")
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} <= {missing}


def test_service_logs_in_with_its_own_name_and_password(tmp_path: Path) -> None:
    _made(tmp_path)
    secret, share = tmp_path / "secrets", tmp_path / "handouts" / "courier"
    amqp = (secret / "courier_amqp_password").read_text()
    mongo = (secret / "courier_mongo_password").read_text()
    ca = f"{HANDOUTS}/{CA}"
    assert (share / "amqp_url").read_text() == (
        f"amqps://courier:{amqp}@rabbitmq:5671/?cafile={ca}"
    )
    assert (share / "mongo_url").read_text() == (
        f"mongodb://courier:{mongo}@mongo:27017/courier"
        f"?replicaSet=rs0&authSource=courier&tls=true&tlsCAFile={ca}"
    )


def test_tokens_signed_with_the_private_key_are_verified_by_every_service(tmp_path: Path) -> None:
    _made(tmp_path)
    machines = load_private(tmp_path / "secrets" / make_secrets.PRIVATE_KEY)
    people = load_private(tmp_path / "handouts/intake" / make_secrets.SESSION_KEY)
    for service in SERVICES:
        keys = load_public(tmp_path / "handouts" / service / make_secrets.PUBLIC_KEYS)
        assert set(keys) == {machines.kid, people.kid}


def test_intake_gets_a_key_that_it_lacks_and_the_set_keeps_the_others(tmp_path: Path) -> None:
    _made(tmp_path)
    machines = load_private(tmp_path / "secrets" / make_secrets.PRIVATE_KEY)
    public = tmp_path / "secrets" / make_secrets.PUBLIC_KEYS
    before = set(load_public(public))
    (tmp_path / "secrets" / make_secrets.SESSION_KEY).unlink()
    _made(tmp_path)
    people = load_private(tmp_path / "handouts/intake" / make_secrets.SESSION_KEY)
    assert set(load_public(public)) == before | {people.kid}
    assert machines.kid in before


def test_a_key_that_was_retired_stays_out_of_the_set(tmp_path: Path) -> None:
    _made(tmp_path)
    public = tmp_path / "secrets" / make_secrets.PUBLIC_KEYS
    machines = load_private(tmp_path / "secrets" / make_secrets.PRIVATE_KEY)
    write_public(public, {k: v for k, v in load_public(public).items() if k != machines.kid})
    _made(tmp_path)
    assert machines.kid not in load_public(public)


def test_a_key_that_was_stored_under_its_former_name_still_signs(tmp_path: Path) -> None:
    _made(tmp_path)
    before = _contents(tmp_path)
    key = tmp_path / "secrets" / make_secrets.PRIVATE_KEY
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    key.rename(key.with_suffix(".json"))
    _made(tmp_path)
    assert _contents(tmp_path) == before


def test_keys_that_an_operator_has_added_are_handed_on(tmp_path: Path) -> None:
    _made(tmp_path)
    public = tmp_path / "secrets" / make_secrets.PUBLIC_KEYS
    rotated = json.dumps({"keys": [*json.loads(public.read_text())["keys"], {"kid": "next"}]})
    public.chmod(0o600)
    public.write_text(rotated)
    _made(tmp_path)
    assert (tmp_path / "handouts/intake" / make_secrets.PUBLIC_KEYS).read_text() == rotated


def test_image_runs_as_nobody_special_and_takes_signals() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)
    assert re.search(r'^CMD \["sh", "-c", "exec python ', dockerfile, re.MULTILINE)
    assert make_secrets.APPLICATION_UID == 10001


def test_builder_is_sent_nothing_that_is_not_asked_for() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule.removeprefix("!").split("/")[0] for rule in rules if rule.startswith("!")}
    assert allowed == {"deploy", "services", "shared"}


def test_the_brokers_cookie_is_made_and_nobody_outside_reaches_its_distribution(
    tmp_path: Path,
) -> None:
    assert ".erlang.cookie" in _made(tmp_path)["rabbitmq"]
    cookie = (tmp_path / "secrets/erlang_cookie").read_text()
    assert (tmp_path / "handouts/rabbitmq/.erlang.cookie").read_text() == cookie
    environment = CONTAINERS["rabbitmq"]["environment"]
    assert environment["HOME"] == HANDOUTS
    assert environment["ERL_EPMD_ADDRESS"] == "127.0.0.1"
    assert environment["RABBITMQ_NODENAME"].endswith("@localhost")
    arguments = environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    assert "-kernel inet_dist_use_interface {127,0,0,1}" in arguments
