/* The papers of a request that were shown: ticked by hand, and carried to the visit's other requests. */
(function () {
  "use strict";
  var bekal = window.JemputBekal, wanted = document.querySelector('[data-step="isian"] [data-permintaan]');

  function value(node, name) { return node.querySelector('[data-isi="' + name + '"]').value; }
  function listed(node) { return bekal.papers(value(node, "layanan")); }
  function boxes(node) { return Array.from(node.querySelectorAll("[data-berkas-id]")); }
  function box(node, key) { return boxes(node).find(function (one) { return one.dataset.berkasId === key; }); }
  function condition(paper, text) {
    return (paper.condition ? paper.condition + ": " : "") + text + (paper.service ? " (" + paper.service + ")" : "");
  }

  function line(node, paper, at) {
    var made = document.getElementById("berkas").content.firstElementChild.cloneNode(true);
    var tick = made.querySelector("input"), label = made.querySelector("label");
    tick.id = node.querySelector('[data-isi="layanan"]').id + "-b" + at;
    tick.dataset.berkasId = paper.key;
    tick.addEventListener("change", function () { tick.dataset.tangan = "ya"; carry(); });
    label.htmlFor = tick.id;
    label.textContent = condition(paper, paper.any_of.map(function (one) { return one.text; }).join(label.dataset.atau));
    return made;
  }

  function show(node) {
    var part = node.querySelector("[data-berkas]"), list = part.querySelector("ul"), needed = listed(node);
    list.replaceChildren.apply(list, needed.map(function (paper, at) { return line(node, paper, at); }));
    part.hidden = !needed.length;
    carry();
  }

  // Whose paper it is decides whether it counts in another request of the visit, as at the office. Which of
  // several was shown nobody ticks: where they are not all of the same one, nothing is carried.
  function serves(paper, one, other) {
    var whose = paper.any_of.every(function (each) { return each.of === paper.any_of[0].of; }) ? paper.any_of[0].of : "request";
    var names = { request: [], subject: ["untuk"], applicant: ["pemohon"], party: ["pemohon", "untuk"] }[whose];
    var there = names.map(function (name) { return value(other, name); });
    return names.some(function (name) { return value(one, name) && there.indexOf(value(one, name)) >= 0; });
  }

  // What nobody has ticked or unticked by hand here follows from what was ticked for the others.
  function carry() {
    var all = Array.from(wanted.children);
    all.forEach(function (node) {
      listed(node).forEach(function (paper) {
        var here = box(node, paper.key);
        if (!here || here.dataset.tangan) { return; }
        here.checked = all.some(function (other) {
          var there = other !== node && box(other, paper.key);
          return Boolean(there && there.dataset.tangan && there.checked && serves(paper, other, node));
        });
      });
    });
  }

  function ticked(node) {
    return listed(node).filter(function (paper) { return (box(node, paper.key) || {}).checked; });
  }

  // Told once, on the receipt.
  function missing(node) {
    var there = ticked(node).map(function (paper) { return paper.key; });
    return listed(node).filter(function (paper) { return there.indexOf(paper.key) < 0; })
      .map(function (paper) { return condition(paper, paper.text); });
  }

  // What was done by hand, as it is kept with what was typed.
  function byHand(node) {
    return boxes(node).filter(function (one) { return one.dataset.tangan; })
      .map(function (one) { return [one.dataset.berkasId, one.checked]; });
  }

  // An older kit called it otherwise: what serves several requests is known by its requirement too.
  function again(node, kept) {
    kept.forEach(function (pair) {
      var same = listed(node).filter(function (paper) {
        return paper.key === pair[0] || (!paper.service && paper.requirement_id === pair[0].split("|")[0]);
      });
      same.forEach(function (paper) {
        var here = box(node, paper.key);
        here.dataset.tangan = "ya";
        here.checked = pair[1];
      });
    });
    carry();
  }

  window.JemputBerkas = { show: show, carry: carry, ticked: ticked, missing: missing, byHand: byHand, again: again };
})();
