// Colours, bars, and planes as pictures.
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
const figures = DATA.figures;
const planes = {};
for (const group of [DATA.inputs, DATA.outputs])
  for (const [name, entry] of Object.entries(group)) planes[name] = { values: decode(entry), shape: entry.shape };

// Colours come from the style sheet, so that light, dark and print are said once.
let heat = [], signs = [];  // signs: of what is too little, of what is too much
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => {
    const hex = style.getPropertyValue(name).trim();
    return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  };
  heat = ["--heat0", "--heat1"].map(read);
  signs = ["--less", "--bad"].map(read);
}
const mix = (t) => heat[0].map((v, i) => Math.round(v + (heat[1][i] - v) * Math.min(1, Math.max(0, t))));

// How many channels stand side by side: near a square, and a divisor of their number where one is near.
function columnsOf(channels, height, width) {
  if (height * width === 1) return Math.min(channels, 64);
  const ideal = Math.max(1, Math.sqrt((channels * height) / width));
  for (let n = Math.ceil(ideal); n <= ideal * 1.6; n++) if (channels % n === 0) return n;
  return Math.ceil(ideal);
}
// The channels of one plane as tiles, one canvas pixel per neuron; the style sheet scales it without smoothing. `about`: what hover says;
// `about.change`: differences, which have a colour for each sign.
function tiles(values, offset, map, high, label, about = {}) {
  const [channels, height, width] = map, columns = columnsOf(channels, height, width), rows = Math.ceil(channels / columns), gap = height * width === 1 ? 0 : 1;
  const canvas = make("canvas", { width: columns * (width + gap) - gap, height: rows * (height + gap) - gap, role: "img", "aria-label": label });
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const colour = about.change ? (v) => (v ? signs[v > 0 ? 1 : 0] : mix(0)) : (v) => mix(v / high);
  for (let c = 0; c < channels; c++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = (Math.floor(c / columns) * (height + gap) + y) * canvas.width + (c % columns) * (width + gap) + x;
    image.data.set([...colour(values[offset + (c * height + y) * width + x]), 255], 4 * at);
  }
  context.putImageData(image, 0, 0);
  if (about.name) canvas.about = { ...about, map, columns, gap, values: values.subarray(offset, offset + product(map)) };
  return canvas;
}
// Many steps: neurons down, steps across. More neurons than pixels share a pixel.
function raster(values, offset, neurons, steps, label, about) {
  const canvas = make("canvas", { width: steps, height: Math.min(neurons, 400), role: "img", "aria-label": label, class: "raster" });
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const [off, on] = [[...mix(0), 255], [...mix(1), 255]];
  for (let i = 0; i < canvas.width * canvas.height; i++) image.data.set(off, 4 * i);
  for (let t = 0; t < steps; t++) for (let n = 0; n < neurons; n++)
    if (values[offset + t * neurons + n]) image.data.set(on, 4 * (Math.floor((n * canvas.height) / neurons) * steps + t));
  context.putImageData(image, 0, 0);
  canvas.style.height = `${Math.min(320, Math.max(72, canvas.height * Math.max(1, Math.floor(160 / canvas.height))))}px`;
  canvas.about = { ...about, raster: true, values: values.subarray(offset, offset + steps * neurons) };
  return canvas;
}
