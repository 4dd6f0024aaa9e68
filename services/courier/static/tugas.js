// Asks intake whom to visit, when the agent wants it: courier knows no names and no addresses.
(function () {
  "use strict";
  var WITHIN = 15000;

  function start(box) {
    var words = box.dataset, button = box.querySelector("[data-show]"), told = box.querySelector("[data-told]");

    function say(text) {
      told.textContent = text;
      button.disabled = false;
    }

    function show(person) {
      var part = box.querySelector("template").content.cloneNode(true);
      Array.prototype.forEach.call(part.querySelectorAll("[data-field]"), function (place) {
        var value = person[place.dataset.field];
        place.textContent = value || "-";
        if (value && place.dataset.field === "phone") { place.href = "tel:" + value; }
      });
      told.textContent = "";
      told.appendChild(part);
      button.hidden = true;
    }

    function refused(status) {
      say({ 401: words.over, 403: words.refused, 404: words.refused, 409: words.paused, 410: words.erased,
        429: words.many }[status] || words.failed);
    }

    function read(text) {
      try { show(JSON.parse(text)); } catch (error) { say(words.failed); }
    }

    button.hidden = false;
    button.addEventListener("click", function () {
      var request = new XMLHttpRequest();
      button.disabled = true;
      told.textContent = words.loading;
      request.open("GET", words.address);
      request.setRequestHeader("Accept", "application/json");
      request.timeout = WITHIN;
      request.onloadend = function () {
        if (request.status === 200) { read(request.responseText); } else { refused(request.status); }
      };
      request.send();
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-address]"), start);
})();
