/* The gate of an event: numbers for what people want, with or without uplink, and their slip. */
(function () {
  "use strict";
  var lantai = window.JemputLantai, bekal = window.JemputBekalGerbang, word = lantai.word, page = document.querySelector("[data-gerbang]");
  var BACK = 45000, ANSWER = 2500, MOST = 10, SIGNS = { baik: "✓", tolak: "✕" };
  var kiosk = page.hasAttribute("data-kios"), back = null, camera = null, busy = false, shown = null;
  // All else that the page knows: what was given.
  var state = { given: null };

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

  async function begin() {
    clearTimeout(back);
    state.given = shown = null;
    at("ambil").reset();
    at("cari").reset();
    at("putusan").hidden = true;
    show("ambil");
    (choices()[0] || at("kode")).focus();
    var stops = await bekal.why();
    if (stops && stops !== "no_lease" && !state.given) { say("tolak", "closed", word("gate.wrong." + stops) || word("gate.wrong.other")); }
  }

  async function take(event) {
    event.preventDefault();
    if (busy) { return; }
    var wanted = choices().filter(function (one) { return one.checked; }).map(function (one) { return one.value; });
    if (!wanted.length) { refused("none_chosen"); return; }
    if (wanted.length > MOST) { refused("too_many"); return; }
    ready(true);
    try {
      var priority = document.getElementById("dahulukan").checked, came = await bekal.take(wanted, priority);
      if (["no_lease", "numbers_out"].indexOf(came.reason) >= 0 && bekal.connected()) {
        await bekal.stocked(ANSWER);
        came = await bekal.take(wanted, priority);
      }
      if (came.reason) { refused(came.reason); return; }
      handOut(await bekal.settled(came.story.id, bekal.connected() ? ANSWER : 0) || came.story);
    } catch (error) {
      refused("unkept");
    } finally {
      ready(false);
    }
  }

  function ready(now) {
    busy = now;
    at("ambil").querySelector("[type=submit]").disabled = now;
  }

  // The slip of a story, as far as the office has answered it.
  function handOut(story) {
    var tickets = story.tickets && story.tickets.length ? story.tickets : Object.keys(story.numbers).map(function (service) {
      return { service: service, number: story.numbers[service], label: story.labels[service], state: "waiting" };
    });
    var arrived = new Date(new Date(story.at).getTime() - 1000 * story.ahead);
    give({ code: story.code, tickets: tickets, arrived_at: arrived }, "given", story.state === "diterima" ? "" : word("gate.word.untold"));
    shown = story.state === "menunggu" ? story.id : null;
    if (story.state === "ditolak") { say("tolak", "refused", why(story)); }
  }

  function why(story) { return word("gate.story." + story.reason) || word("gate.story.other"); }

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
  function give(given, how, more) {
    var code = given.code.slice(0, 4) + " " + given.code.slice(4), link = location.origin + page.dataset.tempat;
    state.given = given;
    at("nomor").replaceChildren.apply(at("nomor"), given.tickets.map(line));
    at("kode").textContent = code;
    at("saat").textContent = lantai.when(given.arrived_at ? new Date(given.arrived_at) : lantai.now(), page.dataset.zona);
    at("tautan").textContent = link.replace(/^https?:\/\//, "");
    at("tautan").href = page.dataset.tempat + "#" + given.code;
    var drawn = window.JemputQr.image(link + "#" + given.code, word("gate.word.qr"));
    at("qr").replaceChildren.apply(at("qr"), drawn ? [drawn] : []);
    say("baik", how, how === "given" ? word("gate.word.keep") + (more ? " " + more : "") : "");
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
    var answer = await lantai.ask("GET", page.dataset.api + "/arrivals/" + code), own = null;
    if (answer.status === 200) { give(answer.body, "known"); return; }
    own = (await bekal.seen()).stories.find(function (one) { return one.code === code; });
    if (own) { handOut(own); return; }
    var reason = lantai.reason(answer);
    refused(answer.status === 422 ? "code_malformed" : { unknown: "code_unknown", offline: "code_offline" }[reason] || reason);
  }

  async function changed() {
    var seen = await bekal.seen(), open = seen.stories.filter(function (one) { return one.state === "menunggu"; });
    var connected = bekal.connected();
    page.querySelectorAll("[data-menunggu]").forEach(function (box) {
      var one = seen.lines.find(function (line) { return line.service === box.dataset.menunggu; }), left = seen.left[box.dataset.menunggu];
      box.textContent = !connected ? word("gate.word.left", { many: left }) : one ? word("gate.word.waiting", { many: one.waiting }) : "";
    });
    var link = { ended: "revoked", signin: "signin" }[seen.link] || (connected ? "connected" : "without");
    if (seen.ended) { link = "revoked"; }
    var off = seen.stories.some(function (one) { return (one.conflicts || []).indexOf("clock") >= 0; });
    at("sambungan").textContent = [word("gate.word." + link), open.length ? word("gate.word.open", { many: open.length }) : "", off ? word("gate.word.clock") : ""].join(" ").trim();
    at("sambungan").dataset.sambungan = link;
    at("sambungan").dataset.belum = open.length;
    if (at("daftar")) { list(seen); }
    var told = shown && seen.stories.find(function (one) { return one.id === shown; });
    if (told && told.state !== "menunggu") { handOut(told); }
  }

  function list(seen) {
    window.JemputCerita.list({
      box: at("daftar"), words: "gate", seen: seen, zone: page.dataset.zona,
      facts: function (one) { return [Object.values(one.labels).join(", "), one.code.slice(0, 4) + " " + one.code.slice(4)]; },
      again: function (id) { bekal.again(id).then(changed); },
      drop: function (id) { bekal.drop(id).then(changed); }
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
  at("berikut").addEventListener("click", begin);
  at("cetak").addEventListener("click", function () { window.print(); });
  at("kamera").addEventListener("click", watch);
  at("kamera-henti").addEventListener("click", rest);
  at("kamera").hidden = !("BarcodeDetector" in window && navigator.mediaDevices);
  ["pointerdown", "keydown"].forEach(function (kind) { document.addEventListener(kind, homeward); });
  ["online", "offline"].forEach(function (kind) { window.addEventListener(kind, function () { changed().catch(function () {}); }); });
  bekal.onChange(function () { changed().catch(function () {}); });
  begin().then(bekal.start).catch(function () { refused("unkept"); });
  changed().catch(function () {});
})();
