"""Where RabbitMQ and MongoDB of docker-compose.yml are, over TLS alone.

Each URL names the file of the certificate authority that its reader verifies the server with:
`cafile` for AMQP and the management API, `tlsCAFile` for MongoDB.
"""

from typing import Final

AMQP_PORT: Final = 5671
MANAGEMENT_PORT: Final = 15671
MONGO_PORT: Final = 27017
BROKER: Final = f"rabbitmq:{AMQP_PORT}"
DATABASE: Final = f"mongo:{MONGO_PORT}"
REPLICA_SET: Final = "rs0"
CA: Final = "ca.pem"
"""The file's name, in every folder that has it."""


def amqp_url(user: str, password: str, ca: str, place: str = BROKER) -> str:
    """Return RabbitMQ's URL for one user."""
    return f"amqps://{user}:{password}@{place}/?cafile={ca}"


def management_url(password: str, ca: str, place: str) -> str:
    """Return the management API's URL for the administrator."""
    return f"https://admin:{password}@{place}/?cafile={ca}"


def mongo_url(service: str, password: str, ca: str) -> str:
    """Return MongoDB's URL for one service and its database."""
    options = f"replicaSet={REPLICA_SET}&authSource={service}&{mongo_options(ca)}"
    return f"mongodb://{service}:{password}@{DATABASE}/{service}?{options}"


def mongo_admin_url(password: str, ca: str, place: str = DATABASE) -> str:
    """Return MongoDB's URL for the administrator, at the member that is addressed."""
    options = f"authSource=admin&directConnection=true&{mongo_options(ca)}"
    return f"mongodb://root:{password}@{place}/?{options}"


def mongo_options(ca: str) -> str:
    """Return what a URL of MongoDB says about TLS."""
    return f"tls=true&tlsCAFile={ca}"
