// The page around the sample: verdict, network, activity, map of cores, tables.
function head() {
  const chip = DATA.chip, found = figures.lockstep, counted = figures.samples || DATA.total;
  $("title").textContent = DATA.title;
  const name = DATA.program === DATA.title ? "" : `${DATA.program} · `;
  $("subtitle").textContent = `${name}${many(counted, "sample")} on the ${DATA.board} · ${chip.cols} × ${chip.rows} cores, ${chip.lanes} lanes, ${chip.weight_bits}-bit weights · chip ${chip.digest}`;
  const verdict = $("verdict");
  verdict.hidden = !found || (DATA.golden && !found.mismatches);
  if (found) {
    verdict.className = found.mismatches ? "bad" : "";
    verdict.textContent = found.mismatches ? `✗ ${found.first || "The chip and the golden model differ"}` : "✓ Every spike agrees with the golden model, bit for bit";
  }
  const cell = (value, label, more) => $("panel").append(make("div", {}, make("span", { class: "label" }, label), make("b", {}, value), make("span", { class: "more" }, more || "")));
  const models = [["float", "accuracy_float"], ["integer", "accuracy_integer"]].filter(([, key]) => key in figures).map(([word, key]) => `${word} ${percent(figures[key])}`);
  if ("accuracy" in figures) cell(percent(figures.accuracy), "accuracy", [`${"right" in figures ? `${number(figures.right)} of ${number(counted)}` : ""}`, ...models].filter(Boolean).join(" · "));
  if (found) cell(number(found.mismatches), found.mismatches === 1 ? "mismatch" : "mismatches", `${DATA.golden ? "golden model against itself, " : ""}over ${many(found.spikes, "spike")}, ${number(found.values)} values`);
  if ("cycles_per_sample" in figures) cell(number(figures.cycles_per_sample), "cycles per sample", "latency_us" in figures ? `${number(figures.latency_us, 1)} µs at ${figures.clock_mhz} MHz` : "");
  if ("latency_us" in figures) cell(number(1e6 / figures.latency_us), "samples a second", `at ${figures.clock_mhz} MHz${figures.line ? ` · ${number(figures.line.samples_per_second, figures.line.samples_per_second < 10 ? 1 : 0)} over a UART at ${figures.line.baud / 1e6} Mbaud` : ""}`);
  if (figures.energy?.pj) cell(joules(figures.energy.pj), "energy a sample, estimated", `in 45 nm cells, ${joules(figures.energy.pj * figures.energy.fpga_factor)} in an FPGA · without clock and static power`);
  if ("utilisation" in figures) cell(percent(figures.utilisation, 1), "lane utilisation", `of all cycles of ${many(chip.rows * chip.cols, "core")}`);
  const cells = $("panel").children.length;  // in rows of the same length, where that can be
  $("panel").style.setProperty("--across", cells <= 4 ? cells : cells === 7 || cells === 8 ? 4 : 3);
}

