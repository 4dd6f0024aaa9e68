/* QR codes of short texts (ISO/IEC 18004: bytes, level M, versions 1 to 6, mask 0), without a server. */
(function () {
  "use strict";
  // Of each version: blocks, bytes of data in a block, bytes of correction in a block.
  var SIZES = [[1, 16, 10], [1, 28, 16], [1, 44, 26], [2, 32, 18], [2, 43, 24], [4, 27, 16]];
  var FORMAT = 0x5412, EXP = [], LOG = [], SVG = "http://www.w3.org/2000/svg", QUIET = 4;

  for (var power = 0, value = 1; power < 255; power += 1) {
    EXP[power] = value;
    LOG[value] = power;
    value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
  }

  function times(a, b) { return a && b ? EXP[(LOG[a] + LOG[b]) % 255] : 0; }

  function divisor(degree) {
    var made = new Array(degree).fill(0), root = 1;
    made[degree - 1] = 1;
    for (var i = 0; i < degree; i += 1) {
      for (var j = 0; j < degree; j += 1) { made[j] = times(made[j], root) ^ (made[j + 1] || 0); }
      root = times(root, 2);
    }
    return made;
  }

  function correction(data, degree) {
    var by = divisor(degree), rest = new Array(degree).fill(0);
    data.forEach(function (byte) {
      var factor = byte ^ rest.shift();
      rest.push(0);
      by.forEach(function (one, i) { rest[i] ^= times(one, factor); });
    });
    return rest;
  }

  function packed(bytes, room) {
    var bits = "0100" + bytes.length.toString(2).padStart(8, "0"), out = [];
    bytes.forEach(function (byte) { bits += byte.toString(2).padStart(8, "0"); });
    bits += "0000".slice(0, Math.min(4, room * 8 - bits.length));
    bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
    for (var i = 0; i < bits.length; i += 8) { out.push(parseInt(bits.slice(i, i + 8), 2)); }
    for (var pad = 0xec; out.length < room; pad ^= 0xec ^ 0x11) { out.push(pad); }
    return out;
  }

  function woven(parts) {
    var out = [];
    for (var i = 0; i < parts[0].length; i += 1) { parts.forEach(function (part) { out.push(part[i]); }); }
    return out;
  }

  function codewords(bytes, size) {
    var all = packed(bytes, size[0] * size[1]), blocks = [];
    for (var i = 0; i < size[0]; i += 1) { blocks.push(all.slice(i * size[1], (i + 1) * size[1])); }
    return woven(blocks).concat(woven(blocks.map(function (block) { return correction(block, size[2]); })));
  }

  function frame(side, version) {
    var dark = [], fixed = [];
    for (var y = 0; y < side; y += 1) { dark.push(new Array(side).fill(0)); fixed.push(new Array(side).fill(false)); }
    function set(x, y, on) {
      if (x >= 0 && y >= 0 && x < side && y < side) { dark[y][x] = on ? 1 : 0; fixed[y][x] = true; }
    }
    function square(cx, cy, reach, on) {
      for (var dy = -reach; dy <= reach; dy += 1) {
        for (var dx = -reach; dx <= reach; dx += 1) { set(cx + dx, cy + dy, on(Math.max(Math.abs(dx), Math.abs(dy)))); }
      }
    }
    for (var i = 0; i < side; i += 1) { set(6, i, i % 2 === 0); set(i, 6, i % 2 === 0); }
    [[3, 3], [side - 4, 3], [3, side - 4]].forEach(function (at) {
      square(at[0], at[1], 4, function (far) { return far !== 2 && far !== 4; });
    });
    if (version > 1) { square(side - 7, side - 7, 2, function (far) { return far !== 1; }); }
    told(side, set);
    return { dark: dark, fixed: fixed };
  }

  // Level M and mask 0 are five zeros, whose correction is zero too: the format is its own mask.
  function told(side, set) {
    function bit(i) { return (FORMAT >> i) & 1; }
    for (var i = 0; i < 6; i += 1) { set(8, i, bit(i)); }
    set(8, 7, bit(6));
    set(8, 8, bit(7));
    set(7, 8, bit(8));
    for (i = 9; i < 15; i += 1) { set(14 - i, 8, bit(i)); }
    for (i = 0; i < 8; i += 1) { set(side - 1 - i, 8, bit(i)); }
    for (i = 8; i < 15; i += 1) { set(8, side - 15 + i, bit(i)); }
    set(8, side - 8, 1);
  }

  function fill(made, side, words) {
    var next = 0;
    for (var right = side - 1; right >= 1; right -= 2) {
      if (right === 6) { right = 5; }
      for (var step = 0; step < side; step += 1) {
        for (var j = 0; j < 2; j += 1) {
          var x = right - j, y = ((right + 1) & 2) === 0 ? side - 1 - step : step;
          if (made.fixed[y][x]) { continue; }
          var on = next < words.length * 8 ? (words[next >> 3] >> (7 - (next & 7))) & 1 : 0;
          next += 1;
          made.dark[y][x] = on ^ ((x + y) % 2 === 0 ? 1 : 0);
        }
      }
    }
  }

  // Rows of 0 and 1; null for a text that is too long.
  function matrix(text) {
    var bytes = Array.from(new TextEncoder().encode(text));
    var at = SIZES.findIndex(function (size) { return bytes.length + 2 <= size[0] * size[1]; });
    if (at < 0) { return null; }
    var side = 21 + 4 * at, made = frame(side, at + 1);
    fill(made, side, codewords(bytes, SIZES[at]));
    return made.dark;
  }

  function image(text, label) {
    var rows = matrix(text), made = document.createElementNS(SVG, "svg"), drawn = "";
    if (!rows) { return null; }
    rows.forEach(function (row, y) {
      row.forEach(function (on, x) { if (on) { drawn += "M" + (x + QUIET) + " " + (y + QUIET) + "h1v1h-1z"; } });
    });
    var path = document.createElementNS(SVG, "path"), side = rows.length + 2 * QUIET;
    path.setAttribute("d", drawn);
    made.setAttribute("viewBox", "0 0 " + side + " " + side);
    made.setAttribute("class", "qr-drawn");
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", label);
    made.append(path);
    return made;
  }

  window.JemputQr = { matrix: matrix, image: image };
})();
