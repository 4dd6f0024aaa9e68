/* What the gate's device has of an event: numbers that it leased while there was an uplink, and what it
   gave of them, kept until the office knows it. Numbers and codes, nothing of anybody. */
(function () {
  "use strict";
  var lantai = window.JemputLantai, sesi = window.JemputSesi, page = document.querySelector("[data-gerbang]"), api = page.dataset.api;
  var WANTED = 60, LINES = 60, LOOK = 15000, RENEW = 600000, AGAIN = 60000, LETTERS = "BCDFGHJKMNPQRTVWXYZ", SIGNS = "23456789" + LETTERS;
  var STOPS = ["lease_ended", "access_revoked", "other_account", "cancelled"];
  var book = window.JemputCerita.book({
    store: "jemput-gerbang", worker: page.dataset.penjaga, mine: page.dataset.acara + "/" + page.dataset.akun, account: page.dataset.akun,
    api: api, kind: "issued", said: said, through: through, rest: LOOK, emptied: { blocks: [] }
  });
  var here = book.here;
  // What the office said last of the event.
  Object.assign(here, { lines: [], cancelled: page.hasAttribute("data-batal") });

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

  async function why() {
    await sesi.ready;
    return against(await book.device(), []);
  }

  // Numbers of this device for what people want, under a code that it makes: kept before they are seen.
  async function take(services, priority) {
    var came = {}, other = await book.stranger();
    await sesi.ready;
    await book.change(function (kept, all) {
      came.reason = other ? "other_account" : against(kept, services);
      var numbers = services.map(function (one) { return kept ? free(kept, one)[0] : null; });
      if (!came.reason && !numbers.every(Boolean)) { came.reason = "numbers_out"; }
      if (came.reason) { return undefined; }
      came.story = noted(kept, services, numbers, priority);
      all.put(came.story);
      return kept;
    });
    if (came.story) { book.soon(); }
    return came;
  }

  function noted(kept, services, numbers, priority) {
    var made = Object.assign(book.begun(kept), { code: code(), numbers: {}, labels: {}, priority: priority });
    services.forEach(function (one, at) {
      made.numbers[one] = numbers[at].number;
      made.labels[one] = numbers[at].label;
      kept.given[one] = (kept.given[one] || []).concat(numbers[at].number);
    });
    return made;
  }

  function said(one) {
    return { entry_id: one.id, code: one.code, numbers: one.numbers, priority: one.priority, claimed_at: one.at, clock_ahead: one.ahead };
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
    var kept = await book.device(), wanted = {};
    if (!services().length || !due(kept)) { return "sent"; }
    if (!kept) {
      await book.change(function (found) { return found || { id: book.mine, device: lantai.uuid(), blocks: [], given: {}, last: 0, leased: 0, until: "" }; });
      kept = await book.device();
    }
    services().forEach(function (one) { wanted[one] = WANTED; });
    var answer = await book.ask("PUT", api + "/leases/" + kept.device, { numbers: wanted, clock_ahead: Math.round(-sesi.ahead() / 1000) });
    if (answer.came !== "answered") { return answer.came; }
    here.doubted = false;
    await book.change(function (found) { return !found ? undefined : answer.status === 200 ? leased(found, answer.body) : stopped(found, lantai.reason(answer)); });
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
    var answer = await book.ask("GET", api);
    if (answer.came !== "answered") { return answer.came; }
    if (answer.status === 200) { Object.assign(here, { lines: answer.body.lines, cancelled: answer.body.cancelled }); }
    return "sent";
  }

  async function through() {
    var came = await book.tellAll();
    if (came === "sent") { came = await lease(); }
    return came === "sent" ? look() : came;
  }

  async function seen() {
    var kept = await book.device(), left = {};
    services().forEach(function (one) { left[one] = kept ? free(kept, one).length : 0; });
    return { link: here.link, lines: here.lines, left: left, ended: Boolean(kept && kept.ended), stories: await book.stories(), mine: book.mine };
  }

  window.JemputBekalGerbang = {
    start: book.start, take: take, settled: book.settled, stocked: book.stocked, again: book.again, drop: book.drop, seen: seen, why: why,
    connected: book.connected, onChange: book.onChange
  };
})();
