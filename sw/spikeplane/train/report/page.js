// The page of a training: figures, curves, rates, histograms, cycles, tables.
const figures = DATA.figures, settings = DATA.settings, last = DATA.epochs[DATA.epochs.length - 1];

function head() {
  $("title").textContent = DATA.title;
  const shape = DATA.layers.filter((l) => l.kind !== "bias").map((l) => l.shape.filter((n) => n > 1).join("×") || "1").join(" – ");
  $("subtitle").textContent = `${shape} · ${many(DATA.iterations, "iteration")} of ${many(settings.batch, "sample")}, ${many(settings.steps, "step")}, ${settings.encoding} code · ${figures.board === "golden" ? "golden model" : figures.board === "sim" ? "simulated chip" : figures.board}`;
  if ("mismatches" in figures) $("verdict").textContent = `✓ ${number(figures.mismatches)} mismatches with the golden model over ${number(figures.compared)} values`;
  const cell = (value, label, more) => $("panel").append(make("div", {}, make("span", { class: "label" }, label), make("b", {}, value), make("span", { class: "more" }, more || "")));
  if (last?.test !== undefined) cell(percent(last.test), "of the samples left out are right", `epoch ${last.epoch}`);
  if (last) cell(percent(last.accuracy), "of the samples that it learned", `epoch ${last.epoch}, while it learned them`);
  if (last) cell(number(last.loss, 3), "loss", settings.loss === "squared" ? "squared error, a sample" : "cross-entropy, nats a sample");
  if (figures.samples_per_second) cell(number(figures.samples_per_second, figures.samples_per_second < 10 ? 1 : 0), "samples a second", "of this computer's time");
  if (figures.cycles_per_sample) cell(number(figures.cycles_per_sample), "cycles a sample", "forward, backward and its share of the update");
}
function curves() {
  $("curves-note").textContent = DATA.curve.length ? `By iteration${DATA.curve.length < DATA.iterations ? ", several averaged" : ""}; the samples left out are tried behind each epoch.` : "No iteration yet.";
  if (!DATA.curve.length) return;
  const whole = DATA.epochs.map((row) => [row.epoch * DATA.an_epoch, row]);
  $("curves").append(lines("Loss", [{ name: "loss", points: DATA.curve.map(([n, loss]) => [n, loss]) }]));
  const tested = whole.filter(([, row]) => row.test !== undefined).map(([n, row]) => [n, row.test]);
  const right = [{ name: "while learning", points: DATA.curve.map(([n, , share]) => [n, share]) }];
  if (tested.length) right.push({ name: "left out", points: tested, dots: true });
  $("curves").append(lines("Accuracy", right, { high: 1, write: (v) => `${(100 * v).toFixed(0)} %` }));
}
function rates() {
  $("rates-note").textContent = DATA.profiles.length ? "Of the last batch of each epoch, with the weights behind it: spikes of a neuron and step, and the share of neurons and steps whose window is open. A neuron outside its window hands no error on." : "Nobody observed this training.";
  const named = (what) => DATA.layers.map((l) => l.population).filter((name) => name in (DATA.profiles[0]?.[what] || {}));
  const over = (what) => named(what).map((name) => ({ name, points: DATA.profiles.map((p) => [p.epoch, p[what][name]]), dots: true }));
  for (const [what, title] of [["spikes", "Spikes a neuron and step, by epoch"], ["windows", "Open windows, by epoch"]]) {
    const series = over(what);
    if (series.length) $("rates").append(lines(title, series, { write: (v) => `${Number((100 * v).toPrecision(2))} %` }));
  }
}
function histograms() {
  const now = DATA.profiles[DATA.profiles.length - 1], then = DATA.profiles[0];
  for (const id of ["gradients", "weights"]) $(id).parentElement.hidden = !now;
  if (!now) return;
  const begun = DATA.profiles.length > 1 ? ` Behind them, wide and grey: epoch ${then.epoch}.` : "";
  $("gradients-note").textContent = `Of the mean loss, by their size in powers of 2, epoch ${now.epoch}.${begun}`;
  for (const [name, bins] of Object.entries(now.gradients)) {
    const old = then.gradients[name], low = Math.min(bins.first, old.first), high = Math.max(bins.first + bins.counts.length, old.first + old.counts.length);
    const from = (one) => Array.from({ length: high - low }, (_, i) => one.counts[low + i - one.first] || 0);
    $("gradients").append(bars(name, from(bins), begun ? from(old) : [], (i) => ((low + i) % 4 ? null : `2^${low + i}`), `${number(bins.zeros)} of ${number(bins.zeros + sum(bins.counts))} are 0`));
  }
  $("weights-note").textContent = `Epoch ${now.epoch}, between the power of 2 that holds them all and its negative.${begun}`;
  for (const [name, bins] of Object.entries(now.weights)) {
    const same = then.weights[name].most === bins.most, old = begun && same ? then.weights[name].counts : [], n = bins.counts.length;
    const marks = { 0: short(-bins.most), [n]: short(bins.most), [(n - 1) / 2]: "0" }, row = DATA.weights.find((one) => one.projection === name);
    $("weights").append(bars(name, bins.counts, old, (i) => marks[i] ?? null, row.trained ? many(row.weights, "weight") : "not trained"));
  }
}
function phases() {
  const rows = figures.phases || [];
  $("phases").parentElement.hidden = !rows.length;
  if (!rows.length) return;
  const most = Math.max(...rows.map((row) => row.cycles), 1);
  $("phases-note").textContent = "Cycles a sample, all cores together, and how many of them the lanes were at work: what an ideal engine would take, over what was taken.";
  for (const row of rows) {
    const track = make("div", { class: "track" }, make("i", { style: `width:${(100 * row.cycles) / most}%` }));
    $("phases").append(make("span", {}, row.phase), track, make("b", {}, number(row.cycles)), make("span", { class: "soft" }, row.utilisation == null ? "" : percent(row.utilisation, 1)));
  }
}
function table(title, columns, rows, words) {
  if (!rows.length) return;
  const line = (tag, cells) => make("tr", {}, ...cells.map((cell, i) => make(tag, words.includes(i) ? { class: "text" } : {}, cell ?? "–")));
  const grid = make("table", {}, make("thead", {}, line("th", columns)), make("tbody", {}, ...rows.map((cells) => line("td", cells))));
  $("tables").append(make("section", {}, make("h2", {}, title), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, grid)));
}
function tables() {
  table("Epochs", ["epoch", "loss", "accuracy", "left out"], DATA.epochs.map((row) => [row.epoch, row.loss.toFixed(4), percent(row.accuracy), row.test === undefined ? null : percent(row.test)]), []);
  table("Layers", ["layer", "kind", "shape", "threshold", "leak"], DATA.layers.map((l) => [l.population, l.kind, l.shape.join(" × "), l.theta && (l.theta[0] === l.theta[1] ? l.theta[0] : l.theta.join(" … ")), l.kind === "neurons" ? l.leak : null]), [0, 1]);
  table("Weights", ["projection", "shape", "weights", "least", "largest", "0", "subnormal", "at the limit"], DATA.weights.map((w) => [w.projection + (w.trained ? "" : " (not trained)"), w.shape.join(" × "), number(w.weights), w.least.toPrecision(4), w.largest.toPrecision(4), number(w.zero), number(w.subnormal), `${number(w.at_limit)} of ±2^${w.limit}`]), [0]);
  table("Sums, proved", ["sum", "worst case", "at most", "bits"], DATA.bounds.map((b) => [b.sum, b.how, number(b.worst, 0), b.bits]), [0, 1]);
  const said = Object.entries(settings).map(([name, value]) => [name.replace("_", " "), value]);
  table("This training", ["what", "value"], [...said, ["SHA-256 of the weights", figures.sha256], ["numbers at their limits", figures.clipped == null ? null : number(figures.clipped)], ...Object.entries(DATA.provenance)], [0, 1]);
  if (DATA.docs) $("tables").append(make("p", { class: "note" }, make("a", { href: DATA.docs, rel: "noreferrer" }, "How a chip learns")));
}
for (const part of [head, curves, rates, histograms, phases, tables]) part();
