/* What the gate's device has of an event: numbers that it leased while there was an uplink, and what it
   gave of them, kept until the office knows it. Numbers and codes, nothing of anybody. */
(function () {
  "use strict";
  var lantai = window.JemputLantai, sesi = window.JemputSesi, pengirim = window.JemputPengirim;
  var page = document.querySelector("[data-gerbang]"), api = page.dataset.api, account = page.dataset.akun;
  var mine = page.dataset.acara + "/" + account, told = function () {}, waiters = {};
  var WANTED = 60, LINES = 60, CHUNK = 20, LOOK = 15000, RENEW = 600000, LATER = 300000, KEPT = 7 * 86400000, STORE = "jemput-gerbang";
  var LETTERS = "BCDFGHJKMNPQRTVWXYZ", SIGNS = "23456789" + LETTERS, STAYS = ["other_account", "forbidden"];
  var AGAIN = 60000, STOPS = ["lease_ended", "access_revoked", "other_account", "cancelled"];
  var stored = window.JemputSimpanan.database(STORE, { perangkat: { keyPath: "id" }, cerita: { keyPath: "id" } });
  var sending = pengirim.sender(STORE, through, function () { told(); }, LOOK), here = sending.here;
  // What the office said last of the event.
  Object.assign(here, { lines: [], cancelled: page.hasAttribute("data-batal"), doubted: false });

  function device() { return stored("readonly", function (devices) { return devices.get(mine); }); }
  function story(id) { return stored("readonly", function (devices, all) { return all.get(id); }); }

  async function stories() {
    var all = await stored("readonly", function (devices, kept) { return kept.getAll(); });
    return all.sort(function (one, other) { return one.order - other.order; });
  }

  function untold(one) { return one.state !== "diterima"; }

  // Read, changed and written in one transaction, so that two windows never give one number.
  function change(how) {
    return stored("readwrite", function (devices, all) {
      var asking = devices.get(mine);
      asking.onsuccess = function () {
        var found = asking.result, kept = how(found, all);
        if (kept) { devices.put(kept); } else if (found && kept === null) { devices.delete(mine); }
      };
      return asking;
    });
  }

  function free(kept, service) {
    var given = kept.given[service] || [], found = [];
    kept.blocks.forEach(function (block) {
      if (block.service !== service) { return; }
      for (var number = block.first; number <= block.last; number += 1) {
        if (block.used.indexOf(number) < 0 && given.indexOf(number) < 0) { found.push({ number: number, label: block.letter + number }); }
      }
    });
    return found;
  }

  function drawn(signs) {
    var most = 256 - 256 % signs.length, byte = most;
    while (byte >= most) { byte = crypto.getRandomValues(new Uint8Array(1))[0]; }
    return signs[byte % signs.length];
  }

  function code() {
    var made = drawn(LETTERS);
    while (made.length < 8) { made += drawn(SIGNS); }
    return made;
  }

  // Why nobody gets a number now, as far as can be known here; "" where nothing stands against it.
  function against(kept, services) {
    var now = lantai.now(), zone = page.dataset.zona;
    if (here.cancelled) { return "cancelled"; }
    if (now >= new Date(page.dataset.tutup)) { return "closed"; }
    if (now.toLocaleDateString("en-CA", { timeZone: zone }) !== page.dataset.hari) { return "not_its_day"; }
    if (kept && kept.ended) { return "revoked"; }
    if (here.lines.some(function (one) { return one.closed && services.indexOf(one.service) >= 0; })) { return "closed"; }
    if (!kept || !kept.blocks.length) { return (kept && kept.refusal) || "no_lease"; }
    return now >= new Date(kept.until) ? "lease_over" : "";
  }

  // A page that was kept for one account gives no number for another who has signed in since.
  async function stranger() {
    var who = await sesi.account().catch(function () {});
    return Boolean(who) && who !== account;
  }

  async function why() {
    await sesi.ready;
    return against(await device(), []);
  }

  // Numbers of this device for what people want, under a code that it makes: kept before they are seen.
  async function take(services, priority) {
    var came = {}, other = await stranger();
    await sesi.ready;
    await change(function (kept, all) {
      came.reason = other ? "other_account" : against(kept, services);
      var numbers = services.map(function (one) { return kept ? free(kept, one)[0] : null; });
      if (!came.reason && !numbers.every(Boolean)) { came.reason = "numbers_out"; }
      if (came.reason) { return undefined; }
      came.story = noted(kept, services, numbers, priority);
      all.put(came.story);
      return kept;
    });
    if (came.story) { sending.soon(); }
    return came;
  }

  function noted(kept, services, numbers, priority) {
    var made = {
      id: lantai.uuid(), of: mine, account: account, api: api, device: kept.device, order: kept.last += 1, state: "menunggu",
      code: code(), numbers: {}, labels: {}, priority: priority, at: new Date().toISOString(), ahead: Math.round(-sesi.ahead() / 1000)
    };
    services.forEach(function (one, at) {
      made.numbers[one] = numbers[at].number;
      made.labels[one] = numbers[at].label;
      kept.given[one] = (kept.given[one] || []).concat(numbers[at].number);
    });
    return made;
  }

  async function ask(method, address, body) {
    var answer = await pengirim.ask(account, method, address, body, method === "GET" ? {} : { "Idempotency-Key": lantai.key() });
    if (answer.came === "ended") { await revoked(); }
    if (answer.came !== "answered") { sending.after(answer.after); }
    return answer;
  }

  function said(one) {
    return { entry_id: one.id, code: one.code, numbers: one.numbers, priority: one.priority, claimed_at: one.at, clock_ahead: one.ahead };
  }

  // A story that the office cannot read keeps no other one back.
  async function tell(chunk) {
    var answer = await ask("POST", chunk[0].api + "/leases/" + chunk[0].device + "/stories", { issued: chunk.map(said) });
    if (answer.came !== "answered") { return answer.came; }
    if (answer.status === 422 && chunk.length > 1) { return each(chunk.map(function (one) { return [one]; })); }
    for (var at = 0; at < chunk.length; at += 1) { await settle(chunk[at], answer.status === 200 ? answer.body[at] : aside(answer)); }
    sending.moved();
    return "sent";
  }

  // "failed" is of one chunk alone: the others go on.
  async function each(chunks) {
    var failed = false;
    for (var at = 0; at < chunks.length; at += 1) {
      var came = await tell(chunks[at]);
      if (came === "failed") { failed = true; } else if (came !== "sent") { return came; }
    }
    return failed ? "wait" : "sent";
  }

  function aside(answer) {
    var why = answer.body.reason || { 403: "forbidden", 404: "unknown" }[answer.status] || "other";
    return { outcome: STAYS.indexOf(why) >= 0 ? "" : "refused", reason: why };
  }

  // What is refused stays with its reason; what is another account's waits until that account, or the
  // end of its lease, lets it be told.
  async function settle(one, outcome) {
    var state = { "": "menunggu", refused: "ditolak" }[outcome.outcome] || "diterima";
    var now = Object.assign(one, {
      state: state, reason: outcome.reason || "", conflicts: outcome.conflicts || [], tickets: outcome.tickets || [],
      later: state === "menunggu" ? Date.now() + LATER : 0
    });
    here.doubted = here.doubted || (one.of === mine && now.conflicts.indexOf("after_lease") >= 0);
    await stored("readwrite", function (devices, all) { return all.put(now); });
    if (waiters[one.id]) { waiters[one.id](); }
  }

  function chunks(all) {
    var found = [], now = Date.now();
    all.filter(function (one) { return one.state === "menunggu" && (one.later || 0) <= now; }).forEach(function (one) {
      var last = found.find(function (chunk) { return chunk[0].device === one.device && chunk.length < CHUNK; });
      if (last) { last.push(one); } else { found.push([one]); }
    });
    return found;
  }

  // `doubted`: what was told says that the lease was over.
  function due(kept) {
    if (kept && kept.refusal) { return Math.abs(Date.now() - kept.leased) > AGAIN; }
    return here.doubted || !kept || kept.ended || Date.now() - kept.leased > RENEW || kept.leased > Date.now() ||
      services().some(function (one) { return 2 * free(kept, one).length <= WANTED; });
  }

  function services() { return Array.from(page.querySelectorAll('[name="layanan"]')).slice(0, LINES).map(function (one) { return one.value; }); }

  // Also where it was revoked: whoever has signed in anew leases anew, under the same device.
  async function lease() {
    var kept = await device(), wanted = {};
    if (!services().length || !due(kept)) { return "sent"; }
    if (!kept) {
      await change(function (found) { return found || { id: mine, device: lantai.uuid(), blocks: [], given: {}, last: 0, leased: 0, until: "" }; });
      kept = await device();
    }
    services().forEach(function (one) { wanted[one] = WANTED; });
    var answer = await ask("PUT", api + "/leases/" + kept.device, { numbers: wanted, clock_ahead: Math.round(-sesi.ahead() / 1000) });
    if (answer.came !== "answered") { return answer.came; }
    here.doubted = false;
    await change(function (found) { return !found ? undefined : answer.status === 200 ? leased(found, answer.body) : stopped(found, lantai.reason(answer)); });
    return "sent";
  }

  // An end that was heard of counts without uplink too; any other refusal leaves what was leased before.
  function stopped(kept, refusal) {
    return Object.assign(kept, { blocks: STOPS.indexOf(refusal) < 0 ? kept.blocks : [], refusal: refusal, leased: Date.now() });
  }

  // What was given of blocks that are used up need not be known any more.
  function leased(kept, found) {
    Object.keys(kept.given).forEach(function (service) {
      kept.given[service] = kept.given[service].filter(function (number) {
        return found.blocks.some(function (block) { return block.service === service && block.first <= number && number <= block.last; });
      });
    });
    return Object.assign(kept, { blocks: found.blocks, until: found.until, leased: Date.now(), ended: "", refusal: "" });
  }

  async function look() {
    var answer = await ask("GET", api);
    if (answer.came !== "answered") { return answer.came; }
    if (answer.status === 200) { Object.assign(here, { lines: answer.body.lines, cancelled: answer.body.cancelled }); }
    return "sent";
  }

  async function through() {
    var came = await each(chunks(await stories()));
    if (came === "sent") { came = await lease(); }
    if (waiters[mine]) { waiters[mine](); }
    return came === "sent" ? look() : came;
  }

  // Its numbers are gone at once. What was not told stays to be seen, and is told by whoever signs in next.
  async function revoked() {
    var waits = (await stories()).some(function (one) { return one.of === mine && untold(one); });
    await wipe(function (one) { return one.of === mine && !untold(one); });
    await change(function (kept) { return waits && kept ? Object.assign(kept, { blocks: [], ended: "dicabut" }) : null; });
    if (!waits) { await window.JemputSimpanan.forgetPage(STORE, page.dataset.penjaga); }
  }

  async function wipe(which) {
    var gone = (await stories()).filter(which);
    await stored("readwrite", function (devices, all) { gone.forEach(function (one) { all.delete(one.id); }); });
  }

  // Of events that are long over nothing is kept but what was not told.
  async function tidy() {
    var before = lantai.now() - KEPT;
    await wipe(function (one) { return !untold(one) && new Date(one.at) < before; });
    var all = await stories();
    await stored("readwrite", function (devices) {
      var asking = devices.getAll();
      asking.onsuccess = function () {
        asking.result.forEach(function (kept) {
          var over = kept.until && new Date(kept.until) < before;
          if (over && !all.some(function (one) { return one.of === kept.id; })) { devices.delete(kept.id); }
        });
      };
      return asking;
    });
  }

  async function again(id) {
    await stored("readwrite", function (devices, all) {
      var asking = all.get(id);
      asking.onsuccess = function () { all.put(Object.assign(asking.result, { state: "menunggu", later: 0 })); };
      return asking;
    });
    sending.soon();
  }

  function drop(id) { return stored("readwrite", function (devices, all) { return all.delete(id); }); }

  // The story once it is settled, or as it is when so many milliseconds have gone by.
  async function settled(id, most) {
    await new Promise(function (done) { waiters[id] = done; setTimeout(done, most); });
    delete waiters[id];
    return story(id);
  }

  // Until the office was asked for more, or so many milliseconds have gone by.
  async function stocked(most) {
    await new Promise(function (done) { waiters[mine] = done; sending.soon(); setTimeout(done, most); });
    delete waiters[mine];
  }

  async function seen() {
    var kept = await device(), left = {};
    services().forEach(function (one) { left[one] = kept ? free(kept, one).length : 0; });
    return { link: here.link, lines: here.lines, left: left, ended: Boolean(kept && kept.ended), stories: await stories(), mine: mine };
  }

  async function start() {
    await sesi.ready;
    await tidy();
    sending.soon();
    if (navigator.onLine !== false) { await window.JemputSimpanan.keepPage(STORE, page.dataset.penjaga); }
  }

  window.JemputBekalGerbang = {
    start: start, take: take, settled: settled, stocked: stocked, again: again, drop: drop, seen: seen, why: why,
    connected: function () { return navigator.onLine !== false && ["sent", "baru"].indexOf(here.link) >= 0; },
    onChange: function (what) { told = what; }
  };
})();
