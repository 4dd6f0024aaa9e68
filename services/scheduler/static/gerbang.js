/* The gate of an event: numbers for what people want, sent until they are answered, and their slip. */
(function () {
  "use strict";
  var lantai = window.JemputLantai, word = lantai.word, page = document.querySelector("[data-gerbang]");
  var LOOK = 15000, BACK = 45000, MOST = 10, SIGNS = { baik: "✓", tolak: "✕", tunggu: "…" };
  var kiosk = page.hasAttribute("data-kios"), back = null, camera = null;
  var sending = lantai.sender("jemput-gerbang-" + page.dataset.acara + "-" + page.dataset.akun, answered);
  // All else that the page knows: what was given, and how many wait.
  var state = { given: null, waiting: {} };

  function at(name) { return page.querySelector("[data-" + name + "]"); }
  function choices() { return Array.from(page.querySelectorAll('[name="layanan"]')); }
  function named(code) { return choices().find(function (one) { return one.value === code; }); }

  // The answer of the gate: a colour, a sign, a word, and why.
  function say(kind, name, why) {
    var box = at("putusan");
    box.hidden = false;
    box.className = "putusan putusan--" + kind;
    at("tanda").textContent = SIGNS[kind];
    at("kata-putusan").textContent = word("gate.word." + name);
    at("alasan").textContent = why || "";
    at("ulang").hidden = kind !== "tunggu";
  }

  function refused(why) {
    say("tolak", "refused", word("gate.wrong." + why) || word("gate.wrong.other"));
    at("putusan").focus();
  }

  function show(part) {
    at("ambil").hidden = part !== "ambil";
    at("hasil").hidden = part !== "hasil";
    at("periksa").hidden = part === "hasil";
  }

  function closed() {
    if (page.hasAttribute("data-batal")) { return "cancelled"; }
    var now = lantai.now(), closes = new Date(page.dataset.tutup);
    return now >= closes ? "closed" : "";
  }

  function begin() {
    clearTimeout(back);
    state.given = null;
    at("ambil").reset();
    at("cari").reset();
    at("putusan").hidden = true;
    show("ambil");
    var why = closed();
    if (why) { say("tolak", "closed", word("gate.wrong." + why)); }
    look();
    (choices()[0] || at("kode")).focus();
  }

  function take(event) {
    event.preventDefault();
    if (!sending.free()) { return; }
    var wanted = choices().filter(function (one) { return one.checked; }).map(function (one) { return one.value; });
    if (!wanted.length) { refused("none_chosen"); return; }
    if (wanted.length > MOST) { refused("too_many"); return; }
    var body = { services: wanted, priority: document.getElementById("dahulukan").checked };
    sending.give(page.dataset.api + "/arrivals", body, "ambil");
    ready();
  }

  function ready() { at("ambil").querySelector("[type=submit]").disabled = !sending.free(); }

  function answered(answer, what, over) {
    ready();
    if (answer.status === 200) { give(answer.body, "given"); return; }
    if (over) { refused(lantai.reason(answer)); return; }
    say("tunggu", "unsent", word("gate.wrong." + lantai.reason(answer)));
    at("putusan").focus();
  }

  function line(ticket) {
    var made = document.getElementById("slip-nomor").content.firstElementChild.cloneNode(true);
    var one = named(ticket.service), ahead = ticket.waiting;
    function fill(name, text) { made.querySelector('[data-isi="' + name + '"]').textContent = text; }
    fill("nomor", ticket.label || ticket.number);
    fill("layanan", one ? one.dataset.nama : ticket.service);
    fill("gerai", word("gate.word.booths", { booths: ticket.booth_id || (one ? one.dataset.gerai : "") }));
    fill("keadaan", ahead === undefined ? word("booth.state." + ticket.state) : ahead ? word("gate.word.ahead", { many: ahead }) : word("gate.word.first"));
    if (ticket.warning) { made.append(late(ticket.warning)); }
    return made;
  }

  // That the number will probably be called too late, and what the programme has instead.
  function late(warning) {
    var box = document.createElement("div"), told = document.createElement("p"), list = document.createElement("ul");
    box.className = "notice";
    told.textContent = word("gate.word.late", { percent: Math.round(100 * warning.probability), time: time(new Date(warning.closes_at)) });
    if (warning.offers.length) { told.textContent += " " + word("gate.word.instead"); }
    warning.offers.forEach(function (one) {
      var entry = document.createElement("li"), parts = [word("offer." + one.kind, { place: one.place || "" })];
      if (one.on) { parts.push(lantai.day(new Date(one.on + "T00:00:00Z"), "UTC")); }
      if (one.opens && one.closes) { parts.push(word("offer.hours", { opens: dotted(one.opens), closes: dotted(one.closes) })); }
      entry.textContent = parts.join(", ");
      list.append(entry);
    });
    box.append(told, list);
    return box;
  }

  function time(at) { return at.toLocaleTimeString("id-ID", { hour: "2-digit", minute: "2-digit", timeZone: page.dataset.zona }); }
  function dotted(text) { return text.slice(0, 5).replace(":", "."); }

  // A slip of what was given just now, or of a code that was shown again.
  function give(given, how) {
    var code = given.code.slice(0, 4) + " " + given.code.slice(4), link = location.origin + page.dataset.tempat;
    state.given = given;
    at("nomor").replaceChildren.apply(at("nomor"), given.tickets.map(line));
    at("kode").textContent = code;
    at("saat").textContent = lantai.when(given.arrived_at ? new Date(given.arrived_at) : lantai.now(), page.dataset.zona);
    at("tautan").textContent = link.replace(/^https?:\/\//, "");
    at("tautan").href = page.dataset.tempat + "#" + given.code;
    var drawn = window.JemputQr.image(link + "#" + given.code, word("gate.word.qr"));
    at("qr").replaceChildren.apply(at("qr"), drawn ? [drawn] : []);
    say("baik", how, how === "given" ? word("gate.word.keep") : "");
    show("hasil");
    at("hasil").focus();
    homeward();
  }

  function homeward() {
    clearTimeout(back);
    if (kiosk && state.given) { back = setTimeout(begin, BACK); }
  }

  // A code as it is typed or scanned: the slip's own address ends with it.
  async function find(typed) {
    var code = typed.slice(typed.lastIndexOf("#") + 1).replace(/[ .-]/g, "").toUpperCase();
    if (!code) { refused("code_empty"); return; }
    if (!/^[A-Z0-9]{8}$/.test(code)) { refused("code_malformed"); return; }
    var answer = await lantai.ask("GET", page.dataset.api + "/arrivals/" + code);
    var why = lantai.reason(answer);
    if (answer.status === 200) { give(answer.body, "known"); } else { refused(answer.status === 422 ? "code_malformed" : why === "unknown" ? "code_unknown" : why); }
  }

  async function look() {
    var answer = await lantai.ask("GET", page.dataset.api);
    if (answer.status !== 200) { return; }
    answer.body.lines.forEach(function (one) { state.waiting[one.service] = one.waiting; });
    page.querySelectorAll("[data-menunggu]").forEach(function (box) {
      var many = state.waiting[box.dataset.menunggu];
      box.textContent = many === undefined ? "" : word("gate.word.waiting", { many: many });
    });
  }

  async function watch() {
    var detector = new window.BarcodeDetector({ formats: ["qr_code"] }), video = page.querySelector("video");
    try {
      camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      refused("camera");
      return;
    }
    at("pandang").hidden = false;
    video.srcObject = camera;
    await video.play();
    while (camera) {
      var seen = await detector.detect(video).catch(function () { return []; });
      if (camera && seen.length) { rest(); await find(seen[0].rawValue); return; }
      await new Promise(requestAnimationFrame);
    }
  }

  function rest() {
    if (camera) { camera.getTracks().forEach(function (track) { track.stop(); }); }
    camera = null;
    at("pandang").hidden = true;
  }

  var over = document.querySelector("[data-over]");
  if (over) { over.dataset.over = word("gate.wrong.signin"); }
  at("ambil").addEventListener("submit", take);
  at("cari").addEventListener("submit", function (event) {
    event.preventDefault();
    find(document.getElementById("kode").value);
  });
  at("kirim-lagi").addEventListener("click", sending.send);
  at("berikut").addEventListener("click", begin);
  at("cetak").addEventListener("click", function () { window.print(); });
  at("kamera").addEventListener("click", watch);
  at("kamera-henti").addEventListener("click", rest);
  at("kamera").hidden = !("BarcodeDetector" in window && navigator.mediaDevices);
  ["pointerdown", "keydown"].forEach(function (kind) { document.addEventListener(kind, homeward); });
  setInterval(look, LOOK);
  begin();
  ready();
  sending.send();
})();
