/* What an older page of the counter left on this laptop: read as the page of today needs it. Fields that it
   did not have are filled in, so that nothing that was written down stops anybody. */
(function () {
  "use strict";
  var SHAPE = Number(document.querySelector("[data-konter]").dataset.bentuk);
  var PARTIES = ["guardian", "proxy", "reporter", "phone_owner"];

  // Of a paper that stands as a word alone nothing says whose it is: it counts where it is ticked.
  function paper(one) {
    var any = (one.any_of || []).map(function (each) { return each.text ? each : { text: each, kind: null, of: "request" }; });
    return Object.assign({ shows_power: any.length > 0 && /F-1\.07/.test(one.text) }, one, { any_of: any });
  }

  function offer(one) {
    return Object.assign({ variant: null, needs: [], child: false }, one, { papers: (one.papers || []).map(paper) });
  }

  function variants(event, services) {
    return services.filter(function (one) { return event.services.indexOf(one.name) >= 0; }).map(function (one) { return one.variant; });
  }

  function kit(kept) {
    var services = kept.services.map(offer);
    var events = (kept.life_events || []).map(function (one) { return Object.assign({ variants: variants(one, services), referrals: [] }, one); });
    return Object.assign({ rules: {}, cancelled: false }, kept, { services: services, life_events: events });
  }

  function who(told) {
    var parties = told.parties || [];
    function person(name) {
      var found = parties.find(function (one) { return one.party === name; });
      return found ? found.person : -1;
    }
    var subject = person("subject");
    return [told.applicant, subject < 0 ? told.applicant : subject].concat(PARTIES.map(person));
  }

  function request(told, ticked) {
    var bekal = window.JemputBekal, guardian = (told.parties || []).find(function (one) { return one.party === "guardian"; });
    var chosen = told.life_event ? "p:" + told.life_event : "s:" + told.service + ":" + (told.variant || "");
    var seen = bekal.papers(chosen).filter(function (one) { return (ticked || []).indexOf(one.requirement_id) >= 0; });
    return {
      layanan: chosen, dasar: (guardian && guardian.basis) || "parent", alasan: told.reason || "", who: who(told),
      berkas: seen.map(function (one) { return [one.key, true]; })
    };
  }

  // What was typed of an entry; of an older one it is read from what was to be sent.
  function typed(what) {
    if (what.typed) { return what.typed; }
    var body = what.body, group = body.requests.find(function (one) { return one.target_group; });
    return {
      region: body.region_code, group: group ? group.target_group : "", code: body.arrival_code || "",
      people: body.people.map(function (one) { return [one.name, one.nik || "", one.phone || "", one.birth_date || ""]; }),
      requests: body.requests.map(function (told, at) { return request(told, (what.ticked || [])[at]); })
    };
  }

  // What a receipt says of an entry.
  function entry(what) {
    return what.shape === SHAPE ? what : Object.assign({ names: [], who: [] }, what, {
      missing: (what.names || []).map(function (name, at) { return (what.missing || [])[at] || []; }),
      warnings: (what.names || []).map(function (name, at) { return (what.warnings || [])[at] || []; })
    });
  }

  window.JemputLama = { SHAPE: SHAPE, kit: kit, typed: typed, entry: entry };
})();
