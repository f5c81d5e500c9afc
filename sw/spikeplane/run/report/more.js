// Beside the sample: the confusion matrix, only the wrong ones, what was run, and the figures to take away.

function confusion() {
  const counts = DATA.confusion;
  if (!counts) return;
  const names = counts.map((_, n) => className(n));
  table("Confusion", ["label \\ class", ...names], counts.map((row, n) => [names[n], ...row.map((v) => (v ? number(v) : ""))]), [0], "confusion");
  [...$("confusion").querySelectorAll("tbody tr")].forEach((line, n) => [...line.cells].slice(1).forEach((cell, m) => {
    const share = counts[n][m] / Math.max(1, sum(counts[n]));  // of the samples of this label
    cell.className = n === m ? "same" : counts[n][m] ? "bad" : "";
    if (n === m || counts[n][m]) cell.style.background = `color-mix(in srgb, var(--${n === m ? "spike" : "bad"}) ${Math.round(6 + 46 * share)}%, transparent)`;
  }));
}
function wrongOnly() {
  if (!DATA.labels) return;
  const button = pressed("Wrong only", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    [...$("picker").children].forEach((one, s) => { one.hidden = on && right(s); });
    const next = [...$("picker").children].findIndex((one) => !one.hidden);
    if (on && right(current) && next >= 0) select(next);
  }, { "aria-pressed": "false", class: "small" });
  $("samples-note").append(" ", button);
}
function save(name, kind, text) {
  const link = make("a", { download: name, href: URL.createObjectURL(new Blob([text], { type: kind })) });
  link.click();
  URL.revokeObjectURL(link.href);
}
const quoted = (value) => (/[",\n]/.test(`${value}`) ? `"${`${value}`.replaceAll('"', '""')}"` : `${value}`);
function asCsv() {
  const rows = DATA.numbers.map((n, s) => [n, DATA.labels ? DATA.labels[s] : "", DATA.guesses[s], differs.has(s) ? 1 : 0, ...DATA.scores[s]]);
  const head = ["sample", "label", "class", "differs", ...DATA.scores[0].map((_, n) => `score ${className(n)}`)];
  return [head, ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}
const asJson = () => JSON.stringify({ program: DATA.program, board: DATA.board, chip: DATA.chip, figures, provenance: DATA.provenance, confusion: DATA.confusion }, null, 1);
function about() {
  const rows = Object.entries(DATA.provenance || {});
  if (DATA.golden) rows.push(["samples a second", "none: the golden model has no clock; run with --board sim, or on a chip"]);
  if (figures.energy) rows.push(["energy", figures.energy.reason ? `none: ${figures.energy.reason}` : `an estimate, ${figures.energy.activity}; docs/estimate.md says what is in it`]);
  if (DATA.membranes?.left_out) rows.push(["membranes", `left out: ${DATA.membranes.left_out}`]);
  table("This run", ["what", "value"], rows.map(([what, value]) => [what, value]), [0, 1], "about");
  const line = make("p", { class: "note take" }, pressed("CSV of the samples", () => save(`${DATA.title}.csv`, "text/csv", asCsv())), pressed("JSON of the figures", () => save(`${DATA.title}.json`, "application/json", asJson())));
  if (DATA.docs) line.append(make("a", { href: DATA.docs, rel: "noreferrer" }, "How to read this page"));
  $("about").append(line);
}
