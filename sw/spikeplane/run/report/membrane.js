// Membranes as the golden model has them: of each neuron v over the steps, what is held against the threshold, and a dot where it fires.
const traces = Object.fromEntries(Object.entries(DATA.membranes?.traces || {}).map(([name, t]) => [name, { v: decode(t.v), fired: decode(t.fired), neurons: decode(t.neurons), steps: t.v.shape[1], count: t.v.shape[2], theta: t.theta }]));
const SPARKS = 8;

// The neurons whose membranes are there in a sample, those of `first` before the others, then those that fire most.
function traced(name, sample, first = []) {
  const t = traces[name], at = DATA.membranes?.samples.indexOf(sample) ?? -1;
  if (!t || at < 0) return [];
  const from = at * t.steps * t.count, found = [];
  for (let k = 0; k < t.count; k++) {
    const pick = (values) => Array.from({ length: t.steps }, (_, step) => values[from + step * t.count + k]);
    const neuron = t.neurons[at * t.count + k], v = pick(t.v), fired = pick(t.fired);
    const theta = t.theta && t.theta[Math.floor(neuron / product(byName[name].shape.slice(1)))];
    found.push({ neuron, v, fired, theta, rank: first.includes(neuron) ? 1e9 - first.indexOf(neuron) : sum(fired) });
  }
  return found.sort((a, b) => b.rank - a.rank || Math.max(...b.v) - Math.max(...a.v) || a.neuron - b.neuron);
}
// One of them as a picture; under the pointer the step and its value.
function spark(name, { neuron, v, fired, theta }, width = 150, height = 56, mark = null) {
  const values = theta == null ? [0, ...v] : [0, theta, ...v], low = Math.min(...values), span = Math.max(...values) - low || 1;
  const x = (t) => (v.length === 1 ? width / 2 : 5 + ((width - 10) * t) / (v.length - 1)), y = (n) => 5 + (height - 10) * (1 - (n - low) / span);
  const where = neuronWords(byName[name].shape, neuron), svg = drawing(width, height, `Membrane of ${name} (${where})`);
  svg.setAttribute("class", "spark");
  svg.shape("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "grid" });
  if (theta != null) svg.shape("line", { x1: 0, x2: width, y1: y(theta), y2: y(theta), class: "theta" });
  if (mark != null) svg.shape("line", { x1: x(mark), x2: x(mark), y1: 0, y2: height, class: "mark-at" });
  svg.shape("polyline", { points: v.map((n, t) => `${x(t).toFixed(1)},${y(n).toFixed(1)}`).join(" "), class: "v" });
  v.forEach((n, t) => { if (fired[t] || v.length <= 12) svg.shape("circle", { cx: x(t), cy: y(n), r: v.length > 60 ? 1.6 : 2.7, class: fired[t] && theta != null ? "fires" : "rests" }); });
  const step = (across) => clamp(Math.round(((across * width - 5) * (v.length - 1)) / (width - 10)) || 0, 0, v.length - 1);
  svg.say = (across) => { const t = step(across); return `${name} (${where}), step ${t}: membrane ${number(v[t])}${theta == null ? "" : `, threshold ${number(theta)}${fired[t] ? ", fires" : ""}`}`; };
  return svg;
}
function membranesOf(p, sample, first = []) {
  const found = traced(p.name, sample, first), size = product(p.shape), few = found.slice(0, SPARKS);
  if (!few.length) return null;
  const which = few.length === size ? "" : `; ${few.length} of ${number(size)} neurons, those that ${first.length ? "differ or " : ""}fire most`;
  return make("div", { class: "membranes" }, make("p", { class: "axis" }, `Membranes in the golden model${which}${traces[p.name].theta ? "; dashed: the threshold" : ""}`),
    make("div", { class: `sparks${traces[p.name].steps > 40 ? " long" : ""}` }, ...few.map((one) => make("figure", { class: first.includes(one.neuron) ? "differs" : "" }, spark(p.name, one), make("figcaption", {}, product(p.shape.slice(1)) === 1 ? `c=${one.neuron}` : neuronWords(p.shape, one.neuron))))));
}
