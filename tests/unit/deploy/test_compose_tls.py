"""TLS to RabbitMQ and MongoDB in docker-compose.yml: certificates, renewal, no plain way in."""

import re
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from deploy.compose import addresses, make_secrets
from deploy.compose.addresses import CA
from deploy.compose.certificates import AUTHORITY_LIFE, LIFE, RENEWED_BEFORE, Pair
from deploy.provision import service_names
from shared.runtime.certificates import SOON

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
NOW = datetime.now(UTC)
SERVERS = ("rabbitmq", "mongo")


def start(folder: Path, renew: str | None = None, after: timedelta = timedelta(0)) -> None:
    places = (folder / "secrets", folder / "handouts")
    make_secrets.make(*places, owners={}, renew=renew, now=NOW + after)


def original(folder: Path, name: str) -> Pair:
    """A certificate of the secrets with its key."""
    texts = [(folder / "secrets" / f"{name}{end}.pem").read_text() for end in ("", "_key")]
    return Pair(*texts)


def serials(folder: Path) -> dict[str, int]:
    names = ("ca", *(f"{server}_tls" for server in SERVERS))
    return {name: original(folder, name).loaded.serial_number for name in names}


def handshake(folder: Path, server: str, asked: str, ca: str) -> str:
    """Let the server's container speak TLS to a service of this stack; why not, or nothing."""
    share = folder / "handouts" / server
    here = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # As the server is told: mongod has both in one file.
    key = share / "tls.key"
    here.load_cert_chain(share / "tls.pem", key if key.exists() else None)
    there = ssl.create_default_context(cafile=ca)
    # What Python 3.13 asks for by itself: the images have it.
    there.verify_flags |= ssl.VERIFY_X509_STRICT
    one, other = socket.socketpair()

    def serve() -> None:
        try:
            here.wrap_socket(one, server_side=True).close()
        except OSError:
            one.close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        there.wrap_socket(other, server_hostname=asked).close()
    except ssl.SSLCertVerificationError as refused:
        return refused.verify_message
    finally:
        other.close()
        serving.join(10)
    return ""


@pytest.mark.parametrize("server", SERVERS)
def test_a_service_verifies_the_servers_with_what_it_is_given(tmp_path: Path, server: str) -> None:
    start(tmp_path)
    for service in service_names():
        ca = str(tmp_path / "handouts" / service / CA)
        for asked in (server, "localhost", "127.0.0.1"):
            assert handshake(tmp_path, server, asked, ca) == ""
        other = SERVERS[server == "rabbitmq"]
        assert "Hostname mismatch" in handshake(tmp_path, server, other, ca)


def test_another_stacks_certificates_are_refused(tmp_path: Path) -> None:
    start(tmp_path / "one")
    start(tmp_path / "two")
    ca = str(tmp_path / "two/handouts/intake" / CA)
    assert "certificate" in handshake(tmp_path / "one", "rabbitmq", "rabbitmq", ca)


def test_the_authority_signs_servers_and_its_key_stays_among_the_originals(tmp_path: Path) -> None:
    start(tmp_path)
    authority = original(tmp_path, "ca")
    limits = authority.loaded.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.value.ca, limits.value.path_length, limits.critical) == (True, 0, True)
    assert authority.ends - NOW - AUTHORITY_LIFE < timedelta(seconds=1)
    handed = [path for path in (tmp_path / "handouts").rglob("*") if path.is_file()]
    assert not any(authority.key in path.read_text() for path in handed)
    for server in SERVERS:
        key = original(tmp_path, f"{server}_tls").key
        seen = {path.parent.name for path in handed if key in path.read_text()}
        assert seen == {server}


def test_certificates_are_kept_until_their_last_half_year(tmp_path: Path) -> None:
    start(tmp_path)
    before = serials(tmp_path)
    start(tmp_path, after=LIFE - RENEWED_BEFORE - timedelta(days=1))
    assert serials(tmp_path) == before
    start(tmp_path, after=LIFE - RENEWED_BEFORE + timedelta(days=1))
    after = serials(tmp_path)
    assert after["ca"] == before["ca"]
    assert {name for name in after if after[name] != before[name]} == {"rabbitmq_tls", "mongo_tls"}
    for server in SERVERS:
        handed = (tmp_path / "handouts" / server / "tls.pem").read_text()
        assert original(tmp_path, f"{server}_tls").certificate in handed


