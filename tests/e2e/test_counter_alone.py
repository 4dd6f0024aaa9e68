"""The counter's scripts, on an intake in the test itself: what is typed, printed, kept and left."""

import json
from datetime import timedelta
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, Route, expect

from services.intake.domain.counter import KIT_SHAPE
from tests.component.intake.catalogues import FAMILY_CARD, entry
from tests.e2e.counter_alone import PIN, Alone, alone, later_event
from tests.e2e.counter_kit import seen
from tests.unit.intake.bus import scheduled
from tests.unit.intake.sample import NIK

pytestmark = pytest.mark.browser

FORM: Final = {
    "id": "form",
    "missing": "Isi F-1.02.",
    "any_of": [{"kind": "application_form", "text": "F-1.02"}],
}
EITHER: Final = {
    "id": "either",
    "missing": "Bawa KTP atau surat lahir.",
    "any_of": [
        {"kind": "identity_card", "text": "KTP", "of": "applicant"},
        {"kind": "birth_note", "text": "Surat lahir", "of": "subject"},
    ],
}
BORN: Final = {
    "code": "birth",
    "name": "Kelahiran",
    "entries": ["KIA_UNDER_5", "KK"],
    "referrals": ["BPJS Kesehatan: daftarkan bayi."],
    "sources": ["Usulan kami"],
}
SHARED: Final = {**FAMILY_CARD, "any_of": [{**FAMILY_CARD["any_of"][0], "of": "party"}]}
PORTAL: Final = "<html>Portal Wi-Fi</html>"
CATALOGUE: Final = {
    "entries": [
        entry("KIA_UNDER_5", "KIA", SHARED, FORM, EITHER),
        entry("KK", "KK", SHARED, FORM, EITHER),
        entry("IKD", "IKD"),
    ],
    "life_events": [BORN],
}


async def test_what_the_office_would_refuse_is_said_at_its_field_at_once(browser: Browser) -> None:
    async with alone(browser) as laptop:
        page = laptop.page
        await laptop.set_up()
        await page.get_by_label("Layanan", exact=True).select_option(label="Layanan KK")
        for label, text, wrong in (
            ("Nama lengkap", "x" * 61, "Nama paling banyak 60 huruf."),
            ("NIK (bila ada)", "123", "NIK terdiri dari 16 angka."),
            ("NIK (bila ada)", "99" + NIK[2:], "NIK ini tidak mungkin benar."),
            ("NIK (bila ada)", NIK[:6] + "320180" + NIK[12:], "NIK ini tidak mungkin benar."),
            ("Nomor HP (bila ada)", "021-12", "Nomor HP belum benar."),
            ("Tanggal lahir (bila perlu)", "2023-03-12", "Tanggal lahir belum tiba"),
            ("Tanggal lahir (bila perlu)", "1899-12-31", "Tanggal lahir belum tiba"),
            ("Kode dari gerbang (bila ada)", "A7QW3ZTM", "tanpa A, E, I, O, U"),
        ):
            field = page.get_by_label(label)
            await page.get_by_label("Nama lengkap").fill("Siti Contoh")
            await field.fill(text)
            await laptop.save()
            await expect(page.locator(".errors li")).to_have_count(1)
            await expect(page.locator(".errors a")).to_contain_text(wrong)
            await expect(field).to_have_attribute("aria-invalid", "true")
            await field.fill("")
        await page.get_by_label("Nama lengkap").fill("Siti Contoh")
        await page.get_by_label("NIK (bila ada)").fill(f"{NIK[:4]} {NIK[4:8]}.{NIK[8:]}")
        await page.get_by_label("Nomor HP (bila ada)").fill("+62 (812) 0000-0001")
        await page.get_by_label("Tanggal lahir (bila perlu)").fill("2023-03-11")
        await page.get_by_label("Kode dari gerbang (bila ada)").fill("k7qw 3ztm")
        await laptop.save()
        await expect(page.locator("article.tanda--tetap, article.tanda--sementara")).to_be_visible()
        await expect(page.locator('[data-hitung="diterima"]')).to_have_text("1")


async def test_a_refusal_says_its_field_and_request(browser: Browser) -> None:
    async with alone(browser) as laptop:
        await laptop.set_up()
        said = [
            await laptop.page.evaluate("(kept) => JemputAturan.refusal(kept)", kept)
            for kept in (
                {"reason": "422", "field": "/people/1/nik"},
                {"reason": "already_open", "field": "", "index": 0},
                {"reason": "422", "field": "/requests/2/parties/0/person"},
                {"reason": "entah", "field": "/arrival_code"},
            )
        ]
    assert [one.partition(":")[0] for one in said] == [
        "Orang 2, NIK",
        "Permintaan 1",
        "Permintaan 3, orang lain dalam permintaan",
        "kode dari gerbang",
    ]


