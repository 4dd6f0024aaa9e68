/* What the pages of an event's floor share: words, and questions to the API by who has signed in. */
(function () {
  "use strict";
  var sesi = window.JemputSesi, LATER = [0, 401, 408, 425, 429], AGAIN = 5000, OLD = 900000;

  function word(name, values) {
    var found = document.querySelector('[data-kata="' + name + '"]');
    if (!found) { return ""; }
    var text = found.content.textContent;
    Object.keys(values || {}).forEach(function (one) { text = text.replace("{" + one + "}", values[one]); });
    return text;
  }

  // A command has a key: asked again under it, it is answered as the first time.
  async function ask(method, address, body, key) {
    var headers = key ? { "Idempotency-Key": key } : {};
    var answer = await sesi.ask(method, address, body, headers);
    if (answer.status === 401 && (await sesi.refresh(true)) === "fresh") {
      answer = await sesi.ask(method, address, body, headers);
    }
    return answer;
  }

  // Whether what was sent is answered for good, and need not be sent again.
  function settled(answer) { return answer.status < 500 && LATER.indexOf(answer.status) < 0; }

  function reason(answer) {
    if (answer.late) { return "late"; }
    if (answer.status === 401) { return "signin"; }
    if (answer.status === 429) { return "throttled"; }
    if (answer.status === 403) { return "forbidden"; }
    if (answer.status === 404) { return "unknown"; }
    if (!settled(answer)) { return "offline"; }
    return answer.body.reason || "other";
  }

  function stored(name) {
    try {
      var found = JSON.parse(localStorage.getItem(name));
      return found && found.since ? found : null;
    } catch (error) { return null; }
  }

  function store(name, what) {
    try {
      if (what) { localStorage.setItem(name, JSON.stringify(what)); } else { localStorage.removeItem(name); }
    } catch (error) { /* A private window keeps nothing: then a reload forgets what was not answered. */ }
  }

  // One command at a time, kept here until it is answered for good: after a lost answer or a reload it
  // is sent again under its key, and so done once. What was not answered is its account's alone. Of a quarter of
  // an hour ago it is meant by nobody any more: then it is given up, aloud, as an answer that is `late`. `told`
  // hears of each answer, and whether it is the last.
  function sender(name, told) {
    var pending = stored(name), busy = false, timer = null;

    function free() { return !busy && !pending; }

    function give(address, body, what) {
      if (!free()) { return false; }
      pending = { address: address, body: body, what: what, key: key(), since: Date.now() };
      store(name, pending);
      send();
      return true;
    }

    async function send() {
      if (busy || !pending) { return; }
      clearTimeout(timer);
      if (Math.abs(Date.now() - pending.since) >= OLD) { over(pending, { status: 0, body: {}, after: 0, late: true }); return; }
      busy = true;
      var sent = pending, answer = await ask("POST", sent.address, sent.body, sent.key);
      busy = false;
      if (settled(answer)) { over(sent, answer); return; }
      timer = setTimeout(send, Math.max(AGAIN, 1000 * answer.after));
      told(answer, sent.what, false);
    }

    function over(sent, answer) {
      pending = null;
      store(name, null);
      told(answer, sent.what, true);
    }

    // What is not answered, to be done in another way: it is not sent again. Null while an answer may still come.
    function waiting() { return busy ? null : pending; }

    function take() {
      var sent = waiting();
      if (sent) { clearTimeout(timer); pending = null; store(name, null); }
      return sent;
    }

    window.addEventListener("online", send);
    return { free: free, give: give, send: send, waiting: waiting, take: take };
  }

  // Letters alone: a key with many digits might be somebody's number, and is refused.
  function key() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16))).map(function (byte) {
      return String.fromCharCode(97 + (byte >> 4), 97 + (byte & 15));
    }).join("");
  }

  // For what a device makes by itself; browsers give one of their own over TLS alone.
  function uuid() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    var hex = Array.from(bytes).map(function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // By the office's clock, as of its last answer, in the event's zone.
  function now() { return new Date(Date.now() + sesi.ahead()); }

  function day(at, zone) {
    return at.toLocaleDateString("id-ID", { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: zone });
  }

  function when(at, zone) {
    return day(at, zone) + " " + at.toLocaleTimeString("id-ID", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  }

  window.JemputLantai = { word: word, ask: ask, reason: reason, sender: sender, key: key, uuid: uuid, now: now, day: day, when: when };
})();
