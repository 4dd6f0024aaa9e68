/* A booth's screen: what the office knows of its counter, and commands that are sent until they are answered. */
(function () {
  "use strict";
  var lantai = window.JemputLantai, bekal = window.JemputBekalGerai, word = lantai.word, page = document.querySelector("[data-layar]");
  var LOOK = 10000, HERE = ["mulai", "ulang", "tahan", "lanjut", "selesai", "pergi", "absen"], RESULT = { panggil: "dipanggil", catat: "dicatat" };
  var acts = JSON.parse(page.dataset.tombol), names = JSON.parse(page.dataset.nama), others = JSON.parse(page.dataset.lain);
  var booth = page.dataset.gerai, sending = lantai.sender("jemput-gerai-" + page.dataset.acara + "-" + booth + "-" + page.dataset.akun, answered);
  // All that the page knows: the screen as the office told it last, and when that was by this browser.
  // Without uplink the screen is the device's own.
  var state = { screen: null, at: 0, away: false }, asked = 0, busy = false, rest = document.title.replace(/^.*?(?=Gerai )/, "");

  function at(name) { return page.querySelector("[data-" + name + "]"); }

  function write(name, text) {
    var box = at(name);
    if (box) { box.textContent = text; }
  }

  function tell(box, text) {
    box.hidden = !text;
    (box.querySelector("p") || box).textContent = text;
  }

  function done(text) { tell(at("salah"), ""); tell(at("pesan"), text); }

  function wrong(reason) {
    tell(at("pesan"), "");
    tell(at("salah"), word("booth.wrong." + reason) || word("booth.wrong.other"));
    at("salah").focus();
  }

  // What is done with a ticket: the API's name of the act, and where the holder goes on.
  function command(form, button) {
    var service = form.elements.layanan && form.elements.layanan.value, goal = form.elements.tujuan && form.elements.tujuan.value;
    var events = page.dataset.api, here = events + "/booths/" + booth;
    if (button === "panggil") { return { address: here + "/calls" }; }
    if (button === "catat") { return { address: here + "/visits", body: { service: service, visitors: 1 } }; }
    var typed = /^([A-Z]{0,2})([1-9][0-9]{0,5})$/.exec(form.elements.nomor.value.trim().toUpperCase()), number = typed && typed[2];
    if (!typed) { return "number_malformed"; }
    if (typed[1] && !state.screen) { return "not_ready"; }
    if (typed[1] && typed[1] !== letter(service)) { return "unknown_ticket"; }
    var body = { booth_id: booth };
    if (button === "kirim") { body.to_booth = goal; }
    if (button === "pindah") { body.to_service = goal; }
    var act = { kirim: "send", pindah: "transfer" }[button] || acts[button];
    return { address: events + "/services/" + service + "/tickets/" + number + "/" + act, body: body };
  }

  // What the numbers of a service begin with: with another letter somebody meant another line.
  function letter(service) {
    var line = state.screen && state.screen.lines.find(function (one) { return one.service === service; });
    return line ? line.letter : "";
  }

  function device() {
    var mine = bekal && bekal.device();
    return mine ? { device: mine } : undefined;
  }

  function submit(event) {
    event.preventDefault();
    var button = event.submitter ? event.submitter.value : "panggil", what = command(event.target, button);
    if (typeof what === "string") { wrong(what); return; }
    give(button, what).catch(function () { unkept(); give(button, what); });
  }

  async function give(button, what) {
    var found = bekal && await bekal.seen();
    if (found && found.away && found.able) { await self(button, what.address); return; }
    if (button === "panggil") { what.body = device(); }
    if (!sending.free()) { tell(at("pesan"), word("booth.word.sending")); return; }
    sending.give(what.address, what.body, button);
  }

  // Done by this booth itself, without an answer; one after the other.
  async function self(button, address) {
    var ticket = /\/services\/([^/]+)\/tickets\/(\d+)\//.exec(address), why = "";
    if (busy) { return; }
    busy = true;
    try {
      why = button === "panggil" ? await bekal.call() : await bekal.act(acts[button] || button, ticket[1], Number(ticket[2]));
    } finally {
      busy = false;
    }
    settle();
    if (why) { wrong(why); } else { done(word("booth.result." + (RESULT[button] || button))); }
    await changed();
    bekal.soon();
  }

  // What was asked of the office and not answered is done here, where this booth can do it.
  async function turned(found) {
    var sent = sending.waiting(), can = sent && (sent.what === "panggil" ? found.held : HERE.indexOf(sent.what) >= 0);
    if (found.away && found.able && can && !busy && sending.take()) { await self(sent.what, sent.address); }
  }

  async function changed() {
    var found = await bekal.seen();
    state.away = found.away && found.able;
    if (state.away) { shows(found.screen); } else if (found.told) { shows(found.told); }
    if (!found.away && !found.told && found.link === "sent") { write("live-state", word("live.lost")); }
    linked(found);
    list(found);
    await turned(found);
  }

  // A browser that keeps nothing, as in some private windows: then the booth asks the office for all, as one without a line.
  function unkept() {
    if (!bekal) { return; }
    bekal.onChange(function () {});
    bekal = null;
    at("sambungan").textContent = word("booth.wrong.unkept");
    every();
  }

  function every() {
    setInterval(function () { if (document.visibilityState === "visible") { look(); } }, LOOK);
    look();
  }

  // What was shown already keeps its time.
  function shows(screen) {
    if (screen === state.screen) { return; }
    state.screen = screen;
    state.at = performance.now();
    render();
  }

  function time(text, more) {
    return new Date(text).toLocaleTimeString("id-ID", Object.assign({ hour: "2-digit", minute: "2-digit", timeZone: page.dataset.zona }, more));
  }

  function linked(found) {
    var name = found.ended ? "revoked" : ["signin", "ended"].indexOf(found.link) >= 0 ? "signin" :
      !found.away ? "connected" : found.answered ? "telling" : "without";
    var parts = [word("booth.link." + name, { time: found.since ? time(found.since) : "-" })];
    if (found.away && !found.ended) { parts.push(found.held ? word("booth.link.held", { many: found.held }) : word("booth.link.nobody")); }
    else if (found.held) { parts.push(word("booth.link.ready", { many: found.held })); }
    if (found.open) { parts.push(word("booth.link.open", { many: found.open })); }
    at("sambungan").textContent = parts.join(" ");
    at("sambungan").dataset.sambungan = name;
    at("sambungan").dataset.dipegang = found.held;
    at("sambungan").dataset.tertunda = found.open;
  }

  function list(found) {
    window.JemputCerita.list({
      box: at("daftar"), words: "booth", seen: found, zone: page.dataset.zona,
      facts: function (one) {
        var step = (one.acts || []).slice(-1)[0];
        return [one.label, word("booth.state." + (one.end || (step && step.state) || "called"))];
      },
      again: function (id) { bekal.again(id).then(changed); },
      drop: function (id) { bekal.drop(id).then(changed); }
    });
  }

  // The second tap of a double tap must not call another number: buttons settle anew after each answer.
  function settle() {
    page.querySelectorAll(".settling").forEach(function (button) {
      button.classList.remove("settling");
      button.getBoundingClientRect();
      button.classList.add("settling");
    });
  }

  function answered(answer, button, over) {
    settle();
    if (!over) { wrong(lantai.reason(answer)); if (bekal) { bekal.soon(); } return; }
    if (answer.status !== 200) { refused(answer, button); return; }
    var moved = button === "pindah" ? " " + word("booth.word.new_number", { number: answer.body.label || answer.body.number }) : "";
    var nobody = button === "panggil" && !answer.body.ticket;
    done(word("booth.result." + (nobody ? "kosong" : RESULT[button] || button)) + moved);
    look();
  }

  function refused(answer, button) {
    var reason = lantai.reason(answer);
    wrong(answer.status === 404 && button !== "panggil" ? "unknown_ticket" : reason);
    look();
  }

  async function look() {
    if (bekal) { bekal.soon(); return; }
    var number = asked += 1, answer = await lantai.ask("GET", page.dataset.api + "/booths/" + booth + "/screen");
    if (number !== asked) { return; }
    if (answer.status !== 200) { write("live-state", word(answer.status === 401 ? "live.expired" : "live.lost")); return; }
    shows(answer.body);
  }

  function render() {
    var ticket = state.screen.ticket;
    write("live-state", state.away ? word("booth.word.own") : word("booth.word.updated", { time: time(state.screen.as_of, { second: "2-digit" }) }));
    state.screen.lines.forEach(function (line) {
      write('menunggu="' + line.service + '"', line.waiting);
      write('dilayani="' + line.service + '"', line.served);
    });
    state.screen.visits.forEach(function (one) { write('orang="' + one.service + '"', one.visitors); });
    if (at("sekarang")) { counter(ticket); }
  }

  function counter(ticket) {
    at("sekarang").hidden = at("keadaan").hidden = !ticket;
    at("belum").hidden = Boolean(ticket);
    document.title = (ticket ? word("booth.word.title", { number: ticket.label || ticket.number, service: names[ticket.service] }) + ", " : "") + rest;
    if (ticket) { shown(ticket); }
    buttons(ticket ? ticket.acts : [], ticket);
  }

  function shown(ticket) {
    write("angka", ticket.label || ticket.number);
    write("layanan", names[ticket.service] || ticket.service);
    var kind = ticket.acts.indexOf("serve") < 0 ? "saved" : "waiting", sign = page.querySelector('[data-keadaan-templat="' + kind + '"]').content.cloneNode(true);
    sign.querySelector(".state").lastChild.textContent = " " + word("booth.state." + ticket.state);
    at("keadaan").replaceChildren(sign);
  }

  function buttons(can, ticket) {
    var first = true, held = document.activeElement && document.activeElement.closest("form");
    page.querySelectorAll("[data-tombol-untuk]").forEach(function (form) {
      var there = can.indexOf(acts[form.dataset.tombolUntuk]) >= 0, big = there && first;
      form.hidden = !there;
      form.classList.toggle("small", !big);
      form.querySelector("button").classList.toggle("button--big", big);
      first = first && !there;
      aim(form, ticket);
    });
    at("lanjutan").hidden = can.indexOf("send") < 0;
    page.querySelectorAll("[data-tujuan-untuk]").forEach(function (form) { aim(form, ticket); goals(form, ticket); });
    if (held && held.hidden) { at('tombol="KeyN"').focus(); }
    left();
  }

  function aim(form, ticket) {
    form.elements.layanan.value = ticket ? ticket.service : "";
    form.elements.nomor.value = ticket ? ticket.number : "";
  }

  function goals(form, ticket) {
    var sends = form.dataset.tujuanUntuk === "kirim", select = form.elements.tujuan, was = select.value;
    var all = sends ? Object.keys(others) : Object.keys(names).filter(function (one) { return ticket && one !== ticket.service; });
    if (sends) { all = all.filter(function (one) { return ticket && others[one].indexOf(ticket.service) >= 0; }); }
    select.replaceChildren.apply(select, all.map(function (one) { return new Option(sends ? one : names[one], one); }));
    if (all.indexOf(was) >= 0) { select.value = was; }
    form.hidden = !all.length;
  }

  // By the office's time and this browser's pace; its clock may be wrong.
  function left() {
    var ticket = state.screen && state.screen.ticket, until = ticket && ticket.undo_until;
    if (!until) { return; }
    var passed = Math.floor((performance.now() - state.at) / 1000);
    var seconds = Math.floor((new Date(until) - new Date(state.screen.as_of)) / 1000) - passed;
    write("sisa", word("booth.word.undo_left", { seconds: Math.max(0, seconds) }));
    if (seconds < 0) { page.querySelector('[data-tombol-untuk="batal"]').hidden = true; }
  }

  function keys(event) {
    if (event.repeat && event.key === "Enter") { event.preventDefault(); return; }
    var button = event.altKey && page.querySelector('button[data-tombol="' + event.code + '"]');
    if (button && button.offsetParent) { event.preventDefault(); button.click(); }
  }

  var over = document.querySelector("[data-over]");
  if (over) { over.dataset.over = word("booth.wrong.signin"); }
  page.querySelectorAll("form").forEach(function (form) { form.addEventListener("submit", submit); });
  document.addEventListener("keydown", keys);
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "visible") { look(); } });
  setInterval(left, 1000);
  if (bekal) {
    bekal.onChange(function () { changed().catch(unkept); });
    changed().then(bekal.start).catch(unkept);
  } else {
    every();
  }
  sending.send();
})();
