const $ = (id) => document.getElementById(id);
const number = (n, digits = 0) => Number(n).toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
const percent = (n, digits = 2) => `${(100 * n).toFixed(digits)} %`;
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) key === "style" ? (node.style.cssText = value) : node.setAttribute(key, value);
  for (const child of children) node.append(child);
  return node;
}
function decode(entry) {
  const raw = Uint8Array.from(atob(entry.data), (c) => c.charCodeAt(0));
  const size = entry.shape.reduce((a, b) => a * b, 1);
  if (entry.kind === "int32") return new Int32Array(raw.buffer);
  const values = new Uint8Array(size);
  for (let i = 0; i < size; i++) values[i] = (raw[i >> 3] >> (i & 7)) & 1;
  return values;
}
const planes = {};
for (const group of ["inputs", "outputs"])
  for (const [name, entry] of Object.entries(DATA[group])) planes[name] = { values: decode(entry), shape: entry.shape };
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
function mix(t) {
  const a = rgb(css("--heat0")), b = rgb(css("--heat1"));
  return a.map((v, i) => Math.round(v + (b[i] - v) * t));
}

function head() {
  const s = DATA.summary, chip = DATA.chip;
  $("title").textContent = DATA.name;
  $("subtitle").textContent = `${s.samples} samples on the ${s.board} · chip ${chip.digest}: ${chip.rows} × ${chip.cols} cores of ${chip.lanes} lanes, ${chip.weight_bits}-bit weights`;
  const found = s.lockstep, verdict = $("verdict");
  if (found) {
    verdict.textContent = found.mismatches ? `${number(found.mismatches)} mismatches` : "Every spike agrees with the golden model";
    verdict.append(make("small", {}, found.first || `0 mismatches over ${number(found.spikes)} spikes; ${number(found.values)} values compared in every population and step`));
    if (found.mismatches) verdict.classList.add("bad");
  } else verdict.remove();
  const tiles = [];
  if ("accuracy_float" in s) tiles.push([percent(s.accuracy_float), "accuracy in float"]);
  if ("accuracy_integer" in s) tiles.push([percent(s.accuracy_integer), "accuracy in integers"]);
  if ("accuracy" in s) tiles.push([percent(s.accuracy), `accuracy, ${s.board}`]);
  if ("cycles_per_sample" in s) {
    tiles.push([number(s.cycles_per_sample), "cycles per sample"], [percent(s.utilisation, 1), "of all lane cycles useful"]);
    tiles.push([`${number(s.latency_us, 1)} µs`, `per sample at ${s.clock_mhz} MHz`]);
  }
  for (const [value, label] of tiles) $("tiles").append(make("div", { class: "tile" }, make("b", {}, value), make("span", {}, label)));
}

function network() {
  const neurons = (p) => p.shape.reduce((a, b) => a * b, 1);
  const total = DATA.populations.filter((p) => p.kind !== "input").reduce((a, p) => a + neurons(p), 0);
  const weights = DATA.projections.reduce((a, p) => a + p.weights, 0);
  $("network-note").textContent = `${number(total)} neurons, ${number(weights)} stored synapses, ${DATA.encoding.steps} steps, ${DATA.encoding.kind} encoding.`;
  DATA.populations.forEach((p, i) => {
    if (i) {
      const into = DATA.projections.filter((q) => q.target === p.name);
      const count = into.reduce((a, q) => a + q.weights, 0);
      const from = into.map((q) => q.source + (q.delay ? " (t−1)" : "")).join(", ");
      $("network").append(make("div", { class: "arrow", title: `from ${from}` }, `${number(count)}`, make("i"), "weights"));
    }
    const more = p.kind === "input" ? "from the host" : `${p.reset} reset${p.hold ? ", current held" : ""}`;
    const cores = p.parts.length ? p.parts.map((q) => `(${q.core})`).join(" ") : "host";
    $("network").append(make("div", { class: "layer" }, make("div", { class: "kind" }, p.kind), make("div", { class: "name" }, p.name),
      make("div", { class: "shape" }, `${p.shape.join(" × ")} · ${number(neurons(p))}`), make("div", { class: "more" }, more), make("div", { class: "more" }, `core ${cores}`)));
  });
}

