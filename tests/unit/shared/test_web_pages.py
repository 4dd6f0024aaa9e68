from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from starlette.requests import Request
from starlette.types import Scope

from shared.auth.roles import Caller, Grant
from shared.web.pages import NavItem, Pages
from shared.web.scopekeys import VIEWER
from shared.web.texts import Texts
from tests.unit.shared.web_kit import Kit

HTML = {"Accept": "text/html"}
MOMENT = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)


class Parsed(HTMLParser):
    """Every element of a page with its attributes, and that all are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input", "br", "rect", "path", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last."""
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.found if name == tag]


def request(*grants: str, path: str = "/") -> Request:
    scope: Scope = {"type": "http", "path": path, "headers": []}
    if grants:
        scope[VIEWER] = Caller("agus", tuple(Grant.parse(text) for text in grants))
    return Request(scope)


def pages(folder: Path, template: str, zone: str = "Asia/Jakarta") -> Pages:
    (folder / "page.html").write_text(template, encoding="utf-8")
    return Pages(service_name="Jemput Contoh", texts=Texts.load(), templates=[folder], zone=zone)


def shown(folder: Path, template: str, **values: object) -> str:
    return pages(folder, '{% import "ui.html" as ui %}' + template).fragment("page.html", **values)


async def test_the_frame_has_what_every_page_needs() -> None:
    kit = Kit()
    async with kit.client as http:
        answer = await http.get("/", headers={**HTML, **kit.cookie("operator:botram:32.16")})
    page = Parsed(answer.text)
    assert page.all("html") == [{"lang": "id"}]
    assert {"class": "skip", "href": "#isi"} in page.all("a")
    assert page.all("main")[0]["id"] == "isi"
    assert page.all("meta")[1]["content"] == "width=device-width, initial-scale=1"
    assert "Langsung ke isi" in answer.text
    assert "Jemput Contoh" in answer.text
    assert "Masuk sebagai agus" in answer.text
    assert "Dinas Contoh" in answer.text
    assert page.all("style") == []
    (script,) = page.all("script")
    assert str(script["src"]).endswith("/sesi.js")
    for _, attributes in page.found:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for address in (attributes.get("href"), attributes.get("src")):
            assert address is None or address.startswith(("/", "#"))


async def test_a_page_is_kept_nowhere_and_runs_no_script_of_its_own() -> None:
    kit = Kit()
    async with kit.client as http:
        answer = await http.get("/open", headers=HTML)
    assert answer.headers["cache-control"] == "no-store"
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'self'"
    assert policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_the_menu_shows_what_the_roles_may_use() -> None:
    kit = Kit()

    async def menu(*grants: str) -> list[str]:
        async with kit.client as http:
            headers = {**HTML, **(kit.cookie(*grants) if grants else {})}
            page = (await http.get("/open", headers=headers)).text
        return [word for word in ("Semua", "Atur program", "Keluar") if word in page]

    assert await menu() == ["Semua"]
    assert await menu("operator:botram:32") == ["Semua", "Keluar"]
    assert await menu("admin:botram:32", "operator:*:*") == ["Semua", "Atur program", "Keluar"]


def test_the_menu_says_where_one_is(tmp_path: Path) -> None:
    here = Pages(
        service_name="x",
        texts=Texts({"nav.a": "A", "nav.b": "B", **_frame_texts()}),
        templates=[tmp_path],
        navigation=[NavItem("/a", "nav.a"), NavItem("/b", "nav.b")],
        prefix="/x",
    )
    (tmp_path / "page.html").write_text('{% extends "frame.html" %}')
    page = Parsed(bytes(here.render(request(path="/x/b"), "page.html").body).decode())
    assert [a.get("aria-current") for a in page.all("a") if a["href"] in {"/x/a", "/x/b"}] == [
        None,
        "page",
    ]


def _frame_texts() -> dict[str, str]:
    texts = Texts.load()
    keys = ("skip", "menu", "home", "signed_in", "sign_in", "sign_out", "help", "footer")
    return {f"frame.{key}": texts(f"frame.{key}", subject="x") for key in keys}


