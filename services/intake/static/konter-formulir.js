/* The form of a visit: people, what each wants and what they are to it. It needs no uplink. */
(function () {
  "use strict";
  var isian = window.JemputIsian, bekal = window.JemputBekal, berkas = window.JemputBerkas;
  var aturan = window.JemputAturan, lama = window.JemputLama;
  var form = document.querySelector('[data-step="isian"]'), people = form.querySelector("[data-orang]");
  var wanted = form.querySelector("[data-permintaan]"), region = form.querySelector("#kecamatan"), group = form.querySelector("#kelompok");
  var gate = form.querySelector("#kode-gerbang"), ADULT = 18, POWER = "power_of_attorney", made = 0, untouched = "";
  var SAID = ["nama", "nik", "hp", "lahir"], WHO = ["pemohon", "untuk", "wali", "kuasa", "pelapor", "pemilik"];
  var PARTIES = { wali: "guardian", kuasa: "proxy", pelapor: "reporter", pemilik: "phone_owner" };

  function of(node, name) { return node.querySelector('[data-isi="' + name + '"]'); }
  function said(node, name) { return of(node, name).value.trim(); }
  function digits(node) { return said(node, "nik").replace(/[\s.]/g, ""); }
  function code() { return gate ? gate.value.replace(/[\s.-]/g, "").toUpperCase() : ""; }
  function gateSays(text) { if (gate) { gate.value = text; } }
  function persons() { return Array.from(people.children); }
  function requests() { return Array.from(wanted.children); }

  // Fields of a copy get ids of their own, and their labels and hints follow.
  function copy(name, into) {
    var node = document.getElementById(name).content.firstElementChild.cloneNode(true);
    made += 1;
    node.dataset.ke = made;
    node.querySelectorAll("[id], [for], [aria-describedby]").forEach(function (one) {
      ["id", "for", "aria-describedby"].forEach(function (what) {
        if (one.hasAttribute(what)) { one.setAttribute(what, one.getAttribute(what) + "-" + made); }
      });
    });
    node.querySelector("[data-hapus]").addEventListener("click", function () { remove(node, into); });
    into.append(node);
    return node;
  }

  function remove(node, into) {
    var before = node.previousElementSibling || node.nextElementSibling;
    node.remove();
    number();
    if (before) { before.querySelector("input, select").focus(); } else { into.focus(); }
    form.dispatchEvent(new Event("change"));
  }

  function number() {
    [people, wanted].forEach(function (list) {
      Array.from(list.children).forEach(function (node, at) {
        node.querySelector("[data-nomor]").textContent = at + 1;
        node.querySelector("[data-hapus]").hidden = list.children.length === 1;
      });
    });
    form.querySelector("[data-tambah-orang]").hidden = people.children.length >= Number(form.dataset.orangPaling);
    form.querySelector("[data-tambah-layanan]").hidden = wanted.children.length >= Number(form.dataset.permintaanPaling);
    requests().forEach(choices);
    follow();
  }

  function follow() {
    berkas.carry();
    requests().forEach(warn);
  }

  // Who is chosen stays chosen by who he is, not by his place: of whom was removed nobody takes the place.
  function choices(node) {
    WHO.forEach(function (name) {
      var list = of(node, name), fresh = !list.options.length, kept = list.value;
      var all = persons().map(function (one, at) {
        return new Option((at + 1) + ". " + (said(one, "nama") || list.dataset.tanpa), one.dataset.ke);
      });
      if (list.dataset.tiada) { all.unshift(new Option(list.dataset.tiada, "")); }
      list.replaceChildren.apply(list, all);
      list.value = kept;
      if (fresh || (list.selectedIndex < 0 && list.dataset.tiada)) { list.selectedIndex = 0; }
    });
  }

  function person() {
    var node = copy("orang", people);
    of(node, "nama").addEventListener("input", number);
    of(node, "lahir").addEventListener("input", follow);
    number();
    return node;
  }

  function request() {
    var node = copy("permintaan", wanted), list = of(node, "layanan");
    list.append.apply(list, bekal.options(list));
    list.addEventListener("change", function () { berkas.show(node); });
    node.addEventListener("change", follow);
    number();
    return node;
  }

  function at(node, name) {
    var who = of(node, name).value;
    return who ? persons().findIndex(function (one) { return one.dataset.ke === who; }) : -1;
  }

  function child(node) {
    var subject = persons()[at(node, "untuk")], born = subject && of(subject, "lahir").value;
    if (!born) { return bekal.opened(said(node, "layanan")).some(function (offer) { return offer.child; }); }
    var grown = Number(born.slice(0, 4)) + ADULT + born.slice(4);
    return bekal.kit().on < grown;
  }

  // What the law asks for and nobody has named: it is said, and stops nothing.
  function lacking(node) {
    var offers = bekal.opened(said(node, "layanan")), found = [];
    var there = { subject: at(node, "pemohon") !== at(node, "untuk"), reporter: said(node, "pelapor") };
    var power = berkas.ticked(node).some(function (paper) { return paper.shows_power; });
    if (child(node) && !said(node, "wali")) { found.push("guardian_missing"); }
    ["subject", "reporter"].forEach(function (party) {
      var needed = offers.some(function (offer) { return offer.needs.indexOf(party) >= 0; });
      if (needed && !there[party]) { found.push(party + "_missing"); }
    });
    if (said(node, "kuasa") && !power) { found.push(POWER + "_missing"); }
    return found;
  }

  function warn(node) {
    var box = node.querySelector("[data-peringatan]"), found = lacking(node);
    of(node, "wali").closest(".field").hidden = !said(node, "wali") && !child(node) && at(node, "pemohon") === at(node, "untuk");
    of(node, "dasar").closest(".field").hidden = !said(node, "wali");
    if (found.indexOf("reporter_missing") >= 0 || found.indexOf(POWER + "_missing") >= 0) { node.querySelector("[data-lainnya]").open = true; }
    if (box.dataset.isi === found.join()) { return; }
    box.dataset.isi = found.join();
    box.replaceChildren.apply(box, found.map(function (one) {
      var line = document.createElement("p");
      line.className = "notice";
      line.textContent = document.querySelector('[data-kata="periksa-' + one + '"]').textContent;
      return line;
    }));
  }

  function one(node) {
    var told = { name: said(node, "nama"), nik: digits(node), phone: said(node, "hp"), birth_date: said(node, "lahir") };
    Object.keys(told).forEach(function (name) { if (!told[name]) { delete told[name]; } });
    return told;
  }

  function parties(node) {
    var found = at(node, "untuk") === at(node, "pemohon") ? [] : [{ party: "subject", person: at(node, "untuk") }];
    Object.keys(PARTIES).forEach(function (name) {
      if (said(node, name)) { found.push({ party: PARTIES[name], person: at(node, name) }); }
    });
    found.forEach(function (told) {
      if (told.party === "guardian") { told.basis = of(node, "dasar").value; }
      if (told.party === "proxy") { told.basis = POWER; }
    });
    return found;
  }

  function asked(node) {
    var value = said(node, "layanan"), told = bekal.wanted(value), named = parties(node), seen = bekal.seen(value, berkas.ticked(node));
    told.applicant = at(node, "pemohon");
    if (named.length) { told.parties = named; }
    if (seen.length) { told.seen = seen; }
    if (group.value) { told.target_group = group.value; }
    if (said(node, "alasan")) { told.reason = said(node, "alasan"); }
    return told;
  }

  function wrongFields(node, names) {
    return names.map(function (name) { return [of(node, name).id, aturan.wrong(name, said(node, name))]; })
      .filter(function (pair) { return pair[1]; })
      .map(function (pair) { return [pair[0], isian.words(pair[1])]; });
  }

  function wrongOf(node) {
    var found = wrongFields(node, ["alasan"]);
    function add(name, why) { found.push([of(node, name).id, isian.words(why)]); }
    if (!said(node, "layanan")) { add("layanan", "layanan_empty"); }
    ["pemohon", "untuk"].forEach(function (name) { if (at(node, name) < 0) { add(name, "orang_empty"); } });
    if (said(node, "wali") && said(node, "wali") === said(node, "untuk")) { add("wali", "wali_sendiri"); }
    if (said(node, "kuasa") && said(node, "kuasa") === said(node, "pemohon")) {
      node.querySelector("[data-lainnya]").open = true;
      add("kuasa", "kuasa_sendiri");
    }
    return found;
  }

  function wrong() {
    var found = requests().flatMap(wrongOf), used = {}, niks = persons().map(digits);
    if (!region.value) { found.push([region.id, isian.words("kecamatan_empty")]); }
    if (aturan.wrong("kode", code())) { found.push([gate.id, isian.words("kode_wrong")]); }
    requests().forEach(function (node) { WHO.forEach(function (name) { used[of(node, name).value] = true; }); });
    persons().forEach(function (node, number) {
      if (!said(node, "nama")) { found.push([of(node, "nama").id, isian.words("nama_empty")]); }
      found = found.concat(wrongFields(node, SAID));
      if (niks[number] && niks.indexOf(niks[number]) < number) { found.push([of(node, "nik").id, isian.words("nik_twice")]); }
      if (!of(node, "lahir").validity.valid) { found.push([of(node, "lahir").id, isian.words("lahir_wrong")]); }
      if (!used[node.dataset.ke]) { found.push([of(node, "nama").id, isian.words("orang_unused")]); }
    });
    return found;
  }

  // What is sent, and beside it what the receipt says, and what was typed, should it be refused.
  function collected() {
    var nodes = requests(), kit = bekal.kit();
    var body = {
      programme_id: kit.programme_id, channel: kit.channel || "event", region_code: region.value,
      people: persons().map(one), requests: nodes.map(asked)
    };
    if (kit.event_id) { body.event_id = kit.event_id; }
    if (code()) { body.arrival_code = code(); }
    return {
      shape: lama.SHAPE, body: body,
      names: nodes.map(function (node) { return of(node, "layanan").selectedOptions[0].text; }),
      who: nodes.map(function (node) { return said(persons()[at(node, "untuk")], "nama"); }),
      missing: nodes.map(berkas.missing), warnings: nodes.map(lacking), typed: typed()
    };
  }

  function typed() {
    return {
      region: region.value, group: group.value, code: gate ? gate.value : "",
      people: persons().map(function (node) { return SAID.map(function (name) { return of(node, name).value; }); }),
      requests: requests().map(function (node) {
        return {
          layanan: said(node, "layanan"), dasar: of(node, "dasar").value, alasan: of(node, "alasan").value,
          who: WHO.map(function (name) { return at(node, name); }), berkas: berkas.byHand(node)
        };
      })
    };
  }

  function clear() {
    gateSays("");
    people.replaceChildren();
    wanted.replaceChildren();
  }

  function empty(again) {
    clear();
    group.value = "";
    if (!again) { region.value = bekal.kit().region_code.split(".").slice(0, 3).join("."); }
    person();
    request();
    untouched = JSON.stringify(typed());
  }

  function use() {
    region.replaceChildren.apply(region, bekal.kit().subdistricts.map(function (place) { return new Option(place.name, place.region_code); }));
    empty(false);
  }

  function wantedAgain(told, withReason) {
    var node = request();
    of(node, "layanan").value = told.layanan;
    if (of(node, "layanan").selectedIndex < 0) { of(node, "layanan").selectedIndex = 0; }
    of(node, "dasar").value = told.dasar;
    of(node, "alasan").value = told.alasan;
    of(node, "alasan").closest(".field").hidden = !withReason && !told.alasan;
    WHO.forEach(function (name, number) {
      var who = persons()[told.who[number]], list = of(node, name);
      list.value = who ? who.dataset.ke : "";
    });
    node.querySelector("[data-lainnya]").open = WHO.slice(3).some(function (name) { return said(node, name); });
    berkas.show(node);
    berkas.again(node, told.berkas);
  }

  // What was typed before: a draft, or what was refused, to be put right.
  function again(what, withReason) {
    clear();
    region.value = what.region;
    group.value = what.group;
    gateSays(what.code);
    what.people.forEach(function (values) {
      var node = person();
      SAID.forEach(function (name, number) { of(node, name).value = values[number]; });
    });
    what.requests.forEach(function (told) { wantedAgain(told, withReason); });
    number();
  }

  form.querySelector("[data-tambah-orang]").addEventListener("click", function () { of(person(), "nama").focus(); });
  form.querySelector("[data-tambah-layanan]").addEventListener("click", function () { of(request(), "layanan").focus(); });

  // Asked for where the office has the same request open.
  function askWhy() {
    requests().forEach(function (node) { of(node, "alasan").closest(".field").hidden = false; });
  }

  window.JemputFormulir = {
    askWhy: askWhy,
    use: use, clear: clear, empty: empty, again: again, wrong: wrong, collected: collected, typed: typed,
    blank: function () { return JSON.stringify(typed()) === untouched; }
  };
})();
