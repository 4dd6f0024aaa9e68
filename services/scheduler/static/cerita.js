/* What a device of an event's floor tells the office: kept in the browser until it is known there, with the
   device's lease beside it. A gate and a booth differ in what they tell and what they lease. */
(function () {
  "use strict";
  var lantai = window.JemputLantai, sesi = window.JemputSesi, pengirim = window.JemputPengirim, simpanan = window.JemputSimpanan;
  var CHUNK = 20, LATER = 300000, KEPT = 7 * 86400000, STAYS = ["other_account", "forbidden"];

  function untold(one) { return one.state !== "diterima"; }

  // A story only grows, but for what was taken back before any try to tell it: so many steps say which of its states it is.
  function steps(one) { return (one.acts || []).length + (one.end ? 1 : 0); }

  function chunks(all) {
    var found = [], now = Date.now();
    all.filter(function (one) { return one.state === "menunggu" && (one.later || 0) <= now; }).forEach(function (one) {
      var last = found.find(function (chunk) { return chunk[0].device === one.device && chunk.length < CHUNK; });
      if (last) { last.push(one); } else { found.push([one]); }
    });
    return found;
  }

  function aside(answer) {
    var why = answer.body.reason || { 403: "forbidden", 404: "unknown" }[answer.status] || "other";
    return { outcome: STAYS.indexOf(why) >= 0 ? "" : "refused", reason: why };
  }

  // `of`: {store, worker, mine, account, api, kind, said, through, rest, emptied}. `kind`: "issued" or "called"; `said` makes
  // of a story what the API takes; `through` is a round of all that waits; `emptied` takes from a revoked device what it leased.
  function book(of) {
    var told = function () {}, waiters = {}, mine = of.mine;
    var stored = simpanan.database(of.store, { perangkat: { keyPath: "id" }, cerita: { keyPath: "id" } });
    var sending = pengirim.sender(of.store, through, function () { told(); }, of.rest), here = sending.here;
    here.doubted = false;

    function device() { return stored("readonly", function (devices) { return devices.get(mine); }); }
    function story(id) { return stored("readonly", function (devices, all) { return all.get(id); }); }

    async function stories() {
      var all = await stored("readonly", function (devices, kept) { return kept.getAll(); });
      return all.sort(function (one, other) { return one.order - other.order; });
    }

    // Read, changed and written in one transaction, so that two windows never give or call one number.
    function change(how) {
      return stored("readwrite", function (devices, all) {
        var asking = devices.get(mine);
        asking.onsuccess = function () {
          var found = asking.result, kept = how(found, all, devices);
          if (kept) { devices.put(kept); } else if (found && kept === null) { devices.delete(mine); }
        };
        return asking;
      });
    }

    // What every story has, whatever it tells.
    function begun(kept) {
      return {
        id: lantai.uuid(), of: mine, account: of.account, api: of.api, device: kept.device, order: kept.last += 1, state: "menunggu",
        at: new Date().toISOString(), ahead: Math.round(-sesi.ahead() / 1000)
      };
    }

    async function ask(method, address, body) {
      var answer = await pengirim.ask(of.account, method, address, body, method === "GET" ? {} : { "Idempotency-Key": lantai.key() });
      if (answer.came === "ended") { await revoked(); }
      if (answer.came !== "answered") { sending.after(answer.after); }
      return answer;
    }

    // The stories as they are now, none that was taken back since; from here on the office may know them.
    async function tried(chunk) {
      var rows = [];
      await stored("readwrite", function (devices, all) {
        chunk.forEach(function (one) {
          var asking = all.get(one.id);
          asking.onsuccess = function () {
            var now = asking.result;
            if (now && now.state === "menunggu") { rows.push(Object.assign(now, { tried: true })); all.put(now); }
          };
        });
      });
      return rows;
    }

    // A story that the office cannot read keeps no other one back.
    async function tell(chunk) {
      var rows = await tried(chunk);
      if (!rows.length) { return "sent"; }
      var answer = await ask("POST", rows[0].api + "/leases/" + rows[0].device + "/stories", { [of.kind]: rows.map(of.said) });
      if (answer.came !== "answered") { return answer.came; }
      if (answer.status === 422 && rows.length > 1) { return each(rows.map(function (one) { return [one]; })); }
      for (var at = 0; at < rows.length; at += 1) { await settle(rows[at], answer.status === 200 ? answer.body[at] : aside(answer)); }
      sending.moved();
      return "sent";
    }

    // "failed" is of one chunk alone: the others go on.
    async function each(all) {
      var failed = false;
      for (var at = 0; at < all.length; at += 1) {
        var came = await tell(all[at]);
        if (came === "failed") { failed = true; } else if (came !== "sent") { return came; }
      }
      return failed ? "wait" : "sent";
    }

    async function tellAll() { return each(chunks(await stories())); }

    // What is refused stays with its reason; what is another account's waits until that account, or the end of its
    // lease, lets it be told. What came to a story while it was sent is told as well.
    async function settle(one, outcome) {
      var state = { "": "menunggu", refused: "ditolak" }[outcome.outcome] || "diterima", conflicts = outcome.conflicts || [];
      here.doubted = here.doubted || (one.of === mine && conflicts.indexOf("after_lease") >= 0);
      await stored("readwrite", function (devices, all) {
        var asking = all.get(one.id);
        asking.onsuccess = function () {
          var now = asking.result;
          if (!now) { return; }
          all.put(Object.assign(now, {
            state: steps(now) === steps(one) ? state : "menunggu", taken: state === "diterima" ? steps(one) : now.taken, reason: outcome.reason || "",
            conflicts: conflicts, tickets: outcome.tickets || [], later: state === "menunggu" ? Date.now() + LATER : 0
          }));
        };
        return asking;
      });
      if (waiters[one.id]) { waiters[one.id](); }
    }

    async function through() {
      var came = await of.through();
      if (waiters[mine]) { waiters[mine](); }
      return came;
    }

    // What it leased is gone at once. What was not told stays to be seen, and is told by whoever signs in next.
    async function revoked() {
      var waits = (await stories()).some(function (one) { return one.of === mine && untold(one); });
      await wipe(function (one) { return one.of === mine && !untold(one); });
      await change(function (kept) { return waits && kept ? Object.assign(kept, of.emptied, { ended: "dicabut" }) : null; });
      if (!waits) { await simpanan.forgetPage(of.store, of.worker); }
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

    // A browser may believe in a network that leads nowhere: then the page stays as it was kept before.
    async function start() {
      await sesi.ready;
      await tidy();
      sending.soon();
      if (navigator.onLine !== false) { await simpanan.keepPage(of.store, of.worker).catch(function () {}); }
    }

    // A page that was kept for one account does nothing for another who has signed in since.
    async function stranger() {
      var who = await sesi.account().catch(function () {});
      return Boolean(who) && who !== of.account;
    }

    return {
      device: device, story: story, stories: stories, change: change, begun: begun, ask: ask, tellAll: tellAll, again: again, drop: drop,
      steps: steps, settled: settled, stocked: stocked, start: start, stranger: stranger, soon: sending.soon, here: here, mine: mine,
      connected: function () { return navigator.onLine !== false && ["sent", "baru"].indexOf(here.link) >= 0; },
      onChange: function (what) { told = what; }
    };
  }

  // A wrong clock is said once, above.
  function disagrees(one) { return (one.conflicts || []).filter(function (kind) { return kind !== "clock"; }); }

  // What somebody has to look at: refused, not agreeing with others, another account's, or of a device that was revoked.
  // `how`: {box, words, seen, zone, facts, again, drop}; `words`: below what the page's words are.
  function list(how) {
    var word = lantai.word, rows = how.seen.stories.filter(function (one) {
      return one.state === "ditolak" || disagrees(one).length || (one.state === "menunggu" && (how.seen.ended || one.of !== how.seen.mine));
    });
    var lines = how.box.querySelector("ul");
    function why(one) {
      if (one.state === "ditolak") { return word(how.words + ".story." + one.reason) || word(how.words + ".story.other"); }
      if (one.state === "menunggu") { return word(how.words + ".story." + (one.of === how.seen.mine ? "revoked" : "other_account")); }
      return disagrees(one).map(function (kind) {
        return word(how.words + ".conflict." + kind) || word(how.words + ".conflict.other");
      }).join(" ");
    }
    function row(one) {
      var made = document.getElementById("cerita").content.firstElementChild.cloneNode(true), last = made.querySelector("[data-buang]");
      function fill(name, text) { made.querySelector('[data-isi="' + name + '"]').textContent = text; }
      var more = how.facts(one);
      fill("nomor", more[0]);
      fill("kode", more[1]);
      fill("saat", lantai.when(new Date(new Date(one.at).getTime() - 1000 * one.ahead), how.zone));
      fill("sebab", why(one));
      made.dataset.keadaan = one.state;
      made.querySelector("[data-lagi]").hidden = one.state !== "ditolak";
      last.closest("details").hidden = one.state === "diterima";
      made.querySelector("[data-lagi]").addEventListener("click", function () { how.again(one.id); });
      last.addEventListener("click", function () { how.drop(one.id); });
      return made;
    }
    how.box.hidden = !rows.length;
    lines.replaceChildren.apply(lines, rows.map(row));
  }

  window.JemputCerita = { book: book, list: list };
})();
