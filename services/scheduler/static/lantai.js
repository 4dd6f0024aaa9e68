/* What the pages of an event's floor share: words, and questions to the API by who has signed in. */
(function () {
  "use strict";
  var sesi = window.JemputSesi, LATER = [0, 401, 408, 425, 429];

  function word(name, values) {
    var found = document.querySelector('[data-kata="' + name + '"]');
    if (!found) { return ""; }
    var text = found.textContent;
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
    if (answer.status === 401) { return "signin"; }
    if (answer.status === 429) { return "throttled"; }
    if (answer.status === 403) { return "forbidden"; }
    if (answer.status === 404) { return "unknown"; }
    if (answer.status === 0 || answer.status >= 500) { return "offline"; }
    return answer.body.reason || "other";
  }

  function key() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16))).map(function (byte) {
      return byte.toString(16).padStart(2, "0");
    }).join("-");
  }

  // By the office's clock, as of its last answer, in the event's zone.
  function now() { return new Date(Date.now() + sesi.ahead()); }

  function when(at, zone) {
    var day = at.toLocaleDateString("id-ID", { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: zone });
    return day + " " + at.toLocaleTimeString("id-ID", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  }

  window.JemputLantai = { word: word, ask: ask, settled: settled, reason: reason, key: key, now: now, when: when };
})();
