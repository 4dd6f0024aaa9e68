/* Signing in: name and password, then a code where the account needs one. */
(function () {
  "use strict";
  var isian = window.JemputIsian, sesi = window.JemputSesi, AGAIN = 30000;
  var form = document.querySelector('[data-step="account"]'), code = document.getElementById("code");
  var login = document.getElementById("login"), password = document.getElementById("password");

  function onwards() { location.replace(form.dataset.onwards); }

  function later(seconds) {
    var at = new Date(Date.now() + seconds * 1000);
    return {
      minutes: Math.ceil(seconds / 60),
      time: ("0" + at.getHours()).slice(-2) + "." + ("0" + at.getMinutes()).slice(-2)
    };
  }

  function refused(answer, field) {
    var reason = isian.reason(answer);
    if (reason === "code_needed") { isian.step("code"); return; }
    if (reason === "not_recognised") { isian.step("account"); field = "login"; }
    var named = { not_recognised: field, code_wrong: "code" };
    isian.show([[named[reason] || null, isian.words(reason, later(answer.after))]]);
  }

  async function send(field) {
    var body = { login: login.value.trim(), password: password.value };
    if (field === "code") { body.code = code.value.replace(/\s/g, ""); }
    var answer = await sesi.open(form.dataset.session, body);
    if (answer.status === 200) { onwards(); return; }
    code.value = "";
    refused(answer, field);
  }

  function ask() {
    document.querySelector("[data-without-tls]").hidden = sesi.able;
    isian.step("account");
  }

  // Whose token ran out while no page was open has a session still: it goes on without being asked.
  // Not twice in a row: a token that is refused all the same must not send anybody in circles.
  async function begin() {
    var last = Number(sessionStorage.getItem("jemput-lanjut") || 0);
    if (Date.now() - last > AGAIN && (await sesi.refresh(true)) === "fresh") {
      sessionStorage.setItem("jemput-lanjut", String(Date.now()));
      onwards();
      return;
    }
    ask();
  }

  isian.onSubmit("account", ["login", "password"], function () { return send("login"); });
  isian.onSubmit("code", ["code"], function () { return send("code"); });
  document.querySelector("[data-back]").addEventListener("click", ask);
  begin().catch(ask);
})();
