"""Residents: found again, sealed, erased; keys that wrap theirs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.intake.domain import (
    Case,
    Lookup,
    LookupKeys,
    OpenRequests,
    Party,
    Person,
    Refused,
    Resident,
    ResidentKey,
    Statement,
    case_of,
    statement_id,
)
from services.intake.domain.resident import CASES_LIMIT
from services.intake.gateways import SealedVault
from services.intake.usecases import erase_again, erase_resident, rewrap, told_of
from services.intake.usecases.residents import KeyMissing
from shared.messaging.errors import Missing
from shared.sealing.masterkeys import UnknownMasterKey
from shared.sealing.seal import Unsealable
from shared.testing.bench import Bench
from tests.unit.intake.sample import (
    CASE,
    LOOKUPS,
    NIK,
    VAULT,
    at_event,
    at_home,
    bench,
    later,
    master_keys,
    reader,
    record,
)

SITI = Person("Siti Contoh", NIK, "+628120000001", "Gang Contoh 1")


async def one(work: Bench) -> Resident:
    (resident,) = await work.all(Resident)
    return resident


async def test_what_is_said_stands_sealed_and_opens_again() -> None:
    work = bench()
    await record(work, at_event(person=SITI))

    case = await work.get(Case, CASE)
    assert case is not None
    resident = await one(work)
    assert case.parties == {Party.APPLICANT: resident.id}
    assert resident.said == (statement_id(CASE, Party.APPLICANT),)
    told = await told_of(case, Party.APPLICANT, reader(work), VAULT)
    assert told is not None
    assert told.person == SITI


async def test_the_same_nik_is_one_resident_of_several_cases() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    await record(work, at_event(person=replace(SITI, phone=None), service="KK", case_id="case-2"))

    resident = await one(work)
    assert [case_of(said) for said in resident.said] == [CASE, "case-2"]
    assert len(await work.all(ResidentKey)) == len(await work.all(Lookup)) == 1


async def test_a_later_request_changes_nothing_of_what_an_earlier_one_said() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    moved = replace(SITI, name="Siti Lain", address="Gang Contoh 2")
    await record(work, at_event(person=moved, service="KK", case_id="case-2"))

    for case_id, person in ((CASE, SITI), ("case-2", moved)):
        case = await work.get(Case, case_id)
        assert case is not None
        told = await told_of(case, Party.APPLICANT, reader(work), VAULT)
        assert told is not None
        assert told.person == person


@pytest.mark.parametrize("person", [Person("Siti"), Person("Siti", phone="+628120000001")])
async def test_without_a_nik_each_request_has_a_resident_of_its_own(person: Person) -> None:
    work = bench()
    await record(work, at_event(person=person))
    await record(work, at_event(person=person, service="KK", case_id="case-2"))

    assert len(await work.all(Resident)) == 2
    assert await work.all(Lookup) == []


async def test_one_nik_is_two_residents_in_two_programmes() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    await record(work, at_home(person=SITI, case_id="case-2"))

    assert {one.programme_id for one in await work.all(Resident)} == {"botram", "halo_pamor"}
    assert len({way.id for way in await work.all(Lookup)}) == 2


def test_hashes_of_two_programmes_cannot_be_joined() -> None:
    niks = [f"321699{day:02}03850001" for day in range(1, 29)]
    botram = {LOOKUPS.hashes("botram", "resident", nik)[0] for nik in niks}
    pamor = {LOOKUPS.hashes("halo_pamor", "resident", nik)[0] for nik in niks}
    assert len(botram) == len(pamor) == len(niks)
    assert botram.isdisjoint(pamor)


def test_a_hash_is_of_one_purpose_and_the_newest_secret_makes_it() -> None:
    old, both = LookupKeys(b"o" * 32), LookupKeys(b"n" * 32, b"o" * 32)
    assert both.hashes("botram", "resident", NIK)[1:] == old.hashes("botram", "resident", NIK)
    assert both.hashes("botram", "resident", NIK)[0] != both.hashes("botram", "open", NIK)[0]


def test_the_key_of_fingerprints_is_no_programme_s() -> None:
    keys = LookupKeys(b"n" * 32, b"o" * 32)
    assert keys.fingerprint_key == LookupKeys(b"n" * 32).fingerprint_key
    assert keys.fingerprint_key != LookupKeys(b"o" * 32).fingerprint_key


def test_a_hash_is_hkdf_and_hmac_as_the_standards_have_them() -> None:
    # By `cryptography`'s HKDF (RFC 5869) and HMAC (RFC 2104) over the same inputs.
    secret = b"a made-up secret of thirty-two by"
    key = HKDF(SHA256(), 32, b"jemput lookup", b"botram").derive(secret)
    mac = HMAC(key, SHA256())
    mac.update(b"resident\x00nik:" + NIK.encode())
    assert LookupKeys(secret).hashes("botram", "resident", f"nik:{NIK}") == (mac.finalize().hex(),)


async def test_a_resident_is_found_again_under_a_newer_secret() -> None:
    work = bench()
    await record(work, at_event(person=SITI), lookups=LookupKeys(b"o" * 32))
    both = LookupKeys(b"n" * 32, b"o" * 32)
    await record(work, at_event(person=SITI, service="KK", case_id="case-2"), lookups=both)

    resident = await one(work)
    assert set(resident.lookups) == {way.id for way in await work.all(Lookup)}
    assert len(resident.lookups) == 2


async def test_the_last_case_s_time_is_kept_whatever_the_order() -> None:
    work = bench()
    work.clock.now = later(100)
    await record(work, at_event(person=SITI), occurred_at=later(50))
    await record(work, at_event(person=SITI, service="KK", case_id="case-2"), occurred_at=later(10))
    assert (await one(work)).last_case_at == later(50)


async def test_the_reason_of_a_repeat_is_sealed_too() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    await record(work, at_event(person=SITI, case_id="case-2", repeat_reason="Untuk anak kedua"))

    assert "Untuk anak" not in str(work.memory.collections)
    case = await work.get(Case, "case-2")
    assert case is not None
    told = await told_of(case, Party.APPLICANT, reader(work), VAULT)
    assert told is not None
    assert told.reason == "Untuk anak kedua"


async def test_an_erased_resident_s_case_stays_and_nothing_leads_to_him() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    resident = await one(work)
    work.clock.now = later(60)

    assert await work.run(lambda uow: erase_resident(resident.id, uow)) is True

    case = await work.get(Case, CASE)
    assert case is not None
    assert await told_of(case, Party.APPLICANT, reader(work), VAULT) is None
    for kind in (Lookup, Statement, OpenRequests):
        assert await work.all(kind) == []
    (key,) = await work.all(ResidentKey)
    assert (key.master, key.sealed, key.destroyed) == (None, None, True)
    left = await one(work)
    assert (left.erased_at, left.lookups, left.said, left.asked) == (later(60), (), (), ())


async def test_an_erasure_again_changes_nothing() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    id_ = (await one(work)).id
    await work.run(lambda uow: erase_resident(id_, uow))
    before = str(work.memory.collections)

    assert await work.run(lambda uow: erase_resident(id_, uow)) is False

    assert str(work.memory.collections) == before


async def test_an_erased_person_who_comes_back_is_another_resident() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    id_ = (await one(work)).id
    await work.run(lambda uow: erase_resident(id_, uow))

    await record(work, at_event(person=SITI, case_id="case-2"))

    (way,) = await work.all(Lookup)
    assert way.resident_id != id_


async def test_nothing_is_added_to_a_resident_whose_key_is_destroyed() -> None:
    """As after yesterday's data came back and the erasures were not applied yet."""
    work = bench()
    await record(work, at_event(person=SITI))
    (key,) = await work.all(ResidentKey)
    work.keep(key.destroy())

    await record(work, at_event(person=SITI, service="KK", case_id="case-2"))

    (way,) = await work.all(Lookup)
    assert way.resident_id != key.id
    assert way.version == 2
    case = await work.get(Case, "case-2")
    assert case is not None
    assert await told_of(case, Party.APPLICANT, reader(work), VAULT) is not None