async def test_a_form_of_each_service_is_ticked_apart_and_a_shared_paper_once(
    browser: Browser,
) -> None:
    async with alone(browser, **CATALOGUE) as laptop:
        page = laptop.page
        await laptop.set_up()
        await page.get_by_label("Nama lengkap").fill("Siti Contoh")
        await page.get_by_label("Layanan", exact=True).select_option(label="Kelahiran")
        await expect(page.get_by_label("Kartu Keluarga", exact=True)).to_have_count(1)
        await page.get_by_label("Kartu Keluarga", exact=True).check()
        await page.get_by_label("F-1.02 (Layanan KK)").check()
        await expect(page.get_by_label("F-1.02 (Layanan KIA_UNDER_5)")).not_to_be_checked()
        async with page.expect_request("**/api/visits") as sending:
            await laptop.save()
        sent: Any = (await sending.value).post_data_json
        (wanted,) = sent["requests"]
        lacking = page.locator("article.tanda").get_by_text("Isi F-1.02. (Layanan KIA_UNDER_5)")
        await expect(lacking.first).to_be_visible()
    assert sorted((one["requirement_id"], one["variant"]) for one in wanted["seen"]) == [
        ("family_card", "KIA_UNDER_5"),
        ("family_card", "KK"),
        ("form", "KK"),
    ]


async def test_what_may_be_of_several_people_is_carried_to_no_other_request(
    browser: Browser,
) -> None:
    async with alone(browser, **CATALOGUE) as laptop:
        page = laptop.page
        await laptop.set_up()
        for number, name in enumerate(("Layanan KIA_UNDER_5", "Layanan KK")):
            await page.get_by_label("Layanan", exact=True).nth(number).select_option(label=name)
            if not number:
                await page.get_by_role("button", name="Tambah permintaan").click()
        for name in ("KTP atau Surat lahir", "Kartu Keluarga"):
            await page.get_by_label(name, exact=True).first.check()
        await expect(page.get_by_label("Kartu Keluarga", exact=True).nth(1)).to_be_checked()
        await expect(
            page.get_by_label("KTP atau Surat lahir", exact=True).nth(1)
        ).not_to_be_checked()


async def test_what_is_lacking_stands_on_the_printed_receipt(browser: Browser) -> None:
    async with alone(browser) as laptop:
        page = laptop.page
        await laptop.set_up()
        await page.get_by_label("Nama lengkap").fill("Bayi Contoh")
        await page.get_by_label("Tanggal lahir (bila perlu)").fill("2022-03-11")
        await page.get_by_label("Layanan", exact=True).select_option(label="Layanan KK")
        await laptop.save()
        warning = page.locator("article.tanda").get_by_text("sebutkan orang tua atau walinya")
        await expect(warning).to_be_visible()
        await page.emulate_media(media="print")
        await expect(warning).to_be_visible()
        await expect(page.get_by_role("button", name="Cetak")).to_be_hidden()


async def left_behind(laptop: Alone) -> str:
    """Save a visit that the office never gets, and type another; return the first's number."""
    page = laptop.page
    await laptop.set_up()
    await laptop.uplink(there=False)
    await page.get_by_label("Nama lengkap").fill("Siti Contoh")
    await page.get_by_label("Layanan", exact=True).select_option(label="Layanan KK")
    await laptop.save()
    number = str(await page.locator("article.tanda").get_attribute("data-nomor"))
    await page.get_by_role("button", name="Kunjungan berikutnya").click()
    await page.get_by_label("Nama lengkap").fill("Tono Contoh")
    await page.clock.run_for(1_000)
    await expect(page.locator("[data-draf]")).to_contain_text("Tersimpan sementara")
    return number


@pytest.mark.parametrize("why", ["event_over", "other_account"])
async def test_what_nobody_can_open_any_more_is_thrown_away_by_name_without_a_pin(
    browser: Browser, why: str
) -> None:
    async with alone(browser) as laptop:
        page = laptop.page
        number = await left_behind(laptop)
        await page.clock.fast_forward("12:01:00")
        await expect(seen(page, "Sudah lewat 12 jam")).to_be_visible()
        await expect(page.locator("[data-sisa]")).to_be_hidden()
        if why == "event_over":
            laptop.office.messaging.clock.advance(days=9)
        else:
            laptop.account = "budi"
        later = later_event(laptop.office)
        await laptop.uplink(there=True)
        await laptop.open(later)
        await expect(seen(page, "1 catatan dari")).to_be_visible()
        await expect(seen(page, "menyimpan isian dari")).to_be_visible()
        await expect(seen(page, f"Belum terkirim: nomor {number}.")).to_be_visible()
        await expect(seen(page, "Ada isian yang belum disimpan.")).to_be_visible()
        await page.get_by_text("Buang yang tersisa di laptop ini").click()
        await page.get_by_role("button", name="Ya, buang").click()
        await expect(seen(page, f"ikut terhapus: nomor {number}.")).to_be_visible()
        await expect(seen(page, "Isian yang belum disimpan juga terhapus.")).to_be_visible()
        await expect(page.get_by_label("PIN baru", exact=True)).to_be_visible()
        await expect(page.locator("[data-lain]")).to_be_hidden()


