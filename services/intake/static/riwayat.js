/* A history is brought in: the file is sent and checked, what would be refused is shown, and then it runs. */
(function () {
  "use strict";
  var page = document.querySelector("[data-riwayat]"), isian = window.JemputIsian, sesi = window.JemputSesi;
  var PAGE = 50, LOOK = 1000, UPLOAD = 600000, api = page.dataset.api, sent = { file: null, key: "", id: "" };

  function field(id) { return document.getElementById(id); }
  function word(name, values) {
    var text = document.querySelector('[data-kata="' + name + '"]').textContent;
    Object.keys(values || {}).forEach(function (one) { text = text.replace("{" + one + "}", values[one]); });
    return text;
  }
  function number(count) { return count.toLocaleString("id-ID"); }
  function part(name) { return document.querySelector('[data-bagian="' + name + '"]'); }

  // What the office says is said as it says it; where nothing came back, what to do.
  function failed(answer) {
    var told = answer.status === 409 || answer.status === 422 || answer.status === 413 || answer.status === 415;
    isian.show([[null, told && answer.body.detail ? answer.body.detail : isian.words(answer.status === 401 ? "signin" : isian.reason(answer))]]);
  }

  function chosen() {
    var without = field("tanpa-acara").checked, said = without ? { without_event: true } : { event_id: field("acara").value.trim() };
    if (field("saluran").value) { said.channel = field("saluran").value; }
    return said;
  }

  function query(said) {
    return Object.keys(said).map(function (name) { return name + "=" + encodeURIComponent(said[name]); }).join("&");
  }

  // The same file again is the same import: the office knows it.
  async function upload(file) {
    if (sent.file !== file) { sent = { file: file, key: crypto.randomUUID(), id: "" }; }
    if (sent.id) { return { status: 201, body: { import_id: sent.id } }; }
    var stop = new AbortController(), timer = setTimeout(function () { stop.abort(); }, UPLOAD);
    try {
      var answer = await fetch(api + "?programme_id=" + encodeURIComponent(page.dataset.program), {
        method: "POST", body: file, signal: stop.signal,
        headers: { Accept: "application/json", "Content-Type": file.type || "application/octet-stream", "Idempotency-Key": sent.key }
      });
      return { status: answer.status, body: await answer.json() };
    } catch (error) {
      return { status: 0, body: {} };
    } finally {
      clearTimeout(timer);
    }
  }

  function wrong() {
    var found = [], file = field("berkas").files[0];
    if (!file) { found.push(["berkas", isian.words("berkas_empty")]); }
    if (file && file.size > Number(page.dataset.paling)) { found.push(["berkas", isian.words("berkas_besar")]); }
    if (!field("tanpa-acara").checked && !field("acara").value.trim()) { found.push(["acara", isian.words("acara_empty")]); }
    return found;
  }

  async function check() {
    var found = wrong();
    part("hasil").hidden = true;
    if (found.length) { isian.show(found); return; }
    var answer = await upload(field("berkas").files[0]);
    if (answer.status === 409 && answer.body.import_id) { answer = { status: 201, body: answer.body }; }
    if (answer.status !== 201) { failed(answer); return; }
    sent.id = answer.body.import_id;
    await foreseen();
  }

  async function foreseen() {
    var answer = await sesi.ask("GET", api + "/" + sent.id + "/dry-run?limit=" + PAGE + "&" + query(chosen()));
    if (answer.status !== 200) { failed(answer); return; }
    isian.step("isian");
    refusals(answer.body.refusals, false);
    part("ringkas").textContent = word("akan", {
      rows: number(answer.body.rows), accepted: number(answer.body.accepted), refused: number(answer.body.refused)
    });
    more(answer.body.next_after, "/dry-run?" + query(chosen()) + "&");
    part("hasil").hidden = false;
    document.querySelector("[data-masukkan]").hidden = !answer.body.accepted;
    part("hasil").focus();
  }

  function refusals(rows, add) {
    var list = part("ditolak"), made = rows.flatMap(function (row) {
      return row.cells.map(function (cell) {
        var line = document.createElement("li"), where = document.createElement("strong");
        where.textContent = cell.cell;
        line.append(where, " " + cell.text);
        return line;
      });
    });
    if (add) { list.append.apply(list, made); } else { list.replaceChildren.apply(list, made); }
  }

  function more(after, path) {
    var button = document.querySelector("[data-lagi]");
    button.hidden = after === null;
    button.onclick = async function () {
      var answer = await sesi.ask("GET", api + "/" + sent.id + path + "limit=" + PAGE + "&after=" + after);
      if (answer.status !== 200) { failed(answer); return; }
      refusals(answer.body.refusals || answer.body.items, true);
      more(answer.body.next_after, path);
    };
  }

  async function run() {
    var button = document.querySelector("[data-masukkan]");
    button.disabled = true;
    var answer = await sesi.ask("POST", api + "/" + sent.id + "/run", chosen(), { "Idempotency-Key": sent.key + "-jalan" });
    button.disabled = false;
    if (answer.status !== 202) { failed(answer); return; }
    button.hidden = true;
    await followed(answer.body);
  }

  // An import goes on whether or not anybody looks; a look that fails is made again.
  async function followed(first) {
    var one = first;
    while (one.state === "running") {
      part("ringkas").textContent = word("jalan", { done: number(one.done), rows: number(one.rows) });
      await new Promise(function (resolve) { setTimeout(resolve, LOOK); });
      var answer = await sesi.ask("GET", api + "/" + sent.id);
      if (answer.status === 200) { one = answer.body; } else if (answer.status === 401) { failed(answer); return; }
    }
    part("ringkas").textContent = word("selesai", { accepted: number(one.accepted), refused: number(one.refused) });
    var answer = await sesi.ask("GET", api + "/" + sent.id + "/refusals?limit=" + PAGE);
    if (answer.status === 200) { refusals(answer.body.items, false); more(answer.body.next_after, "/refusals?"); }
    var link = document.querySelector("[data-laporan]");
    link.href = api + "/" + sent.id + "/report";
    link.hidden = !one.refused;
  }

  field("tanpa-acara").addEventListener("change", function () { field("acara").disabled = field("tanpa-acara").checked; });
  isian.onSubmit("isian", [], check);
  document.querySelector("[data-masukkan]").addEventListener("click", function () { run(); });
  isian.step("isian");
})();
