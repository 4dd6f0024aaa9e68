/* What the office takes of what is typed, by the patterns that it gave along: said while its people still stand here.
   And what the office refused all the same, with its place in the form. */
(function () {
  "use strict";
  var sesi = window.JemputSesi, word = window.JemputTanda.word, rules = {}, kit = null;
  var PLACES = { people: "di-orang", requests: "di-permintaan" };

  function fits(pattern, text) { return !pattern || new RegExp("^(?:" + pattern + ")$").test(text); }

  // The day by the office's clock, as far as it was heard; a laptop that lags behind has the event's.
  function today() {
    var now = new Date(Date.now() + sesi.ahead()).toLocaleDateString("en-CA", { timeZone: kit.time_zone });
    return now < kit.on ? kit.on : now;
  }

  function nik(text) {
    if (!/^\d{16}$/.test(text)) { return "nik_wrong"; }
    var known = !rules.provinces || rules.provinces.indexOf(text.slice(0, 2)) >= 0;
    return known && fits(rules.nik, text) ? "" : "nik_cannot";
  }

  var CHECKS = {
    nama: function (text) { return rules.name_limit && Array.from(text).length > rules.name_limit ? "nama_long" : ""; },
    nik: function (text) { return nik(text.replace(/[ .]/g, "")); },
    hp: function (text) { return fits(rules.phone, text.replace(/[ .()-]/g, "")) ? "" : "hp_wrong"; },
    lahir: function (text) { return text < (rules.born_from || "") || text > today() ? "lahir_cannot" : ""; },
    kode: function (text) { return fits(rules.gate_code || "[A-Z0-9]{8}", text) ? "" : "kode_wrong"; },
    alasan: function (text) { return Array.from(text).length > 200 || !fits(rules.reason, text) ? "alasan_wrong" : ""; }
  };

  // What is wrong with a field, as a word of the page; what is empty is wrong with none of them.
  function wrong(name, text) { return text ? CHECKS[name](text) : ""; }

  // "/people/0/nik" is read as "Orang 1, NIK"; a refusal of one request may name its place alone.
  function place(kept) {
    var parts = (kept.field || "").split("/").filter(Boolean), found = [];
    if (!parts.length && kept.index >= 0) { parts = ["requests", String(kept.index)]; }
    if (PLACES[parts[0]] && parts[1]) {
      found.push(word(PLACES[parts[0]], { number: Number(parts[1]) + 1 }));
      parts = parts.slice(2);
    }
    if (parts.length) {
      var known = document.querySelector('[data-kata="isian-' + parts[0] + '"]');
      found.push(known ? known.textContent : parts.join("/"));
    }
    return found.join(", ");
  }

  function refusal(kept) {
    var known = document.querySelector('[data-kata="ditolak-' + kept.reason + '"]'), where = place(kept);
    var said = known ? known.textContent : word("ditolak-lain", { reason: kept.reason });
    return where ? where + ": " + said : said;
  }

  window.JemputAturan = {
    use: function (given) { kit = given; rules = given.rules; }, wrong: wrong, refusal: refusal
  };
})();