async def test_erasing_after_a_restore_of_the_data_forgets_again() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    yesterday = {name: dict(held) for name, held in work.memory.collections.items()}
    id_ = (await one(work)).id
    await work.run(lambda uow: erase_resident(id_, uow))
    today = work.memory.collections["resident_keys"]
    work.memory.collections.update({**yesterday, "resident_keys": today})

    case = await work.get(Case, CASE)
    assert case is not None
    assert await told_of(case, Party.APPLICANT, reader(work), VAULT) is None
    assert await work.run(lambda uow: erase_resident(id_, uow)) is True
    assert (await work.all(Statement), await work.all(Lookup)) == ([], [])
    assert await work.run(lambda uow: erase_resident(id_, uow)) is False


async def test_erasing_where_the_keys_are_older_than_the_resident_leaves_a_mark() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    id_ = (await one(work)).id
    work.memory.collections["resident_keys"].clear()

    case = await work.get(Case, CASE)
    assert case is not None
    with pytest.raises(KeyMissing):
        await told_of(case, Party.APPLICANT, reader(work), VAULT)
    await work.run(lambda uow: erase_resident(id_, uow))
    assert await told_of(case, Party.APPLICANT, reader(work), VAULT) is None


async def test_a_statement_that_is_lost_is_not_taken_for_an_erasure() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    work.memory.collections["statements"].clear()
    case = await work.get(Case, CASE)
    assert case is not None
    with pytest.raises(KeyMissing):
        await told_of(case, Party.APPLICANT, reader(work), VAULT)


