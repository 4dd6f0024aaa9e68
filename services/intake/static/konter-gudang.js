/* What a counter's laptop keeps: sealed by AES-GCM under a key that the operator's PIN and the office's
   share make together. The key is held by this page alone; the share is forgotten after twelve hours. */
(function () {
  "use strict";
  var LASTS = 12 * 3600000, TRIES = 5, ROUNDS = 600000, NAME = "jemput-konter", CHECK = "jemput";
  var DRAFT = "draf", key = null, turn = 0;

  var stored = window.JemputSimpanan.database(NAME, { tetap: undefined, catatan: { keyPath: "id" } });

  function read(name) { return stored("readonly", function (kept) { return kept.get(name); }); }
  function write(name, what) { return stored("readwrite", function (kept) { return kept.put(what, name); }); }
  function entry(id) { return stored("readonly", function (kept, notes) { return notes.get(id); }); }
  function put(one) { return stored("readwrite", function (kept, notes) { return notes.put(one); }); }

  // Read, changed and written in one transaction: what another tab or a timer writes is never put back.
  async function change(how) {
    var laptop = null;
    await stored("readwrite", function (kept) {
      var asking = kept.get("laptop");
      asking.onsuccess = function () {
        laptop = asking.result;
        if (laptop) { how(laptop); kept.put(laptop, "laptop"); }
      };
      return asking;
    });
    return laptop;
  }

  async function entries() {
    var all = await stored("readonly", function (kept, notes) { return notes.getAll(); });
    return all.sort(function (one, other) { return one.order - other.order; });
  }

  function random(many) { return crypto.getRandomValues(new Uint8Array(many)); }
  function bytes(text) { return new TextEncoder().encode(text); }

  async function derived(pin, share, salt) {
    var typed = await crypto.subtle.importKey("raw", bytes(pin + "\n" + share), "PBKDF2", false, ["deriveKey"]);
    var how = { name: "PBKDF2", hash: "SHA-256", salt: salt, iterations: ROUNDS };
    return crypto.subtle.deriveKey(how, typed, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  }

  // Bound to its place: what is sealed for one entry does not open as another.
  async function sealed(with_, what, place) {
    var iv = random(12), how = { name: "AES-GCM", iv: iv, additionalData: bytes(place) };
    return { iv: iv, box: await crypto.subtle.encrypt(how, with_, bytes(JSON.stringify(what))) };
  }

  async function opened(with_, kept, place) {
    var how = { name: "AES-GCM", iv: kept.iv, additionalData: bytes(place) };
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, with_, kept.box)));
  }

  function seal(what, place) { return sealed(key, what, place); }
  function open(kept, place) { return opened(key, kept, place); }

  // What is typed and not saved yet; null: nothing. One that something newer came before is not written.
  async function draft(what) {
    var mine = (turn += 1), made = what && (await sealed(key, what, DRAFT));
    await stored("readwrite", function (kept) {
      if (mine !== turn || !key) { return null; }
      return made ? kept.put(made, DRAFT) : kept.delete(DRAFT);
    });
  }

  async function drafted() {
    var made = await read(DRAFT);
    return made ? opened(key, made, DRAFT) : null;
  }

  // A draft becomes an entry in one transaction: it is never lost between, and never there twice.
  function keep(one) {
    turn += 1;
    return stored("readwrite", function (kept, notes) {
      kept.delete(DRAFT);
      return notes.put(one);
    });
  }

  // A laptop begins with the PIN that its operator chooses; what was delivered before goes. False where
  // something waits, which another tab may have written meanwhile: then nothing is begun.
  async function begin(pin, share, about) {
    var salt = random(16), now = Date.now(), made = await derived(pin, share, salt);
    var laptop = Object.assign({
      salt: salt, share: share, wrong: 0, until: now + LASTS, seen: now, last: 0,
      check: await sealed(made, CHECK, CHECK)
    }, about);
    var free = false;
    await stored("readwrite", function (kept, notes) {
      var asking = notes.getAll(), typed = kept.get(DRAFT);
      typed.onsuccess = function () {
        free = !asking.result.some(undelivered) && !typed.result;
        if (!free) { return; }
        notes.clear();
        kept.clear();
        kept.put(laptop, "laptop");
      };
      return typed;
    });
    if (free) { key = made; }
    return free;
  }

  async function fitting(pin, laptop, shares) {
    for (var number = 0; number < shares.length; number += 1) {
      var made = await derived(pin, shares[number], laptop.salt);
      try {
        await opened(made, laptop.check, CHECK);
        return { key: made, share: shares[number] };
      } catch (error) { /* another PIN, or the share of another secret */ }
    }
    return null;
  }

  // A try counts before it is made, so that pulling the plug gives no other. `shares`: from the office.
  async function unlock(pin, shares) {
    if (!shares && await over()) { return "expired"; }
    var laptop = await change(function (one) { one.wrong += 1; });
    if (!laptop) { return "none"; }
    if (!laptop.share && !shares) { await change(function (one) { one.wrong -= 1; }); return "expired"; }
    var found = await fitting(pin, laptop, shares || [laptop.share]);
    if (!found) {
      if (laptop.wrong < TRIES) { return "wrong"; }
      await wipe("pin");
      return "wiped";
    }
    var now = Date.now();
    await change(function (one) { Object.assign(one, { wrong: 0, share: found.share, until: now + LASTS, seen: now }); });
    key = found.key;
    return "open";
  }

  async function left() {
    var laptop = await read("laptop");
    return laptop ? TRIES - laptop.wrong : 0;
  }

  function undelivered(one) { return one.state === "menunggu" || one.state === "ditolak"; }

  // What waits to be sent, by its numbers, and whether something is typed that was never saved.
  async function remaining() {
    var lost = (await entries()).filter(undelivered).map(function (one) { return one.number; });
    return { lost: lost, typed: Boolean(await read(DRAFT)) };
  }

  // What is lost by it is kept by its numbers: those people are to be asked again, from their papers.
  async function wipe(why) {
    var left = await remaining();
    key = null;
    await stored("readwrite", function (kept, notes) {
      notes.clear();
      kept.clear();
      return kept.put(Object.assign({ why: why, at: Date.now() }, left), "akhir");
    });
  }

  // After twelve hours nothing here opens any more. What was not delivered stays sealed, until the
  // office gives the share again and the PIN is typed; all else goes.
  async function expire() {
    var all = await entries();
    if (!all.some(undelivered) && !(await read(DRAFT))) { return wipe("waktu"); }
    key = null;
    await change(function (laptop) { laptop.share = null; });
    await stored("readwrite", function (kept, notes) {
      all.filter(function (one) { return !undelivered(one); }).forEach(function (one) {
        delete one.sealed;
        notes.put(one);
      });
      return kept.delete("bekal");
    });
    return undefined;
  }

  // True where the time is over. A clock that was put back does not give any: what was left, is left.
  async function over() {
    var now = Date.now(), laptop = await change(function (one) {
      if (!one.share) { return; }
      if (now < one.seen) { one.until -= one.seen - now; }
      one.seen = now;
    });
    if (!laptop || !laptop.share || now < laptop.until) { return false; }
    await expire();
    return true;
  }

  // Counted up in one transaction: no number is given twice.
  async function next() {
    var laptop = await change(function (one) { one.last += 1; });
    var number = laptop.prefix + "-" + String(laptop.last).padStart(3, "0");
    return { id: crypto.randomUUID(), key: crypto.randomUUID(), order: laptop.last, number: number };
  }

  window.JemputGudang = {
    read: read, write: write, entry: entry, put: put, keep: keep, draft: draft, drafted: drafted, entries: entries, seal: seal, open: open, begin: begin,
    change: change, unlock: unlock, left: left, expire: expire, wipe: wipe, remaining: remaining, over: over, next: next, undelivered: undelivered,
    ready: function () { return key !== null; }, lock: function () { key = null; }
  };
})();
