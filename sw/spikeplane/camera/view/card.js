// The pixel in numbers: the value of each method's image, and the segment it comes from.
const cells = {};
for (const [name, title] of KINDS.slice(1)) {
  cells[name] = ["value", "light", "from", "count"].map(() => make("td"));
  $("values").append(make("tr", {}, make("th", { scope: "row" }, title), ...cells[name]));
}

// The segment whose planes `from` + 1 to `to` hold the plane (all from DATA.start on).
const covering = (segments, plane) => segments.find(({ from, to }) => from < plane && plane <= to);

function drawCard(pixel, traces, plane, held) {
  const shown = imagePlane(plane), index = pixel[1] * WIDTH + pixel[0], at = shown - DATA.start;
  $("where").textContent = `${pixel[0] + LEFT}, ${pixel[1] + TOP}`;
  $("held").textContent = held ? "held · Esc lets go" : "click to hold";
  $("spoken").textContent = `images of plane ${number(shown)}`;
  for (const [name] of KINDS.slice(1)) {
    const value = images[name][imageIndex(plane) * PIXELS + index], { segments } = traces[name], segment = segments && covering(segments, at);
    const texts = [number(value), (value / 255).toFixed(3)];
    if (name === "tfp") {
      const end = at + DATA.lookahead - DATA.lag, first = Math.max(0, end - DATA.window + 1);
      let spikes = 0;
      for (let i = first; i <= end; i++) spikes += traces.bits[i];
      texts.push(`${first + DATA.start} – ${end + DATA.start}`, `${spikes} / ${DATA.window}`);
    } else if (segment) texts.push(`${segment.from + 1 + DATA.start} – ${segment.to + DATA.start}`, `${segment.n} / ${segment.planes}`);
    else texts.push("open", "–");
    cells[name].forEach((cell, i) => { cell.textContent = texts[i]; });
  }
  const wrong = disagreement(traces, index);
  $("check").className = wrong ? "bad" : "soft";
  $("check").textContent = wrong || `Segments found in this page; their values agree with all ${number(4 * IMAGES)} of the golden model at this pixel.`;
}

// The first image of the golden model that the rule of this page does not agree with at a pixel.
function disagreement(traces, index) {
  for (const [name, title] of KINDS.slice(1)) for (let i = 0; i < IMAGES; i++) {
    const plane = DATA.first + i * DATA.every, golden = images[name][i * PIXELS + index], here = traces[name].values[plane - DATA.start];
    if (golden !== here) return `✗ ${title}, plane ${plane}: the golden model says ${golden}, the rule in this page ${here}`;
  }
  return null;
}
