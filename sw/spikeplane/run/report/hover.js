// What is under the pointer: neuron, step, value; and a picture alone, enlarged. A canvas says in `about` what its pixels are.
const tip = make("div", { id: "tip", role: "status", hidden: "" });
document.body.append(tip);

const neuronWords = (map, n) => {
  const [, height, width] = map, pixels = height * width;
  return `c=${Math.floor(n / pixels)}, y=${Math.floor((n % pixels) / width)}, x=${n % width}`;
};
// The neuron, and of a raster the step, at a place of a canvas (0..1 across and down); null between the tiles.
function placed(canvas, across, down) {
  const about = canvas.about, x = Math.floor(across * canvas.width), y = Math.floor(down * canvas.height);
  if (x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) return null;
  const neurons = product(about.map);
  if (about.raster) return { neuron: Math.floor((y * neurons) / canvas.height), step: x };
  const [channels, height, width] = about.map, tall = height + about.gap, wide = width + about.gap;
  const c = Math.floor(y / tall) * about.columns + Math.floor(x / wide);
  if (c >= channels || y % tall >= height || x % wide >= width) return null;
  return { neuron: (c * height + (y % tall)) * width + (x % wide), step: about.step };
}
function under(event) {
  const canvas = event.target.closest?.("canvas");
  if (!canvas?.about) return null;
  const box = canvas.getBoundingClientRect();
  const found = placed(canvas, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  return found && { ...found, about: canvas.about };
}
function sayUnder(event) {
  const spark = event.target.closest?.(".spark"), found = !spark && under(event);
  tip.hidden = !found && !spark;
  if (tip.hidden) return;
  if (spark) {
    const box = spark.getBoundingClientRect();
    tip.textContent = spark.say((event.clientX - box.left) / box.width);
  } else tip.textContent = words(found);
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  tip.style.cssText = `left:${Math.max(8, left)}px;top:${event.clientY + (event.clientY > innerHeight - 60 ? -38 : 18)}px`;
}
function words(found) {
  const { about, neuron, step } = found, at = about.raster ? step * product(about.map) + neuron : neuron;
  const golden = about.golden ? `, golden ${number(about.golden[at])}` : "";
  return `${about.name} (${neuronWords(about.map, neuron)})${step == null ? "" : `, step ${step}`}: ${number(about.values[at])}${golden}`;
}
for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, sayUnder);
document.addEventListener("scroll", () => { tip.hidden = true; }, true);

// A picture alone, as large as the window, or larger: + and - or the wheel, which keeps what is under it where it is.
function enlarge(canvas) {
  const copy = make("canvas", { width: canvas.width, height: canvas.height, "aria-label": canvas.getAttribute("aria-label"), role: "img" });
  copy.about = canvas.about;
  copy.getContext("2d").drawImage(canvas, 0, 0);
  const holder = make("div", { class: "scroll large", tabindex: "0" }, copy), dialog = make("dialog", { class: "box", "aria-label": canvas.getAttribute("aria-label") });
  let scale = 1;
  const most = () => Math.min((innerWidth - 90) / copy.width, (innerHeight - 170) / copy.height);
  const size = (by) => { scale = clamp(scale * by, most() / 2, most() * 16); copy.style.width = `${copy.width * scale}px`; copy.style.height = `${copy.height * scale}px`; };
  const bars = make("div", { class: "bar-of" }, make("strong", {}, canvas.getAttribute("aria-label")), pressed("−", () => size(1 / 1.5), { "aria-label": "Smaller" }), pressed("+", () => size(1.5), { "aria-label": "Larger" }), pressed("Close", () => dialog.close()));
  dialog.append(bars, holder);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  holder.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = copy.getBoundingClientRect(), x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    size(Math.exp(-event.deltaY / 400));
    const now = copy.getBoundingClientRect();
    holder.scrollLeft += now.left + x * now.width - event.clientX;
    holder.scrollTop += now.top + y * now.height - event.clientY;
  }, { passive: false });
  document.body.append(dialog);
  dialog.append(tip);  // what lies above all else shows it
  dialog.addEventListener("close", () => document.body.append(tip), { once: true });
  dialog.showModal();
  scale = most();
  size(1);
}
document.addEventListener("click", (event) => {
  const canvas = event.target.closest?.("#sample canvas, #first canvas");
  if (canvas?.about && !canvas.closest("dialog")) enlarge(canvas);
});
