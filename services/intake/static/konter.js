/* The counter of an event: PIN, form, receipts and what was sent, with or without uplink. */
(function () {
  "use strict";
  var page = document.querySelector("[data-konter]"), isian = window.JemputIsian, sesi = window.JemputSesi;
  var gudang = window.JemputGudang, kirim = window.JemputKirim, formulir = window.JemputFormulir, tanda = window.JemputTanda;
  var bekal = window.JemputBekal, draf = window.JemputDraf, aturan = window.JemputAturan, lama = window.JemputLama, sisa = window.JemputSisa;
  var LOOK = 15000, STORE = "jemput-konter", SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", SIMPLE = /^(\d)\1+$|^0?123456789?$|^987654/;
  var word = tanda.word;

  function part(name) { return document.querySelector('[data-bagian="' + name + '"]'); }
  function field(id) { return document.getElementById(id); }

  // Which of the page's parts is seen: setting up, PIN, form or receipt.
  function show(name) {
    isian.step(name);
    document.querySelector("[data-tanda-bagian]").hidden = name !== "tanda";
    part("daftar").hidden = name !== "isian" && name !== "tanda";
    document.querySelector("[data-kunci]").hidden = name !== "isian" && name !== "tanda";
  }

  function prefix() {
    return Array.from(crypto.getRandomValues(new Uint8Array(4))).map(function (byte) { return SIGNS[byte & 31]; }).join("");
  }

  async function kitOf(device) {
    var answer = await kirim.kit(page.dataset.acara, device);
    if (answer.came === "ended") { await start(); return null; }
    if (answer.status === 200) { return answer.body; }
    isian.show([[null, isian.words(answer.status === 401 ? "signin" : isian.reason(answer))]]);
    return null;
  }

  async function keepKit(kit) {
    delete kit.shares;
    await gudang.write("bekal", kit);
  }

  function keepPage() { return window.JemputSimpanan.keepPage(STORE, page.dataset.penjaga); }
  function forgetPage() { return window.JemputSimpanan.forgetPage(STORE, page.dataset.penjaga); }

  async function setUp() {
    var pin = field("pin-baru").value;
    if (pin.length < 6) { isian.show([["pin-baru", isian.words("pin_short")]]); return; }
    if (SIMPLE.test(pin)) { isian.show([["pin-baru", isian.words("pin_simple")]]); return; }
    if (pin !== field("pin-ulang").value) { isian.show([["pin-ulang", isian.words("pin_differs")]]); return; }
    var device = crypto.randomUUID(), kit = await kitOf(device);
    if (!kit) { return; }
    if (kit.cancelled) { isian.show([[null, isian.words("event_cancelled")]]); return; }
    var begun = await gudang.begin(pin, kit.shares[0], {
      device: device, prefix: prefix(), event: page.dataset.acara, title: kit.event_name,
      account: kit.account, name: await sesi.name()
    });
    if (!begun) { await start(); return; }
    await keepKit(kit);
    await keepPage();
    await work();
  }

  async function unlock() {
    var laptop = await gudang.read("laptop"), shares = null, pin = field("pin").value;
    field("pin").value = "";
    if (!laptop.share) {
      var kit = await kitOf(laptop.device);
      if (!kit) { await sisa.offer(laptop); return; }
      if (kit.account !== laptop.account) {
        isian.show([["pin", isian.words("other_account")]]);
        await sisa.offer(laptop);
        return;
      }
      shares = kit.shares;
      await keepKit(kit);
    }
    var came = await gudang.unlock(pin, shares);
    if (came === "open") {
      var name = await sesi.name();
      await gudang.change(function (one) { one.name = name; });
      await work();
      return;
    }
    if (came !== "wrong") { await start(); return; }
    isian.show([["pin", isian.words("pin_wrong", { left: await gudang.left() })]]);
  }

  // A laptop that was set up by an older page takes the kit of this one, where there is an uplink.
  async function renewed(kit) {
    if (kit.shape === lama.SHAPE) { return kit; }
    var laptop = await gudang.read("laptop"), answer = await kirim.kit(laptop.event, laptop.device);
    if (answer.status !== 200 || answer.body.account !== laptop.account) { return kit; }
    await keepKit(answer.body);
    return answer.body;
  }

  async function work() {
    var kit = lama.kit(await renewed(await gudang.read("bekal")));
    ["pin", "pin-baru", "pin-ulang"].forEach(function (id) { field(id).value = ""; });
    tanda.use(kit);
    bekal.use(kit);
    aturan.use(kit);
    sisa.hide();
    document.querySelector("[data-batal]").hidden = !kit.cancelled;
    draf.alone(function () { start("jendela"); });
    formulir.use();
    await draf.back();
    await list();
    show("isian");
    kirim.soon();
  }

  // What was refused and put right keeps its number, for its paper is out; it is sent under a new key.
  async function begun() {
    if (draf.correcting()) {
      var kept = Object.assign(await gudang.entry(draf.correcting()), { key: crypto.randomUUID() });
      delete kept.reason;
      return kept;
    }
    return Object.assign(await gudang.next(), { at: new Date().toISOString(), ahead: Math.round(-sesi.ahead() / 1000) });
  }

  async function save() {
    var wrong = formulir.wrong();
    if (wrong.length) { isian.show(wrong); return; }
    if (await gudang.over() || !gudang.ready()) { await start(); return; }
    var what = formulir.collected(), laptop = await gudang.read("laptop"), kept = await begun();
    what.body.counter = {
      entry_id: kept.id, device: laptop.device, number: kept.number, claimed_at: kept.at, clock_ahead: kept.ahead
    };
    kept.sealed = await gudang.seal(what, kept.id);
    await draf.without(async function () {
      await gudang.keep(Object.assign(kept, { state: "menunggu" }));
      blank();
    });
    await receipt(kept.id);
    kirim.soon();
  }

  function blank() {
    draf.putRight(null);
    formulir.empty(true);
    draf.say("");
  }

  async function receipt(id) {
    var kept = await gudang.entry(id);
    tanda.show(kept, lama.entry(await gudang.open(kept.sealed, kept.id)));
    await list();
    show("tanda");
    document.querySelector("[data-berikut]").focus();
  }

  // What is given up goes by name: its number stays in the list, and what it held is gone.
  async function drop(id) {
    var kept = await gudang.entry(id);
    delete kept.sealed;
    var typed = draf.correcting() === id;
    if (typed) { blank(); }
    await (typed ? gudang.keep : gudang.put)(Object.assign(kept, { state: "dibuang" }));
    await list();
  }

  // What is typed already is never replaced: it is saved or emptied first.
  async function correct(id) {
    var kept = await gudang.entry(id);
    show("isian");
    if (draf.correcting() === id) { return; }
    if (!formulir.blank()) { isian.show([[null, isian.words("isian_penuh")]]); return; }
    formulir.again(lama.typed(await gudang.open(kept.sealed, id)), true);
    draf.putRight(kept);
    await draf.write();
    show("isian");
  }

  async function emptied() {
    document.querySelector("[data-kosongkan]").closest("details").open = false;
    blank();
    await gudang.draft(null);
    show("isian");
  }

  function act(node, kept) {
    var receiptOf = node.querySelector("[data-lihat]"), again = node.querySelector("[data-perbaiki]"), gone = node.querySelector("[data-buang]");
    receiptOf.hidden = !kept.sealed;
    again.hidden = gone.closest("details").hidden = kept.state !== "ditolak";
    receiptOf.addEventListener("click", function () { receipt(kept.id); });
    again.addEventListener("click", function () { correct(kept.id); });
    gone.addEventListener("click", function () { drop(kept.id); });
    [receiptOf, again, gone].forEach(function (button) { button.append(document.createElement("span")); });
    node.querySelectorAll("button > span").forEach(function (span) { span.className = "unseen"; span.textContent = " " + kept.number; });
  }

  async function row(kept) {
    var node = document.getElementById("catatan").content.firstElementChild.cloneNode(true);
    var what = kept.sealed && gudang.ready() ? await gudang.open(kept.sealed, kept.id) : { names: [], who: [] };
    node.dataset.catatan = kept.id;
    node.dataset.keadaan = kept.state;
    node.querySelector("[data-nomor]").textContent = kept.number;
    node.querySelector("[data-saat]").textContent = tanda.when(kept.at);
    node.querySelector("[data-layanan]").textContent = what.names.map(function (name, at) { return name + " · " + what.who[at]; }).join("; ");
    node.querySelector("[data-keadaan-di]").append(document.getElementById("keadaan-" + kept.state).content.cloneNode(true));
    node.querySelector("[data-alasan]").textContent = kept.state === "ditolak" ? aturan.refusal(kept) : "";
    act(node, kept);
    return node;
  }

  async function list() {
    var all = await gudang.entries(), rows = await Promise.all(all.reverse().map(row));
    var where = part("daftar").querySelector("[data-daftar]");
    where.replaceChildren.apply(where, rows);
    part("daftar").querySelector("[data-kosong]").hidden = rows.length > 0;
    counts(all);
  }

  function counts(all) {
    var many = { dicatat: all.length, menunggu: 0, diterima: 0, ditolak: 0, permohonan: 0 };
    all.forEach(function (kept) {
      if (kept.state in many) { many[kept.state] += 1; }
      many.permohonan += kept.cases || 0;
    });
    Object.keys(many).forEach(function (name) { document.querySelector('[data-hitung="' + name + '"]').textContent = many[name]; });
    office(many);
  }

  function office(many) {
    var found = kirim.here.office, box = document.querySelector("[data-kantor]");
    if (!found) { box.textContent = word("kantor-belum"); return; }
    var same = found.visits === many.diterima && found.cases === many.permohonan;
    box.textContent = word(same ? "kantor-sama" : "kantor-beda", { visits: found.visits, cases: found.cases });
    box.dataset.sama = same ? "ya" : "tidak";
  }

  function long(minutes) {
    var hours = Math.round(minutes / 60);
    if (minutes < 120) { return word("lama-menit", { many: minutes }); }
    return hours < 48 ? word("lama-jam", { many: hours }) : word("lama-hari", { many: Math.round(hours / 24) });
  }

  function link() {
    var state = navigator.onLine === false ? "wait" : kirim.here.link, box = document.querySelector("[data-sambungan]");
    box.replaceChildren(document.getElementById("sambungan-" + state).content.cloneNode(true));
    box.dataset.sambungan = state;
    var off = Math.round(-sesi.ahead() / 60000), clock = document.querySelector("[data-jam]");
    clock.hidden = Math.abs(off) < 5;
    clock.textContent = word(off > 0 ? "jam-maju" : "jam-mundur", { long: long(Math.abs(off)) });
  }

  async function changed() {
    link();
    if (kirim.here.link === "ended") { await start(); return; }
    if (gudang.ready()) { await list(); }
  }

  // The time, and what the office said of this device, hold for a page that is locked too.
  async function look() {
    var ended = (await gudang.read("laptop")) && (await kirim.ended());
    if (ended) { await gudang.wipe("dicabut"); }
    if (ended || await gudang.over()) { await start(); }
  }

  // Another key of this browser: its device was revoked and signed in anew, perhaps because an answer
  // was lost. The share is forgotten; with PIN and account the office gives it again, so nobody is lost.
  async function signedInAnew(laptop) {
    var name = await sesi.name();
    if (laptop && laptop.share && laptop.name && name && laptop.name !== name) { await gudang.expire(); }
  }

  async function last() {
    var told = await gudang.read("akhir"), box = document.querySelector("[data-akhir]");
    box.hidden = !told;
    if (!told) { return; }
    box.querySelector("[data-sebab]").textContent = word("akhir-" + told.why);
    var lost = told.lost.length ? word("hilang", { numbers: told.lost.join(", ") }) : word("tanpa-hilang");
    box.querySelector("[data-hilang]").textContent = lost + (told.typed ? " " + word("hilang-isian") : "");
    await forgetPage();
  }

  // Locked: what is typed is sealed, then the key goes, and everything that is seen of anybody.
  async function start(why) {
    document.querySelector("[data-tanda]").replaceChildren();
    await draf.flush();
    draf.free();
    gudang.lock();
    draf.putRight(null);
    formulir.clear();
    part("daftar").querySelector("[data-daftar]").replaceChildren();
    document.querySelector("[data-jendela]").hidden = why !== "jendela";
    document.querySelector("[data-lain]").hidden = document.querySelector("[data-batal]").hidden = true;
    sisa.hide();
    await signedInAnew(await gudang.read("laptop"));
    await gudang.over();
    await last();
    var laptop = await gudang.read("laptop");
    if (!laptop) { show("siapkan"); return; }
    if (laptop.event !== page.dataset.acara) { await elsewhere(laptop); return; }
    document.querySelector("[data-lewat]").hidden = Boolean(laptop.share);
    show("pin");
    sisa.offer(laptop);
    if (navigator.onLine !== false) { keepPage().catch(function () {}); }
  }

  // One event at a time: another one's begins where nothing of the first waits.
  async function elsewhere(laptop) {
    var left = await gudang.remaining(), said = [], box = document.querySelector("[data-lain]");
    if (left.lost.length) { said.push(word("acara-lain", { event: laptop.title, many: left.lost.length })); }
    if (left.typed) { said.push(word("acara-isian", { event: laptop.title })); }
    if (!said.length) { show("siapkan"); return; }
    box.querySelector("[data-sebab]").textContent = said.concat(word("acara-buka")).join(" ");
    box.querySelector("a").href = page.dataset.alamat + encodeURIComponent(laptop.event);
    box.hidden = false;
    document.querySelector("[data-preparing]").hidden = true;
    sisa.offer(laptop);
  }

  function keys(event) {
    if (event.ctrlKey && event.key === "Enter" && !document.querySelector('[data-step="isian"]').hidden) {
      event.preventDefault();
      document.querySelector('[data-step="isian"]').requestSubmit();
    }
    var button = event.altKey && document.querySelector('[data-tombol="' + event.code + '"]');
    if (button && button.offsetParent) { event.preventDefault(); button.click(); }
  }

  if (!sesi.able) {
    document.querySelector("[data-preparing]").textContent = word("tanpa-tls");
    return;
  }
  document.querySelector("[data-over]").dataset.over = word("sesi-berakhir");
  isian.onSubmit("siapkan", [], setUp);
  isian.onSubmit("pin", ["pin"], unlock);
  isian.onSubmit("isian", [], save);
  document.addEventListener("keydown", keys);
  document.querySelector("[data-kunci]").addEventListener("click", function () { start(); });
  document.querySelector("[data-kosongkan]").addEventListener("click", function () { emptied(); });
  document.querySelector("[data-cetak]").addEventListener("click", function () { window.print(); });
  document.querySelector("[data-berikut]").addEventListener("click", function () { show("isian"); });
  sisa.onThrown(function () { return start(); });
  kirim.onChange(function () { changed().catch(function () {}); });
  window.addEventListener("online", link);
  window.addEventListener("offline", link);
  setInterval(function () { look().catch(function () {}); }, LOOK);
  link();
  start();
})();
