/* What a laptop took along of an event: what can be asked for there, and which papers that needs. */
(function () {
  "use strict";
  var kit = null;

  function option(value, text) { return new Option(text, value); }

  // Named by codes, so that a choice means the same when the office's catalogue has changed meanwhile.
  function named(offer) { return "s:" + offer.service + ":" + (offer.variant || ""); }

  function options(list) {
    var one = kit.services.map(function (offer) { return option(named(offer), offer.name); });
    if (!kit.life_events.length) { return one; }
    var both = [document.createElement("optgroup"), document.createElement("optgroup")];
    both[0].label = list.dataset.layanan;
    both[1].label = list.dataset.peristiwa;
    both[0].append.apply(both[0], one);
    both[1].append.apply(both[1], kit.life_events.map(function (event) { return option("p:" + event.code, event.name); }));
    return both;
  }

  function event(value) {
    return kit.life_events.find(function (one) { return "p:" + one.code === value; });
  }

  // What is opened: one service, or all that belong to a life event.
  function opened(value) {
    var together = event(value);
    return kit.services.filter(function (offer) {
      return together ? together.variants.indexOf(offer.variant) >= 0 : named(offer) === value;
    });
  }

  // The papers of what is opened, each once: two requirements are one paper where they say the same, but for
  // what is filled in for one request alone. Two such forms are two, each named with its service.
  function papers(value) {
    var found = new Map(), offers = opened(value);
    offers.forEach(function (offer) {
      offer.papers.forEach(function (paper) {
        var alone = offers.length > 1 && paper.any_of.some(function (one) { return one.of === "request"; });
        var parts = [paper.requirement_id].concat(paper.any_of.map(function (one) { return one.text; }), alone ? [offer.variant] : []);
        var key = parts.join("|"), more = { key: key, variants: [], service: alone ? offer.name : "" };
        if (!found.has(key)) { found.set(key, Object.assign(more, paper)); }
        found.get(key).variants.push(offer.variant);
      });
    });
    return Array.from(found.values());
  }

  function wanted(value) {
    var together = event(value), offer = opened(value)[0];
    if (together) { return { life_event: together.code }; }
    return offer.variant ? { service: offer.service, variant: offer.variant } : { service: offer.service };
  }

  // A paper that was seen counts for each request that asks for it.
  function seen(value, ticked) {
    return ticked.flatMap(function (paper) {
      if (!event(value)) { return [{ requirement_id: paper.requirement_id }]; }
      return paper.variants.map(function (variant) { return { requirement_id: paper.requirement_id, variant: variant }; });
    });
  }

  window.JemputBekal = {
    use: function (given) { kit = given; }, kit: function () { return kit; },
    options: options, opened: opened, papers: papers, wanted: wanted, seen: seen
  };
})();
