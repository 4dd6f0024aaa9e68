/* What is left on a laptop and nobody who is signed in can open any more: it is named, and may be thrown away
   without a PIN, so that one unsaved form does not keep the laptop from every later event. */
(function () {
  "use strict";
  var gudang = window.JemputGudang, sesi = window.JemputSesi, word = window.JemputTanda.word;
  var page = document.querySelector("[data-konter]"), box = document.querySelector("[data-sisa]"), then = function () {};
  var OVER = ["event_over", "event_cancelled"];

  // The office's own word counts, and not that it is away: with its share all of it opens again.
  async function refused(laptop) {
    if (laptop.share) { return false; }
    var answer = await sesi.ask("GET", page.dataset.api + "/counters/" + encodeURIComponent(laptop.event) + "?device=" + laptop.device);
    if (answer.status === 200) { return Boolean(answer.body.account) && answer.body.account !== laptop.account; }
    // A problem of the office's own, and not what a field's network answers in its place.
    if (answer.body.status !== answer.status) { return false; }
    return answer.status === 403 || OVER.indexOf(answer.body.reason) >= 0;
  }

  async function offer(laptop) {
    if (!(await refused(laptop))) { return; }
    var left = await gudang.remaining(), said = left.lost.length ? [word("sisa-catatan", { numbers: left.lost.join(", ") })] : [];
    if (left.typed) { said.push(word("sisa-isian")); }
    box.querySelector("[data-sisa-isi]").textContent = said.join(" ");
    box.hidden = !said.length;
  }

  function hide() {
    box.hidden = true;
    box.querySelector("details").open = false;
  }

  // Another window may have opened it meanwhile.
  async function thrown() {
    var laptop = await gudang.read("laptop");
    if (laptop && !laptop.share) { await gudang.wipe("dibuang"); }
    await then();
  }

  box.querySelector("[data-sisa-buang]").addEventListener("click", function () { thrown(); });
  window.JemputSisa = { offer: offer, hide: hide, onThrown: function (what) { then = what; } };
})();
