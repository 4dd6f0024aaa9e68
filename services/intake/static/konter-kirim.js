/* What was written down is sent by itself, oldest first, as soon as the office answers: nobody presses
   anything. What it refuses stays here with its reason. */
(function () {
  "use strict";
  var gudang = window.JemputGudang, sesi = window.JemputSesi;
  var FIRST = 2000, LONGEST = 60000, ENDED = ["device_revoked", "account_disabled"];
  var page = document.querySelector("[data-konter]"), api = page.dataset.api;
  var wait = FIRST, notBefore = 0, timer = null, busy = false, again = false, told = function () {};
  var here = { link: "baru", office: null };

  function link(state) { here.link = state; told(); }

  // "sent", "refused", "failed" (this one, for now: the others go on), "signin" (nobody is signed in), "ended" (revoked: all is wiped), "wait"
  async function one(kept) {
    var what = await gudang.open(kept.sealed, kept.id);
    var headers = { "Idempotency-Key": kept.key };
    var answer = await sesi.ask("POST", api + "/visits", what.body, headers);
    if (answer.status === 401) {
      var renewed = await session();
      if (renewed !== "fresh") { return renewed; }
      answer = await sesi.ask("POST", api + "/visits", what.body, headers);
    }
    if (answer.status === 201) { await accepted(kept, what, answer.body); return "sent"; }
    if (answer.status === 401) { return "signin"; }
    if (!answer.status || answer.status >= 500 || answer.status === 408 || answer.status === 429) {
      notBefore = Date.now() + answer.after * 1000;
      return answer.status === 500 ? "failed" : "wait";
    }
    await refused(kept, answer);
    return "refused";
  }

  // What was said of another account's device wipes nothing of this one's.
  async function ended() {
    var said = await sesi.why(), laptop = await gudang.read("laptop");
    return Boolean(said && laptop && said.account === laptop.account && ENDED.indexOf(said.reason) >= 0);
  }

  async function session() {
    var state = await sesi.refresh(true);
    if (state === "fresh") { return "fresh"; }
    if (state === "away") { return "wait"; }
    if (!(await ended())) { return "signin"; }
    await gudang.wipe("dicabut");
    return "ended";
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

  async function count(laptop, renewedBefore) {
    var answer = await sesi.ask("GET", api + "/counters/" + encodeURIComponent(laptop.event) + "/counts?device=" + laptop.device);
    if (answer.status === 401) {
      var renewed = renewedBefore ? "signin" : await session();
      return renewed === "fresh" ? count(laptop, true) : renewed;
    }
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
      wait = FIRST;
    }
    return failed ? "wait" : count(laptop);
  }

  function alone(what) {
    if (!navigator.locks) { return what(); }
    return navigator.locks.request("jemput-konter", what);
  }

  async function go() {
    clearTimeout(timer);
    if (Date.now() < notBefore) { timer = setTimeout(go, notBefore - Date.now()); return; }
    if (busy) { again = true; return; }
    busy = true;
    var came = "wait";
    try {
      came = await alone(through);
    } catch (error) {
      came = gudang.ready() ? "wait" : "idle";
    }
    busy = false;
    link(came);
    if (again) { again = false; wait = FIRST; return go(); }
    if (came === "ended" || came === "idle") { return; }
    timer = setTimeout(go, came === "sent" ? LONGEST : wait);
    wait = Math.min(wait * 2, LONGEST);
  }

  function soon() { wait = FIRST; go(); }

  window.addEventListener("online", soon);
  window.addEventListener("offline", function () { link("wait"); });
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "visible") { soon(); }
  });

  window.JemputKirim = { soon: soon, here: here, session: session, ended: ended, onChange: function (what) { told = what; } };
})();
