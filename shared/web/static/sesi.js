/* A browser's session: a key that stays here, a token that is kept fresh, a word when it is over.
   The sign-in page notes in IndexedDB where the session is refreshed; every page keeps it going. */
(function () {
  "use strict";
  var CHECK = 20000, EARLY = 180000, TIMEOUT = 15000;
  var STATE = "/masuk/keadaan", SIGN_IN = "/masuk";
  var able = Boolean(window.isSecureContext && window.crypto && crypto.subtle && window.indexedDB);
  var skew = 0, kept_skew = 0, heard = false;

  function database() {
    return new Promise(function (resolve, reject) {
      var opening = indexedDB.open("jemput", 1);
      opening.onupgradeneeded = function () { opening.result.createObjectStore("sesi"); };
      opening.onsuccess = function () { resolve(opening.result); };
      opening.onerror = function () { reject(opening.error); };
    });
  }

  async function stored(mode, ask) {
    var db = await database();
    try {
      return await new Promise(function (resolve, reject) {
        var change = db.transaction("sesi", mode), asked = ask(change.objectStore("sesi"));
        change.oncomplete = function () { resolve(asked.result); };
        change.onabort = change.onerror = function () { reject(change.error); };
      });
    } finally {
      db.close();
    }
  }

  function read(name) { return stored("readonly", function (kept) { return kept.get(name); }); }
  function write(name, what) { return stored("readwrite", function (kept) { return kept.put(what, name); }); }
  function remove(name) { return stored("readwrite", function (kept) { return kept.delete(name); }); }

  // How far the office's clock is ahead is kept, so that a page that opens without uplink knows it too.
  var ready = !able ? Promise.resolve() : read("jam").then(function (kept) {
    if (!heard && kept) { skew = kept_skew = kept; }
  }).catch(function () {});

  function compared(found) {
    skew = found;
    heard = true;
    if (!able || Math.abs(found - kept_skew) <= 2000) { return; }
    kept_skew = found;
    write("jam", found).catch(function () {});
  }

  // The private half cannot be exported: whoever copies this browser's cookies has no key.
  async function key() {
    var found = await read("kunci");
    if (found) { return found; }
    found = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    await write("kunci", found);
    return found;
  }

  function written(bytes) {
    return btoa(String.fromCharCode.apply(null, new Uint8Array(bytes)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function packed(what) { return written(new TextEncoder().encode(JSON.stringify(what))); }

  async function proof(address, hash) {
    var pair = await key(), jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
    var head = { typ: "dpop+jwt", alg: "ES256", jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y } };
    var said = {
      htm: "POST",
      htu: location.origin + address,
      iat: Math.floor((Date.now() + skew) / 1000),
      jti: written(crypto.getRandomValues(new Uint8Array(16)))
    };
    if (hash) { said.ath = hash; }
    var text = packed(head) + "." + packed(said);
    var how = { name: "ECDSA", hash: "SHA-256" };
    return text + "." + written(await crypto.subtle.sign(how, pair.privateKey, new TextEncoder().encode(text)));
  }

  // What a server answered: status, body, and the seconds after which to try again. Status 0: none.
  function post(address, body, headers) { return ask("POST", address, body, headers); }

  // What a service of ours says: JSON, or nothing, and a refusal names its status. What a network answers
  // in its place, as the sign-in page of a Wi-Fi, is no answer, and its clock is not the office's.
  async function told(answer) {
    var text = await answer.text(), body = null;
    try { body = text ? JSON.parse(text) : {}; } catch (error) { body = null; }
    if (answer.status >= 500) { return body || {}; }
    return body && (answer.status < 400 || body.status === answer.status) ? body : null;
  }

  async function ask(method, address, body, headers) {
    var stop = new AbortController(), timer = setTimeout(function () { stop.abort(); }, TIMEOUT);
    try {
      var answer = await fetch(address, {
        method: method,
        headers: Object.assign({ Accept: "application/json" }, body ? { "Content-Type": "application/json" } : {}, headers),
        body: body ? JSON.stringify(body) : undefined,
        signal: stop.signal
      });
      var date = Date.parse(answer.headers.get("Date") || ""), said = await told(answer);
      if (!said) { return { status: 0, body: {}, after: 0 }; }
      if (!isNaN(date)) { compared(date - Date.now()); }
      return { status: answer.status, body: said, after: Number(answer.headers.get("Retry-After")) || 0 };
    } catch (error) {
      return { status: 0, body: {}, after: 0 };
    } finally {
      clearTimeout(timer);
    }
  }

  // A clock that is wrong is put right by the first answer, and the proof made anew: once.
  async function proven(address, body, hash) {
    var answer = await post(address, body, { DPoP: await proof(address, hash) });
    if (answer.status === 401 && answer.body.reason === "no_proof") {
      answer = await post(address, body, { DPoP: await proof(address, hash) });
    }
    return answer;
  }

  async function noted(address, answer) {
    var now = Date.now() + skew;
    await remove("akhir");
    return write("sesi", {
      address: address,
      account: answer.account_id,
      hash: answer.refresh_hash,
      at: Date.now(),
      due: Date.now() + Math.max(Date.parse(answer.token_until) - now - EARLY, CHECK),
      ends: Date.now() + Date.parse(answer.session_until) - now
    });
  }

  async function open(address, body) {
    if (!able) { return post(address, body); }
    var answer = await proven(address, body);
    if (answer.status === 401 && answer.body.reason === "device_revoked") {
      await remove("kunci");
      answer = await proven(address, body);
    }
    if (answer.status === 200) { await noted(address, answer.body); }
    return answer;
  }

  // One page at a time: a refresh token counts once.
  function alone(what) { return navigator.locks ? navigator.locks.request("jemput-sesi", what) : what(); }

  // "fresh" (or not due yet), "over", "away" (no answer that says either), "none" (nothing to refresh)
  function refresh(now) {
    var asked = Date.now();
    if (!able) { return Promise.resolve("none"); }
    return alone(async function () {
      var kept = await read("sesi");
      if (!kept || !kept.hash) { return "none"; }
      if (kept.ends <= Date.now()) { await remove("sesi"); return "over"; }
      if (now ? kept.at > asked : kept.due > Date.now()) { return "fresh"; }
      var answer = await proven(kept.address + "/refresh", null, kept.hash);
      if (answer.status === 200) {
        await noted(kept.address, answer.body);
        return "fresh";
      }
      if (answer.status !== 401) { return "away"; }
      await write("akhir", { reason: answer.body.reason, account: kept.account });
      await remove("sesi");
      return "over";
    });
  }

  function over(box) {
    if (box.childNodes.length) { return; }
    var line = document.createElement("p"), link = document.createElement("a");
    line.className = "notice";
    link.href = SIGN_IN + "?lanjut=" + encodeURIComponent(location.pathname + location.search);
    link.textContent = box.dataset.again;
    line.append(box.dataset.over + " ", link);
    box.append(line);
    box.scrollIntoView({ block: "nearest" });
  }

  async function state() {
    try {
      return (await fetch(STATE, { headers: { Accept: "application/json" } })).status;
    } catch (error) {
      return 0;
    }
  }

  function keep(box) {
    var timer = null, busy = false;
    async function look() {
      if (busy) { return; }
      busy = true;
      clearTimeout(timer);
      var ended = false;
      try {
        await refresh(false);
        ended = (await state()) === 401 && ["over", "none"].indexOf(await refresh(true)) >= 0;
      } catch (error) {
        // A browser that keeps nothing, as in some private windows: the server's word alone counts.
        ended = (await state()) === 401;
      }
      busy = false;
      if (ended) { over(box); } else { timer = setTimeout(look, CHECK); }
    }
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "visible" && !box.childNodes.length) { look(); }
    });
    timer = setTimeout(look, 1000);
  }

  // Why the last session was over, and whose it was; the public half of this browser's key: a revoked device gets another.
  function why() { return read("akhir"); }

  // Who has signed in in this browser, as far as it keeps that; a page that was kept may be another's.
  async function account() { return ((await read("sesi")) || {}).account; }

  async function name() {
    var pair = await read("kunci");
    return pair ? (await crypto.subtle.exportKey("jwk", pair.publicKey)).x : "";
  }

  // Milliseconds that the office's clock is ahead of this one, as of its last answer.
  function ahead() { return skew; }

  window.JemputSesi = {
    able: able, open: open, refresh: refresh, post: post, ask: ask, why: why, name: name, ahead: ahead,
    account: account, ready: ready
  };
  var box = document.querySelector("[data-over]");
  if (box) { keep(box); }
})();
