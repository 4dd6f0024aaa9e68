"""Users of MongoDB: each service reads and writes its own database and nothing else."""

from pymongo.errors import OperationFailure

from shared.mongo.client import Client

TRANSACTION_SECONDS = 10
"""After so long the server ends a transaction that nobody commits; ours take well under one."""

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


async def limit_transactions(client: Client, seconds: int = TRANSACTION_SECONDS) -> None:
    """Have the server end transactions that nobody commits, until it restarts.

    A process that is killed inside a transaction leaves it open on the server, and with it locks
    on everything it wrote: by default for 60 s, in which its successor could not go on. Servers
    that we start are told by their configuration too; a command is all a given one hears of us.
    """
    await client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=seconds)
