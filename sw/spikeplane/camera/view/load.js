// The planes and images out of the page.
const ms = (planes) => `${number((1000 * planes) / DATA.rate, 2)} ms`;

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
