// What is chosen - a plane, a pixel, a part of the picture - and the keys, the pointer and the address that choose it.
const state = { plane: DATA.middle, pixel: [WIDTH >> 1, HEIGHT >> 1], held: false, playing: 0, white: DATA.white };
let traces = null, tracedPixel = "", due = 0, saving = 0;

function draw() {
  due = 0;
  const key = `${state.pixel}`;
  if (tracedPixel !== key) [traces, tracedPixel] = [tracesOf(state.pixel), key];
  drawPanels(state.plane, state.pixel);
  drawCard(state.pixel, traces, state.plane, state.held);
  drawChart(state.pixel, traces, state.plane);
  $("slider").value = state.plane;
  $("slider").setAttribute("aria-valuetext", `plane ${state.plane}, ${ms(state.plane)}`);
  $("plane").textContent = number(state.plane);
  $("time").textContent = ms(state.plane);
  $("zoom").textContent = `${view.zoom.toFixed(1)}×`;
  $("white").textContent = state.white.toFixed(2);
  $("play").textContent = state.playing ? "Pause" : "Play";
}
function redraw() {
  due = due || requestAnimationFrame(draw);
  clearTimeout(saving);
  saving = setTimeout(save, 400);
}
function save() {
  const [x, y] = state.pixel, parts = [`plane=${state.plane}`];
  if (state.held) parts.push(`x=${x + LEFT}`, `y=${y + TOP}`);
  if (view.zoom > 1) parts.push(`zoom=${view.zoom.toFixed(2)}`);
  history.replaceState(null, "", `#${parts.join("&")}`);
}
function restore() {
  const said = new URLSearchParams(location.hash.slice(1)), get = (key, low, high) => said.has(key) && Number.isFinite(Number(said.get(key))) ? clamp(Math.round(Number(said.get(key))), low, high) : null;
  state.plane = get("plane", DATA.first, DATA.last - 1) ?? state.plane;
  const x = get("x", LEFT, LEFT + WIDTH - 1), y = get("y", TOP, TOP + HEIGHT - 1);
  if (x != null && y != null) [state.pixel, state.held] = [[x - LEFT, y - TOP], true];
  place(Number(said.get("zoom")) || 1, state.pixel[0] + 0.5, state.pixel[1] + 0.5);
  redraw();
}

const go = (plane) => { state.plane = clamp(plane, DATA.first, DATA.last - 1); redraw(); };
function move(steps) {  // from image to image; from a plane between two to the next one in that direction
  const here = imageIndex(state.plane), between = steps < 0 && imagePlane(state.plane) !== state.plane ? 1 : 0;
  go(DATA.first + clamp(here + steps + between, 0, IMAGES - 1) * DATA.every);
}
function play() {
  if (state.playing) { clearInterval(state.playing); state.playing = 0; } else {
    state.playing = setInterval(() => (imageIndex(state.plane) >= IMAGES - 1 ? go(DATA.first) : move(1)), 50);
  }
  redraw();
}
function zoom(factor, [x, y] = [state.pixel[0] + 0.5, state.pixel[1] + 0.5]) {
  const before = view.zoom, after = clamp(before * factor, 1, most()), kept = before / after;
  place(after, x + (view.x - x) * kept, y + (view.y - y) * kept);
  redraw();
}
function choose([x, y], hold) {
  state.pixel = [clamp(Math.floor(x), 0, WIDTH - 1), clamp(Math.floor(y), 0, HEIGHT - 1)];
  state.held = hold ?? state.held;
  redraw();
}
function whiten(factor) {
  state.white = clamp(state.white * factor, 0.02, 1);
  setWhite(state.white);
  redraw();
}

for (const { canvas } of panels) {
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, at: [view.x, view.y], moved: false }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    const by = drag && [event.clientX - drag.x, event.clientY - drag.y];
    if (drag && (drag.moved || Math.hypot(...by) > 4)) {
      const ratio = size.width / canvas.clientWidth / scaleOf();
      drag.moved = true;
      place(view.zoom, drag.at[0] - by[0] * ratio, drag.at[1] - by[1] * ratio);
      redraw();
    } else if (!state.held) choose(pixelAt(canvas, event));
  });
  canvas.addEventListener("pointerup", (event) => { if (drag && !drag.moved) choose(pixelAt(canvas, event), true); drag = null; });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 400), pixelAt(canvas, event)); }, { passive: false });
  canvas.addEventListener("dblclick", () => { place(1, 0, 0); redraw(); });
}
chart.svg.addEventListener("pointerdown", (event) => { chart.svg.setPointerCapture(event.pointerId); seek(event); });
chart.svg.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
chart.svg.addEventListener("wheel", (event) => { if (DATA.stop - DATA.start > 16 && event.ctrlKey) { event.preventDefault(); chart.span = Math.round(chart.span * Math.exp(event.deltaY / 400)); redraw(); } }, { passive: false });
function seek(event) {
  const plane = planeAt(event.clientX - chart.svg.getBoundingClientRect().left);
  go(imagePlane(clamp(plane, DATA.first, DATA.last - 1)));
}

const KEYS = {
  ArrowLeft: (event) => (event.shiftKey ? go(state.plane - 1) : move(-1)), ArrowRight: (event) => (event.shiftKey ? go(state.plane + 1) : move(1)),
  PageUp: () => move(-10), PageDown: () => move(10), Home: () => go(DATA.first), End: () => go(DATA.first + (IMAGES - 1) * DATA.every),
  " ": play, "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: () => { place(1, 0, 0); redraw(); },
  a: () => nudge(-1, 0), d: () => nudge(1, 0), w: () => nudge(0, -1), s: () => nudge(0, 1), "[": () => whiten(1 / 1.1), "]": () => whiten(1.1),
  Escape: () => { state.held = false; redraw(); },
};
const nudge = (x, y) => choose([state.pixel[0] + x, state.pixel[1] + y], true);
document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || event.metaKey || event.ctrlKey || event.altKey || (event.key === " " && event.target.closest("button"))) return;
  event.preventDefault();
  act(event);
});
for (const [id, act] of Object.entries({ back: () => move(-1), play, on: () => move(1), closer: () => zoom(1.5), farther: () => zoom(1 / 1.5), darker: () => whiten(1.1), brighter: () => whiten(1 / 1.1) })) $(id).addEventListener("click", act);
$("slider").addEventListener("input", () => go(imagePlane(Number($("slider").value))));

function head() {
  const [width, height] = DATA.size, whole = width === WIDTH && height === HEIGHT;
  $("title").textContent = DATA.name;
  $("subtitle").textContent = [
    whole ? `${width} × ${height} pixels` : `${WIDTH} × ${HEIGHT} pixels from ${LEFT}, ${TOP} of ${width} × ${height}`,
    `planes ${number(DATA.first)} – ${number(DATA.last - 1)} of ${number(DATA.count)}`, `an image every ${DATA.every === 1 ? "plane" : `${DATA.every} planes`}`,
    `look-ahead ${many(DATA.lookahead, "plane")}`, `${number(DATA.rate)} planes a second`].join(" · ");
  Object.assign($("slider"), { min: DATA.first, max: DATA.last - 1 });
}
function resize() {
  fitPanels();
  place(view.zoom, view.x, view.y);
  redraw();
}
head();
load().then(() => {
  setWhite(state.white);
  document.body.classList.remove("loading");
  fitPanels();
  restore();
  addEventListener("resize", resize);
  addEventListener("hashchange", restore);
}).catch((error) => { $("subtitle").textContent = `This browser cannot show the page: ${error.message}`; });
