/* A screen of an event: a chime and a spoken line at each new call; the sound waits for a tap. */
(function () {
  "use strict";
  var box = document.querySelector("[data-papan]"), live = box.querySelector("[data-live]"), button = box.querySelector("[data-bunyi]");
  var told = box.querySelector("[data-terbaru]"), seen = newest(), sound = null;

  function newest() {
    var found = live.querySelector("[data-panggilan]");
    return found ? found.dataset.panggilan : "";
  }

  // Browsers let no page sound before somebody has touched it.
  function toggle() {
    var on = !sound;
    if (on) { sound = new AudioContext(); chime(); } else { sound.close(); sound = null; }
    button.setAttribute("aria-pressed", String(on));
    button.textContent = box.querySelector('[data-kata="' + (on ? "board.sound_on" : "board.sound") + '"]').textContent;
  }

  function tone(hertz, from) {
    var wave = sound.createOscillator(), loud = sound.createGain(), at = sound.currentTime + from;
    wave.frequency.value = hertz;
    loud.gain.setValueAtTime(0.4, at);
    loud.gain.exponentialRampToValueAtTime(0.001, at + 0.6);
    wave.connect(loud);
    loud.connect(sound.destination);
    wave.start(at);
    wave.stop(at + 0.6);
  }

  function chime() { tone(880, 0); tone(659, 0.35); }

  function changed() {
    var now = newest();
    if (now === seen) { return; }
    seen = now;
    var first = live.querySelector(".terakhir li");
    if (!first) { return; }
    told.textContent = Array.from(first.children).map(function (one) { return one.textContent; }).join(", ");
    box.dataset.berbunyi = now;
    if (sound) { chime(); }
  }

  button.addEventListener("click", toggle);
  new MutationObserver(changed).observe(live, { childList: true });
})();
