"""The secrets of a stack that starts for the first time, each for the one container that needs it.

Two kinds of folders. `JEMPUT_SECRETS` holds the originals, one value a file, read by the one-shot
jobs alone. `JEMPUT_HANDOUTS` holds one folder for each container, each a volume of its own: what
that container may know, in the form in which it reads it, readable by its user only.

An original is made when it is missing and never changed; everything else is derived from the
originals at every run. So a second start changes nothing, and a start that was cut off is finished
by the next one. Certificates alone are made anew, when they end within half a year or by command:
`python -m deploy.compose.make_secrets --renew certificates`, or `--renew authority` for the
authority that signs them too.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from deploy.compose import addresses
from deploy.compose.addresses import CA
from deploy.compose.certificates import RENEWABLE, kept_certificates
from deploy.compose.folder import Folder
from deploy.provision import service_names
from deploy.proxy import configuration
from deploy.proxy.configuration import CERTIFICATE, CERTIFICATE_KEY, Plan
from shared.auth.keys import (
    SigningKey,
    load_private,
    load_public,
    write_private,
    write_public,
)
from shared.sealing.masterkeys import new_line

PRIVATE_KEY = "token_private_key.pem"
SESSION_KEY = "session_private_key.pem"
"""What intake signs the tokens of people with; PRIVATE_KEY signs those of machines, by command."""
PUBLIC_KEYS = "token_keys.json"

ERASURES = "erasures"
"""No container but a folder of intake's: the list of who was erased, apart from all data."""

FILE_KEYS = {name: f"{name}_sealing_keys" for name in ("scheduler", "reporting")}
"""What services seal the keys of evidence with, each its own: no other one's keys open it."""
_OWN = {
    "intake": {
        name: name for name in ("tracking_secret", "lookup_secret", "sealing_keys", SESSION_KEY)
    },
    **{service: {"sealing_keys": name} for service, name in FILE_KEYS.items()},
}
"""Originals that one service alone reads, by the names that it reads them under."""

_SEEN_CA = f"/run/jemput/{CA}"
"""Where a service sees the authority's certificate."""
SERVERS = ("rabbitmq", "mongo")
"""Containers that have a certificate; each is asked for by its own name."""

# What the private key was called at first. A new one beside it would not be in the public set that
# is kept, and no service would believe what it signs.
_FORMER_PRIVATE_KEY = "token_private_key.json"

# deploy/Dockerfile makes the first user, the official RabbitMQ and MongoDB images the second.
APPLICATION_UID = 10001
SERVER_UID = 999
PROXY_UID = 101
"""The official nginx image's own."""
# What the proxy reads, and what docker-compose.yml hands in.
_CERTIFICATE = {CERTIFICATE: "tls_certificate", CERTIFICATE_KEY: "tls_key"}
SERVICE_PORT = 8000
PROXY_PORT = 8080


def password() -> str:
    """Return 192 random bits in hexadecimal: one text for a URL, a configuration and a shell."""
    return secrets.token_hex(24)


def originals(folder: Folder) -> dict[str, str]:
    """Return every original but certificates by its file name; those that are missing are made."""
    recipes: dict[str, Callable[[], str]] = {
        "rabbitmq_admin_password": password,
        "operator_amqp_password": password,
        "erlang_cookie": password,
        "mongo_root_password": password,
        "mongo_keyfile": lambda: secrets.token_hex(256),
        "tracking_secret": lambda: secrets.token_hex(32),
        "lookup_secret": lambda: secrets.token_hex(32),
        "sealing_keys": new_line,
        **dict.fromkeys(FILE_KEYS.values(), new_line),
    }
    for service in service_names():
        recipes |= {f"{service}_{server}_password": password for server in ("amqp", "mongo")}
    values = {name: folder.keep(name, make) for name, make in recipes.items()}
    public = _token_keys(folder)
    session = (folder.path / SESSION_KEY).read_text()
    return {**values, PUBLIC_KEYS: public, SESSION_KEY: session}


