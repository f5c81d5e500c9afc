// One pixel over time: its spikes, its intervals, and each method's segments and values, one below the other.
const ROWS = [["spikes", "spikes", 24], ["intervals", "intervals", 58], ["tfp", "TFP", 46], ["tfi", "TFI", 46], ["fsr", "FSR", 46], ["ssr", "SSR", 46]];
const GUTTER = 84, EDGE = 10, GAP = 13, FOOT = 24;
const chart = { svg: $("chart"), span: Math.min(DATA.stop - DATA.start, 320), from: DATA.start, width: 1000 };

function shape(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text != null) node.textContent = text;
  chart.svg.append(node);
}
// Where the left edge of a plane is; `from` and `span` say which planes are seen.
const across = (plane) => GUTTER + ((plane - chart.from) * (chart.width - GUTTER - EDGE)) / chart.span;
const planeAt = (x) => Math.floor(chart.from + ((x - GUTTER) * chart.span) / (chart.width - GUTTER - EDGE));

function tracesOf(pixel) {
  const bits = bitsOf(pixel[1] * WIDTH + pixel[0]), traces = { bits, tfp: { values: windowValues(bits, DATA) } };
  for (const method of ["tfi", "fsr", "ssr"]) traces[method] = segmentsOf(bits, method, DATA);
  traces.intervals = [];
  for (let t = 0, last = -1; t < bits.length; t++) if (bits[t]) {
    if (last >= 0) traces.intervals.push([last, t]);
    last = t;
  }
  return traces;
}

function drawChart(pixel, traces, plane) {
  chart.width = chart.svg.clientWidth || 1000;
  chart.span = clamp(chart.span, 16, DATA.stop - DATA.start);
  chart.from = clamp(Math.round(plane + 0.5 - chart.span / 2), DATA.start, DATA.stop - chart.span);
  const height = ROWS.reduce((sum, row) => sum + row[2] + GAP, 0) + FOOT, index = pixel[1] * WIDTH + pixel[0];
  chart.svg.setAttribute("viewBox", `0 0 ${chart.width} ${height}`);
  chart.svg.style.height = `${height}px`;
  chart.svg.replaceChildren();
  ruler(height);
  marker(plane, height);
  const high = peak(traces);
  let top = 2;
  for (const [name, title, tall] of ROWS) {
    const base = top + tall;
    shape("text", { x: 0, y: name === "spikes" ? base - 7 : top + 11, class: "strong" }, title);
    shape("line", { x1: GUTTER, x2: chart.width - EDGE, y1: base + 0.5, y2: base + 0.5, class: "grid" });
    if (name === "spikes") spikesRow(traces, top, base);
    else if (name === "intervals") intervalsRow(traces, top, base);
    else methodRow(name, traces, index, plane, top, base, high);
    top = base + GAP;
  }
}

const seen = (first, last) => last >= chart.from && first < chart.from + chart.span;
const now = (plane) => plane - DATA.start;  // in a trace
function ruler(height) {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500].find((n) => (n * (chart.width - GUTTER)) / chart.span >= 74) || 1000;
  for (let plane = Math.ceil(chart.from / step) * step; plane < chart.from + chart.span; plane += step) {
    const x = across(plane + 0.5);
    shape("line", { x1: x, x2: x, y1: 0, y2: height - FOOT + 2, class: "grid faint" });
    shape("text", { x, y: height - 6, "text-anchor": "middle" }, number(plane));
  }
  shape("text", { x: 0, y: height - 6 }, "plane");
}
function marker(plane, height) {
  const x = across(plane), wide = Math.max(2, across(plane + 1) - x);
  shape("rect", { x, y: 0, width: wide, height: height - FOOT + 4, class: "now" });
}
function peak(traces) {
  let high = 1;
  for (const name of ["tfp", "tfi", "fsr", "ssr"]) for (let t = now(chart.from); t < now(chart.from + chart.span); t++) high = Math.max(high, traces[name].values[t]);
  return high;
}

function spikesRow({ bits }, top, base) {
  const wide = clamp(0.5 * (across(1) - across(0)), 1, 6);
  let path = "";
  for (let plane = chart.from; plane < chart.from + chart.span; plane++) if (bits[now(plane)]) path += `M${across(plane + 0.5).toFixed(1)} ${top}V${base}`;
  shape("path", { d: path, class: "spikes", "stroke-width": wide.toFixed(1) });
}
function intervalsRow({ intervals }, top, base) {
  const inside = intervals.filter(([from, to]) => seen(from + 1 + DATA.start, to + DATA.start)), high = Math.max(1, ...inside.map(([from, to]) => to - from));
  scale(top, high, "planes");
  let path = "", last = null;
  for (const [from, to] of inside) {
    const y = (base - ((base - top) * (to - from)) / high).toFixed(1), ends = [from, to].map((t) => clamp(across(t + 1 + DATA.start), GUTTER, chart.width - EDGE).toFixed(1));
    path += `${last === from ? "V" : `M${ends[0]} `}${y}H${ends[1]}`;
    last = to;
  }
  shape("path", { d: path, class: "intervals" });
}
const scale = (top, high, unit) => shape("text", { x: GUTTER - 8, y: top + (unit ? 26 : 11), "text-anchor": "end", ...(unit && { x: 0, "text-anchor": "start" }) }, unit ? `0 – ${number(high)} ${unit}` : number(high));

function methodRow(name, traces, index, plane, top, base, high) {
  const { values, segments } = traces[name], y = (v) => base - ((base - top) * v) / high, at = now(imagePlane(plane));
  scale(top, high, "");
  if (segments) for (const segment of segments) bar(segment, segment.from < at && at <= segment.to, y, base);
  else {
    const end = at + DATA.lookahead - DATA.lag, ends = [end - DATA.window + 1, end + 1].map((t) => clamp(across(t + DATA.start), GUTTER, chart.width - EDGE));
    shape("rect", { x: ends[0], y: y(values[at]), width: Math.max(0, ends[1] - ends[0]), height: base - y(values[at]), class: "bar current" });
  }
  let line = "", dots = "";
  for (let p = chart.from, before = -1; p < chart.from + chart.span; p++) {
    const value = values[now(p)];
    if (value >= 0 && p >= DATA.first && p < DATA.last) line += before < 0 ? `M${across(p).toFixed(1)} ${y(value).toFixed(1)}H${across(p + 1).toFixed(1)}` : `V${y(value).toFixed(1)}H${across(p + 1).toFixed(1)}`;
    before = p >= DATA.first && p < DATA.last ? value : -1;
    if (p >= DATA.first && p < DATA.last && (p - DATA.first) % DATA.every === 0) dots += `M${across(p + 0.5).toFixed(1)} ${y(images[name][imageIndex(p) * PIXELS + index]).toFixed(1)}h0`;
  }
  shape("path", { d: line, class: "out" });
  shape("path", { d: dots, class: "dots" });
}
function bar({ from, to, n, planes: sum }, current, y, base) {
  if (!seen(from + 1 + DATA.start, to + DATA.start)) return;
  const [left, right] = [from, to].map((t) => clamp(across(t + 1 + DATA.start), GUTTER, chart.width - EDGE)), value = level(n, sum), gap = right - left > 4 ? 1 : 0.4;
  shape("rect", { x: left + gap / 2, y: y(value), width: Math.max(0.6, right - left - gap), height: Math.max(0.6, base - y(value)), class: current ? "bar current" : "bar" });
  if (right - left > 26 && base - y(value) > 15) shape("text", { x: (left + right) / 2, y: base - 4, "text-anchor": "middle", class: "in" }, value);
}
