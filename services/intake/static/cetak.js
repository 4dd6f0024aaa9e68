/* A button that prints the page; without a script there is none, and the browser's own menu does it. */
(function () {
  "use strict";
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    // Not by `autofocus`: the browser looks for that once, perhaps while the button is hidden still.
    if ("focus" in button.dataset) { button.focus(); }
    button.addEventListener("click", function () { window.print(); });
  });
})();
