/* The receipt of a visit: provisional until the office has it, and then the one in its place. */
(function () {
  "use strict";
  var qr = window.JemputQr, page = document.querySelector("[data-konter]");
  var place = document.querySelector("[data-tanda]"), kit = null;

  function of(node, name) { return node.querySelector('[data-isi="' + name + '"]'); }

  function word(name, values) {
    var text = document.querySelector('[data-kata="' + name + '"]').textContent;
    Object.keys(values || {}).forEach(function (one) { text = text.replace("{" + one + "}", values[one]); });
    return text;
  }

  function element(kind, text, name) {
    var made = document.createElement(kind);
    made.textContent = text;
    if (name) { made.className = name; }
    return made;
  }

  function day(text) {
    var at = new Date(text.length === 10 ? text + "T00:00:00Z" : text);
    var zone = text.length === 10 ? "UTC" : kit.time_zone;
    return at.toLocaleDateString("id-ID", { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: zone });
  }

  function time(text) {
    return new Date(text).toLocaleTimeString("id-ID", { hour: "2-digit", minute: "2-digit", timeZone: kit.time_zone });
  }

  function when(text) { return word("saat", { day: day(text), time: time(text) }); }

  function list(lines) {
    var made = document.createElement("ul");
    lines.forEach(function (line) { made.append(element("li", line)); });
    return made;
  }

  function standard() {
    return kit.standard_working_days === null ? word("tanpa-standar") : word("standar", { days: kit.standard_working_days });
  }

  function provisional(article, kept, what) {
    what.names.forEach(function (name, at) {
      var made = part(name, what.who[at], what.missing[at]);
      of(article, "permohonan").append(warned(made, what.warnings[at]));
    });
    of(article, "qr").append(qr.image("JEMPUT " + kept.number + " " + kept.id, word("qr-sementara")) || "");
  }

  function part(name, who, missing) {
    var made = document.createElement("section");
    made.append(element("h3", word("untuk", { service: name, who: who })));
    if (missing.length) { made.append(element("p", word("kurang")), list(missing)); } else { made.append(element("p", word("lengkap"))); }
    return made;
  }

  function warned(made, warnings) {
    warnings.forEach(function (one) { made.append(element("p", word("perlu-" + one), "tanda-perlu")); });
    return made;
  }

  function definitive(article, what) {
    what.said.requests.forEach(function (one) {
      var name = (one.told || {}).variant_name || what.names[one.index];
      var made = part(name, what.who[one.index], what.missing[one.index]);
      var address = location.origin + page.dataset.lacak + "#" + one.tracking_code;
      made.append(element("p", word("kode")), element("p", one.tracking_code, "konter-kode"));
      made.append(qr.image(address, word("qr-lacak")) || "");
      if ((one.told || {}).taken_up_on) { made.append(element("p", word("giliran", { day: day(one.told.taken_up_on) }), "tanda-perlu")); }
      if (one.due_on) { made.append(element("p", word("selesai", { day: day(one.due_on) }))); }
      of(article, "permohonan").append(warned(made, one.warnings));
    });
    what.said.life_events.forEach(function (event) {
      if (event.referrals.length) { of(article, "permohonan").append(element("h3", word("juga")), list(event.referrals)); }
    });
  }

  function show(kept, what) {
    var done = kept.state === "diterima", name = done ? "tanda-tetap" : "tanda-sementara";
    var article = document.getElementById(name).content.firstElementChild.cloneNode(true);
    article.dataset.tandaId = kept.id;
    article.dataset.nomor = kept.number;
    of(article, "nomor").textContent = kept.number || "";
    of(article, "acara").textContent = kit.event_id ? kit.event_name + ", " + kit.place + ", " + day(kit.on) : kit.owner;
    of(article, "saat").textContent = when(kept.at);
    of(article, "standar").textContent = standard();
    of(article, "biaya").textContent = kit.cost || "";
    of(article, "aduan").textContent = kit.complaints ? word("aduan", { where: kit.complaints }) : "";
    of(article, "data").textContent = kit.data_use;
    if (done) { of(article, "tiba").textContent = when(kept.arrived); definitive(article, what); } else { provisional(article, kept, what); }
    place.replaceChildren(article);
  }

  window.JemputTanda = { show: show, word: word, when: when, use: function (given) { kit = given; } };
})();
