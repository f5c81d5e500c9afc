// Elements and numbers; the planes and images out of the page.
const $ = (id) => document.getElementById(id);
const number = (n, digits = 0) => Number(n).toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
const many = (n, one) => `${number(n)} ${n === 1 ? one : `${one}s`}`;
const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
const ms = (planes) => `${number((1000 * planes) / DATA.rate, 2)} ms`;

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  for (const child of children) if (child != null) node.append(child);
  return node;
}

async function unpack(id) {
  const node = $(`blob-${id}`), text = atob(node.textContent), raw = new Uint8Array(text.length);
  node.remove();  // its text is not needed twice
  for (let i = 0; i < text.length; i++) raw[i] = text.charCodeAt(i);
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const [LEFT, TOP, WIDTH, HEIGHT] = DATA.roi, PIXELS = WIDTH * HEIGHT, PLANE_BYTES = (PIXELS + 7) >> 3;
const IMAGES = Math.ceil((DATA.last - DATA.first) / DATA.every);
const images = {};
let planes = null;

async function load() {
  planes = await unpack("planes");
  for (const { name, delta } of DATA.methods) {
    const values = (images[name] = await unpack(name));
    for (let i = PIXELS; delta && i < values.length; i++) values[i] += values[i - PIXELS];  // modulo 256
  }
}

const spikeAt = (plane, pixel) => (planes[(plane - DATA.start) * PLANE_BYTES + (pixel >> 3)] >> (pixel & 7)) & 1;
const imageIndex = (plane) => Math.floor((plane - DATA.first) / DATA.every);
const imagePlane = (plane) => DATA.first + imageIndex(plane) * DATA.every;  // of the image that is shown with a plane

// A pixel's spikes in all planes of the page, from DATA.start on.
function bitsOf(pixel) {
  const bits = new Uint8Array(DATA.stop - DATA.start);
  for (let i = 0; i < bits.length; i++) bits[i] = spikeAt(DATA.start + i, pixel);
  return bits;
}
