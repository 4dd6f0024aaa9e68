/* Forms that a script sends: one step at a time, and what is wrong is said beside its field. */
(function () {
  "use strict";
  var summary = document.querySelector("[data-errors]");

  function words(reason, values) {
    var found = document.querySelector('[data-word="' + reason + '"]');
    var text = (found || document.querySelector('[data-word="other"]')).textContent;
    Object.keys(values || {}).forEach(function (name) { text = text.replace("{" + name + "}", values[name]); });
    return text;
  }

  function element(kind, name, text) {
    var made = document.createElement(kind);
    if (name) { made.className = name; }
    made.textContent = text || "";
    return made;
  }

  function clear() {
    summary.textContent = "";
    document.querySelectorAll("[data-step] .field-error").forEach(function (one) { one.remove(); });
    document.querySelectorAll("[data-step] [aria-invalid]").forEach(function (input) {
      input.removeAttribute("aria-invalid");
      input.closest(".field").classList.remove("field--error");
      var hint = document.getElementById(input.id + "-hint");
      if (hint) { input.setAttribute("aria-describedby", hint.id); } else { input.removeAttribute("aria-describedby"); }
    });
  }

  function mark(input, text) {
    var line = element("p", "field-error", summary.dataset.prefix + " " + text);
    line.id = input.id + "-error";
    input.before(line);
    input.closest(".field").classList.add("field--error");
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", ((input.getAttribute("aria-describedby") || "") + " " + line.id).trim());
  }

  // `wrong`: pairs of a field's id, or none, and a reason's words.
  function show(wrong) {
    clear();
    var box = element("div", "errors"), list = document.createElement("ul");
    box.setAttribute("role", "alert");
    box.tabIndex = -1;
    box.append(element("h2", "", summary.dataset.title), list);
    wrong.forEach(function (pair) {
      var line = document.createElement("li"), input = pair[0] && document.getElementById(pair[0]);
      var said = element(input ? "a" : "span", "", pair[1]);
      if (input) { said.href = "#" + input.id; mark(input, pair[1]); }
      line.append(said);
      list.append(line);
    });
    summary.append(box);
    box.focus();
  }

  function step(name) {
    clear();
    document.querySelector("[data-preparing]").hidden = true;
    document.querySelectorAll("[data-step]").forEach(function (form) { form.hidden = form.dataset.step !== name; });
    var first = document.querySelector('[data-step="' + name + '"] input');
    if (first) { first.focus(); }
  }

  // Empty fields are named before anything is sent; a second press while it is on its way does nothing.
  function onSubmit(name, required, send) {
    var form = document.querySelector('[data-step="' + name + '"]'), button = form.querySelector("[type=submit]");
    var label = Array.from(button.childNodes);
    form.addEventListener("submit", async function (event) {
      event.preventDefault();
      if (button.disabled) { return; }
      var empty = required.filter(function (id) { return !document.getElementById(id).value.trim(); });
      if (empty.length) {
        show(empty.map(function (id) { return [id, words(id + "_empty")]; }));
        return;
      }
      button.disabled = true;
      button.textContent = button.dataset.busy;
      try {
        await send();
      } catch (error) {
        show([[null, words("other")]]);
      }
      button.disabled = false;
      button.replaceChildren.apply(button, label);
    });
  }

  // The reason of an answer that is no success; a server that is away has no reason of its own.
  function reason(answer) {
    if (answer.status === 0) { return "offline"; }
    if (answer.status >= 500) { return "unavailable"; }
    return answer.status === 429 ? "throttled" : answer.body.reason || "other";
  }

  document.querySelectorAll("[data-show]").forEach(function (box) {
    var input = document.getElementById(box.dataset.show);
    box.checked = false;
    box.addEventListener("change", function () { input.type = box.checked ? "text" : "password"; });
  });

  window.JemputIsian = { words: words, show: show, step: step, onSubmit: onSubmit, reason: reason };
})();
