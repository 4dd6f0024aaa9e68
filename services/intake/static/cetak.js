/* A button that prints the page; without a script there is none, and the browser's own menu does it. */
(function () {
  "use strict";
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    // While it was hidden the browser could not give it the focus.
    if (button.autofocus) { button.focus(); }
    button.addEventListener("click", function () { window.print(); });
  });
})();
