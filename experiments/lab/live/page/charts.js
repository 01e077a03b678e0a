// Charts of curves, as SVG.

const space = "http://www.w3.org/2000/svg";

export function svg(tag, attributes, ...children) {
  const e = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

// Eight colours, and dashes that tell the ninth from the first.
const dashes = ["", "7 4", "2 3", "8 3 2 3"];

export function look(i) {
  const dash = dashes[Math.floor(i / 8) % dashes.length];
  return { class: "curve c" + i % 8, ...(dash && { "stroke-dasharray": dash }) };
}

export function swatch(i) {
  return svg("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" }, svg("path", { d: "M1 5H25", ...look(i) }));
}

// A number for people: about three digits.
export function short(x) {
  if (x === null || !Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return x.toExponential(1).replace("e+", "e");
  return String(Number(x.toPrecision(3)));
}

// Round places on an axis from lo to hi.
function ticks(lo, hi, most) {
  const raw = (hi - lo) / most, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(f => f * power).find(s => s >= raw * 0.999);
  const all = [];
  for (let i = Math.ceil(lo / step - 1e-9); i * step <= hi + step * 1e-9; i++) all.push(i * step);
  all.step = step;
  return all;
}

// A label of a tick with as many decimals as the step has.
function mark(v, step) {
  if (Math.abs(v) >= 1e5 || step < 1e-6) return short(v);
  let decimals = Math.max(0, -Math.floor(Math.log10(step)));
  if (Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals++;
  return v.toFixed(decimals);
}

function powers(lo, hi) {
  const all = [];
  const every = Math.max(1, Math.ceil((hi - lo) / 5));
  for (let p = Math.ceil(lo - 1e-9); p <= hi + 1e-9; p += every) all.push(p);
  return all;
}

const height = 230, left = 52, right = 14, top = 10, bottom = 34;

// A chart of lines [{name, color, points: [[x, y], …]}]; y may be null. percent says that values are
// fractions, width is the chart's in pixels. It is null if there is nothing to draw.
export function chart(title, lines, { percent, xLabel, several, width }) {
  width = Math.min(Math.max(width || 0, 240), 640);
  const all = lines.flatMap(l => l.points).filter(p => p[1] !== null && Number.isFinite(p[1]));
  if (all.length === 0) return null;
  let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
  for (const [x, y] of all) {
    x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y);
  }
  const log = y0 > 0 && y1 / y0 > 100;
  const scale = log ? Math.log10 : v => v;
  let lo = scale(y0), hi = scale(y1);
  if (!log && lo > 0 && lo < 0.6 * hi) lo = 0;
  if (hi - lo < 1e-12 * Math.max(1, Math.abs(hi))) { lo -= Math.abs(lo) * 0.1 || 0.5; hi += Math.abs(hi) * 0.1 || 0.5; }
  else hi += (hi - lo) * 0.05;
  if (x1 === x0) { x0 -= 0.5; x1 += 0.5; }
  const px = x => left + (x - x0) / (x1 - x0) * (width - left - right);
  const py = y => height - bottom - (scale(y) - lo) / (hi - lo) * (height - top - bottom);
  const label = v => percent ? short(100 * v) + " %" : short(v);

  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart-live" + (several ? " several" : ""), role: "img" });
  root.setAttribute("aria-label", title + ": " + lines.map(l => {
    const last = l.points.findLast(p => p[1] !== null);
    return last ? `${l.name} ${label(last[1])}` : "";
  }).filter(Boolean).slice(0, 12).join(", "));
  let marks = log ? powers(lo, hi).map(p => 10 ** p) : ticks(lo, hi, 4);
  if (log && marks.length < 2) marks = [10 ** (lo + (hi - lo) * 0.1), 10 ** (lo + (hi - lo) * 0.9)];
  for (const v of marks) {
    const y = py(v);
    root.append(svg("path", { d: `M${left} ${y.toFixed(1)}H${width - right}`, class: "grid" }),
      svg("text", { x: left - 6, y: (y + 4.5).toFixed(1), "text-anchor": "end" }, !marks.step ? label(v) : percent ? mark(100 * v, 100 * marks.step) + " %" : mark(v, marks.step)));
  }
  const whole = ticks(x0, x1, 5).filter(v => Number.isInteger(v));
  for (const v of whole)
    root.append(svg("text", { x: px(v).toFixed(1), y: height - bottom + 17, "text-anchor": "middle" }, String(v)));
  root.append(svg("text", { x: width - right, y: height - 2, "text-anchor": "end" }, xLabel));
  for (const l of lines) {
    let d = "", pen = "M", n = 0, last = null;
    for (const [x, y] of l.points) {
      if (y === null || !Number.isFinite(y) || log && y <= 0) { pen = "M"; continue; }
      d += `${pen}${px(x).toFixed(1)} ${py(y).toFixed(1)}`;
      pen = "L"; n++; last = [x, y];
    }
    if (!last) continue;
    const path = svg("path", { d, ...look(l.color) });
    path.append(svg("title", {}, `${l.name}: ${label(last[1])}`));
    root.append(path);
    if (n === 1 || !several)
      root.append(svg("circle", { cx: px(last[0]).toFixed(1), cy: py(last[1]).toFixed(1), r: 3, class: "curve-dot f" + l.color % 8 }));
  }
  return root;
}