def test_no_certificate_outlives_its_authority(tmp_path: Path) -> None:
    start(tmp_path)
    start(tmp_path, after=AUTHORITY_LIFE - timedelta(days=300))
    ends = {original(tmp_path, name).ends for name in ("ca", "rabbitmq_tls", "mongo_tls")}
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("renew", "changed"),
    [
        ("certificates", {"rabbitmq_tls", "mongo_tls"}),
        ("authority", {"ca", "rabbitmq_tls", "mongo_tls"}),
    ],
)
def test_they_are_renewed_by_command(tmp_path: Path, renew: str, changed: set[str]) -> None:
    start(tmp_path)
    before = serials(tmp_path)
    start(tmp_path, renew)
    after = serials(tmp_path)
    assert {name for name in after if after[name] != before[name]} == changed
    ca = str(tmp_path / "handouts/courier" / CA)
    assert [handshake(tmp_path, server, server, ca) for server in SERVERS] == ["", ""]


@pytest.mark.parametrize("cut", ["ca", "rabbitmq_tls", "mongo_tls"])
def test_a_pair_that_was_cut_off_half_way_is_made_again(tmp_path: Path, cut: str) -> None:
    """The new key is there, and the certificate still the old one's."""
    start(tmp_path / "one")
    start(tmp_path / "two")
    new = (tmp_path / "two/secrets" / f"{cut}_key.pem").read_text()
    half = tmp_path / "one/secrets" / f"{cut}_key.pem"
    half.chmod(0o600)
    half.write_text(new)
    start(tmp_path / "one")
    assert original(tmp_path / "one", cut).fits
    ca = str(tmp_path / "one/handouts/intake" / CA)
    assert [handshake(tmp_path / "one", server, server, ca) for server in SERVERS] == ["", ""]


def test_whoever_starts_the_stack_now_and_then_sees_no_alert() -> None:
    assert SOON < RENEWED_BEFORE
    rules = (ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8")
    assert f"certificate_ends_timestamp_seconds) - time() < {SOON.days} * 86400" in rules


def test_rabbitmq_has_no_plain_way_in_but_for_figures() -> None:
    text = (ROOT / "deploy/rabbitmq/rabbitmq.conf").read_text("utf-8")
    said = dict(re.findall(r"^([\w.]+) = (.+)$", text, re.MULTILINE))
    assert said["listeners.tcp"] == "none"
    assert said["listeners.ssl.default"] == str(addresses.AMQP_PORT)
    assert said["management.ssl.port"] == str(addresses.MANAGEMENT_PORT)
    assert {name for name in said if name.endswith("tcp.port")} == {"prometheus.tcp.port"}
    for of in ("ssl_options", "management.ssl"):
        assert [said[f"{of}.versions.{n}"] for n in (1, 2)] == ["tlsv1.3", "tlsv1.2"]
        assert f"{of}.versions.3" not in said


def test_mongodb_takes_tls_alone_and_its_set_still_has_its_own_key() -> None:
    said = yaml.safe_load((ROOT / "deploy/mongo/mongod.conf").read_text("utf-8"))
    assert said["net"]["tls"]["mode"] == "requireTLS"
    assert said["security"]["keyFile"] == "/run/jemput/keyfile"


def test_servers_are_told_files_that_they_are_given(tmp_path: Path) -> None:
    start(tmp_path)
    for server, file in (("rabbitmq", "rabbitmq/rabbitmq.conf"), ("mongo", "mongo/mongod.conf")):
        told = set(re.findall(r"/run/jemput/([\w.]+)", (ROOT / "deploy" / file).read_text("utf-8")))
        given = {path.name for path in (tmp_path / "handouts" / server).iterdir()}
        assert {CA, "tls.pem"} <= told <= given
        assert f"{server}-secrets:/run/jemput:ro" in COMPOSE["services"][server]["volumes"]


def test_nothing_in_the_stack_asks_for_the_plain_ports() -> None:
    files = ("docker-compose.yml", "deploy/compose/expose.yml", "deploy/compose/dead.sh")
    for file in files:
        assert not re.search(r"\b1?5672\b|amqp://", (ROOT / file).read_text("utf-8")), file