async def test_what_still_opens_is_not_offered_to_be_thrown_away(browser: Browser) -> None:
    async with alone(browser) as laptop:
        page = laptop.page
        await left_behind(laptop)
        await page.clock.fast_forward("12:01:00")
        await expect(seen(page, "Sudah lewat 12 jam")).to_be_visible()
        await laptop.uplink(there=True)
        for status, body in ((200, PORTAL), (403, "Portal"), (None, "")):
            if status is not None:
                await answered(page, "**/api/counters/**", status, body)
            await laptop.open()
            await expect(page.get_by_label("PIN", exact=True)).to_be_visible()
            # Asked once more and waited for: what the answer offers is there then.
            await page.evaluate("async () => JemputSisa.offer(await JemputGudang.read('laptop'))")
            await expect(page.locator("[data-sisa]")).to_be_hidden()
            await page.unroute_all()
        await laptop.unlock()
        await expect(page.get_by_label("Nama lengkap")).to_have_value("Tono Contoh")


async def answered(page: Page, where: str, status: int, body: str) -> None:
    """Have something else answer than the office would."""

    async def answer(route: Route) -> None:
        await route.fulfill(status=status, body=body)

    await page.route(where, answer)


@pytest.mark.parametrize(
    ("status", "body"), [(200, PORTAL), (201, PORTAL), (403, PORTAL), (404, "{}"), (401, PORTAL)]
)
async def test_what_a_network_answers_in_the_office_s_place_refuses_nothing(
    browser: Browser, status: int, body: str
) -> None:
    async with alone(browser) as laptop:
        page = laptop.page
        await laptop.set_up()
        await answered(page, "**/api/visits", status, body)
        await page.get_by_label("Nama lengkap").fill("Siti Contoh")
        await page.get_by_label("Layanan", exact=True).select_option(label="Layanan KK")
        async with page.expect_response("**/api/visits"):
            await laptop.save()
        await expect(page.locator("[data-sambungan]")).to_have_attribute("data-sambungan", "wait")
        await expect(page.locator('[data-hitung="menunggu"]')).to_have_text("1")
        await expect(page.locator('[data-hitung="ditolak"]')).to_have_text("0")
        await page.unroute_all()
        await page.clock.run_for(5_000)
        await expect(page.locator('[data-hitung="diterima"]')).to_have_text("1")


async def test_the_office_names_when_to_come_again_whatever_the_laptop_s_clock_does(
    browser: Browser,
) -> None:
    async with alone(browser) as laptop:
        page, asked = laptop.page, 0

        async def busy(route: Route) -> None:
            nonlocal asked
            asked += 1
            await route.fulfill(status=503, headers={"Retry-After": "86400"}, body="")

        await laptop.set_up()
        await page.route("**/api/visits", busy)
        await page.get_by_label("Nama lengkap").fill("Siti Contoh")
        await page.get_by_label("Layanan", exact=True).select_option(label="Layanan KK")
        async with page.expect_response("**/api/visits"):
            await laptop.save()
        await expect(page.locator("[data-sambungan]")).to_have_attribute("data-sambungan", "wait")
        await page.clock.set_system_time(laptop.office.messaging.clock() + timedelta(hours=1))
        await page.clock.run_for(9 * 60_000)
        # Whatever the page sends meanwhile holds this lock until it is answered.
        await page.evaluate("() => navigator.locks.request('jemput-konter', () => {})")
        assert asked == 1
        async with page.expect_response("**/api/visits"):
            await page.clock.run_for(2 * 60_000)
        assert asked == 2


async def test_a_laptop_of_a_cancelled_event_opens_sends_and_says_so(browser: Browser) -> None:
    async with alone(browser) as laptop:
        page = laptop.page
        await left_behind(laptop)
        await page.clock.fast_forward("12:01:00")
        await expect(seen(page, "Sudah lewat 12 jam")).to_be_visible()
        await laptop.office.messaging.deliver(scheduled(cancelled=True), version=9)
        await laptop.uplink(there=True)
        await laptop.open()
        await laptop.unlock()
        await expect(seen(page, "Acara ini dibatalkan.")).to_be_visible()
        await expect(page.get_by_label("Nama lengkap")).to_have_value("Tono Contoh")
        await page.clock.run_for(5_000)
        await expect(page.locator('[data-hitung="diterima"]')).to_have_text("1")