const joules = (pj) => {
  const [scale, unit] = pj < 1e3 ? [1, "pJ"] : pj < 1e6 ? [1e3, "nJ"] : pj < 1e9 ? [1e6, "µJ"] : [1e9, "mJ"], n = pj / scale;
  return `${number(n, n < 10 ? 2 : n < 100 ? 1 : 0)} ${unit}`;
};
const span = (low, high) => (low === high ? number(low) : `${number(low)} … ${number(high)}`);
function network() {
  const neurons = sum(DATA.populations.filter((p) => p.kind !== "input").map((p) => product(p.shape)));
  const synapses = sum(DATA.projections.map((q) => q.synapses)), weights = sum(DATA.projections.map((q) => q.weights));
  $("network-note").textContent = `${many(neurons, "neuron")}, ${many(synapses, "synapse")} from ${many(weights, "stored weight")}; ${many(DATA.encoding.steps, "step")}, ${DATA.encoding.kind} encoding.`;
  DATA.populations.forEach((p, i) => {
    const into = DATA.projections.filter((q) => q.target === p.name), before = i && DATA.populations[i - 1].name;
    const plain = into.length === 1 && into[0].source === before && !into[0].delay;
    const from = plain ? null : into.map((q) => `${q.source}${q.delay ? " (a step before)" : ""}`).join(" + ");
    const arrow = make("div", { class: "arrow" }, make("span", {}, number(sum(into.map((q) => q.synapses)))), make("i"), make("span", {}, "synapses"));
    const fact = (term, value) => value == null || value === "" ? null : make("div", {}, make("dt", {}, term), make("dd", {}, value));
    const box = make("div", { class: "box layer" }, make("div", { class: "kind" }, p.kind), make("div", { class: "name" }, p.name),
      make("div", { class: "shape" }, `${p.shape.join(" × ")} = ${number(product(p.shape))}`),
      make("dl", {}, fact("from", from), fact("threshold", p.theta && `${p.compare} ${span(...p.theta)}`), fact("leak", p.leak), fact("reset", p.reset === "none" ? null : p.reset),
        fact("window", p.window && `max ${p.window} × ${p.window}`), fact("bits", p.kind === "input" ? p.bits : null), fact("current", p.hold ? "held" : null),
        fact(p.cores.length === 1 ? "core" : "cores", p.cores.map((c) => `(${c.core.join(", ")})`).join(" ")), fact("sent by", p.cores.length ? null : "host")));
    $("network").append(make("li", {}, into.length ? arrow : null, box));
  });
}

function activity() {
  const counts = figures.spikes_per_sample || {};
  $("activity-note").textContent = `Firing rate: spikes of a neuron and step, over all ${many(figures.samples || DATA.total, "sample")}.`;
  for (const p of DATA.populations) {
    if (counts[p.name] === undefined || p.kind === "readout") continue;
    const rate = counts[p.name] / product(p.shape) / DATA.encoding.steps;
    $("activity").append(make("span", { class: "name" }, p.name), bar(rate), make("span", { class: "strong" }, percent(rate, 1)), make("span", { class: "soft" }, `${number(counts[p.name])} spikes a sample`));
  }
  $("activity").parentElement.hidden = !$("activity").children.length;
}

const MEMORIES = { weight: "weights", acc: "accumulators", membrane: "membranes" };
function chip() {
  const { rows, cols } = DATA.chip, load = new Map((figures.cores || []).map((c) => [`${c.core}`, c]));
  const held = new Map((DATA.tables.mapping || []).map((row) => [`${row.core}`, row]));
  const most = Math.max(1, ...[...load.values()].map((c) => c.operations)), counted = figures.samples || DATA.total;
  const cycles = figures.cycles_per_sample;
  $("chip-note").textContent = `The mesh: x across, y down, the host at (0, 0).${load.size ? " Colour and figure: accumulator words added, one a useful cycle." : ""}`;
  $("chip").style.gridTemplateColumns = `auto repeat(${cols}, minmax(138px, 1fr))`;
  for (let y = 0; y < rows; y++) {
    $("chip").append(make("div", { class: y ? "" : "host" }, y ? "" : "host"));
    for (let x = 0; x < cols; x++) {
      const key = `${x},${y}`, row = held.get(key), counts = load.get(key);
      const on = DATA.populations.flatMap((p) => p.cores.filter((c) => `${c.core}` === key).map((c) => `${p.name}${p.cores.length > 1 ? ` [${c.channels.join("–")}]` : ""}`));
      const box = make("div", { class: `core${on.length ? "" : " idle"}${x + 1 < cols ? " east" : ""}${y + 1 < rows ? " south" : ""}` });
      if (counts) box.style.setProperty("--load", `rgb(${mix(0.1 + (0.9 * counts.operations) / most)})`);
      box.append(make("div", { class: "where" }, `core (${x}, ${y})`), make("div", { class: "held" }, on.join(", ") || "not used"));
      if (counts) {
        const share = cycles ? ` · ${percent(counts.operations / (cycles * counted), 0)} busy` : "";
        box.append(make("div", { class: "load" }, make("b", {}, number(counts.operations / counted)), ` operations a sample${share}`));
      }
      for (const [memory, words] of Object.entries(MEMORIES)) {
        if (!row || !row.used[memory]) continue;
        const [used, available] = row.used[memory];
        box.append(make("div", { class: "memory" }, make("span", {}, words), make("span", {}, `${number(used)} / ${number(available)}`), bar(used / available, used > 0.9 * available ? "full" : "")));
      }
      $("chip").append(box);
    }
  }
}