async def test_whoever_is_not_there_has_nothing_to_erase_again() -> None:
    assert await bench().run(lambda uow: erase_again("r-0", uow)) is False


async def test_nobody_cannot_be_erased() -> None:
    with pytest.raises(Missing):
        await bench().run(lambda uow: erase_resident("r-0", uow))


async def test_a_case_without_this_party_says_so() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    case = await work.get(Case, CASE)
    assert case is not None
    with pytest.raises(Missing, match="phone owner"):
        await told_of(case, Party.PHONE_OWNER, reader(work), VAULT)


def test_a_field_opens_for_its_resident_its_statement_and_its_name_alone() -> None:
    key, other = VAULT.new_key("r-1"), VAULT.new_key("r-2")
    sealed = VAULT.seal(key, "case-1.applicant", {"name": "Siti", "address": "Gang 1"})
    assert VAULT.open(key, "case-1.applicant", sealed) == {"name": "Siti", "address": "Gang 1"}
    swapped = {"name": sealed["address"], "address": sealed["name"]}
    for where, what, how in (
        ("case-1.applicant", swapped, key),
        ("case-2.applicant", sealed, key),
        ("case-1.subject", sealed, key),
        ("case-1.applicant", sealed, other),
        ("case-1.applicant", sealed, replace(key, id="r-2")),
    ):
        with pytest.raises(Unsealable) as refused:
            VAULT.open(how, where, what)
        assert "Siti" not in str(refused.value)


def test_a_destroyed_key_opens_nothing() -> None:
    key = VAULT.new_key("r-1")
    sealed = VAULT.seal(key, "case-1.applicant", {"name": "Siti"})
    with pytest.raises(Unsealable, match="destroyed"):
        VAULT.open(key.destroy(), "case-1.applicant", sealed)


async def test_keys_are_wrapped_anew_once_and_open_the_same() -> None:
    old, new = master_keys(1), master_keys(2)
    before, after = SealedVault(lambda: old), SealedVault(lambda: new)
    work = bench()
    await record(work, at_event(person=SITI), vault=before)
    id_ = (await one(work)).id

    first = await work.run(lambda uow: rewrap((id_, "r-0"), uow, after))
    assert first == {"wrapped": [id_], "shut": []}
    again = await work.run(lambda uow: rewrap((id_,), uow, after))
    assert again == {"wrapped": [], "shut": []}

    (key,) = await work.all(ResidentKey)
    assert key.master == new.newest
    case = await work.get(Case, CASE)
    assert case is not None
    told = await told_of(case, Party.APPLICANT, reader(work), after)
    assert told is not None
    assert told.person == SITI
    with pytest.raises(UnknownMasterKey):
        await told_of(case, Party.APPLICANT, reader(work), before)


async def test_a_destroyed_key_is_not_wrapped_anew() -> None:
    work = bench()
    await record(work, at_event(person=SITI))
    id_ = (await one(work)).id
    await work.run(lambda uow: erase_resident(id_, uow))
    newer = SealedVault(lambda: master_keys(2))
    done = await work.run(lambda uow: rewrap((id_,), uow, newer))
    assert done == {"wrapped": [], "shut": []}


async def test_a_key_that_does_not_open_holds_up_no_other() -> None:
    work = bench()
    work.keep(VAULT.new_key("r-1"), replace(VAULT.new_key("r-2"), master="f" * 16))
    work.keep(replace(VAULT.new_key("r-3"), sealed="spoilt"), VAULT.new_key("r-4"))
    newer = SealedVault(lambda: master_keys(2))
    done = await work.run(lambda uow: rewrap(("r-1", "r-2", "r-3", "r-4"), uow, newer))
    assert done == {"wrapped": ["r-1", "r-4"], "shut": ["r-2", "r-3"]}


def test_a_person_does_not_show_himself() -> None:
    assert "Siti" not in repr(at_event(person=SITI))
    assert NIK not in f"{SITI}"


def test_a_resident_s_times_are_of_his_newest_case() -> None:
    resident = Resident("r-1", "botram", later(0), version=0)
    assert resident.joined("c.applicant", later(5), None).last_case_at == later(5)
    assert resident.joined("c.applicant", later(0) - timedelta(days=1), "o").asked == ("o",)


def test_a_resident_has_a_part_in_so_many_requests_at_most() -> None:
    said = tuple(f"c-{number}.applicant" for number in range(CASES_LIMIT - 1))
    full = Resident("r-1", "botram", later(0), said=said).joined("c-last.applicant", later(1), None)
    assert len(full.said) == CASES_LIMIT
    with pytest.raises(Refused, match="too_many_cases"):
        full.joined("c-more.applicant", later(2), None)