async def test_nobody_sets_up_a_laptop_for_a_cancelled_event(browser: Browser) -> None:
    async with alone(browser) as laptop:
        await laptop.office.messaging.deliver(scheduled(cancelled=True), version=9)
        await laptop.open()
        await laptop.page.get_by_label("PIN baru", exact=True).fill(PIN)
        await laptop.page.get_by_label("PIN baru sekali lagi").fill(PIN)
        await laptop.page.keyboard.press("Enter")
        await expect(seen(laptop.page, "Acara ini dibatalkan. Catat")).to_be_visible()


async def test_a_request_that_is_refused_for_want_of_a_right_is_named(browser: Browser) -> None:
    async with alone(browser) as laptop:
        page = laptop.page
        await laptop.set_up()
        problem = {"status": 403, "detail": "requests.1.beyond the grants"}
        await answered(page, "**/api/visits", 403, json.dumps(problem))
        await page.get_by_label("Nama lengkap").fill("Siti Contoh")
        await page.get_by_label("Layanan", exact=True).select_option(label="Layanan KK")
        await laptop.save()
        await expect(seen(page, "Permintaan 2: Anda tidak berhak mencatat")).to_be_visible()


OLD_KIT: Final = """async () => {
    const kit = await JemputGudang.read("bekal");
    for (const offer of kit.services) {
        delete offer.needs; delete offer.child;
        for (const paper of offer.papers) {
            delete paper.shows_power;
            paper.any_of = paper.any_of.map((one) => one.text);
        }
    }
    for (const event of kit.life_events) { delete event.variants; }
    delete kit.shape; delete kit.rules;
    await JemputGudang.write("bekal", kit);
}"""
OLD_ENTRY: Final = """async () => {
    const [kept] = await JemputGudang.entries();
    const what = await JemputGudang.open(kept.sealed, kept.id);
    what.ticked = [["family_card"]];
    for (const name of ["shape", "typed", "warnings"]) { delete what[name]; }
    kept.state = "ditolak"; kept.reason = "already_open";
    kept.sealed = await JemputGudang.seal(what, kept.id);
    await JemputGudang.put(kept);
}"""


async def test_a_laptop_of_before_goes_on_without_uplink_and_takes_the_new_kit_with_one(
    browser: Browser,
) -> None:
    async with alone(browser, **CATALOGUE) as laptop:
        page = laptop.page
        await laptop.set_up()
        await laptop.uplink(there=False)
        await page.get_by_label("Nama lengkap").fill("Siti Contoh")
        await page.get_by_label("Layanan", exact=True).select_option(label="Kelahiran")
        await laptop.save()
        await expect(page.locator("article.tanda")).to_be_visible()
        await page.evaluate(OLD_KIT)
        await page.evaluate(OLD_ENTRY)
        await page.get_by_role("button", name="Kunci layar").click()
        await laptop.unlock()
        await page.get_by_role("button", name="Tanda terima").click()
        await expect(page.locator("article.tanda")).to_be_visible()
        await page.get_by_role("button", name="Perbaiki dan kirim lagi").click()
        await expect(page.get_by_label("Nama lengkap")).to_have_value("Siti Contoh")
        picked = page.get_by_label("Layanan", exact=True).locator("option:checked")
        await expect(picked).to_have_text("Kelahiran")
        await expect(page.get_by_label("Kartu Keluarga (Layanan KK)")).to_be_checked()
        await page.get_by_label("F-1.02 (Layanan KK)").check()
        await page.clock.run_for(1_000)
        assert await shape(page) is None
        await page.get_by_role("button", name="Kunci layar").click()
        await laptop.uplink(there=True)
        await laptop.unlock()
        await expect(page.get_by_label("Nama lengkap")).to_have_value("Siti Contoh")
        await expect(page.get_by_label("Kartu Keluarga", exact=True)).to_be_checked()
        await expect(page.get_by_label("F-1.02 (Layanan KK)")).to_be_checked()
        await expect(page.get_by_label("F-1.02 (Layanan KIA_UNDER_5)")).not_to_be_checked()
        assert await shape(page) == KIT_SHAPE


async def shape(page: Any) -> Any:
    """Which shape the kept kit has."""
    return await page.evaluate("async () => (await JemputGudang.read('bekal')).shape ?? null")
