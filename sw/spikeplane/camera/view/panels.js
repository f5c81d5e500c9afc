// The pictures side by side: one view (zoom and place) and one crosshair for all of them.
const KINDS = [
  ["raw", "plane", "the camera's bits"],
  ["tfp", "TFP", `spikes in ${DATA.window} planes`],
  ["tfi", "TFI", "one interval"],
  ["fsr", "FSR", "stable intervals"],
  ["ssr", "SSR", "stable intervals and order"],
];
const panels = KINDS.map(([name, title, note]) => {
  const canvas = make("canvas", { role: "img", "aria-label": `${title}: ${note}`, tabindex: "-1" }), value = make("b"), when = make("span", { class: "when" });
  $("panels").append(make("figure", {}, make("figcaption", {}, make("strong", {}, title), make("span", { class: "soft" }, note), when, value), canvas));
  const source = make("canvas", { width: WIDTH, height: HEIGHT });
  return { name, canvas, value, when, source, image: source.getContext("2d").createImageData(WIDTH, HEIGHT), shown: null };
});
$("panels").append($("card-of").content);
const shades = new Uint32Array(256), middle = make("canvas");
const view = { zoom: 1, x: WIDTH / 2, y: HEIGHT / 2 };  // zoom 1 shows the whole plane; x, y is the pixel in the middle
let size = { width: 1, height: 1, fit: 1 };  // of a panel, and canvas pixels of a plane's pixel at zoom 1

function setWhite(white) {
  for (let v = 0; v < 256; v++) shades[v] = (0xff000000 | (Math.min(255, Math.round(v / white)) * 0x010101)) >>> 0;
  for (const panel of panels) panel.shown = null;
}

function fitPanels() {
  const ratio = devicePixelRatio || 1, across = panels[0].canvas.clientWidth;
  const down = clamp((across * HEIGHT) / WIDTH, 150, Math.max(200, 0.31 * innerHeight));
  size = { width: Math.round(across * ratio), height: Math.round(down * ratio) };
  size.fit = Math.min(size.width / WIDTH, size.height / HEIGHT);
  for (const { canvas } of panels) {
    canvas.style.height = `${down}px`;
    Object.assign(canvas, { width: size.width, height: size.height });
  }
}

const scaleOf = () => size.fit * view.zoom;
const most = () => Math.max(1, Math.min(WIDTH, HEIGHT) / 6);
function place(zoom, x, y) {
  view.zoom = clamp(zoom, 1, most());
  const scale = scaleOf(), half = [size.width / 2 / scale, size.height / 2 / scale];
  view.x = half[0] * 2 >= WIDTH ? WIDTH / 2 : clamp(x, half[0], WIDTH - half[0]);
  view.y = half[1] * 2 >= HEIGHT ? HEIGHT / 2 : clamp(y, half[1], HEIGHT - half[1]);
}
const corner = () => [size.width / 2 - view.x * scaleOf(), size.height / 2 - view.y * scaleOf()];
function pixelAt(canvas, event) {
  const box = canvas.getBoundingClientRect(), ratio = size.width / box.width, [left, top] = corner();
  return [((event.clientX - box.left) * ratio - left) / scaleOf(), ((event.clientY - box.top) * ratio - top) / scaleOf()];
}

function fill(panel, plane) {
  const shown = panel.name === "raw" ? plane : imageIndex(plane);
  if (panel.shown === shown) return;
  panel.shown = shown;
  const pixels = new Uint32Array(panel.image.data.buffer);
  if (panel.name === "raw") for (let i = 0; i < PIXELS; i++) pixels[i] = spikeAt(plane, i) ? 0xffffffff : 0xff000000;
  else for (let i = 0, from = shown * PIXELS, values = images[panel.name]; i < PIXELS; i++) pixels[i] = shades[values[from + i]];
  panel.source.getContext("2d").putImageData(panel.image, 0, 0);
}

// Pixels are squares at every zoom: below four canvas pixels each, where squares cannot all be alike, their edges are blended.
function paint(panel) {
  const context = panel.canvas.getContext("2d"), scale = scaleOf(), [left, top] = corner();
  let picture = panel.source;
  context.clearRect(0, 0, size.width, size.height);
  if (scale < 4 && scale !== Math.round(scale) && PIXELS < 600000) {
    Object.assign(middle, { width: 3 * WIDTH, height: 3 * HEIGHT });
    const enlarge = middle.getContext("2d");
    enlarge.imageSmoothingEnabled = false;
    enlarge.drawImage(panel.source, 0, 0, 3 * WIDTH, 3 * HEIGHT);
    picture = middle;
  }
  context.imageSmoothingEnabled = picture === middle;
  context.drawImage(picture, left, top, WIDTH * scale, HEIGHT * scale);
}

function crosshair(panel, [x, y]) {
  const context = panel.canvas.getContext("2d"), scale = scaleOf(), [left, top] = corner(), ratio = devicePixelRatio || 1;
  const box = Math.max(scale, 5 * ratio), cx = left + (x + 0.5) * scale, cy = top + (y + 0.5) * scale, gap = box / 2 + 3 * ratio;
  const ends = [left, top, left + WIDTH * scale, top + HEIGHT * scale];
  for (const [width, colour] of [[3, "rgba(0,0,0,.45)"], [1, "#7fe3dc"]]) {
    context.lineWidth = width * ratio;
    context.strokeStyle = colour;
    context.beginPath();
    for (const [x0, y0, x1, y1] of [[ends[0], cy, cx - gap, cy], [cx + gap, cy, ends[2], cy], [cx, ends[1], cx, cy - gap], [cx, cy + gap, cx, ends[3]]]) {
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
    }
    context.rect(cx - box / 2, cy - box / 2, box, box);
    context.stroke();
  }
}

function drawPanels(plane, pixel) {
  for (const panel of panels) {
    fill(panel, plane);
    paint(panel);
    if (pixel) crosshair(panel, pixel);
    const index = pixel && pixel[1] * WIDTH + pixel[0];
    panel.value.textContent = !pixel ? "" : panel.name === "raw" ? spikeAt(plane, index) : images[panel.name][imageIndex(plane) * PIXELS + index];
    panel.when.textContent = panel.name !== "raw" && imagePlane(plane) !== plane ? `of plane ${imagePlane(plane)}` : "";
  }
}
