/* A link's page: first password, then the authenticator app where the account needs one. */
(function () {
  "use strict";
  var isian = window.JemputIsian, sesi = window.JemputSesi;
  var form = document.querySelector('[data-step="password"]'), password = document.getElementById("password");
  var code = document.getElementById("code"), link = location.hash.slice(1);

  // The code leaves the address bar and the history as soon as it is of no more use.
  function done() {
    history.replaceState(null, "", location.pathname);
    location.replace("/masuk?alasan=siap");
  }

  function refused(answer, field) {
    var reason = isian.reason(answer);
    var named = /^password/.test(reason) ? "password" : /^code/.test(reason) ? "code" : null;
    if (answer.status === 422 && reason === "other") { reason = field + (field === "code" ? "_wrong" : "_length"); named = field; }
    isian.show([[named, isian.words(reason)]]);
  }

  async function setPassword() {
    var answer = await sesi.post(form.dataset.invitations + "/password", { code: link, password: password.value });
    if (answer.status !== 200) { refused(answer, "password"); return; }
    password.value = "";
    if (answer.body.usable) { done(); return; }
    document.querySelector("[data-qr]").src = answer.body.qr;
    document.querySelector("[data-secret]").textContent = answer.body.secret.match(/.{1,4}/g).join(" ");
    isian.step("code");
  }

  async function setCode() {
    var shown = { code: link, app_code: code.value.replace(/\s/g, "") };
    var answer = await sesi.post(form.dataset.invitations + "/code", shown);
    if (answer.status === 200) { done(); return; }
    code.value = "";
    refused(answer, "code");
  }

  isian.onSubmit("password", ["password"], setPassword);
  isian.onSubmit("code", ["code"], setCode);
  if (link) {
    isian.step("password");
  } else {
    document.querySelector("[data-preparing]").hidden = true;
    isian.show([[null, isian.words("link_missing")]]);
  }
  window.addEventListener("hashchange", function () { location.reload(); });
})();