// Channels of a plane as tiles in a grid, one device-independent pixel block per neuron.
function draw(values, offset, [channels, height, width], scale, low, high) {
  const columns = height * width === 1 ? Math.min(channels, 64) : Math.ceil(Math.sqrt(channels * height / width) || 1);
  const gap = height * width === 1 ? 0 : 1, rows = Math.ceil(channels / columns);
  const canvas = make("canvas", { width: columns * (width + gap) - gap, height: rows * (height + gap) - gap });
  canvas.style.width = `${canvas.width * scale}px`;
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  for (let c = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const v = values[offset + (c * height + y) * width + x];
    const px = (c % columns) * (width + gap) + x, py = Math.floor(c / columns) * (height + gap) + y;
    const color = mix(high > low ? (v - low) / (high - low) : 0), at = 4 * (py * canvas.width + px);
    image.data.set([...color, 255], at);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
// Many steps: a raster, neurons down, steps across.
function raster(values, offset, neurons, steps) {
  const canvas = make("canvas", { width: steps, height: Math.min(neurons, 512) });
  canvas.style.cssText = `width:${Math.max(steps * 2, 300)}px;height:${Math.min(Math.max(canvas.height, 60), 320)}px`;
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const [off, on] = [mix(0), mix(1)];
  for (let i = 0; i < canvas.width * canvas.height; i++) image.data.set([...off, 255], 4 * i);
  for (let t = 0; t < steps; t++) for (let n = 0; n < neurons; n++)
    if (values[offset + t * neurons + n]) image.data.set([...on, 255], 4 * (Math.floor((n * canvas.height) / neurons) * steps + t));
  context.putImageData(image, 0, 0);
  return canvas;
}
function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) { if (v < low) low = v; if (v > high) high = v; }
  return [Math.min(low, 0), Math.max(high, 1)];
}

function rowOf(p, sample) {
  const { values, shape } = planes[p.name], [, steps, ...map] = shape;
  const neurons = map.reduce((a, b) => a * b, 1), start = sample * steps * neurons;
  let spikes = 0;
  for (let i = start; i < start + steps * neurons; i++) spikes += values[i] !== 0;
  const what = p.kind === "input" ? (steps === 1 && DATA.encoding.steps > 1 ? "the same in every step" : "") : p.kind === "readout" ? "membrane values" : `${number(spikes)} spikes`;
  const row = make("div", { class: "plane-row" }, make("h3", {}, `${p.name} `, make("span", {}, `${map.join(" × ")}  ${what}`)));
  if (p.kind === "readout") row.append(scores(values, start + (steps - 1) * neurons, neurons, sample));
  else if (steps > 16) row.append(make("div", { class: "wide" }, raster(values, start, neurons, steps)));
  else {
    const holder = make("div", { class: "steps" }), [low, high] = extent(values);
    const scale = map[1] * map[2] === 1 ? 8 : Math.max(1, Math.min(8, Math.floor(230 / (Math.ceil(Math.sqrt(map[0])) * (map[2] + 1)))));
    for (let t = 0; t < steps; t++)
      holder.append(make("figure", {}, draw(values, start + t * neurons, map, scale, low, high), make("figcaption", {}, steps > 1 ? `step ${t}` : "")));
    row.append(holder);
  }
  return row;
}
function scores(values, at, classes, sample) {
  const list = [...values.slice(at, at + classes)], low = Math.min(...list, 0), high = Math.max(...list, 1), box = make("div", { class: "scores" });
  list.forEach((v, i) => {
    const bar = make("div", { class: "bar" }, make("i", { style: `width:${(100 * Math.max(v - low, 0)) / (high - low)}%;opacity:${i === DATA.guesses[sample] ? 1 : 0.35}` }));
    box.append(make("span", {}, `${i}`), bar, make("span", {}, number(v)));
  });
  return box;
}

let current = 0;
function select(sample) {
  current = (sample + DATA.samples) % DATA.samples;
  [...$("picker").children].forEach((b, i) => { b.setAttribute("aria-selected", i === current); b.tabIndex = i === current ? 0 : -1; });
  const label = DATA.labels ? `, label ${DATA.labels[current]}` : "";
  $("sample-note").textContent = `Sample ${current}: class ${DATA.guesses[current]}${label}. Left and right arrow change the sample; the first ${DATA.samples} of ${number(DATA.total)} are kept here.`;
  $("planes").replaceChildren(...DATA.populations.filter((p) => planes[p.name]).map((p) => rowOf(p, current)));
}
function picker() {
  const input = DATA.populations[0], { values, shape } = planes[input.name], [, steps, channels, height, width] = shape;
  const [, high] = extent(values);
  for (let s = 0; s < DATA.samples; s++) {
    const sum = new Float32Array(height * width), size = channels * height * width;
    for (let t = 0; t < steps; t++) for (let i = 0; i < size; i++) sum[i % (height * width)] += values[(s * steps + t) * size + i];
    const top = Math.max(...sum, high);
    const button = make("button", { role: "option" }, draw(sum, 0, [1, height, width], 1, 0, top), `${DATA.guesses[s]}`);
    button.firstChild.style.width = "";
    if (DATA.labels && DATA.labels[s] !== DATA.guesses[s]) { button.classList.add("wrong"); button.title = `label ${DATA.labels[s]}`; }
    button.onclick = () => select(s);
    $("picker").append(button);
  }
  document.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move && !event.metaKey && !event.ctrlKey) { select(current + move); event.preventDefault(); }
  });
}

