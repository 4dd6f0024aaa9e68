/* The form of a visit: people, what each wants, and the papers for it. It needs no uplink. */
(function () {
  "use strict";
  var isian = window.JemputIsian, made = 0, kit = null;
  var form = document.querySelector('[data-step="isian"]'), people = form.querySelector("[data-orang]");
  var wanted = form.querySelector("[data-permintaan]"), region = form.querySelector("#kecamatan");
  var PARENT = "parent", NIK = /^\d{16}$/;

  function of(node, name) { return node.querySelector('[data-isi="' + name + '"]'); }
  function said(node, name) { return of(node, name).value.trim(); }
  function option(value, text) { return new Option(text, value); }

  // Fields of a copy get ids of their own, and their labels and hints follow.
  function copy(name, into) {
    var node = document.getElementById(name).content.firstElementChild.cloneNode(true);
    made += 1;
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
  }

  function number() {
    [people, wanted].forEach(function (list) {
      Array.from(list.children).forEach(function (node, at) {
        node.querySelector("[data-nomor]").textContent = at + 1;
        node.querySelector("[data-hapus]").hidden = list.children.length === 1;
      });
    });
    Array.from(wanted.children).forEach(function (node) { choices(node); });
  }

  function choices(node) {
    ["pemohon", "untuk"].forEach(function (name) {
      var list = of(node, name), kept = Math.max(list.selectedIndex, 0);
      list.replaceChildren.apply(list, Array.from(people.children).map(function (one, at) {
        return option(at, (at + 1) + ". " + (said(one, "nama") || list.dataset.tanpa));
      }));
      list.selectedIndex = Math.min(kept, people.children.length - 1);
    });
    basis(node);
  }

  function basis(node) {
    of(node, "wali").closest(".choice").hidden = of(node, "pemohon").value === of(node, "untuk").value;
  }

  function person() {
    var node = copy("orang", people);
    of(node, "nama").addEventListener("input", number);
    number();
    return node;
  }

  function request() {
    var node = copy("permintaan", wanted), list = of(node, "layanan");
    list.append.apply(list, services(list));
    list.addEventListener("change", function () { papers(node); });
    ["pemohon", "untuk"].forEach(function (name) {
      of(node, name).addEventListener("change", function () { basis(node); });
    });
    number();
    return node;
  }

  function services(list) {
    var one = kit.services.map(function (offer, at) { return option("s" + at, offer.name); });
    if (!kit.life_events.length) { return one; }
    var both = [document.createElement("optgroup"), document.createElement("optgroup")];
    both[0].label = list.dataset.layanan;
    both[1].label = list.dataset.peristiwa;
    both[0].append.apply(both[0], one);
    both[1].append.apply(both[1], kit.life_events.map(function (event, at) { return option("p" + at, event.name); }));
    return both;
  }

  function offered(value) { return value[0] === "s" ? [kit.services[Number(value.slice(1))]] : []; }

  function together(value) { return value[0] === "p" ? kit.life_events[Number(value.slice(1))] : null; }

  // The papers of what was chosen; of a life event those of everything that it opens.
  function listed(value) {
    var event = together(value);
    var offers = event ? kit.services.filter(function (one) { return event.services.indexOf(one.name) >= 0; }) : offered(value);
    var seen = {};
    return offers.flatMap(function (offer) { return offer.papers; }).filter(function (paper) {
      var first = !seen[paper.requirement_id];
      seen[paper.requirement_id] = true;
      return first;
    });
  }

  function papers(node) {
    var box = node.querySelector("[data-berkas]"), list = box.querySelector("ul"), needed = listed(said(node, "layanan"));
    list.replaceChildren.apply(list, needed.map(function (paper, at) {
      var line = document.getElementById("berkas").content.firstElementChild.cloneNode(true);
      var tick = line.querySelector("input"), label = line.querySelector("label");
      tick.id = of(node, "layanan").id + "-b" + at;
      tick.dataset.berkasId = paper.requirement_id;
      label.htmlFor = tick.id;
      label.textContent = (paper.condition ? paper.condition + ": " : "") + paper.any_of.join(label.dataset.atau);
      return line;
    }));
    box.hidden = !needed.length;
  }

  function born(node) { return said(node, "lahir") || undefined; }

  function one(node) {
    var told = { name: said(node, "nama"), nik: said(node, "nik").replace(/\s/g, ""), phone: said(node, "hp"), birth_date: born(node) };
    Object.keys(told).forEach(function (name) { if (!told[name]) { delete told[name]; } });
    return told;
  }

  function asked(node) {
    var value = said(node, "layanan"), event = together(value), offer = offered(value)[0];
    var by = Number(said(node, "pemohon")), of_ = Number(said(node, "untuk"));
    var told = event ? { life_event: event.code } : { service: offer.service };
    if (offer && offer.variant) { told.variant = offer.variant; }
    told.applicant = by;
    if (of_ !== by) {
      told.parties = [{ party: "subject", person: of_ }];
      if (of(node, "wali").checked) { told.parties.push({ party: "guardian", person: by, basis: PARENT }); }
    }
    if (form.querySelector("#kelompok").value) { told.target_group = form.querySelector("#kelompok").value; }
    if (said(node, "alasan")) { told.reason = said(node, "alasan"); }
    return told;
  }

  function ticked(node) {
    return Array.from(node.querySelectorAll("[data-berkas-id]:checked")).map(function (box) { return box.dataset.berkasId; });
  }

  // Told once, on the receipt.
  function missing(node) {
    var there = ticked(node);
    return listed(said(node, "layanan")).filter(function (paper) { return there.indexOf(paper.requirement_id) < 0; })
      .map(function (paper) { return (paper.condition ? paper.condition + ": " : "") + paper.text; });
  }

  function wrong() {
    var found = [], used = {};
    Array.from(wanted.children).forEach(function (node) {
      if (!said(node, "layanan")) { found.push([of(node, "layanan").id, isian.words("layanan_empty")]); }
      used[said(node, "pemohon")] = used[said(node, "untuk")] = true;
    });
    Array.from(people.children).forEach(function (node, at) {
      var nik = said(node, "nik").replace(/\s/g, "");
      if (!said(node, "nama")) { found.push([of(node, "nama").id, isian.words("nama_empty")]); }
      if (nik && !NIK.test(nik)) { found.push([of(node, "nik").id, isian.words("nik_wrong")]); }
      if (!of(node, "lahir").validity.valid) { found.push([of(node, "lahir").id, isian.words("lahir_wrong")]); }
      if (!used[at]) { found.push([of(node, "nama").id, isian.words("orang_unused")]); }
    });
    return found;
  }

  function label(node) { return of(node, "layanan").selectedOptions[0].text; }

  // What is sent, and beside it what the receipt says: names, and which papers were there.
  function collected() {
    var nodes = Array.from(wanted.children);
    return {
      body: {
        programme_id: kit.programme_id, channel: "event", event_id: kit.event_id, region_code: region.value,
        people: Array.from(people.children).map(one), requests: nodes.map(asked)
      },
      names: nodes.map(label),
      who: nodes.map(function (node) { return said(people.children[Number(said(node, "untuk"))], "nama"); }),
      ticked: nodes.map(ticked),
      missing: nodes.map(missing)
    };
  }

  function empty(again) {
    people.replaceChildren();
    wanted.replaceChildren();
    form.querySelector("#kelompok").value = "";
    if (!again) { region.value = kit.region_code.split(".").slice(0, 3).join("."); }
    person();
    request();
  }

  function use(given) {
    kit = given;
    region.replaceChildren.apply(region, kit.subdistricts.map(function (place) { return option(place.region_code, place.name); }));
    empty(false);
  }

  function value(told) {
    if (told.life_event) { return "p" + kit.life_events.findIndex(function (event) { return event.code === told.life_event; }); }
    return "s" + kit.services.findIndex(function (offer) {
      return offer.service === told.service && (offer.variant || undefined) === told.variant;
    });
  }

  // What was refused, to be put right and sent as a new one.
  function again(what) {
    people.replaceChildren();
    wanted.replaceChildren();
    region.value = what.body.region_code;
    what.body.people.forEach(function (told) {
      var node = person();
      of(node, "nama").value = told.name;
      of(node, "nik").value = told.nik || "";
      of(node, "hp").value = told.phone || "";
      of(node, "lahir").value = told.birth_date || "";
    });
    number();
    what.body.requests.forEach(function (told, at) {
      var node = request(), parties = told.parties || [];
      of(node, "layanan").value = value(told);
      papers(node);
      of(node, "pemohon").value = told.applicant;
      of(node, "untuk").value = parties.length ? parties[0].person : told.applicant;
      of(node, "wali").checked = parties.length > 1;
      of(node, "alasan").closest(".field").hidden = false;
      of(node, "alasan").value = told.reason || "";
      form.querySelector("#kelompok").value = told.target_group || "";
      (what.ticked[at] || []).forEach(function (id) {
        var box = node.querySelector('[data-berkas-id="' + id + '"]');
        if (box) { box.checked = true; }
      });
      basis(node);
    });
  }

  form.querySelector("[data-tambah-orang]").addEventListener("click", function () { of(person(), "nama").focus(); });
  form.querySelector("[data-tambah-layanan]").addEventListener("click", function () { of(request(), "layanan").focus(); });

  window.JemputFormulir = { use: use, empty: empty, again: again, wrong: wrong, collected: collected };
})();
