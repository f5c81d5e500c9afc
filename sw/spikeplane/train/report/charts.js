// Lines, bars of histograms, and their axes, drawn as SVG.
const COLOURS = ["var(--spike)", "var(--bad)", "var(--less)", "var(--good)", "var(--soft)", "var(--ink)"];
const WIDE = 420, HIGH = 190, LEFT = 44, RIGHT = 10, TOP = 10, BELOW = 24;

// Round numbers from 0 or below the least to above the largest, four or five of them.
function ticks(low, high) {
  const span = high - low || 1, raw = span / 4, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-6; v += step) found.push(Math.abs(v) < step * 1e-6 ? 0 : v);
  return found;
}
const short = (v) => (v && (Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3) ? v.toExponential(0) : String(Number(v.toPrecision(3))));

function framed(title, named) {
  const box = make("div", { class: "box" }, make("h3", {}, title));
  if (named.length > 1) box.append(make("div", { class: "legend" }, ...named.map((name, i) => make("span", {}, make("i", { style: `background:${COLOURS[i % COLOURS.length]}` }), name))));
  const svg = drawing(WIDE, HIGH, title);
  box.append(svg);
  return [box, svg];
}
// series: [{name, points: [[x, y], ...], dots}]; `write`: how a value of y is written.
function lines(title, series, { low = 0, high = null, write = short } = {}) {
  const [box, svg] = framed(title, series.map((one) => one.name));
  const all = series.flatMap((one) => one.points), xs = all.map((p) => p[0]), ys = all.map((p) => p[1]);
  const least = Math.min(0, ...xs), most = Math.max(1, ...xs), top = high ?? Math.max(...ys, low + 1e-9) * 1.05;
  const x = (v) => LEFT + ((v - least) / (most - least)) * (WIDE - LEFT - RIGHT), y = (v) => HIGH - BELOW - ((clamp(v, low, top) - low) / (top - low)) * (HIGH - TOP - BELOW);
  for (const v of ticks(low, top)) {
    svg.shape("line", { class: "grid", x1: LEFT, x2: WIDE - RIGHT, y1: y(v), y2: y(v) });
    svg.shape("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, write(v));
  }
  for (const v of ticks(least, most)) svg.shape("text", { x: x(v), y: HIGH - 6, "text-anchor": "middle" }, number(v, Number.isInteger(v) ? 0 : 1));
  series.forEach((one, i) => {
    const colour = COLOURS[i % COLOURS.length];
    svg.shape("polyline", { class: "line", style: `stroke:${colour}`, points: one.points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ") });
    if (one.dots || one.points.length === 1) for (const p of one.points) svg.shape("circle", { r: 3.2, style: `fill:${colour}`, cx: x(p[0]), cy: y(p[1]) });
  });
  return box;
}
// Bars of `counts` now, and behind them those of the first epoch; `at`: what stands below a bin's left edge, or null.
function bars(title, counts, first, at, note) {
  const [box, svg] = framed(title, []), top = Math.max(1, ...counts, ...first), wide = (WIDE - LEFT - RIGHT) / Math.max(1, counts.length);
  const y = (v) => HIGH - BELOW - (v / top) * (HIGH - TOP - BELOW);
  for (const v of ticks(0, top)) {
    svg.shape("line", { class: "grid", x1: LEFT, x2: WIDE - RIGHT, y1: y(v), y2: y(v) });
    svg.shape("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, short(v));
  }
  counts.forEach((count, i) => {
    const place = { x: LEFT + i * wide + 0.5, width: Math.max(1, wide - 1) };
    if (first[i]) svg.shape("rect", { class: "bin first", ...place, y: y(first[i]), height: HIGH - BELOW - y(first[i]) });
    svg.shape("rect", { class: "bin", ...place, x: place.x + place.width * 0.25, width: place.width * 0.5, y: y(count), height: HIGH - BELOW - y(count) });
  });
  for (let i = 0; i <= counts.length; i++) if (at(i) !== null) svg.shape("text", { x: LEFT + i * wide, y: HIGH - 6, "text-anchor": i === counts.length ? "end" : "middle" }, at(i));
  box.append(make("div", { class: "soft" }, note));
  return box;
}
