/* A visit at the office: written down, sent at once, and what the office says of it. It keeps nothing. */
(function () {
  "use strict";
  var page = document.querySelector("[data-konter]"), isian = window.JemputIsian, sesi = window.JemputSesi;
  var formulir = window.JemputFormulir, tanda = window.JemputTanda, bekal = window.JemputBekal;
  var aturan = window.JemputAturan, lama = window.JemputLama, receipt = document.querySelector("[data-tanda-bagian]");
  var sent = { body: "", key: "" };

  // What is sent again unchanged, since its answer was lost, is the same command.
  function keyOf(body) {
    var text = JSON.stringify(body);
    if (text !== sent.body) { sent = { body: text, key: crypto.randomUUID() }; }
    return sent.key;
  }

  function failed(answer) {
    isian.show([[null, isian.words(answer.status === 401 ? "signin" : isian.reason(answer))]]);
  }

  function refused(answer) {
    var field = ((answer.body.errors || [])[0] || {}).field || "";
    var why = { reason: answer.body.reason || String(answer.status), field: field, index: answer.body.index };
    if (why.reason === "already_open") { formulir.askWhy(); }
    isian.show([[null, aturan.refusal(why)]]);
  }

  async function save() {
    var wrong = formulir.wrong();
    if (wrong.length) { isian.show(wrong); return; }
    var what = formulir.collected(), at = new Date().toISOString();
    var answer = await sesi.ask("POST", page.dataset.api + "/visits", what.body, { "Idempotency-Key": keyOf(what.body) });
    if (answer.status === 0 || answer.status === 401 || answer.status === 429 || answer.status >= 500) { failed(answer); return; }
    if (answer.status !== 201) { refused(answer); return; }
    tanda.show(
      { state: "diterima", id: answer.body.visit_id, at: at, arrived: answer.body.arrived_at || at },
      { said: answer.body, names: what.names, who: what.who, missing: what.missing }
    );
    hints(answer.body.requests);
    formulir.empty(true);
    isian.step("tanda");
    receipt.hidden = false;
    document.querySelector("[data-berikut]").focus();
  }

  // Open requests about the same people: for the officer to look at, not for the resident.
  function hints(requests) {
    var found = requests.flatMap(function (one) { return one.hints; }), box = document.querySelector("[data-ganda]");
    box.hidden = !found.length;
    box.querySelector("ul").replaceChildren.apply(box.querySelector("ul"), found.map(function (id, at) {
      var line = document.createElement("li"), link = document.createElement("a");
      link.href = page.dataset.meja + encodeURIComponent(id);
      link.textContent = tanda.word("ganda", { number: at + 1 });
      line.append(link);
      return line;
    }));
  }

  function next() {
    document.querySelector("[data-tanda]").replaceChildren();
    document.querySelector("[data-ganda]").hidden = true;
    receipt.hidden = true;
    isian.step("isian");
  }

  function keys(event) {
    if (event.ctrlKey && event.key === "Enter" && receipt.hidden) {
      event.preventDefault();
      document.querySelector('[data-step="isian"]').requestSubmit();
    }
    var button = event.altKey && document.querySelector('[data-tombol="' + event.code + '"]');
    if (button && button.offsetParent) { event.preventDefault(); button.click(); }
  }

  async function start() {
    var answer = await sesi.ask("GET", page.dataset.kit);
    if (answer.status !== 200) { document.querySelector("[data-preparing]").hidden = true; failed(answer); return; }
    var kit = lama.kit(answer.body);
    [tanda, bekal, aturan].forEach(function (part) { part.use(kit); });
    formulir.use();
    isian.step("isian");
  }

  isian.onSubmit("isian", [], save);
  document.addEventListener("keydown", keys);
  document.querySelector("[data-berikut]").addEventListener("click", next);
  document.querySelector("[data-cetak]").addEventListener("click", function () { window.print(); });
  window.addEventListener("beforeunload", function (event) {
    if (!formulir.blank()) { event.preventDefault(); }
  });
  start();
})();
