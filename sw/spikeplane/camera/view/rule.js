// One pixel's segments, by the rules of the golden model (docs/camera-view.md): what the charts draw. The images do not come from here.
const OPEN = 0, BASE = 1, ONCE = 2, KNOWN = 3;
const level = (n, planes) => Math.trunc((255 * n + (planes >> 1)) / planes);

// TFP: value[t], the spikes of the window of plane t, for every plane that has an image.
function windowValues(bits, rule) {
  const values = new Int16Array(bits.length).fill(-1);
  for (let t = 0; t + rule.lookahead < bits.length; t++) {
    const end = t + rule.lookahead - rule.lag;
    let count = 0;
    for (let i = Math.max(0, end - rule.window + 1); i <= end; i++) count += bits[i];
    values[t] = level(count, rule.window);
  }
  return values;
}

// TFI, FSR, SSR: the same, and the segments: {from, to, n, planes}, n intervals from the spike in plane `from` to the one in plane `to`.
function segmentsOf(bits, method, rule) {
  const values = new Int16Array(bits.length).fill(-1), segments = [], waiting = [], ahead = rule.lookahead;
  const p = { silent: true, age: 0, lo: 0, n: 0, m: 0, at: -1, order: { phase: OPEN, kind: false, k: 0, wide: false, run: 0 } };
  for (let t = 0; t < bits.length; t++) {
    let spike = bits[t] === 1;
    p.age = Math.min(p.age + 1, rule.intervalMax);
    for (let walk = 0; walk < (ahead && method !== "tfi" ? rule.walks : 1); walk++) {
      const older = waiting.length > 0;
      if (!older && !spike) break;
      if (!step(p, older ? t - waiting[0] : 0, t, method, rule, segments)) break;
      if (older) waiting.shift();
      else spike = false;
    }
    if (spike) waiting.push(t);
    if (t < ahead) continue;
    const dimmer = p.age > ahead && p.age > p.lo && p.n > 0;
    values[t - ahead] = dimmer ? level(1, p.age + 1) : level(p.n, Math.max(1, p.n * p.lo + p.m));
  }
  return { values, segments };
}

// Walk to the spike `since` planes ago, if the interval fits the segment, or the segment is no longer needed.
function step(p, since, t, method, rule, segments) {
  const interval = p.age - since, from = p.at;
  if (p.silent) return Object.assign(p, { silent: false, age: since, at: t - since });
  const grown = p.n > 0 && method !== "tfi" && grow(p, interval, method, rule);
  if (grown) Object.assign(p, grown);
  else if (!p.n || p.age > rule.lookahead) {
    Object.assign(p, { lo: interval, n: 1, m: 0, order: { ...p.order, phase: OPEN, kind: false } });
    segments.push({ from });
  } else return null;
  Object.assign(segments[segments.length - 1], { to: t - since, n: p.n, planes: p.n * p.lo + p.m });
  return Object.assign(p, { age: since, at: t - since });
}

function grow(p, interval, method, rule) {
  const longer = interval - p.lo;
  if (!(longer === 0 || longer === 1 || (longer === -1 && p.m === 0))) return null;
  const order = method === "ssr" ? taken(p.order, longer, p.n, rule) : p.order;
  if (!order) return null;
  const lo = Math.min(p.lo, interval);
  let n = p.n + 1, m = longer < 0 ? p.n : p.m + longer;
  const [, limit] = rule.halvings.find(([below]) => lo < below) || rule.halvings[rule.halvings.length - 1];
  if (n >= limit) [n, m] = [n >> 1, (m + 1) >> 1];
  return { lo, n, m, order };
}

// SSR: the order of base and firing intervals with one more, or null if the segment is no longer stable.
function taken(o, longer, n, rule) {
  const again = longer === Number(o.kind), run = Math.min(o.run + 1, rule.runMax);
  const [opened, based, once, known] = [OPEN, BASE, ONCE, KNOWN].map((phase) => o.phase === phase), fires = !again && !opened;
  const twice = (once || known) && !again && o.run === 0, longStart = once && !again && o.k > run, longRun = known && again && run > o.k;
  const short = known && !again && (run < o.k - 1 || (run === o.k - 1 && o.wide));
  if (twice || longStart || longRun || short) return null;
  let { phase, kind, k } = o;
  if (opened && again) phase = n === 1 ? BASE : n >= 4 ? KNOWN : ONCE;
  if (fires) phase = based ? ONCE : KNOWN;
  if (opened) kind = longer > 0;
  else if (fires && based) kind = longer < 0;
  if (opened) k = n >= 4 ? 2 : Number(n === 3);
  else if (fires && based) k = o.run;
  else if (fires && (once || (known && run < o.k))) k = run;
  const wide = !opened && (fires && once ? o.k === run : o.wide || (fires && known && run !== o.k));
  return { phase, kind, k, wide, run: opened ? 2 : again ? run : 0 };
}
