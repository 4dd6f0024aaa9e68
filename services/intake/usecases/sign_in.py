"""Who somebody is: a password, and a code where a role asks for one, held against an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.intake.domain import (
    LOGIN,
    MAX_PASSWORD,
    TOTP,
    Account,
    AccountCodes,
    Devices,
    LoginName,
    Refused,
    ResidentKey,
    checked_login,
    checked_password,
    written_password,
)
from services.intake.usecases.account_changes import PLACE
from services.intake.usecases.ports import Breached, Clock, PasswordHasher, Reader, Vault
from services.intake.usecases.sessions import Proven
from shared.auth.secondfactor import step_of

_DECOY = "a password that is nobody's"


@dataclass(frozen=True, slots=True)
class Secret:
    """What somebody types to sign in."""

    password: str
    code: str | None


class SignIn:
    """Proves who somebody is, outside any unit of work: a password takes a while to verify."""

    def __init__(
        self,
        reader: Reader,
        hasher: PasswordHasher,
        breached: Breached,
        codes: AccountCodes,
        vault: Vault,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._hasher = hasher
        self._breached = breached
        self._codes = codes
        self._vault = vault
        self._clock = clock
        self._decoy = ""

    def login_keys(self, login: str) -> Sequence[str]:
        """Return the keys of a login name, as somebody typed it."""
        try:
            return self._codes.login_keys(checked_login(login))
        except Refused:
            return self._codes.login_keys("")

    async def knows(self, account: Account | None, device: str | None) -> bool:
        """Return whether this device has signed in to the account before and was not revoked."""
        if account is None or device is None:
            return False
        devices = await self._reader.get(Devices, account.id)
        known = devices.device(device) if devices else None
        return known is not None and not known.revoked

    async def account_of(self, login: str) -> Account | None:
        """Return the account with this login name, as somebody typed it."""
        for key in self.login_keys(login):
            if (name := await self._reader.get(LoginName, key)) is not None:
                return await self._reader.get(Account, name.account_id)
        return None

    async def by_id(self, account_id: str) -> Account | None:
        """Return an account."""
        return await self._reader.get(Account, account_id)

    async def prove(self, account: Account | None, secret: Secret) -> Proven:
        """Return that this is the account's password and code.

        A password is hashed whether or not there is such an account, so that the answer takes as
        long. Raises Refused: not_recognised, and with the right password code_needed, code_wrong.
        """
        known = account.password if account is not None and account.can_sign_in else None
        typed = written_password(secret.password)
        typed = typed if len(typed) <= MAX_PASSWORD else ""  # nobody's, and quick to hash
        found = await self._hasher.verify(known or await self._nobodys(), typed)
        if account is None or known is None or not found.fits:
            raise Refused("not_recognised", "login, password: not recognised")
        step = await self._step(account, secret.code) if account.needs_second_factor else None
        return Proven(account.id, known, step)

    async def _nobodys(self) -> str:
        if not self._decoy:
            self._decoy = await self._hasher.hash(_DECOY)
        return self._decoy

    async def _step(self, account: Account, code: str | None) -> int:
        if not code:
            raise Refused("code_needed", "code: the code of your authenticator app is needed")
        step = step_of(await self.opened(account, TOTP), code, self._clock())
        if step is None or step <= account.totp_step:
            raise Refused("code_wrong", "code: it is wrong, too old or was used already")
        return step

    async def first_code(self, account: Account, code: str) -> int:
        """Return the step of a first code of a second factor. Raises Refused: code_wrong."""
        if TOTP not in account.sealed:
            raise Refused("no_password", "code: set a password first")
        return await self._step(account, code)

    async def hashed(self, password: str, account: Account) -> str:
        """Return what is stored of a new password.

        Raises Refused: password_length, password_is_login, password_breached.
        """
        checked = checked_password(password, await self.opened(account, LOGIN))
        if self._breached.holds(checked):
            raise Refused("password_breached", "password: it is known from a breach; take another")
        return await self._hasher.hash(checked)

    async def names_of(self, accounts: Sequence[Account]) -> Mapping[str, str]:
        """Return the login names of accounts, by their ids; their keys are read at once."""
        keys = await self._reader.many(ResidentKey, [one.id for one in accounts])
        return {one.id: self._open(keys[one.id], one, LOGIN) for one in accounts}

    async def opened(self, account: Account, what: str) -> str:
        """Return what is sealed of an account: LOGIN or TOTP."""
        key = await self._reader.get(ResidentKey, account.id)
        if key is None:
            raise RuntimeError("an account has a key")
        return self._open(key, account, what)

    def _open(self, key: ResidentKey, account: Account, what: str) -> str:
        return self._vault.open(key, PLACE, {what: account.sealed[what]})[what]