def test_values_are_escaped(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    text = shown(
        tmp_path, "{{ n }}{{ ui.state('failed', n) }}{{ ui.field('a', n, value=n) }}", n=name
    )
    assert "<script>" not in text
    assert text.count("&lt;script&gt;") == 4


def test_a_value_that_was_forgotten_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        shown(tmp_path, "{{ forgotten }}")


def test_the_filters_write_indonesian_in_the_programmes_zone(tmp_path: Path) -> None:
    template = '{{ m|tanggal }}; {{ m|waktu }}; {{ m|waktu("Asia/Jayapura") }}; {{ n|angka }}'
    page = pages(tmp_path, template + "; {{ m|tanggal_waktu }}", zone="Asia/Makassar")
    assert page.fragment("page.html", m=MOMENT, n=12628) == (
        "Sabtu, 11 Maret 2023; pukul 10.15 WITA; pukul 11.15 WIT; 12.628; "
        "Sabtu, 11 Maret 2023 pukul 10.15 WITA"
    )


def test_a_wrong_field_is_tied_to_its_hint_and_its_fault(tmp_path: Path) -> None:
    template = (
        '{{ ui.error_summary([("nama", "Isi nama")]) }}'
        '{{ ui.field("nama", "Nama", hint="Sesuai KTP", error="Isi nama") }}'
        '{{ ui.field("rt", "RT", required=false, inputmode="numeric") }}'
    )
    text = shown(tmp_path, template)
    page = Parsed(text)
    wrong, plain = page.all("input")
    assert wrong["aria-describedby"] == "nama-hint nama-error"
    assert wrong["aria-invalid"] == "true"
    assert "required" in wrong
    assert {"aria-describedby", "aria-invalid", "required"}.isdisjoint(plain)
    assert plain["inputmode"] == "numeric"
    assert [label["for"] for label in page.all("label")] == ["nama", "rt"]
    assert {"href": "#nama"} in page.all("a")
    assert {"id": "nama-error", "class": "field-error"} in page.all("p")
    assert "Ada isian yang perlu diperbaiki" in text
    assert "(boleh dikosongkan)" in text


@pytest.mark.parametrize(
    ("kind", "word", "sign"),
    [
        ("saved", "Tersimpan", "✓"),
        ("waiting", "Menunggu dikirim", "…"),
        ("sent", "Terkirim", "→"),
        ("failed", "Gagal", "!"),
    ],
)
def test_a_state_is_a_word_and_a_sign_and_not_a_colour_alone(
    tmp_path: Path, kind: str, word: str, sign: str
) -> None:
    text = shown(tmp_path, "{{ ui.state(kind) }}", kind=kind)
    assert word in text
    assert sign in text
    with pytest.raises(UndefinedError):
        shown(tmp_path, "{{ ui.state('maybe') }}")


def test_a_table_can_be_reached_and_scrolled_by_keyboard(tmp_path: Path) -> None:
    template = '{% call ui.table("Permohonan") %}<tbody></tbody>{% endcall %}'
    page = Parsed(shown(tmp_path, template))
    assert page.all("div")[0]["tabindex"] == "0"
    assert page.all("div")[0]["aria-label"] == (
        "Permohonan, geser ke samping untuk melihat semua kolom"
    )
    assert len(page.all("caption")) == 1


def test_a_live_region_works_without_script_and_says_how_it_fares(tmp_path: Path) -> None:
    template = (
        '{% call ui.live("/langsung", "/potongan") %}<p>938</p>{% endcall %}{{ ui.live_script() }}'
    )
    text = shown(tmp_path, template)
    page = Parsed(text)
    (box,) = [part for part in page.all("div") if "data-live" in part]
    assert (box["data-live"], box["data-poll"]) == ("/langsung", "/potongan")
    assert (box["data-connected"], box["data-lost"]) == ("Terhubung", "Terputus, mencoba lagi")
    assert box["data-updated"] == "Diperbarui"
    assert page.all("p")[0]["role"] == "status"
    assert "<p>938</p>" in text
    assert "Muat ulang halaman" in text
    (script,) = page.all("script")
    assert script["src"] == Pages(service_name="x", texts=Texts.load()).assets.url("live.js")


def test_an_empty_state_says_what_to_do_next(tmp_path: Path) -> None:
    text = shown(tmp_path, '{{ ui.empty("Belum ada.", "/baru", "Catat") }}{{ ui.empty("Kosong") }}')
    assert Parsed(text).all("a") == [{"class": "button", "href": "/baru"}]