def handouts(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what each container gets to read: its name -> file name -> text."""
    admin = f"default_user = admin\ndefault_pass = {values['rabbitmq_admin_password']}\n"
    tls = {
        server: (values[f"{server}_tls.pem"], values[f"{server}_tls_key.pem"]) for server in SERVERS
    }
    shares = {
        "rabbitmq": {
            "admin.conf": admin,
            ".erlang.cookie": values["erlang_cookie"],
            "tls.pem": tls["rabbitmq"][0],
            "tls.key": tls["rabbitmq"][1],
            CA: values[CA],
        },
        # mongod reads both from one file.
        "mongo": {
            "keyfile": values["mongo_keyfile"],
            "tls.pem": "".join(tls["mongo"]),
            CA: values[CA],
        },
        **{service: _service_share(service, values) for service in service_names()},
    }
    for service in shares.keys() & _OWN.keys():
        shares[service] |= {name: values[kept] for name, kept in _OWN[service].items()}
    shares[ERASURES] = {}
    return shares


def front(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return what the proxy gets to read, from the folder that the certificate lies in, if any.

    Without `JEMPUT_OFFICE_PROXIES` the network's gateway is believed, which is what an office's
    proxy on this machine looks like; with a certificate nobody is, since clients come themselves.
    """
    certificate = {
        name: text
        for name, given in _CERTIFICATE.items()
        if (folder / given).exists() and (text := (folder / given).read_text()).strip()
    }
    if len(certificate) == 1:
        raise SystemExit("JEMPUT_TLS_CERTIFICATE and JEMPUT_TLS_KEY are given together, or neither")
    gateway = "" if certificate else environment.get("JEMPUT_GATEWAY", "")
    believed = environment.get("JEMPUT_OFFICE_PROXIES") or gateway
    plan = Plan(
        listen=str(PROXY_PORT),
        upstreams={name: f"{name}:{SERVICE_PORT}" for name in service_names()},
        prefixes=configuration.prefixes(service_names(), environment),
        office_proxies=[part.strip() for part in believed.split(",") if part.strip()],
        tls=bool(certificate),
    )
    return {**configuration.files(plan), **certificate}


def make(
    secrets_folder: Path,
    handouts_folder: Path,
    owners: Mapping[str, int],
    environment: Mapping[str, str] = MappingProxyType({}),
    given: Path = Path("/nonexistent"),
    renew: str | None = None,
    now: datetime | None = None,
) -> None:
    """Complete both kinds of folders.

    `owners` maps "secrets" and the name of each container to the numeric user who may read.
    `environment` and `given`, the folder of the certificate, are what the proxy depends on.
    """
    store = Folder(secrets_folder, owners.get("secrets"))
    store.prepare()
    values = originals(store) | kept_certificates(store, SERVERS, now or datetime.now(UTC), renew)
    shares = {**handouts(values), "proxy": front(environment, given)}
    # Intake last: it signs with no key that the others cannot look up yet.
    for container in sorted(shares, key=lambda name: name == "intake"):
        files = shares[container]
        share = Folder(handouts_folder / container, owners.get(container))
        share.prepare()
        for name, text in files.items():
            share.put(name, text)


def _token_keys(folder: Folder) -> str:
    """Return the public key set; the operator's own keys in it are kept (`shared.auth rotate`)."""
    private, public = folder.path / PRIVATE_KEY, folder.path / PUBLIC_KEYS
    if (former := folder.path / _FORMER_PRIVATE_KEY).exists():
        former.replace(private)
    names = (PRIVATE_KEY, SESSION_KEY)
    made = [name for name in names if not (folder.path / name).exists()]
    for name in made:
        folder.place(name, lambda path: write_private(path, SigningKey.generate()))
    # One that was there before and is not in a set that is kept was retired: it stays out.
    added = [load_private(folder.path / name) for name in (made if public.exists() else names)]
    if added:
        known = dict(load_public(public)) if public.exists() else {}
        known |= {key.kid: key.public for key in added}
        folder.place(PUBLIC_KEYS, lambda path: write_public(path, known))
    return public.read_text()


def _service_share(service: str, values: Mapping[str, str]) -> dict[str, str]:
    amqp, mongo = values[f"{service}_amqp_password"], values[f"{service}_mongo_password"]
    return {
        "amqp_url": addresses.amqp_url(service, amqp, _SEEN_CA),
        "mongo_url": addresses.mongo_url(service, mongo, _SEEN_CA),
        CA: values[CA],
        PUBLIC_KEYS: values[PUBLIC_KEYS],
    }


def main(words: list[str]) -> None:
    """Make the secrets of the folders that the environment names."""
    parser = argparse.ArgumentParser(prog="python -m deploy.compose.make_secrets")
    parser.add_argument("--renew", choices=RENEWABLE, help="make these anew, though they are valid")
    renew = parser.parse_args(words).renew
    servers = dict.fromkeys(SERVERS, SERVER_UID)
    applications = dict.fromkeys(("secrets", ERASURES, *service_names()), APPLICATION_UID)
    folders = (Path(os.environ["JEMPUT_SECRETS"]), Path(os.environ["JEMPUT_HANDOUTS"]))
    owners = servers | applications | {"proxy": PROXY_UID}
    make(*folders, owners, os.environ, Path("/run/secrets"), renew)
    print("secrets are complete")


if __name__ == "__main__":
    main(sys.argv[1:])
