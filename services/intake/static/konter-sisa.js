/* What is left on a laptop and nobody who is signed in can open any more: it is named, and may be thrown away
   without a PIN, so that one unsaved form does not keep the laptop from every later event. */
(function () {
  "use strict";
  var gudang = window.JemputGudang, kirim = window.JemputKirim, word = window.JemputTanda.word;
  var box = document.querySelector("[data-sisa]"), then = function () {};

  // The office's own word counts, and not that it is away: with its share all of it opens again.
  async function refused(laptop) {
    if (laptop.share) { return false; }
    var answer = await kirim.kit(laptop.event, laptop.device);
    if (answer.came !== "answered") { return false; }
    if (answer.status === 200) { return answer.body.account !== laptop.account; }
    return answer.status === 403 || answer.body.reason === "event_over";
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
