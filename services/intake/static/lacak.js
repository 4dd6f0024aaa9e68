/* A code that stands behind # in the address, as a receipt's QR code has it, which no server is sent. */
(function () {
  "use strict";
  var input = document.getElementById("kode"), code = decodeURIComponent(location.hash.slice(1));
  if (input && code.length <= 40) { input.value = input.value || code; }
})();
