/* One's own place in line: the code stands behind # in the address, which no server is sent, and goes in a body. */
(function () {
  "use strict";
  var LOOK = 20000, LONGEST = 40, timer = null, code = "";

  function box() { return document.querySelector("[data-tempat]"); }

  function written() {
    try { return decodeURIComponent(location.hash.slice(1)).slice(0, LONGEST); } catch (error) { return ""; }
  }

  function lost() {
    var line = box().querySelector("[data-saat]");
    if (line) { line.textContent = box().dataset.lost; }
  }

  // The page's own answer, of which the part that changes is taken over.
  async function look() {
    clearTimeout(timer);
    var asked = code, status = 0, text = "";
    try {
      var answer = await fetch(location.pathname, { method: "POST", headers: { Accept: "text/html" }, body: new URLSearchParams({ kode: asked }) });
      status = answer.status;
      text = await answer.text();
    } catch (error) { status = 0; }
    if (asked !== code) { return; }
    if (status === 200 || status === 422) { show(text); } else { lost(); }
    if (status !== 422) { timer = setTimeout(look, LOOK); }
  }

  function show(text) {
    var fresh = new DOMParser().parseFromString(text, "text/html"), part = fresh.querySelector("[data-tempat]");
    if (!part) { lost(); return; }
    document.title = fresh.title;
    part.querySelectorAll("[autofocus]").forEach(function (one) { one.removeAttribute("autofocus"); });
    box().replaceWith(document.importNode(part, true));
    listen();
    var wrong = box().querySelector(".errors");
    if (wrong) { wrong.focus(); }
  }

  function listen() {
    var form = box().querySelector("form"), other = box().querySelector("[data-lain]");
    if (form) {
      form.addEventListener("submit", function (event) {
        event.preventDefault();
        code = form.elements.kode.value.trim().slice(0, LONGEST);
        history.replaceState(null, "", location.pathname + (code ? "#" + encodeURIComponent(code) : ""));
        look();
      });
    }
    if (other) { other.addEventListener("click", function () { clearTimeout(timer); code = ""; }); }
  }

  function begin() {
    code = written();
    if (code) { look(); }
  }

  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "visible" && code) { look(); }
  });
  window.addEventListener("hashchange", begin);
  listen();
  begin();
})();