function activity() {
  for (const p of DATA.populations) {
    const count = DATA.summary.spikes_per_sample[p.name];
    if (count === undefined || p.kind === "readout") continue;
    const rate = count / p.shape.reduce((a, b) => a * b, 1) / DATA.encoding.steps;
    $("activity").append(make("span", {}, p.name), make("div", { class: "bar" }, make("i", { style: `width:${100 * Math.min(rate, 1)}%` })),
      make("span", {}, `${rate.toFixed(3)}  ·  ${number(count, 0)} spikes a sample`));
  }
}

function chip() {
  const { rows, cols } = DATA.chip, load = new Map((DATA.summary.cores || []).map((c) => [String(c.core), c]));
  const held = new Map(DATA.tables.mapping.map((row) => [String(row.core), row]));
  const most = Math.max(1, ...[...load.values()].map((c) => c.operations));
  $("chip-note").textContent = load.size ? "The mesh as it lies on the chip. Colour and figure: accumulator words added, the useful cycles of a core." : "The mesh as it lies on the chip, and how full its memories are.";
  $("chip").style.gridTemplateColumns = `repeat(${cols}, minmax(150px, 1fr))`;
  for (let y = 0; y < rows; y++) for (let x = 0; x < cols; x++) {
    const row = held.get(`${x},${y}`), counts = load.get(`${x},${y}`), box = make("div", { class: row ? "core" : "core idle" });
    box.append(make("div", { class: "where" }, `core (${x}, ${y})`));
    if (counts) {
      box.style.setProperty("--load", `rgb(${mix(0.15 + (0.85 * counts.operations) / most)})`);
      box.append(make("div", { class: "load" }, number(counts.operations), make("span", { class: "where" }, " operations")));
    }
    box.append(make("div", { class: "held" }, row ? row.populations.join(", ") : "not used"));
    for (const name of row ? ["weight", "acc", "membrane"] : []) {
      const [used, available] = row.used[name];
      box.append(make("div", { class: "memory" }, make("span", {}, name), make("div", { class: "bar" }, make("i", { style: `width:${(100 * used) / available}%` })), make("span", {}, `${number(used)} / ${number(available)}`)));
    }
    $("chip").append(box);
  }
}

function table(into, columns, rows, left = false) {
  if (!rows.length) { $(into).append(make("p", { class: "note" }, "None.")); return; }
  const body = make("tbody"), headRow = make("tr");
  for (const column of columns) headRow.append(make("th", {}, column));
  for (const row of rows) { const line = make("tr"); for (const cell of row) line.append(make("td", {}, cell)); body.append(line); }
  $(into).append(make("div", { class: "scroll" }, make("table", left ? { class: "left" } : {}, make("thead", {}, headRow), body)));
}
function tables() {
  const bounds = Object.fromEntries(DATA.tables.bounds.map((row) => [row.population, row]));
  table("quantisation", ["layer", "bits", "scale", "weight error", "clipped", "leak", "worst case", "agreement with float"], DATA.tables.quantisation.map((q) => [
    q.population, q.weight_bits, q.scale_low === q.scale_high ? q.scale_low.toExponential(2) : `${q.scale_low.toExponential(1)} … ${q.scale_high.toExponential(1)}`,
    percent(q.error), `${q.clipped.toFixed(1)} %`, q.leak, `${bounds[q.population].bits} of ${bounds[q.population].available} bits`, q.agreement == null ? "–" : `${q.agreement.toFixed(2)} %`]));
  table("assumptions", ["layer", "what", "value", "why"], DATA.tables.assumptions.map((a) => [a.layer, a.what, a.value, a.why]), true);
}

function all() { head(); network(); picker(); select(0); activity(); chip(); tables(); }
all();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const id of ["tiles", "network", "picker", "activity", "chip", "quantisation", "assumptions"]) $(id).replaceChildren();
  all();
});
