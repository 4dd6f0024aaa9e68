"""Machines at the shell: a token is known before it is shown, and ended before its time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import TypeAdapter

from services.intake.cli import machines
from services.intake.cli.shell import CommandRefused
from services.intake.config import Settings
from services.intake.domain import Deed
from services.intake.store import COLLECTIONS, IntakeReader
from shared.audit.trail import AuditEntry
from shared.auth.keys import SigningKey, write_private
from shared.auth.roles import Grant
from shared.auth.tokens import MAX_LIFETIME, Issuer
from shared.contracts.intake import AccessId, AccessKind, AccessRevoked
from shared.messaging.errors import Unavailable
from shared.mongo.revocations import REVOCATION_INDEX
from tests.component.intake.kit import Desk, desk, settings
from tests.component.intake.people import admin_headers, person
from tests.component.intake.shell import run_command

GRANT = "service:botram:32.16"
BY = ("--by", "admin-1")
WHY = ("--reason", "Laptop mitra hilang", *BY)


@pytest.fixture
def given() -> Iterator[Settings]:
    with settings() as found:
        yield found


class Shop:
    """An office, its shell, and machines that ask it for something."""

    def __init__(self, office: Desk, given: Settings, folder: Path) -> None:
        self.office, self._given, self._key = office, given, folder / "key.pem"
        write_private(self._key, office.messaging.signing_key)

    async def shell(self, *words: str) -> list[str]:
        """Run a command about machines."""
        return await run_command(self.office, self._given, machines, *words)

    async def token(self, name: str = "mitra-1", days: int = 90) -> str:
        """Have a token made."""
        words = ("--name", name, "--purpose", "Angka untuk mitra", "--grant", GRANT)
        (token,) = await self.shell(
            "token", *words, "--days", str(days), "--private", str(self._key), *BY
        )
        return token

    async def ids(self) -> list[str]:
        """The ids of the tokens that are listed, oldest first."""
        lines = await self.shell("list")
        return [line.partition("; token ")[2].partition(";")[0] for line in lines]

    async def status(self, token: str) -> int:
        """What the service answers to whoever has this token, once it has looked."""
        await self.office.messaging.look()
        headers = {"Authorization": f"Bearer {token}"}
        answer: httpx.Response = await self.office.client.get("/api/programmes", headers=headers)
        return answer.status_code

    @property
    def told(self) -> list[AccessRevoked]:
        """What the other services are told."""
        published = self.office.messaging.published
        return [event for event in published if isinstance(event, AccessRevoked)]

    async def trail(self) -> list[AuditEntry]:
        """The trail's entries about machines."""
        reader = IntakeReader(self.office.messaging.database, COLLECTIONS)
        return [one for one in await reader.find(AuditEntry) if one.deed.startswith("machine_")]


