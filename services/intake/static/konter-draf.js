/* What is typed and not saved yet: sealed on the laptop with every change, and there again after the PIN. */
(function () {
  "use strict";
  var gudang = window.JemputGudang, formulir = window.JemputFormulir, word = window.JemputTanda.word;
  var form = document.querySelector('[data-step="isian"]'), box = document.querySelector("[data-draf]");
  var SOON = 300, timer = null, correcting = null, release = null, opened = 0, held = false;

  function say(name) {
    var text = name ? word("draf-" + name) : "";
    if (box.textContent !== text) { box.textContent = text; }
    box.dataset.draf = name || "";
  }

  async function write() {
    clearTimeout(timer);
    timer = null;
    if (held || !gudang.ready()) { return; }
    var blank = formulir.blank();
    try {
      await gudang.draft(blank ? null : { typed: formulir.typed(), correcting: correcting });
      say(blank ? "" : "tersimpan");
    } catch (error) {
      say("gagal");
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(write, SOON);
  }

  // While what is typed becomes an entry no draft of it is written, which would bring it back.
  async function without(what) {
    held = true;
    try { await what(); } finally { held = false; soon(); }
  }

  // Before the key is forgotten, and as far as a browser lets it, before the page is.
  async function flush() { if (timer) { await write(); } }

  // Which entry the form holds that was refused; none: what is saved next is a new one.
  function putRight(kept) {
    var line = document.querySelector("[data-koreksi]");
    correcting = kept ? kept.id : null;
    line.hidden = !kept;
    line.textContent = kept ? word("memperbaiki", { number: kept.number }) : "";
  }

  // One that cannot be read stops nobody: the form is empty then, and the page says so.
  async function back() {
    say("");
    try {
      var kept = await gudang.drafted();
      if (!kept) { return; }
      var entry = kept.correcting ? await gudang.entry(kept.correcting) : null, refused = Boolean(entry && entry.state === "ditolak");
      formulir.again(kept.typed, refused);
      putRight(refused ? entry : null);
      say("kembali");
    } catch (error) {
      formulir.empty(true);
      say("hilang");
    }
  }

  // One window at a time, the newest that was opened with the PIN: two would write one draft.
  function alone(other) {
    var mine = (opened += 1);
    if (release) { release(); }
    if (!navigator.locks) { return; }
    navigator.locks.request("jemput-konter-jendela", { steal: true }, function () {
      return new Promise(function (done) { release = done; });
    }).catch(function () { if (mine === opened) { other(); } });
  }

  function free() {
    opened += 1;
    if (release) { release(); }
    release = null;
  }

  ["input", "change"].forEach(function (name) { form.addEventListener(name, soon); });
  form.querySelectorAll("[data-tambah-orang], [data-tambah-layanan]").forEach(function (button) { button.addEventListener("click", soon); });
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") { flush(); } });

  window.JemputDraf = {
    write: write, without: without, flush: flush, back: back, say: say, putRight: putRight, alone: alone, free: free,
    correcting: function () { return correcting; }
  };
})();