function table(title, columns, rows, words = [], place = "tables") {
  if (!rows.length) return;
  const line = (tag, cells) => make("tr", {}, ...cells.map((cell, i) => make(tag, words.includes(i) ? { class: "text" } : {}, cell ?? "–")));
  const grid = make("table", {}, make("thead", {}, line("th", columns)), make("tbody", {}, ...rows.map((cells) => line("td", cells))));
  $(place).append(make("section", {}, make("h2", {}, title), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, grid)));
}
const shown = (value) => (value == null ? "–" : typeof value === "number" ? (Number.isInteger(value) ? number(value) : String(Number(value.toPrecision(4)))) : Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value));
function tables() {
  const { quantisation = [], bounds = [], mapping = [], assumptions = [], import: imported = [], agreement = [], ...others } = DATA.tables;
  table("Quantisation", ["layer", "bits", "guard bits", "scale of the weights", "weight error", "clipped", "leak"], quantisation.map((q) => [
    q.population, q.weight_bits, q.guard, q.scale_low === q.scale_high ? q.scale_low.toPrecision(3) : `${q.scale_low.toPrecision(3)} … ${q.scale_high.toPrecision(3)}`,
    percent(q.error), `${q.clipped.toFixed(1)} %`, q.leak]), [0]);
  const part = (value) => (value == null ? null : `${value.toFixed(2)} %`);
  table("Agreement in spikes", ["layer", "float against model", "ties", "compared", "integer, given float's", "integer, alone", "float fires", "integer fires"],
    agreement.map((a) => [a.population, ...(a.differences == null ? [null, null, null] : [a.differences, a.ties, number(a.compared)]), part(a.given), part(a.free),
      a.rate_float == null ? null : percent(a.rate_float), a.rate_integer == null ? null : percent(a.rate_integer)]), [0]);
  table("Import", ["compared with", "on"], imported.map((row) => [row.source, row.data]), [0, 1]);
  table("Accumulator bounds, proved", ["layer", "lowest", "highest", "bits needed", "bits there"], bounds.map((b) => [b.population, number(b.low), number(b.high), b.bits, b.available]), [0]);
  const names = [...new Set(mapping.flatMap((row) => Object.keys(row.used)))];
  table("Memories, words used of available", ["core", "holds", ...names], mapping.map((row) => [
    `(${row.core.join(", ")})`, row.populations.join(", "), ...names.map((n) => (row.used[n] ? row.used[n].map((v) => number(v)).join(" / ") : null))]), [0, 1]);
  table("Assumptions", ["layer", "what", "value", "why"], assumptions.map((a) => [a.layer, a.what, a.value, a.why].map(shown)), [0, 1, 2, 3]);
  for (const [name, rows] of Object.entries(others)) {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    table(name[0].toUpperCase() + name.slice(1), columns.map((c) => c.replaceAll("_", " ")), rows.map((row) => columns.map((c) => (c.startsWith("accuracy") && row[c] != null ? percent(row[c]) : shown(row[c])))), [0]);
  }
}

function all() {
  for (const id of ["panel", "first", "differ", "network", "picker", "confusion", "activity", "chip", "tables", "about"]) $(id).replaceChildren();
  readColours();
  for (const part of [head, firstDifference, layers, network, picker, wrongOnly, confusion, activity, chip, tables, about]) part();
  select(current);
}
if (differs.size) $("differ").after($("one"));  // what is looked for comes first
all();
document.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!move || event.metaKey || event.ctrlKey || event.altKey || event.shiftKey || event.target.closest?.(".scroll")) return;
  select(current + move);
  event.preventDefault();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
addEventListener("beforeprint", () => { document.documentElement.classList.add("paper"); all(); });
addEventListener("afterprint", () => { document.documentElement.classList.remove("paper"); all(); });
