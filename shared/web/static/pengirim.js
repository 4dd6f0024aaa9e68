/* Sends what happened without uplink as soon as the office answers: by itself, one page at a time, ever
   less often while nobody answers, and not before the time that the office names. */
(function () {
  "use strict";
  var sesi = window.JemputSesi, FIRST = 2000, LONGEST = 60000, LATEST = 600000, ENDED = ["device_revoked", "account_disabled"];

  // Whether this account's device was revoked. What was said of another account's ends nothing here.
  async function ended(account) {
    var said = await sesi.why();
    return Boolean(said && said.account === account && ENDED.indexOf(said.reason) >= 0);
  }

  // "fresh", "wait" (no answer), "signin" (nobody is signed in), "ended" (revoked)
  async function session(account) {
    var state = await sesi.refresh(true);
    if (state === "fresh") { return "fresh"; }
    if (state === "away") { return "wait"; }
    return (await ended(account)) ? "ended" : "signin";
  }

  // The answer, with `came`: "answered" for good, "failed" (this one, for now), or as `session` says.
  async function ask(account, method, address, body, headers) {
    var answer = await sesi.ask(method, address, body, headers), came = "answered";
    if (answer.status === 401) {
      came = await session(account);
      if (came !== "fresh") { return Object.assign(answer, { came: came }); }
      answer = await sesi.ask(method, address, body, headers);
    }
    if (answer.status === 401) { came = "signin"; }
    else if (!answer.status || answer.status >= 500 || answer.status === 408 || answer.status === 425 || answer.status === 429) {
      came = answer.status === 500 ? "failed" : "wait";
    } else { came = "answered"; }
    return Object.assign(answer, { came: came });
  }

  // `through` does all that waits and says how it came: "sent", "wait", "signin", "other"; "ended" and
  // "idle" rest until they are woken. `rest`: milliseconds between two rounds where all was sent.
  function sender(lock, through, told, rest) {
    var wait = FIRST, notBefore = 0, timer = null, busy = false, again = false, here = { link: "baru" };

    function link(state) { here.link = state; told(); }

    function alone() { return navigator.locks ? navigator.locks.request(lock, through) : through(); }

    async function go() {
      clearTimeout(timer);
      if (performance.now() < notBefore) { timer = setTimeout(go, notBefore - performance.now()); return; }
      if (busy) { again = true; return; }
      busy = true;
      var came = "wait";
      try { came = await alone(); } catch (error) { came = "wait"; }
      busy = false;
      link(came);
      if (again) { again = false; wait = FIRST; go(); return; }
      if (came === "ended" || came === "idle") { return; }
      timer = setTimeout(go, came === "sent" ? rest || LONGEST : wait);
      wait = Math.min(wait * 2, LONGEST);
    }

    function soon() { wait = FIRST; go(); }

    // What the office said of when to come again, in seconds, and ten minutes at most: whatever this device's
    // clock does meanwhile. And that something was done.
    function after(seconds) { notBefore = performance.now() + Math.min(Math.max(seconds * 1000, 0), LATEST); }
    function moved() { wait = FIRST; told(); }

    window.addEventListener("online", soon);
    window.addEventListener("offline", function () { link("wait"); });
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "visible") { soon(); }
    });
    return { soon: soon, here: here, after: after, moved: moved };
  }

  window.JemputPengirim = { ask: ask, session: session, ended: ended, sender: sender };
})();
