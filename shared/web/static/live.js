(function () {
  "use strict";
  var POLL = 10000, TRIES = 3, POLLS_BEFORE_STREAM = 6;

  function start(box) {
    var words = box.dataset, failed = 0, polls = 0, source = null, timer = null;
    var state = box.parentNode.querySelector("[data-live-state]");

    // Only a change of kind is read out; the ticking time would never let a screen reader rest.
    function say(kind, text) {
      if (!state) { return; }
      state.setAttribute("aria-live", state.getAttribute("data-kind") === kind ? "off" : "polite");
      state.setAttribute("data-kind", kind);
      state.textContent = text;
    }

    function show(html, kind, word) {
      box.innerHTML = html;
      // The time of the data, in the programme's zone, as the server wrote it: this machine's clock
      // may be wrong or stand in another zone.
      var at = box.querySelector("[data-at]");
      say(kind, word + (at ? ". " + words.updated + " " + at.getAttribute("data-at") : ""));
    }

    function later(what, ms) {
      clearTimeout(timer);
      timer = setTimeout(what, ms);
    }

    function close() {
      if (source) { source.close(); source = null; }
    }

    function lost() {
      failed += 1;
      say("lost", words.lost);
      if (failed >= TRIES && words.poll) {
        close();
        polls = 0;
        poll();
      } else if (!source || source.readyState === 2) {
        // The browser gives up after an answer such as 503; it is asked again, ever less often.
        close();
        later(stream, Math.min(3000 * failed, 30000));
      }
    }

    function stream() {
      if (!words.live || !window.EventSource) { poll(); return; }
      source = new EventSource(words.live);
      source.onopen = function () { failed = 0; say("connected", words.connected); };
      source.onmessage = function (event) { show(event.data, "connected", words.connected); };
      source.onerror = lost;
    }

    function poll() {
      if (!words.poll) { return; }
      var request = new XMLHttpRequest();
      request.open("GET", words.poll);
      request.timeout = POLL;
      request.onloadend = function () {
        if (request.status === 200) {
          show(request.responseText, "polling", words.polling);
        } else if (request.status === 401) {
          say("lost", words.expired);
          return;
        } else {
          say("lost", words.lost);
        }
        polls += 1;
        var again = words.live && window.EventSource && polls >= POLLS_BEFORE_STREAM;
        later(again ? function () { failed = TRIES - 1; stream(); } : poll, POLL);
      };
      request.send();
    }

    stream();
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-live]"), start);
})();
