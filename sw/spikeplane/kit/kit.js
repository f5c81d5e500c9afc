// What every page has: elements, numbers, drawings.
const $ = (id) => document.getElementById(id);
const number = (n, digits = 0) => Number(n).toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
const percent = (n, digits = 2) => `${(100 * n).toFixed(digits)} %`;
const many = (n, one, more) => `${number(n)} ${n === 1 ? one : more || `${one}s`}`;
const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
const product = (list) => list.reduce((a, b) => a * b, 1);
const sum = (list) => list.reduce((a, b) => a + b, 0);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  for (const child of children) if (child != null) node.append(child);
  return node;
}
function pressed(words, act, attributes = {}) {
  const node = make("button", { type: "button", ...attributes }, words);
  node.addEventListener("click", act);
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
