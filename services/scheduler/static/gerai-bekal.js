/* What a booth's device has of an event: people whom it alone calls, held while there was an uplink, and what it did
   without one, written down before it is shown. Numbers and times, nothing of anybody. */
(function () {
  "use strict";
  var lantai = window.JemputLantai, sesi = window.JemputSesi, page = document.querySelector("[data-layar][data-penjaga]");
  if (!page) { return; }
  var HOLD = 6, MOST = 12, LOOK = 10000, RENEW = 600000, AGAIN = 60000, UNDO = 120000, KNOWN = 100, STEPS = 50;
  var HERE = ["called", "recalled", "serving", "on_hold"], ASKED = ["called", "recalled"];
  // As the office allows it: from which states, to which, and whether the call has ended with it.
  var ACTS = {
    start: [ASKED, "serving"], recall: [ASKED, "recalled"], hold: [ASKED.concat("serving"), "on_hold"], resume: [["on_hold"], "serving"],
    serve: [HERE, "served", true], leave: [HERE, "left", true], no_show: [ASKED.concat("on_hold"), "no_show", true]
  };
  var booth = page.dataset.gerai, api = page.dataset.api, booths = JSON.parse(page.dataset.bersama), shown = function () {};
  var book = window.JemputCerita.book({
    store: "jemput-loket", worker: page.dataset.penjaga, mine: page.dataset.acara + "/" + booth + "/" + page.dataset.akun,
    account: page.dataset.akun, api: api, kind: "called", said: said, through: through, rest: LOOK, emptied: { held: [] }
  });
  var here = book.here, device = null;

  function fresh() {
    return { id: book.mine, device: lantai.uuid(), held: [], people: [], lines: [], now: "", last: 0, leased: 0, until: "", heard: "", undo: null };
  }

  function key(one) { return one.service + "/" + one.number; }
  function person(kept, wanted) { return kept.people.find(function (one) { return key(one) === wanted; }); }
  function others(all, wanted) { return all.filter(function (one) { return key(one) !== wanted; }); }
  function callable(kept) { return kept.held.filter(function (one) { return new Date(one.held_until) > lantai.now(); }); }

  function said(one) {
    var more = one.end ? { end: one.end, end_claimed_at: one.ended_at } : {};
    var acts = (one.acts || []).map(function (step) { return { act: step.act, claimed_at: step.at }; });
    return Object.assign(acts.length ? { acts: acts } : {}, {
      entry_id: one.id, booth_id: one.booth, service: one.service, number: one.number, claimed_at: one.at, clock_ahead: one.ahead
    }, more);
  }

  function begun(kept, one) {
    return Object.assign(book.begun(kept), {
      booth: booth, service: one.service, number: one.number, label: one.label, acts: [], end: null, ended_at: null
    });
  }

  // Changes what the device has, for the account of this page alone; `how` gives the reason why not, or "".
  async function changed(how) {
    var came = "not_ready";
    if (await book.stranger()) { return "other_account"; }
    await book.change(function (kept, all, devices) {
      if (!kept) { return undefined; }
      came = how(kept, all, devices, function (why) { came = why; });
      return came ? undefined : kept;
    });
    return came;
  }

  // The next of those whom it holds, in their order.
  function call() {
    return changed(function (kept, all) {
      var next = callable(kept)[0];
      if (kept.ended) { return "revoked"; }
      if (!next) { return "nobody_held"; }
      var told = begun(kept, next), was = kept.now;
      all.put(told);
      kept.held = others(kept.held, key(next));
      know(kept, Object.assign({}, next, { state: "called", story: told.id }));
      kept.undo = { of: key(next), held: next, was: was, begins: true, at: Date.now() };
      return "";
    });
  }

  function know(kept, one) {
    kept.people = others(kept.people, key(one)).concat(one).slice(-KNOWN);
    kept.now = key(one);
  }

  function act(name, service, number) {
    return changed(function (kept, all, devices, other) {
      var wanted = service + "/" + number, one = person(kept, wanted), rule = ACTS[name];
      if (name === "undo") { return undo(kept, wanted, all, devices, other); }
      if (!rule) { return "needs_uplink"; }
      if (!one) { return "not_here"; }
      if (rule[0].indexOf(one.state) < 0 || (!rule[2] && (one.steps || 0) >= STEPS)) { return "not_now"; }
      kept.undo = { of: wanted, before: one.state, was: kept.now, begins: !one.story, at: Date.now() };
      one.state = rule[1];
      kept.now = wanted;
      noted(kept, one, all, devices, rule[2] ? "" : name);
      return "";
    });
  }

  // What is done is told under the call's story. One that the office has called gets a story now, and so does one whose
  // story has its end, or is no longer kept here.
  function noted(kept, one, all, devices, step) {
    var made = begun(kept, one), asking = all.get(one.story || made.id);
    one.story = one.story || made.id;
    one.steps = (one.steps || 0) + (step ? 1 : 0);
    asking.onsuccess = function () {
      var told = asking.result && !asking.result.end ? asking.result : made, at = new Date().toISOString();
      var more = step ? { acts: (told.acts || []).concat({ act: step, state: one.state, at: at }) } : { end: one.state, ended_at: at };
      all.put(Object.assign(told, more, { state: "menunggu", later: 0, tried: false }));
      if (told.id !== one.story) { one.story = told.id; kept.undo.begins = true; devices.put(kept); }
    };
  }

  // What may have reached the office is not taken back here.
  function undo(kept, wanted, all, devices, other) {
    var last = kept.undo, one = person(kept, wanted);
    if (!last || last.of !== wanted || !one) { return "nothing_to_undo"; }
    if (Math.abs(Date.now() - last.at) > UNDO) { return "undo_too_late"; }
    if (!one.story) { return "nothing_to_undo"; }
    var asking = all.get(one.story);
    asking.onsuccess = function () {
      var told = asking.result;
      if (!told || told.tried) { other("undo_told"); return; }
      kept.undo = null;
      kept.now = last.was;
      if (last.begins) { all.delete(told.id); one.story = ""; } else { all.put(without(told)); }
      if (last.held) { kept.people = others(kept.people, wanted); kept.held = [last.held].concat(kept.held); } else {
        one.steps = (one.steps || 0) - (told.end ? 0 : 1);
        one.state = last.before;
      }
      other("");
      devices.put(kept);
    };
    return "undo_told";
  }

  // What was noted last is taken out; what is left is told, unless the office has just that.
  function without(told) {
    var left = Object.assign({}, told, told.end ? { end: null, ended_at: null } : { acts: told.acts.slice(0, -1) });
    return Object.assign(left, { state: book.steps(left) === left.taken ? "diterima" : "menunggu", tried: true });
  }

  function ripe(one) { return one.state === "menunggu" && (one.later || 0) <= Date.now(); }
  function waits(all) { return all.filter(function (one) { return one.of === book.mine && ripe(one); }); }

  // So many are held: a share of who waits for each line's booths, with one share for whoever has no device.
  function wanted(kept) {
    var share = kept.lines.reduce(function (sum, one) { return sum + Math.floor(one.waiting / ((booths[one.service] || 1) + 1)); }, 0);
    return Math.min(MOST, Math.max(Math.min(HOLD, share), callable(kept).length));
  }

  function due(kept) {
    if (kept.refusal) { return Math.abs(Date.now() - kept.leased) > AGAIN; }
    return here.doubted || kept.ended || Math.abs(Date.now() - kept.leased) > RENEW || wanted(kept) > callable(kept).length;
  }

  async function lease() {
    var kept = await book.device();
    if (!kept || !due(kept)) { return "sent"; }
    var body = { booth_id: booth, hold: wanted(kept), clock_ahead: Math.round(-sesi.ahead() / 1000) };
    var answer = await book.ask("PUT", api + "/leases/" + kept.device, body);
    if (answer.came !== "answered") { return answer.came; }
    here.doubted = false;
    await book.change(function (found) { return found && (answer.status === 200 ? leased(found, answer.body) : stopped(found, lantai.reason(answer))); });
    return "sent";
  }

  // Whom it has called already is not called again, whatever answer was on its way meanwhile.
  function leased(kept, found) {
    var held = found.held.filter(function (one) { return !person(kept, key(one)); });
    return Object.assign(kept, { held: held, until: found.until, leased: Date.now(), ended: "", refusal: "" });
  }

  function stopped(kept, refusal) {
    var over = ["lease_ended", "access_revoked", "other_account", "cancelled"].indexOf(refusal) >= 0;
    return Object.assign(kept, { held: over ? [] : kept.held, refusal: refusal, leased: Date.now() });
  }

  // The office's screen counts once the office knows all that was done here.
  async function screen() {
    var answer = await book.ask("GET", api + "/booths/" + booth + "/screen");
    if (answer.came !== "answered") { return answer.came; }
    here.screen = answer.status === 200 ? answer.body : null;
    if (here.screen && !waits(await book.stories()).length) { await heard(here.screen); }
    return "sent";
  }

  function heard(found) {
    return book.change(function (kept) {
      var now = kept || fresh(), ticket = found.ticket;
      if (ticket) {
        know(now, Object.assign({}, person(now, key(ticket)), { service: ticket.service, number: ticket.number, label: ticket.label, state: ticket.state }));
        now.held = others(now.held, key(ticket));
      }
      if (!ticket) { now.now = ""; }
      return Object.assign(now, { lines: found.lines, heard: found.as_of, undo: null });
    });
  }

  // An answer first: what no answer was awaited for can still be taken back. Then what happened, also what another account
  // left here whose device was revoked, and only then whom to hold.
  async function through() {
    var came = await screen(), before = (await book.stories()).some(ripe);
    if (came === "sent" && before) { came = await book.tellAll(); }
    if (came === "sent" && before) { came = await screen(); }
    if (came === "sent" && here.screen && here.screen.today && !page.hasAttribute("data-batal")) { came = await lease(); }
    device = (await book.device()) || null;
    shown();
    return came;
  }

  function acts(kept, one) {
    var can = Object.keys(ACTS).filter(function (name) { return ACTS[name][0].indexOf(one.state) >= 0; });
    return kept.undo && kept.undo.of === key(one) && Date.now() - kept.undo.at <= UNDO ? can.concat("undo") : can;
  }

  // The screen as this device knows it.
  function own(kept) {
    var one = person(kept, kept.now), until = kept.undo && new Date(lantai.now().getTime() + UNDO - (Date.now() - kept.undo.at)).toISOString();
    var ticket = one && Object.assign({}, one, { acts: acts(kept, one), undo_until: until });
    return { as_of: lantai.now().toISOString(), ticket: ticket || null, lines: kept.lines, visits: [] };
  }

  // `away`: the booth goes on by itself, as it has no answer or has not told all. `able`: it has something to go on with.
  async function seen() {
    var kept = await book.device(), all = await book.stories(), open = waits(all);
    device = kept || null;
    return {
      answered: book.connected(), away: !book.connected() || open.length > 0, able: Boolean(kept && (kept.held.length || kept.people.length || open.length)),
      screen: kept && own(kept), told: here.screen, held: kept ? callable(kept).length : 0, open: open.length, since: kept && kept.heard,
      link: here.link, ended: Boolean(kept && kept.ended), stories: all, mine: book.mine
    };
  }

  window.JemputBekalGerai = {
    start: book.start, soon: book.soon, call: call, act: act, seen: seen, again: book.again, drop: book.drop, onChange: function (what) {
      shown = what;
      book.onChange(what);
    },
    // Which device calls, for the office: it calls whom this device holds as well.
    device: function () { return device && device.until ? device.device : null; }
  };
})();
