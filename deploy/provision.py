"""Users, rights and topology: what the servers must know before any service starts. Idempotent.

`python -m deploy.provision --rabbit --mongo` reads passwords and the servers' certificate authority
from the files in JEMPUT_SECRETS and finds the servers by AMQP_ADMIN_HOST and MONGO_ADMIN_HOST.
Which services there are is read from `services/*/subscriptions.toml`: a new one needs no line here.
What its user of MongoDB may do stands in `services/*/database.toml`, where there is one; to its
trail it only adds.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.compose import addresses
from shared.audit.kept import ADDED_TO
from shared.messaging.provision import BrokerUser, Management
from shared.messaging.topology import OPERATOR, read_subscriptions, topology
from shared.mongo.client import connect
from shared.mongo.users import ensure_user, limit_transactions, read_rights

SERVICES = Path(__file__).resolve().parent.parent / "services"


def service_names(services: Path = SERVICES) -> tuple[str, ...]:
    """Return the services that have a folder here."""
    return tuple(sorted({s.service for s in read_subscriptions(services)}))


def has_worker(service: str, services: Path = SERVICES) -> bool:
    """Return whether a service has a worker: a list of the jobs that it does."""
    return (services / service / "jobs.py").exists()


def rabbit(
    management_url: str,
    passwords: Mapping[str, str],
    operator: str,
    *,
    vhost: str = "/",
    services: Path = SERVICES,
) -> None:
    """Apply the topology and the rights of the services that `passwords` names: all, as a rule."""
    management = Management(management_url, vhost)
    wanted = [s for s in read_subscriptions(services) if s.service in passwords]
    try:
        management.apply(topology(wanted))
        management.grant([BrokerUser(name, password) for name, password in passwords.items()])
        management.grant_operator(BrokerUser(OPERATOR, operator))
    finally:
        management.close()


async def mongo(admin_url: str, passwords: Mapping[str, str], prefix: str = "") -> None:
    """Create each service's user in its database, which bears its name behind `prefix`."""
    client = connect(admin_url)
    try:
        await limit_transactions(client)
        for service, password in passwords.items():
            rights = read_rights(SERVICES / service / "database.toml")
            place = f"{prefix}{service}"
            await ensure_user(client, service, password, place, rights, [ADDED_TO])
    finally:
        await client.close()


async def read_certificates_anew(admin_url: str) -> None:
    """Let MongoDB take over certificates that were renewed; RabbitMQ looks by itself."""
    client = connect(admin_url)
    try:
        await client.admin.command("rotateCertificates", 1)
    finally:
        await client.close()


def _secret(name: str) -> str:
    return (Path(os.environ["JEMPUT_SECRETS"]) / name).read_text().strip()


def _ca() -> str:
    return f"{os.environ['JEMPUT_SECRETS']}/{addresses.CA}"


def _passwords(server: str) -> dict[str, str]:
    return {service: _secret(f"{service}_{server}_password") for service in service_names()}


def main(words: list[str]) -> None:
    """Do what the options name."""
    parser = argparse.ArgumentParser(prog="python -m deploy.provision", description=__doc__)
    parser.add_argument("--rabbit", action="store_true", help="users, rights, topology")
    parser.add_argument("--mongo", action="store_true", help="users")
    wanted = parser.parse_args(words)
    if wanted.rabbit:
        place = f"{os.environ['AMQP_ADMIN_HOST']}:{addresses.MANAGEMENT_PORT}"
        url = addresses.management_url(_secret("rabbitmq_admin_password"), _ca(), place)
        rabbit(url, _passwords("amqp"), _secret("operator_amqp_password"))
        print("RabbitMQ: users, rights and topology are in place")
    if wanted.mongo:
        place = f"{os.environ['MONGO_ADMIN_HOST']}:{addresses.MONGO_PORT}"
        url = addresses.mongo_admin_url(_secret("mongo_root_password"), _ca(), place)
        asyncio.run(mongo(url, _passwords("mongo")))
        asyncio.run(read_certificates_anew(url))
        print("MongoDB: users are in place")


if __name__ == "__main__":
    main(sys.argv[1:])
