const className = (n) => DATA.classes?.[n] ?? `${n}`;
// One sample: its picture, what the network said, and what every population sent in every step.
let current = Math.max(0, DATA.differs[0] ?? 0);  // the first sample that differs
const inputName = Object.keys(DATA.inputs)[0];
const byName = Object.fromEntries(DATA.populations.map((p) => [p.name, p]));

// The input as one picture: the sum over steps and channels.
function picture(sample, label) {
  const { values, shape } = planes[inputName], [, steps, channels, height, width] = shape;
  const pixels = height * width, total = new Float32Array(pixels), from = sample * steps * channels * pixels;
  for (let i = 0; i < steps * channels * pixels; i++) total[i % pixels] += values[from + i];
  const shown = pixels === 1 ? [channels, 1, 1] : [1, height, width];
  if (pixels === 1) return tiles(values, from, shown, Math.max(1, ...values.slice(from, from + channels)), label);
  return tiles(total, 0, shown, Math.max(1, ...total), label);
}
const right = (s) => !DATA.labels || DATA.labels[s] === DATA.guesses[s];

function picker() {
  for (let s = 0; s < DATA.samples; s++) {
    const [class_, label] = [DATA.guesses[s], DATA.labels?.[s]].map(className), words = right(s) ? class_ : `${class_} ≠ ${label}`;
    const name = `Sample ${DATA.numbers[s]}${differs.has(s) ? ", differs from the golden model" : ""}: class ${class_}${DATA.labels ? `, label ${label}` : ""}`;
    const button = make("button", { role: "option", type: "button", class: `${right(s) ? "" : "wrong"}${differs.has(s) ? " differs" : ""}`, "aria-label": name, title: name }, picture(s, ""), make("span", {}, words));
    button.onclick = () => select(s);
    $("picker").append(button);
  }
  const which = differs.size ? `${many(differs.size, "sample")} that differ${differs.size === 1 ? "s" : ""} and the first others` : `The first ${DATA.samples}`;
  const kept = DATA.samples < DATA.total ? `${which} of ${number(DATA.total)} samples are kept in this page. ` : "";
  $("samples-note").textContent = `${kept}Left and right arrow change the sample.`;
}
function select(sample) {
  current = (sample + DATA.samples) % DATA.samples;
  const buttons = [...$("picker").children], focused = buttons.includes(document.activeElement);
  buttons.forEach((b, i) => { b.setAttribute("aria-selected", i === current); b.tabIndex = i === current ? 0 : -1; });
  const chosen = buttons[current], strip = $("picker");
  if (focused) chosen.focus({ preventScroll: true });
  strip.scrollLeft = chosen.offsetLeft - strip.offsetLeft - (strip.clientWidth - chosen.clientWidth) / 2;
  $("sample").replaceChildren(card(current), make("div", { class: "rows" }, ...DATA.populations.filter((p) => (planes[p.name] || traces[p.name]) && p.kind !== "input").map((p) => row(p, current)), inputRow(current)));
}
function card(sample) {
  const guess = DATA.guesses[sample], told = DATA.labels ? (right(sample) ? "the label too" : `the label is ${className(DATA.labels[sample])}`) : "no label given";
  const step = (by, sign, words) => { const b = make("button", { type: "button", "aria-label": words }, sign); b.onclick = () => select(current + by); return b; };
  return make("aside", { class: "box" }, picture(sample, `Input of sample ${DATA.numbers[sample]}`),
    make("div", { class: "said", "aria-live": "polite" }, make("b", {}, className(guess)), make("span", { class: right(sample) ? "" : "wrong" }, `${DATA.labels ? (right(sample) ? "✓ " : "✗ ") : ""}${told}`)),
    bars(DATA.scores[sample], guess),
    make("div", { class: "steps-of" }, step(-1, "←", "Previous sample"), make("span", {}, `sample ${number(DATA.numbers[sample])}`), step(1, "→", "Next sample")));
}
// Scores as bars from zero, so that negative ones are seen as such; of many classes the highest ten.
function bars(scores, guess) {
  const order = scores.map((_, i) => i), box = make("div", { class: "scores" });
  const chosen = scores.length <= 12 ? order : order.sort((a, b) => scores[b] - scores[a]).slice(0, 10);
  const low = Math.min(0, ...scores), span = Math.max(0, ...scores) - low || 1;
  for (const i of chosen) {
    const fill = make("i", { class: i === guess ? "top" : "" }), value = scores[i];
    fill.style.cssText = `left:${(100 * (Math.min(0, value) - low)) / span}%;width:${(100 * Math.abs(value)) / span}%`;
    const zero = make("u"); zero.style.left = `${(-100 * low) / span}%`;
    box.append(make("span", { class: i === guess ? "strong" : "" }, className(i)), make("div", { class: "signed" }, fill, zero), make("span", { class: i === guess ? "strong" : "" }, number(value)));
  }
  return box;
}

