from pathlib import Path

import pytest

from deploy.local import install, management, rabbit
from deploy.local.__main__ import main
from deploy.local.engine import Images
from deploy.local.errors import UnavailableError
from deploy.local.servers import chosen, provide

AMQP, MONGO = "amqp://u:p@broker/", "mongodb://db/"


def never_asked() -> bool:
    raise AssertionError("the engine was asked although servers were given")


def test_given_servers_come_before_an_engine() -> None:
    assert chosen({"AMQP_URL": AMQP, "MONGO_URL": MONGO}, never_asked) == "given"


@pytest.mark.parametrize(("engine", "mode"), [(True, "docker"), (False, "local")])
def test_an_engine_that_can_serve_comes_before_own_processes(engine: bool, mode: str) -> None:  # noqa: FBT001 - the case
    assert chosen({}, lambda: engine) == mode
    assert chosen({"AMQP_URL": "", "MONGO_URL": ""}, lambda: engine) == mode


@pytest.mark.parametrize(
    ("given", "missing"), [({"AMQP_URL": AMQP}, "MONGO_URL"), ({"MONGO_URL": MONGO}, "AMQP_URL")]
)
def test_one_given_without_the_other_is_refused(given: dict[str, str], missing: str) -> None:
    with pytest.raises(UnavailableError, match=f"{missing} is not set"):
        chosen(given, never_asked)


@pytest.mark.parametrize(
    ("amqp", "url"),
    [
        ("amqp://u:p%2Fw@broker:5673/some", "http://u:p%2Fw@broker:15672"),
        ("amqp://broker", "http://broker:15672"),
        ("amqps://u:p@broker/", "https://u:p@broker:15671"),
        ("amqp://u:p@[::1]:5672/", "http://u:p@[::1]:15672"),
    ],
)
def test_the_management_url_follows_the_amqp_url(amqp: str, url: str) -> None:
    assert management.derived(amqp) == url


def test_images_are_named_by_the_environment() -> None:
    assert Images.named_by({"MONGO_IMAGE": "jemput/mongo"}) == Images(
        "rabbitmq:4.2-management", "jemput/mongo"
    )


def test_the_broker_listens_on_loopback_and_has_no_guest() -> None:
    ports = dict(zip(rabbit.PORTS, range(20001, 20006), strict=True))
    lines = rabbit.configuration(ports, "word").splitlines()
    assert "listeners.tcp.1 = 127.0.0.1:20001" in lines
    assert {line.split(" = ")[1] for line in lines if ".tcp.ip" in line} == {"127.0.0.1"}
    assert "default_user = jemput" in lines


def test_nobody_outside_reaches_the_brokers_port_mapper_and_distribution(tmp_path: Path) -> None:
    ports = dict(zip(rabbit.PORTS, range(20001, 20006), strict=True))
    node = rabbit.Node(Path("/bin/true"), tmp_path, tmp_path, ports, "word", cookie="made once")
    node.write_configuration()
    environment = node.environment()
    assert (tmp_path / ".erlang.cookie").read_text() == "made once"
    assert (tmp_path / ".erlang.cookie").stat().st_mode & 0o077 == 0
    assert environment["HOME"] == str(tmp_path)
    assert environment["ERL_EPMD_ADDRESS"] == "127.0.0.1"
    arguments = environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    assert "-kernel inet_dist_use_interface {127,0,0,1}" in arguments


def without_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    monkeypatch.delenv("AMQP_URL", raising=False)
    monkeypatch.delenv("MONGO_URL", raising=False)
    monkeypatch.setattr(install, "RABBITMQ", tmp_path / "rabbitmq-server")


def test_what_cannot_be_had_is_told_with_the_three_ways_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without_programs(monkeypatch, tmp_path)
    monkeypatch.setattr("deploy.local.servers.engine.has", lambda *_: False)
    assert main(["servers", "--data", str(tmp_path / "data")]) == 1
    told = capsys.readouterr().err
    assert "rabbitmq-server is missing" in told
    for way in ("AMQP_URL and MONGO_URL", "Docker engine", "apt-get"):
        assert way in told
    assert "Traceback" not in told


def test_only_root_may_install_and_is_told_what(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "apt-get").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(UnavailableError, match="as root, apt-get install chromium fonts"):
        install.chromium(lambda _: None)


def test_data_without_its_passwords_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("deploy.local.servers.engine.has", lambda *_: False)
    (tmp_path / "mongo").mkdir()
    with (
        pytest.raises(UnavailableError, match=r"passwords\.json is gone"),
        provide(tmp_path, say=lambda _: None, environment={}),
    ):
        pass
