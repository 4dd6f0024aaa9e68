/* Sending a file from the page of a case: the file itself is the body, then it is bound: a paper by its
   kind, the issued document as it is. */
(function () {
  "use strict";
  var TIMEOUT = 600000, ANSWER = 30000, MIB = 1048576, KK = 16;

  function words(reason, percent) {
    var found = document.querySelector('[data-word="' + reason + '"]');
    var text = (found || document.querySelector('[data-word="other"]')).textContent;
    return text.replace("{percent}", percent);
  }

  // Random, and without nine digits in a row: the server refuses those anywhere.
  function key() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, function (one) { return "k" + (one % 16).toString(16); }).join("")
      + Array.from(bytes, function (one) { return "m" + (one >> 4).toString(16); }).join("");
  }

  function send(address, headers, body, timeout, moved) {
    return new Promise(function (resolve) {
      var asking = new XMLHttpRequest();
      function ended() {
        var said = {};
        try { said = JSON.parse(asking.responseText); } catch (error) { said = {}; }
        resolve({ status: asking.status, body: said });
      }
      asking.open("POST", address);
      asking.timeout = timeout;
      asking.setRequestHeader("Idempotency-Key", key());
      Object.keys(headers).forEach(function (name) { asking.setRequestHeader(name, headers[name]); });
      if (moved) { asking.upload.onprogress = moved; }
      asking.onload = asking.onerror = asking.ontimeout = asking.onabort = ended;
      asking.send(body);
    });
  }

  function said(answer) { return answer.status === 0 ? "offline" : answer.body.reason || "other"; }

  function start(form) {
    var state = form.querySelector("[data-state]"), button = form.querySelector("[type=submit]");
    var file = form.querySelector("[type=file]"), kind = form.querySelector("[data-kind]");
    var number = form.querySelector("[data-kk-number]");

    function moved(event) {
      var whole = event.loaded === event.total;
      state.textContent = words(whole ? "checking" : "sending", Math.round(100 * event.loaded / event.total));
    }

    async function sent() {
      var chosen = file.files[0], digits = number ? number.value.replace(/[ .-]/g, "") : "";
      if (!chosen) { return "none"; }
      if (chosen.size > Number(form.dataset.most) * MIB) { return "too_large"; }
      if (digits && (digits.length !== KK || /[^0-9]/.test(digits))) { return "kk_number"; }
      var headers = { "Content-Type": chosen.type || "application/octet-stream" };
      if (digits) { headers["Family-Card-Number"] = digits; }
      var taken = await send(form.dataset.upload, headers, chosen, TIMEOUT, moved);
      if (taken.status !== 201) { return said(taken); }
      var paper = JSON.stringify(kind ? { kind: kind.value } : {});
      var json = { "Content-Type": "application/json" };
      var bound = await send(form.dataset.upload + "/" + taken.body.file_id, json, paper, ANSWER);
      return bound.status === 200 ? "" : said(bound);
    }

    form.addEventListener("submit", async function (event) {
      event.preventDefault();
      if (button.disabled) { return; }
      button.disabled = true;
      state.className = "";
      state.textContent = words("sending", 0);
      var wrong = await sent();
      if (!wrong) { location.assign(form.dataset.onwards); return; }
      state.className = "field-error";
      state.textContent = words(wrong);
      button.disabled = false;
    });
    form.hidden = false;
  }

  document.querySelectorAll("[data-without-script]").forEach(function (one) { one.hidden = true; });
  document.querySelectorAll("[data-upload]").forEach(start);
})();
