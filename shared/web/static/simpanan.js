/* What a page that goes on without uplink keeps in the browser: rows in IndexedDB, itself and its scripts. */
(function () {
  "use strict";

  function opened(name, stores) {
    return new Promise(function (resolve, reject) {
      var opening = indexedDB.open(name, 1);
      opening.onupgradeneeded = function () {
        Object.keys(stores).forEach(function (one) { opening.result.createObjectStore(one, stores[one]); });
      };
      opening.onsuccess = function () { resolve(opening.result); };
      opening.onerror = function () { reject(opening.error); };
    });
  }

  // A function that does something in one transaction over all stores, and gives what was asked for.
  // What it wrote lies on the disk when it answers.
  function database(name, stores) {
    var names = Object.keys(stores);
    return async function (mode, change) {
      var db = await opened(name, stores);
      try {
        return await new Promise(function (resolve, reject) {
          var all = db.transaction(names, mode, { durability: "strict" });
          var asked = change.apply(null, names.map(function (one) { return all.objectStore(one); }));
          all.oncomplete = function () { resolve(asked && asked.result); };
          all.onabort = all.onerror = function () { reject(all.error); };
        });
      } finally {
        db.close();
      }
    };
  }

  // Page and scripts are kept by the browser, so that they open without uplink.
  async function keepPage(store, worker) {
    if (!("serviceWorker" in navigator) || !window.caches) { return; }
    await navigator.serviceWorker.register(worker);
    var files = Array.from(document.querySelectorAll("script[src], link[rel=stylesheet], link[rel=icon]"));
    var wanted = [location.href.split("#")[0]].concat(files.map(function (one) { return one.src || one.href; }));
    var kept = await caches.open(store);
    await kept.addAll(wanted);
    (await kept.keys()).forEach(function (one) { if (wanted.indexOf(one.url) < 0) { kept.delete(one); } });
  }

  async function forgetPage(store, worker) {
    if (window.caches) { await caches.delete(store); }
    if (!("serviceWorker" in navigator)) { return; }
    var found = await navigator.serviceWorker.getRegistration(worker);
    if (found) { await found.unregister(); }
  }

  window.JemputSimpanan = { database: database, keepPage: keepPage, forgetPage: forgetPage };
})();
