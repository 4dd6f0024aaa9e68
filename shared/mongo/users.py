"""Users of MongoDB: each service reads and writes its own database and nothing else."""

from pymongo.errors import OperationFailure

from shared.mongo.client import Client

_EXISTS = 51003


async def ensure_user(client: Client, service: str, password: str, database: str) -> None:
    """Create a service's user in its own database, or set its password anew."""
    roles = [{"role": "readWrite", "db": database}]
    said = {"pwd": password, "roles": roles}
    try:
        await client[database].command({"createUser": service, **said})
    except OperationFailure as refused:
        if refused.code != _EXISTS:
            raise
        await client[database].command({"updateUser": service, **said})
