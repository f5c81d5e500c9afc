// Where chip and golden model differ: which samples, layers, steps and neurons, and the three planes of a step.
const goldenPlanes = Object.fromEntries(Object.entries(DATA.golden_planes).map(([name, entry]) => [name, { values: decode(entry), shape: entry.shape }]));
const differs = new Set(DATA.differs);
const first = figures.lockstep?.where || null;  // {sample, step, population, neuron, chip, golden}

// The golden model's planes of one population in one sample, if they are not the chip's.
function goldenOf(name, sample) {
  const golden = goldenPlanes[name], order = DATA.differs.indexOf(sample);
  if (!golden || order < 0) return null;
  const size = product(golden.shape.slice(1)), mine = planes[name].values.subarray(sample * size, (sample + 1) * size), theirs = golden.values.subarray(order * size, (order + 1) * size);
  return mine.every((v, i) => v === theirs[i]) ? null : theirs;
}
// By step the neurons that differ.
function differencesOf(name, sample) {
  const golden = goldenOf(name, sample);
  if (!golden) return null;
  const [, steps, ...map] = planes[name].shape, neurons = product(map), start = sample * steps * neurons, found = [];
  for (let t = 0; t < steps; t++) {
    const places = [];
    for (let n = 0; n < neurons; n++) if (planes[name].values[start + t * neurons + n] !== golden[t * neurons + n]) places.push(n);
    if (places.length) found.push([t, places]);
  }
  return { golden, steps: found };
}
const isFirst = (name, sample, step) => first && first.population === name && DATA.numbers[sample] === first.sample && first.step === step;
const firstNeuron = ([, height, width]) => (first.neuron[0] * height + first.neuron[1]) * width + first.neuron[2];

// A ring around a neuron of a picture of tiles.
function ringed(canvas, neuron, map, kind = "") {
  const { columns, gap } = canvas.about, [, height, width] = map, pixels = height * width, c = Math.floor(neuron / pixels);
  const x = (c % columns) * (width + gap) + (neuron % width) + 0.5, y = Math.floor(c / columns) * (height + gap) + Math.floor((neuron % pixels) / width) + 0.5;
  const ring = make("i", { class: `ring ${kind}` });
  ring.style.cssText = `left:${(100 * x) / canvas.width}%;top:${(100 * y) / canvas.height}%;--one:${100 / canvas.width}%`;
  return make("div", { class: "ringed" }, canvas, ring);
}
// Golden plane, chip's plane and their difference in one step; buttons lead to the others that differ.
function trio(name, sample, found) {
  const { values, shape } = planes[name], [, steps, ...map] = shape, neurons = product(map), start = sample * steps * neurons;
  const box = make("div", { class: "trio" });
  const show = (at) => {
    const [step, places] = found.steps[at], offset = start + step * neurons;
    const chip = values.subarray(offset, offset + neurons), golden = found.golden.subarray(step * neurons, (step + 1) * neurons);
    const change = Float64Array.from(chip, (v, i) => v - golden[i]), high = Math.max(1, ...chip.map(Math.abs), ...golden.map(Math.abs));
    const marked = isFirst(name, sample, step) ? firstNeuron(map) : places[0];
    const of = (plane, words, kind) => {
      const picture = tiles(plane, 0, map, high, `${name} in step ${step}: ${words}`, { name: `${name}, ${words}`, step, change: kind });
      return make("figure", {}, ringed(picture, marked, map, isFirst(name, sample, step) ? "first" : ""), make("figcaption", {}, words));
    };
    const mark = isFirst(name, sample, step) ? "the first difference of the run: " : "";
    const words = `step ${step}: ${mark}neuron (${neuronWords(map, marked)}), golden ${number(golden[marked])}, chip ${number(chip[marked])}; ${many(places.length, "neuron")} of ${number(neurons)} differ${places.length === 1 ? "s" : ""}`;
    const move = found.steps.length > 1 && make("span", { class: "move" }, pressed("←", () => show((at + found.steps.length - 1) % found.steps.length), { "aria-label": "The differing step before" }), pressed("→", () => show((at + 1) % found.steps.length), { "aria-label": "The next differing step" }));
    box.replaceChildren(make("p", { class: "bad" }, words, move || null), make("div", { class: "three" }, of(golden, "golden model"), of(chip, "chip"), of(change, "chip minus golden", true)));
  };
  show(Math.max(0, found.steps.findIndex(([step]) => isFirst(name, sample, step))));
  return box;
}

// The first difference of the run, by itself: where it is, the three planes, the membrane, the command that writes its waves.
function firstDifference() {
  $("first").hidden = true;
  const sample = first ? DATA.numbers.indexOf(first.sample) : -1, p = first && byName[first.population], found = sample >= 0 && planes[p.name] && differencesOf(p.name, sample);
  if (!found || !found.steps.some(([step]) => step === first.step)) return;
  const neuron = firstNeuron(p.shape), trace = traced(p.name, sample).find((one) => one.neuron === neuron), holds = p.cores.filter(({ channels: [low, high] }) => low <= first.neuron[0] && first.neuron[0] <= high);
  const box = make("div", { class: "box differs" }, make("h3", {}, p.name, make("span", {}, `${p.shape.join(" × ")}${holds.map((c) => ` · core (${c.core.join(", ")})`).join("")}`)), trio(p.name, sample, found));
  if (trace) {
    const v = trace.v[first.step], against = trace.theta == null ? "" : `, threshold ${number(trace.theta)}: it ${trace.fired[first.step] ? "fires" : "does not fire"}`;
    box.append(make("div", { class: "membranes" }, make("p", { class: "axis" }, `Membrane of the neuron in the golden model: ${number(v)} in step ${first.step}${against}`), spark(p.name, trace, innerWidth < 560 ? 340 : 760, 96, first.step)));
  }
  if (figures.lockstep.command) box.append(make("p", { class: "axis" }, "Waves of it:"), make("code", { class: "command" }, figures.lockstep.command));
  $("first").append(make("h2", {}, "First difference"), make("p", { class: "note" }, `Sample ${number(first.sample)}, step ${first.step}: the earliest that differ, and there the earliest layer. What comes later may only be its consequence.`), box);
  $("first").hidden = false;
}
function layers() {
  const found = figures.lockstep, rows = Object.entries(found?.by_layer || {});
  if (!found?.mismatches || !rows.length) return;
  const kept = DATA.differs.map((sample) => ({ sample, by: Object.fromEntries(rows.map(([name]) => [name, planes[name] && differencesOf(name, sample)])) }));
  const where = (name) => {
    const hit = kept.find(({ by }) => by[name]);
    return hit ? [number(DATA.numbers[hit.sample]), hit.by[name].steps[0][0], neuronWords(planes[name].shape.slice(2), hit.by[name].steps[0][1][0])] : [null, null, null];
  };
  table("Mismatches by layer", ["layer", "mismatches", "first in sample", "step", "neuron"], rows.map(([name, count]) => [name, number(count), ...where(name)]), [0], "differ");
}
