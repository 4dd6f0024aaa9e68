"""A whole visit at the counter's form: who is what in it, which papers were shown, its draft."""

import asyncio
from typing import Any, Final

from playwright.async_api import Locator, Page, expect

from tests.e2e.counter_kit import Counter, ask, seen
from tests.torture.privacy.persons import Person

CHILD: Final = "Anak Contoh"
CARD: Final = "Kartu Identitas Anak: umur 5 sampai sebelum 17 tahun"
SAVED: Final = "Tersimpan sementara."
RESTORED: Final = "Isian yang belum disimpan sudah kembali"


def field(page: Page, name: str) -> Locator:
    """What is labelled so, in what is seen of the form."""
    return page.locator('[data-step="isian"]').get_by_label(name)


async def chosen(page: Page, name: str, number: int) -> None:
    """Choose one of the people by his number."""
    await field(page, name).select_option(index=number)


async def child_by_proxy(counter: Counter, mother: Person, proxy: Person) -> None:
    """Type a mother, her child and who comes for them; watch what is said to be lacking."""
    page = counter.page
    await counter.begin(mother)
    await counter.child(CHILD)
    await page.get_by_label("Tanggal lahir").nth(1).fill("2019-03-11")
    await page.keyboard.press("Alt+o")
    await page.get_by_label("Nama lengkap").nth(2).fill(proxy.name)
    await field(page, "Layanan").select_option(label=CARD)
    await field(page, "Untuk siapa").select_option(index=1)
    await expect(seen(page, "orang tua atau walinya belum disebut")).to_be_visible()
    await chosen(page, "Orang tua atau wali anak", 1)
    await expect(seen(page, "orang tua atau walinya belum disebut")).to_have_count(0)
    await page.get_by_text("Kuasa, pelapor, pemilik nomor HP").click()
    await chosen(page, "Kuasa yang mengurus (F-1.07)", 3)
    await expect(seen(page, "belum ditandai sudah dibawa")).to_be_visible()
    await page.get_by_label("Surat kuasa F-1.07").check()
    await expect(seen(page, "belum ditandai sudah dibawa")).to_have_count(0)
    await field(page, "Kelompok sasaran").select_option("needs_help")
    await field(page, "Kode dari gerbang").fill("k7qw 3ztm")
    await expect(page.locator("[data-draf]")).to_have_text(SAVED)


async def family_card_too(page: Page) -> None:
    """Ask for her family card besides: what of hers was shown for the child is ticked there."""
    await page.get_by_label("Kartu Keluarga (KK)").check()
    await page.keyboard.press("Alt+l")
    await page.get_by_label("Layanan").nth(1).select_option(label="Kartu Keluarga: perubahan data")
    again = page.get_by_label("Kartu Keluarga (KK)").nth(1)
    await expect(again).to_be_checked()
    await expect(page.get_by_label("Surat kuasa F-1.07").nth(1)).to_be_checked()
    await page.get_by_label("Yang memohon").nth(1).select_option(index=2)
    await page.get_by_label("Untuk siapa").nth(1).select_option(index=2)
    await expect(again).not_to_be_checked()
    await page.get_by_label("Yang memohon").nth(1).select_option(index=0)
    await page.get_by_label("Untuk siapa").nth(1).select_option(index=0)
    await expect(again).to_be_checked()


async def there_again(page: Page, mother: Person) -> None:
    """Find everything as it was typed, after the PIN."""
    await expect(page.locator("[data-draf]")).to_contain_text(RESTORED)
    await expect(page.get_by_label("Nama lengkap").first).to_have_value(mother.name)
    await expect(page.get_by_label("Nama lengkap").nth(1)).to_have_value(CHILD)
    await expect(page.get_by_label("Tanggal lahir").nth(1)).to_have_value("2019-03-11")
    shown = {
        "Untuk siapa": f"2. {CHILD}",
        "Orang tua atau wali anak": f"1. {mother.name}",
        "Layanan": CARD,
    }
    for name, text in shown.items():
        picked = page.get_by_label(name).first.locator("option:checked")
        await expect(picked).to_have_text(text)
    await expect(field(page, "Kode dari gerbang")).to_have_value("k7qw 3ztm")
    await expect(page.get_by_label("Surat kuasa F-1.07").first).to_be_checked()
    await expect(page.get_by_label("Kartu Keluarga (KK)").nth(1)).to_be_checked()


async def at_the_office(counter: Counter, paper: dict[str, str], account: str) -> None:
    """Find at the office who is what in both requests, and which papers were seen by whom."""
    visit = (await asyncio.to_thread(ask, counter.stack, f"/visits/{paper['id']}")).json()
    card, family = [one["case_id"] for one in visit["requests"]]
    shown = (await asyncio.to_thread(ask, counter.stack, f"/requests/{card}")).json()
    parties = {one["party"]: (one["name"], one["basis"]) for one in shown["parties"]}
    assert parties["subject"] == (CHILD, None)
    assert parties["guardian"][1] == "parent"
    assert parties["proxy"][1] == "power_of_attorney"
    assert (shown["warnings"], shown["target_group"]) == ([], "needs_help")
    for case_id in (card, family):
        assert await sights(counter, case_id) == {
            "family_card": account,
            "power_of_attorney": account,
        }


async def sights(counter: Counter, case_id: str) -> dict[str, Any]:
    """Return which papers of a request were seen, and by whom."""
    path = f"/requests/{case_id}/checklist"
    found = (await asyncio.to_thread(ask, counter.stack, path)).json()
    return {one["requirement_id"]: one["seen"]["by"] for one in found["items"] if one["seen"]}