function row(p, sample) {
  if (!planes[p.name]) return make("div", { class: "box", "data-layer": p.name }, make("h3", {}, p.name, make("span", {}, `${p.shape.join(" × ")} · not sent to the host`)), membranesOf(p, sample));
  const { values, shape } = planes[p.name], [, steps, ...map] = shape, neurons = product(map), start = sample * steps * neurons;
  const head = (text) => make("h3", {}, p.name, make("span", {}, `${map.join(" × ")} · ${text}`));
  if (p.kind === "readout") {
    const found = differencesOf(p.name, sample);
    return make("div", { class: found ? "box differs" : "box", "data-layer": p.name }, head("membrane, step by step"), found && trio(p.name, sample, found), trace(values, start, neurons, steps, DATA.guesses[sample]));
  }
  let spikes = 0;
  for (let i = start; i < start + steps * neurons; i++) spikes += values[i] !== 0;
  const said = `${many(spikes, "spike")}, ${percent(spikes / (steps * neurons), 1)} of neurons a step`;
  const found = differencesOf(p.name, sample);
  const first = found ? [...new Set(found.steps.flatMap(([, places]) => places))] : [];
  return make("div", { class: found ? "box differs" : "box", "data-layer": p.name }, head(said), found && trio(p.name, sample, found), picturesOf(p.name, values, start, map, steps, 1, found), membranesOf(p, sample, first));
}
function inputRow(sample) {
  const { values, shape } = planes[inputName], [, steps, ...map] = shape;
  if (steps === 1) return null;  // the same in every step: the card shows it
  const neurons = product(map), start = sample * steps * neurons, part = values.slice(start, start + steps * neurons);
  return make("div", { class: "box" }, make("h3", {}, inputName, make("span", {}, `${map.join(" × ")} · what the host sent`)), picturesOf(inputName, values, start, map, steps, Math.max(1, ...new Set(part))));
}
function picturesOf(name, values, start, map, steps, high, found = null) {
  const neurons = product(map);
  if (steps > 12) return make("div", {}, raster(values, start, neurons, steps, `Raster of ${name}`, { name, map, golden: found?.golden }), make("p", { class: "axis" }, `${number(neurons)} neurons down, ${steps} steps across`));
  const holder = make("div", { class: "steps" }), total = new Float32Array(neurons);
  for (let t = 0; t < steps; t++) {
    const differ = found?.steps.find(([step]) => step === t)?.[1], golden = found?.golden.subarray(t * neurons, (t + 1) * neurons);
    const picture = tiles(values, start + t * neurons, map, high, `${name} in step ${t}`, { name, step: t, golden });
    holder.append(make("figure", { class: differ ? "differs" : "" }, picture, make("figcaption", {}, `step ${t}${differ ? ` · ${number(differ.length)} ≠ golden` : ""}`)));
    for (let i = 0; i < neurons; i++) total[i] += values[start + t * neurons + i] / high;
  }
  if (steps > 1) holder.append(make("figure", { class: "all" }, tiles(total, 0, map, steps, `${name} over all steps`, { name: `${name}, all steps` }), make("figcaption", {}, "all steps")));
  return holder;
}
// Membranes of a readout over the steps, the winner's in the accent colour; the line at zero.
function trace(values, start, neurons, steps, guess) {
  if (steps === 1) return bars([...values.slice(start, start + neurons)], guess);
  const width = innerWidth < 560 && !document.documentElement.classList.contains("paper") ? 360 : 640, height = 170, left = 62, at = (t, n) => values[start + t * neurons + n];
  const all = [...values.slice(start, start + steps * neurons), 0], low = Math.min(...all), span = Math.max(...all) - low || 1;
  const x = (t) => left + 8 + ((width - left - 62) * t) / (steps - 1), y = (v) => 12 + (height - 44) * (1 - (v - low) / span);
  const svg = drawing(width, height, `Membranes over ${steps} steps; ${guess} ends highest or is the guess`);
  for (const v of new Set([low, 0, low + span])) {
    if (v && Math.abs(y(v) - y(0)) < 14) continue;
    svg.shape("line", { x1: left, x2: width - 40, y1: y(v), y2: y(v), class: v ? "grid" : "zero" });
    svg.shape("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, number(v));
  }
  const order = [...Array(neurons).keys()].filter((n) => n !== guess);
  for (const n of guess < neurons ? [...order, guess] : order) {
    const points = [...Array(steps).keys()].map((t) => `${x(t).toFixed(1)},${y(at(t, n)).toFixed(1)}`).join(" ");
    svg.shape("polyline", { points, class: n === guess ? "winner" : "other" });
  }
  if (guess < neurons) svg.shape("text", { x: x(steps - 1) + 9, y: y(at(steps - 1, guess)) + 5, class: "strong" }, `${guess}`);
  for (let t = 0; t < steps; t += Math.ceil(steps / 10)) svg.shape("text", { x: x(t), y: height - 8, "text-anchor": "middle" }, `${t}`);
  svg.shape("text", { x: width, y: height - 8, "text-anchor": "end" }, "step");
  return svg;
}

