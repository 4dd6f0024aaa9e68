"""Master keys by command, of what residents and accounts are sealed with."""

from collections.abc import Sequence

from services.intake.app import Desk, vault_of
from services.intake.cli.shell import Themes
from services.intake.usecases import rewrap
from shared.messaging.unit_of_work import UnitOfWork
from shared.runtime.master_keys import MasterKeyDesk, add_key_commands
from shared.sealing.rewrap import Rewrapped


def add_commands(themes: Themes) -> None:
    """Add the commands about master keys."""
    add_key_commands(themes, "the master keys that wrap residents' keys", _wrapped)


def _wrapped(desk: Desk) -> MasterKeyDesk:
    vault = vault_of(desk.settings)

    async def not_under(master: str, after: str, limit: int) -> Sequence[str]:
        return [key.id for key in await desk.reader.keys_not_under(master, after, limit)]

    async def again(ids: Sequence[str], uow: UnitOfWork) -> Rewrapped:
        return await rewrap(tuple(ids), uow, vault)

    file = desk.settings.sealing_keys
    return MasterKeyDesk(file, desk.commands, desk.reader.keys_under, not_under, again)
