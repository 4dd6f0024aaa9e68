/* A booth's screen: what the office knows of its counter, and commands that are sent until they are answered. */
(function () {
  "use strict";
  var lantai = window.JemputLantai, word = lantai.word, page = document.querySelector("[data-layar]");
  var LOOK = 10000, RESULT = { panggil: "dipanggil", catat: "dicatat" };
  var acts = JSON.parse(page.dataset.tombol), names = JSON.parse(page.dataset.nama), others = JSON.parse(page.dataset.lain);
  var booth = page.dataset.gerai, sending = lantai.sender("jemput-gerai-" + page.dataset.acara + "-" + booth + "-" + page.dataset.akun, answered);
  // All that the page knows: the screen as the office told it last, and when that was by this browser.
  var state = { screen: null, at: 0 }, asked = 0, rest = document.title.replace(/^.*?(?=Gerai )/, "");

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

  function submit(event) {
    event.preventDefault();
    var button = event.submitter ? event.submitter.value : "panggil", what = command(event.target, button);
    if (!sending.free()) { tell(at("pesan"), word("booth.word.sending")); return; }
    if (typeof what === "string") { wrong(what); return; }
    sending.give(what.address, what.body, button);
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
    if (!over) { wrong(lantai.reason(answer)); return; }
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
    var number = asked += 1, answer = await lantai.ask("GET", page.dataset.api + "/booths/" + booth + "/screen");
    if (number !== asked) { return; }
    if (answer.status !== 200) { write("live-state", word(answer.status === 401 ? "live.expired" : "live.lost")); return; }
    state.screen = answer.body;
    state.at = performance.now();
    render();
  }

  function render() {
    var ticket = state.screen.ticket, zone = page.dataset.zona;
    var time = new Date(state.screen.as_of).toLocaleTimeString("id-ID", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone });
    write("live-state", word("booth.word.updated", { time: time }));
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
    var kind = ticket.acts.indexOf("send") < 0 ? "saved" : "waiting", sign = page.querySelector('[data-keadaan-templat="' + kind + '"]').content.cloneNode(true);
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
  setInterval(function () { if (document.visibilityState === "visible") { look(); } }, LOOK);
  look();
  sending.send();
})();