async def test_one_token_is_ended_alone_and_to_its_last_day(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        ended, other = await shop.token(), await shop.token()
        assert (await shop.status(ended), await shop.status(other)) == (200, 200)
        first, second = await shop.ids()
        now = office.messaging.clock()

        said = await shop.shell("end", "--token", first, *WHY)

        assert said == [f"mitra-1: token {first} counts no more"]
        assert (await shop.status(ended), await shop.status(other)) == (401, 200)
        (event,) = shop.told
        assert (event.access_id, event.kind, event.revoked_at) == (first, AccessKind.TOKEN, now)
        assert event.until is not None
        office.messaging.clock.advance(days=89, hours=23)
        assert (await shop.status(ended), await shop.status(other)) == (401, 200)
        assert event.until > office.messaging.clock()
        assert [one.said[0] for one in await shop.trail() if one.deed == Deed.MACHINE_ENDED] == [
            first
        ]
        assert second not in {event.access_id for event in shop.told}


async def test_the_list_says_what_ended_whom_and_why(given: Settings, tmp_path: Path) -> None:
    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        await shop.token()
        await shop.token("mitra-2")
        (first, second) = await shop.ids()
        await shop.shell("end", "--token", first, *WHY)
        head = f"{GRANT} until 2023-06-09; Angka untuk mitra; token"
        assert await shop.shell("list") == [
            f"mitra-1: {head} {first}; ended 2023-03-11 by admin-1: Laptop mitra hilang",
            f"mitra-2: {head} {second}",
        ]
        office.messaging.clock.advance(days=90)
        assert await shop.shell("list") == ["no token of a machine counts"]


async def test_all_that_a_machine_has_is_ended_known_or_not_and_what_it_gets_later_counts(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        known, neighbour = await shop.token(), await shop.token("mitra-2")
        unknown = office.messaging.machine_headers(GRANT, subject="mitra-1", token_id="x", days=366)
        unknown_token = unknown["Authorization"].removeprefix("Bearer ")

        said = await shop.shell("end", "--name", "mitra-1", *WHY)

        assert said == ["mitra-1: no token of before counts any more; 1 were made here"]
        for token, status in ((known, 401), (unknown_token, 401), (neighbour, 200)):
            assert await shop.status(token) == status
        (event,) = shop.told
        assert (event.access_id, event.kind) == ("mitra-1", AccessKind.MACHINE)
        assert event.until is not None
        assert event.until > office.messaging.clock() + MAX_LIFETIME
        office.messaging.clock.advance(seconds=1)
        later = await shop.token()
        assert (await shop.status(known), await shop.status(later)) == (401, 200)
        lines = await shop.shell("list")
        assert lines[-1] == (
            "mitra-1: every token until 2023-03-11 02:15:00 UTC, "
            "ended 2023-03-11 by admin-1: Laptop mitra hilang"
        )
        assert ["ended" in line for line in lines] == [True, False, False, True]


async def test_ended_again_all_services_are_told_again(given: Settings, tmp_path: Path) -> None:
    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        token = await shop.token()
        (id_,) = await shop.ids()
        for _ in range(2):
            await shop.shell("end", "--token", id_, *WHY)
            office.messaging.clock.advance(minutes=1)
        assert len(shop.told) == 2
        messages = [m for m in office.messaging.messages if m.envelope.aggregate_id == id_]
        assert [message.envelope.version for message in messages] == [1, 2]
        assert await shop.status(token) == 401


async def test_what_the_trail_tells_of_machines_and_nobody_can_read_holds_nothing_up(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        token = await shop.token()
        (id_,) = await shop.ids()
        collection = COLLECTIONS.of(AuditEntry)
        harm = AuditEntry("harm", office.messaging.clock(), Deed.MACHINE_TOKEN, "x", "x", ("?",))
        office.messaging.memory.collections[collection.name]["harm"] = collection.encode(harm)
        told = "1 entries of the trail about machines cannot be read: harm"

        assert (await shop.shell("list"))[1:] == [told]
        assert (await shop.shell("end", "--name", "mitra-2", *WHY))[1:] == [told]
        await shop.shell("end", "--token", id_, *WHY)
        assert await shop.status(token) == 401


async def test_the_end_of_an_account_ends_its_tokens_without_a_session_for_as_long_as_they_live(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        one = await person(office, "siti", "operator:botram:32.16")
        made = office.messaging.machine_headers(
            GRANT, subject=one.account_id, token_id="t-1", days=366
        )
        token = made["Authorization"].removeprefix("Bearer ")
        assert await shop.status(token) == 200
        path = f"/api/accounts/{one.account_id}/disable"
        (await office.client.post(path, headers=admin_headers(office))).raise_for_status()
        assert await shop.status(token) == 401
        office.messaging.clock.advance(days=365)
        assert await shop.status(token) == 401
        (event,) = [one for one in shop.told if one.kind is AccessKind.ACCOUNT]
        assert event.until is not None
        assert event.until > office.messaging.clock() + timedelta(days=1)


async def test_a_machine_is_ended_before_the_trail_is_read(
    given: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: IntakeReader) -> None:
        raise Unavailable

    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        token = await shop.token()
        monkeypatch.setattr(IntakeReader, "machines_noted", away)
        said = await shop.shell("end", "--name", "mitra-1", *WHY)
        assert said == ["mitra-1: no token of before counts any more; the trail cannot be read now"]
        assert await shop.status(token) == 401


def test_whoever_may_have_a_token_can_be_ended_by_name() -> None:
    issuer = Issuer(SigningKey.generate(), lambda: datetime(2023, 3, 11, tzinfo=UTC))
    name, grants = TypeAdapter[str](AccessId), [Grant.parse(GRANT)]
    uuid = "01903332-7051-7030-9050-002040608010"
    for subject in ("sistem@dinas", f"a-{uuid}", uuid, "a.b_c-1", "12345678", "-a", "a/b"):
        try:
            issuer.issue(subject, grants, MAX_LIFETIME)
        except ValueError:
            continue
        assert name.validate_python(subject) == subject
    with pytest.raises(ValueError, match="a subject is an account id"):
        issuer.issue("sistem@dinas", grants, MAX_LIFETIME)


@pytest.mark.parametrize("words", [("--token", "t-unknown"), ("--token", "")])
async def test_a_token_that_is_not_known_is_refused_and_nothing_is_told(
    given: Settings, tmp_path: Path, words: tuple[str, ...]
) -> None:
    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        await shop.token()
        with pytest.raises(CommandRefused, match="--name ends all of a machine"):
            await shop.shell("end", *words, *WHY)
        assert shop.told == []
        assert len(await shop.trail()) == 1


async def test_what_is_ended_is_forgotten_by_the_database_when_nothing_of_it_is_left(
    given: Settings, tmp_path: Path
) -> None:
    async with desk() as office:
        shop = Shop(office, given, tmp_path)
        await shop.token(days=2)
        (id_,) = await shop.ids()
        await shop.shell("end", "--token", id_, *WHY)
        (kept,) = office.messaging.memory.collections["revocations"].values()
        assert REVOCATION_INDEX.keys == (("forgotten", 1),)
        assert (REVOCATION_INDEX.expire_after, kept["forgotten"]) == (0, shop.told[0].until)
