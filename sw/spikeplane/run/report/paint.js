// Numbers, elements, colours, and planes as pictures.
const $ = (id) => document.getElementById(id);
const number = (n, digits = 0) => Number(n).toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
const percent = (n, digits = 2) => `${(100 * n).toFixed(digits)} %`;
const many = (n, one, more) => `${number(n)} ${n === 1 ? one : more || one + "s"}`;
const product = (list) => list.reduce((a, b) => a * b, 1);
const sum = (list) => list.reduce((a, b) => a + b, 0);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  for (const child of children) if (child != null) node.append(child);
  return node;
}
function drawing(width, height, label) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  node.setAttribute("viewBox", `0 0 ${width} ${height}`);
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", label);
  node.shape = (tag, attributes, text) => {
    const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    if (text != null) part.textContent = text;
    node.append(part);
  };
  return node;
}
const bar = (part, kind = "") => {
  const fill = make("i", { class: kind });
  fill.style.width = `${100 * Math.min(1, Math.max(0, part))}%`;
  return make("div", { class: "bar" }, fill);
};

function decode(entry) {
  const raw = Uint8Array.from(atob(entry.data), (c) => c.charCodeAt(0));
  const arrays = { Uint8: Uint8Array, Int16: Int16Array, Int32: Int32Array, Float64: Float64Array };
  if (entry.kind !== "bits") return new arrays[entry.kind](raw.buffer);
  const values = new Uint8Array(product(entry.shape));
  for (let i = 0; i < values.length; i++) values[i] = (raw[i >> 3] >> (i & 7)) & 1;
  return values;
}
const planes = {};
for (const group of [DATA.inputs, DATA.outputs])
  for (const [name, entry] of Object.entries(group)) planes[name] = { values: decode(entry), shape: entry.shape };

// Colours come from the style sheet, so that light, dark and print are said once.
let heat = [];
function readColours() {
  const style = getComputedStyle(document.documentElement);
  heat = ["--heat0", "--heat1"].map((name) => {
    const hex = style.getPropertyValue(name).trim();
    return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  });
}
const mix = (t) => heat[0].map((v, i) => Math.round(v + (heat[1][i] - v) * Math.min(1, Math.max(0, t))));

// How many channels stand side by side: near a square, and a divisor of their number where one is near.
function columnsOf(channels, height, width) {
  if (height * width === 1) return Math.min(channels, 64);
  const ideal = Math.max(1, Math.sqrt((channels * height) / width));
  for (let n = Math.ceil(ideal); n <= ideal * 1.6; n++) if (channels % n === 0) return n;
  return Math.ceil(ideal);
}
// The channels of one plane as tiles, one canvas pixel per neuron; the style sheet scales it without smoothing.
function tiles(values, offset, [channels, height, width], high, label) {
  const columns = columnsOf(channels, height, width), rows = Math.ceil(channels / columns), gap = height * width === 1 ? 0 : 1;
  const canvas = make("canvas", { width: columns * (width + gap) - gap, height: rows * (height + gap) - gap, role: "img", "aria-label": label });
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  for (let c = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = (Math.floor(c / columns) * (height + gap) + y) * canvas.width + (c % columns) * (width + gap) + x;
    image.data.set([...mix(values[offset + (c * height + y) * width + x] / high), 255], 4 * at);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
// Many steps: neurons down, steps across. More neurons than pixels share a pixel.
function raster(values, offset, neurons, steps, label) {
  const canvas = make("canvas", { width: steps, height: Math.min(neurons, 400), role: "img", "aria-label": label, class: "raster" });
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const [off, on] = [[...mix(0), 255], [...mix(1), 255]];
  for (let i = 0; i < canvas.width * canvas.height; i++) image.data.set(off, 4 * i);
  for (let t = 0; t < steps; t++) for (let n = 0; n < neurons; n++)
    if (values[offset + t * neurons + n]) image.data.set(on, 4 * (Math.floor((n * canvas.height) / neurons) * steps + t));
  context.putImageData(image, 0, 0);
  canvas.style.height = `${Math.min(320, Math.max(72, canvas.height * Math.max(1, Math.floor(160 / canvas.height))))}px`;
  return canvas;
}
