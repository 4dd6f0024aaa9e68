/* Papers are sent one by one, each as a body of its own; what becomes of each is said beside it. */
(function () {
  "use strict";
  var list = document.querySelector("[data-papers]");
  if (!list) { return; }
  var words = list.dataset;
  var longest = 600000;

  function say(form, kind, text) {
    var line = form.querySelector("[role=status]");
    var mark = document.createElement("span");
    line.textContent = "";
    mark.className = "state state--" + kind;
    mark.textContent = { sent: "✓ ", failed: "! ", waiting: "… " }[kind] + text;
    line.append(mark);
  }

  function told(request) {
    try {
      return JSON.parse(request.responseText);
    } catch (error) {
      return {};
    }
  }

  function ended(form, request) {
    var button = form.querySelector("button");
    button.disabled = false;
    if (request.status === 201) {
      say(form, "sent", told(request).text);
      form.querySelector("input").value = "";
      form.closest("li").querySelector("[data-standing]").textContent = words.there;
      return;
    }
    // Without a status nothing came back; whatever was sent may be sent again, it is done once.
    say(form, "failed", request.status ? told(request).detail || words.failed : words.offline);
  }

  function send(form, file) {
    var request = new XMLHttpRequest();
    form.querySelector("button").disabled = true;
    say(form, "waiting", words.sending);
    request.open("POST", words.to + form.dataset.kind);
    request.timeout = longest;
    request.setRequestHeader("Send-Pass", words.pass);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = function (event) {
      if (!event.lengthComputable) { return; }
      var part = Math.floor(100 * event.loaded / event.total);
      say(form, "waiting", part < 100 ? words.sending + " " + part + " %" : words.checking);
    };
    ["load", "error", "timeout", "abort"].forEach(function (name) {
      request.addEventListener(name, function () { ended(form, request); });
    });
    request.send(file);
  }

  list.querySelectorAll("form[data-kind]").forEach(function (form) {
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      var file = form.querySelector("input").files[0];
      event.preventDefault();
      if (form.querySelector("button").disabled) { return; }
      if (!file) {
        say(form, "failed", words.none);
      } else if (file.size > Number(words.limit)) {
        say(form, "failed", words.large);
      } else {
        send(form, file);
      }
    });
  });
})();
