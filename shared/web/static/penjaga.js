/* Answers for pages that go on without uplink, where the office does not. It keeps pages and scripts,
   never an answer of the API and nothing of anybody: what was done meanwhile lies with the page. */
"use strict";
var PATIENCE = 4000;

self.addEventListener("install", function () { self.skipWaiting(); });
self.addEventListener("activate", function (event) { event.waitUntil(self.clients.claim()); });

function late() { return new Promise(function (resolve, reject) { setTimeout(reject, PATIENCE); }); }

// The office first. Where it does not answer, or wants a sign-in, the page as it was: its script says so.
async function page(request) {
  var kept = await caches.match(request.url.split("#")[0], { ignoreVary: true });
  if (!kept) { return fetch(request); }
  try {
    var answer = await Promise.race([fetch(request), late()]);
    return answer.ok && answer.type === "basic" ? answer : kept;
  } catch (error) {
    return kept;
  }
}

async function file(request) {
  var kept = await caches.match(request, { ignoreVary: true });
  return kept || fetch(request);
}

self.addEventListener("fetch", function (event) {
  var request = event.request, path = new URL(request.url).pathname;
  if (request.method !== "GET") { return; }
  if (request.mode === "navigate") { event.respondWith(page(request)); }
  else if (path.indexOf("/static/") >= 0) { event.respondWith(file(request)); }
});
