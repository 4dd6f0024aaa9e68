/* What was written down is sent by itself, oldest first, as soon as the office answers: nobody presses
   anything. What it refuses stays here with its reason. */
(function () {
  "use strict";
  var gudang = window.JemputGudang, pengirim = window.JemputPengirim, told = function () {};
  var page = document.querySelector("[data-konter]"), api = page.dataset.api;
  var sending = pengirim.sender("jemput-konter", guarded, function () { told(); }), here = sending.here;
  here.office = null;

  // What the office answers this laptop's account; where its device was revoked, all is wiped.
  async function ask(method, address, body, headers) {
    var laptop = await gudang.read("laptop"), answer = await pengirim.ask(laptop && laptop.account, method, address, body, headers);
    if (answer.came === "ended") { await gudang.wipe("dicabut"); }
    return answer;
  }

  // "sent", "refused", "failed" (this one, for now: the others go on), or as the asking came
  async function one(kept) {
    var what = await gudang.open(kept.sealed, kept.id);
    var answer = await ask("POST", api + "/visits", what.body, { "Idempotency-Key": kept.key });
    if (answer.came !== "answered") { sending.after(answer.after); return answer.came; }
    if (answer.status === 201) { await accepted(kept, what, answer.body); return "sent"; }
    await refused(kept, answer);
    return "refused";
  }

  // What a laptop takes along to an event, with the office's half of its key.
  function kit(event, device) {
    return ask("GET", api + "/counters/" + encodeURIComponent(event) + "?device=" + device);
  }

  async function ended() {
    var laptop = await gudang.read("laptop");
    return Boolean(laptop) && pengirim.ended(laptop.account);
  }

  // Of a delivered entry its receipt is kept, sealed, and nothing else of it.
  async function accepted(kept, what, said) {
    var receipt = { said: said, names: what.names, who: what.who, missing: what.missing };
    var done = Object.assign(kept, { state: "diterima", cases: said.requests.length, arrived: said.arrived_at });
    done.sealed = await gudang.seal(receipt, kept.id);
    delete done.reason;
    await gudang.put(done);
  }

  async function refused(kept, answer) {
    var field = ((answer.body.errors || [])[0] || {}).field || "", at = /^requests\.(\d+)\./.exec(answer.body.detail || "");
    var why = { state: "ditolak", reason: answer.body.reason || String(answer.status), field: field, index: at ? Number(at[1]) : undefined };
    await gudang.put(Object.assign(kept, why));
  }

  async function count(laptop) {
    var answer = await ask("GET", api + "/counters/" + encodeURIComponent(laptop.event) + "/counts?device=" + laptop.device);
    if (answer.came !== "answered") { sending.after(answer.after); return answer.came; }
    if (answer.status !== 200) { return "wait"; }
    here.office = answer.body;
    return "sent";
  }

  async function waiting() {
    return (await gudang.entries()).filter(function (kept) { return kept.state === "menunggu"; });
  }

  async function through() {
    var laptop = await gudang.read("laptop");
    if (!laptop || !gudang.ready()) { return "idle"; }
    if (laptop.account !== page.dataset.account) { return "other"; }
    var all = await waiting(), failed = false;
    for (var number = 0; number < all.length; number += 1) {
      var came = await one(all[number]);
      told();
      if (came === "failed") { failed = true; continue; }
      if (came !== "sent" && came !== "refused") { return came; }
      sending.moved();
    }
    return failed ? "wait" : count(laptop);
  }

  // Locked meanwhile: nothing can be opened, and nothing is to be tried until it is.
  async function guarded() {
    try {
      return await through();
    } catch (error) {
      if (gudang.ready()) { throw error; }
      return "idle";
    }
  }

  window.JemputKirim = { soon: sending.soon, here: here, kit: kit, ended: ended, onChange: function (what) { told = what; } };
})();
