// The page follows the run by server-sent events. What is known of it is in one object, and the parts
// of the page that an event concerns are drawn anew before the next frame.

import { chart, short, swatch } from "./charts.js";

const $ = id => document.getElementById(id);

function h(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) e[name] = value;
  e.append(...children);
  return e;
}

let known; // of the run
function forget() {
  known = {
    run: null, progress: null, at: 0, jobs: new Map(), points: new Map(), lastPoint: 0, newStage: "",
    norms: new Map(), pictures: new Map(), lastLook: null, figures: new Map(), metrics: new Map(), claims: null,
  };
}
forget();

// Which stage and network the viewer has chosen; "" follows the run.
const chosen = { stage: "", network: "" };

// ---- events ----

const handlers = {
  run(v) { known.run = v; refused = ""; draw("run", "jobs"); },
  progress(v) { known.progress = v; known.at = Date.now(); draw("run"); },
  job(v) { known.jobs.set(v.id, v); draw("jobs", "inside"); },
  points(list) {
    for (const p of list) {
      if (p.q <= known.lastPoint) continue; // seen before the connection was lost
      known.lastPoint = p.q;
      const key = p.seed + "/" + p.run + "/" + p.stage;
      if (![...known.points.values()].some(s => s.stage === p.stage)) known.newStage = p.stage;
      if (!known.points.has(key)) known.points.set(key, { seed: p.seed, run: p.run, stage: p.stage, list: [] });
      known.points.get(key).list.push({ epoch: p.epoch, values: p.values });
    }
    draw("curves", "inside");
  },
  norms(v) { known.norms.set("job " + v.job, v); known.lastLook = "job " + v.job; draw("inside"); },
  picture(v) {
    const key = "job " + v.job;
    known.pictures.set(key, { ...known.pictures.get(key), [v.kind]: v });
    known.lastLook = key;
    draw("inside");
  },
  figure(v) { known.figures.set(v.file, v); draw("results"); },
  metric(v) { known.metrics.set(v.name, v.values); draw("results"); },
  claims(v) { known.claims = v; draw("results"); },
};

let source, instance = "", connected = false, ended = false;

function connect() {
  source = new EventSource("/events");
  source.addEventListener("hello", e => {
    const hello = JSON.parse(e.data);
    connected = true;
    ended = false;
    if (hello.all) { forget(); draw(...Object.keys(parts)); }
    if (hello.instance !== instance) { instance = hello.instance; checkToken(); }
    draw("run");
  });
  for (const name of Object.keys(handlers))
    source.addEventListener(name, e => handlers[name](JSON.parse(e.data)));
  source.addEventListener("bye", () => {
    ended = true;
    source.close();
    again();
  });
  source.onerror = () => {
    connected = false;
    draw("run");
    if (source.readyState === EventSource.CLOSED) again(); // otherwise it tries again by itself
  };
}

function again() {
  connected = false;
  draw("run");
  setTimeout(connect, 2000);
}

// ---- control ----

// The token came behind the # of the address. It is good for one start of the program.
let token = "", allowed = false, refused = ""; // refused: what the program was asked for in vain

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return false;
  token = given;
  sessionStorage.setItem("token", token);
  sessionStorage.removeItem("instance");
  history.replaceState(null, "", location.pathname); // not for the class to see
  return true;
}

async function checkToken() {
  const of = sessionStorage.getItem("instance");
  allowed = false;
  if (token && (!of || of === instance)) {
    const now = instance;
    allowed = await post("token");
    if (allowed) sessionStorage.setItem("instance", now);
  }
  draw("run");
}

async function post(what) {
  try {
    const answer = await fetch("/" + what, { method: "POST", headers: { Authorization: "Bearer " + token } });
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}

token = sessionStorage.getItem("token") || "";
takeToken();
addEventListener("hashchange", () => { if (takeToken() && instance) checkToken(); });

async function ask(what) {
  refused = await post(what) ? "" : `The program could not be asked to ${what}.`;
  draw("run");
}

$("pause").onclick = () => ask(known.run && known.run.status === "paused" ? "continue" : "pause");

let sure = 0; // the timer that takes back the first press of Stop
function calm() {
  clearTimeout(sure);
  sure = 0;
  $("stop").classList.remove("sure");
  draw("run");
}
$("stop").onclick = () => {
  if (sure) { ask("stop"); calm(); return; }
  $("stop").classList.add("sure");
  sure = setTimeout(calm, 5000);
  draw("run");
};

// ---- drawing ----

const dirty = new Set();
function draw(...names) {
  if (dirty.size === 0) requestAnimationFrame(() => {
    const now = [...dirty];
    dirty.clear();
    for (const name of now) parts[name]();
  });
  for (const name of names) dirty.add(name);
}

// set changes a text only if it is another one, so that selections and screen readers are left in peace.
function set(e, text) { if (e.textContent !== text) e.textContent = text; }

function time(seconds) {
  seconds = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60], names = ["h", "min", "s"];
  const first = Math.max(0, parts.findIndex(v => v > 0) < 0 ? 2 : parts.findIndex(v => v > 0));
  return parts.map((v, i) => v + " " + names[i]).slice(first, first + 2).join(" ");
}

const states = {
  running: "Running", paused: "Paused", stopping: "Stopping", complete: "Complete", interrupted: "Interrupted", failed: "Failed",
};

let announced = "";
function announce(text) {
  if (text === announced) return;
  announced = text;
  $("announcement").textContent = text;
}

function drawRun() {
  const run = known.run, p = known.progress, status = run ? run.status : "";
  if (run) {
    set($("title"), run.title || run.experiment);
    set($("about"), [run.section && "Lecture, section " + run.section, "preset " + run.preset,
      run.seeds.length === 1 ? "seed " + run.seeds[0] : "seeds " + run.seeds[0] + "…" + run.seeds.at(-1), run.data].filter(Boolean).join(" · "));
    set($("question"), run.question);
    document.title = (p && status !== "complete" ? Math.floor(100 * p.fraction) + " % · " : "") + (run.title || run.experiment);
  }
  const state = $("state"), over = ["complete", "interrupted", "failed"].includes(status);
  state.className = "state " + (connected || over ? status : "lost");
  set(state, connected || over ? states[status] || "Connecting" : "Connection lost");
  const lively = connected && (status === "running" || status === "stopping");
  if (p) {
    $("progress").value = status === "complete" ? 1 : p.fraction;
    const elapsed = p.elapsed + (lively ? (Date.now() - known.at) / 1000 : 0);
    const rest = p.left >= 0 && !over ? ", about " + time(p.left - (lively ? (Date.now() - known.at) / 1000 : 0)) + " left" : "";
    set($("times"), (status === "complete" ? "after " : Math.floor(100 * p.fraction) + " %, ") + time(elapsed) + rest);
    set($("message"), over || status === "stopping" ? "" : p.message);
  }
  $("progress").hidden = !p;
  $("message").hidden = over;
  let notice = run && run.message || "";
  if (!connected && instance)
    notice = (ended ? "The program has ended; what it showed last stays here. " : "") + (notice || "This page goes on when the program can be reached again.");
  if (connected && token && !allowed && sessionStorage.getItem("instance"))
    notice ||= "The program was started again. To pause or stop it, open the address that it printed.";
  if (connected) notice ||= refused;
  set($("notice"), notice);
  $("notice").hidden = !notice;
  $("controls").hidden = !(allowed && connected);
  const pause = $("pause"), stop = $("stop");
  set(pause, status === "paused" ? "Continue" : "Pause");
  pause.hidden = !(status === "running" || status === "paused");
  stop.hidden = status === "stopping";
  set(stop, sure ? "Really stop?" : over ? "End" : "Stop");
  if (run) {
    const tenth = p ? Math.floor(10 * p.fraction) * 10 : 0;
    announce((connected || over ? states[status] : "Connection lost") + (p && !over ? `, ${tenth} % done` : ""));
  }
}

// keyed makes the children of a list those of the items: each is made once, and updated after that.
function keyed(list, items, key, make, update) {
  const old = new Map([...list.children].map(e => [e.dataset.key, e]));
  items.forEach((item, i) => {
    const k = String(key(item));
    let e = old.get(k);
    old.delete(k);
    if (!e) { e = make(item); e.dataset.key = k; }
    if (list.children[i] !== e) list.insertBefore(e, list.children[i] || null);
    update(e, item); // in its place, where it has a width
  });
  for (const e of old.values()) e.remove();
}

function drawJobs() {
  const all = [...known.jobs.values()], over = known.run && ["complete", "interrupted", "failed"].includes(known.run.status);
  const running = over ? [] : all.filter(j => j.status === "running"), others = all.filter(j => !running.includes(j));
  $("jobs").hidden = all.length === 0;
  keyed($("running"), running, j => j.id, () => h("li", { className: "job" }, h("p", {}, h("b"), h("span")), h("ol", { className: "stages" })), (e, j) => {
    set(e.querySelector("b"), j.name);
    set(e.querySelector("p span"), j.network && j.batches > 0
      ? `${j.stages[j.stage]?.name || ""}, epoch ${Math.min(j.epoch + 1, j.epochs)} of ${j.epochs}, batch ${j.batch} of ${j.batches}` : j.message);
    const stages = j.network ? j.stages : [{ name: "" }];
    keyed(e.querySelector("ol"), stages.map((s, i) => ({ ...s, i })), s => s.i, () => h("li", {}, h("span"), h("progress", { max: 1, value: 0 })), (li, s) => {
      li.className = j.network && s.i === j.stage ? "now" : "";
      set(li.querySelector("span"), s.name);
      const bar = li.querySelector("progress");
      bar.ariaLabel = s.name || j.name;
      bar.value = !j.network ? (j.units > 0 ? j.done / j.units : 0) : s.i < j.stage ? 1 : s.i > j.stage || !j.epochs ? 0
        : Math.min(1, (j.epoch + (j.batches ? j.batch / j.batches : 0)) / j.epochs);
    });
  });
  const counts = ["waiting", "running", "complete", "failed"].map(s => [s, others.filter(j => j.status === s).length]).filter(c => c[1] > 0);
  $("others").hidden = others.length === 0;
  set($("others").querySelector("summary"), counts.map(c => c[1] + " " + (c[0] === "running" ? "begun" : c[0])).join(", "));
  keyed($("others").querySelector("ul"), others, j => j.id, () => h("li"), (e, j) => set(e, `${j.name}: ${j.status === "running" ? "begun" : j.status}`));
}

// options makes those of a select, of which the first follows the run.
function options(select, follow, names, value) {
  keyed(select, [["", follow], ...names], o => o[0], o => h("option", { value: o[0] }), (e, o) => set(e, o[1]));
  if (select.value !== value) select.value = value;
}

const hiddenValues = /^grad_norms\.|seconds$/;

// What a value is called, those of validation first.
function title(name) { return name.replace(/^train\./, "training ").replace(/^validation\./, "validation ").replaceAll("_", " "); }

// some are the places of n points of a line that are drawn, the last among them: not many more than there are pixels.
function some(n) {
  const every = Math.ceil(n / 500);
  return Array.from({ length: n }, (_, i) => i).filter(i => i % every === 0 || i === n - 1);
}

function drawCurves() {
  const series = [...known.points.values()], stages = [...new Set(series.map(s => s.stage))];
  $("curves").hidden = series.length === 0;
  if (series.length === 0) return;
  if (chosen.stage && !stages.includes(chosen.stage)) chosen.stage = "";
  options($("stage"), "the latest", stages.filter(Boolean).map(s => [s, s]), chosen.stage);
  $("stage").parentElement.hidden = stages.length < 2;
  const stage = chosen.stage || known.newStage, shown = series.filter(s => s.stage === stage);
  const runs = [...new Set(series.map(s => s.run))], seeds = new Set(shown.map(s => s.seed));
  const names = [...new Set(shown.flatMap(s => Object.keys(s.list.at(-1).values)))].filter(n => !hiddenValues.test(n))
    .sort((a, b) => b.startsWith("validation.") - a.startsWith("validation."));
  keyed($("legend"), runs.filter(r => shown.some(s => s.run === r)), r => r, r => h("li", {}, swatch(runs.indexOf(r)), h("span", {}, r)), () => {});
  keyed($("charts"), names, n => n, n => h("figure", {}, h("h3", {}, title(n))), (e, n) => {
    const lines = shown.map(s => ({
      name: s.run + (seeds.size > 1 ? ", seed " + s.seed : ""), color: runs.indexOf(s.run),
      points: some(s.list.length).map(i => [s.list[i].epoch || i + 1, s.list[i].values[n] ?? null]),
    }));
    const percent = /error$/.test(n) && lines.every(l => l.points.every(p => p[1] === null || p[1] <= 1));
    const now = chart(title(n), lines, { percent, xLabel: shown.some(s => s.list[0].epoch) ? "epoch" : "entry", several: seeds.size > 1, width: e.clientWidth });
    e.querySelector("svg")?.remove();
    if (now) e.append(now);
    e.hidden = !now;
  });
}

// The networks that can be looked into: those that were looked at and, by the log, those whose epochs have
// gradient norms.
function networks() {
  const all = new Map();
  for (const key of [...known.norms.keys(), ...known.pictures.keys()]) {
    const job = known.jobs.get(Number(key.slice(4)));
    if (!all.has(key)) all.set(key, { key, name: job ? job.name : key, norms: known.norms.get(key), pictures: known.pictures.get(key) });
  }
  for (const s of known.points.values()) {
    const last = s.list.findLast(p => Object.keys(p.values).some(n => n.startsWith("grad_norms.")));
    const covered = [...known.jobs.values()].some(j => j.seed === s.seed && j.run === s.run && all.has("job " + j.id));
    if (!last || covered) continue;
    const key = `seed ${s.seed} ${s.run}`;
    all.set(key, {
      key, name: key, norms: {
        caption: `${s.stage}, epoch ${last.epoch}: norms of the gradient, means over the epoch`,
        norms: Object.entries(last.values).filter(v => v[0].startsWith("grad_norms.")).map(v => ({ name: v[0].slice(11), norm: v[1] })),
      },
    });
  }
  return all;
}

function drawInside() {
  const all = networks();
  $("inside").hidden = all.size === 0;
  if (all.size === 0) return;
  if (chosen.network && !all.has(chosen.network)) chosen.network = "";
  options($("network"), "one at work", [...all.values()].map(n => [n.key, n.name]), chosen.network);
  $("network").parentElement.hidden = all.size < 2;
  const working = [...known.jobs.values()].find(j => j.status === "running" && all.has("job " + j.id));
  const n = all.get(chosen.network || working && "job " + working.id) || all.get(known.lastLook) || [...all.values()].at(-1);
  for (const kind of ["filters", "samples"]) {
    const e = $(kind), picture = n.pictures && n.pictures[kind];
    e.hidden = !picture;
    if (!picture) continue;
    if (!e.querySelector("img")) e.querySelector("h3").after(h("img", { className: "pixels" }));
    const img = e.querySelector("img");
    if (img.src !== picture.data) img.src = picture.data;
    img.alt = picture.alt;
    set(e.querySelector("figcaption"), (all.size > 1 ? n.name + ", " : "") + picture.caption + ".");
  }
  const norms = n.norms && n.norms.norms.filter(b => b.norm !== null);
  $("norms").hidden = !norms || norms.length === 0;
  if ($("norms").hidden) return;
  // A logarithmic scale of six powers of ten at most; what is below has no bar.
  const logs = norms.filter(b => b.norm > 0).map(b => Math.log10(b.norm)), hi = Math.max(...logs, -30);
  const lo = Math.max(Math.min(Math.floor(Math.min(...logs, hi) - 0.3), hi - 1), Math.floor(hi - 6));
  keyed($("norms").querySelector("tbody"), norms, b => b.name,
    b => h("tr", {}, h("th", { scope: "row", title: b.name }, b.name), h("td", {}, h("div", { className: "bar" })), h("td")), (e, b) => {
      e.querySelector(".bar").style.width = Math.max(0, 100 * (Math.log10(b.norm) - lo) / (hi - lo)).toFixed(1) + "%";
      set(e.lastChild, short(b.norm));
    });
  set($("norms").querySelector("figcaption"), (all.size > 1 ? n.name + ", " : "") + n.norms.caption + `. Logarithmic scale from ${short(10 ** lo)}.`);
}

function drawResults() {
  const { figures, metrics, claims } = known;
  $("results").hidden = figures.size + metrics.size === 0 && !claims;
  $("report").hidden = !(claims && claims.report);
  keyed($("claims"), claims ? claims.claims : [], c => c.claim, c => h("li", { className: "claim " + (c.holds ? "yes" : "no") },
    h("p", { className: "mark" }, c.holds ? "✓ holds" : "✗ does not hold", ...(c.section ? [h("span", { className: "where" }, "section " + c.section)] : [])),
    h("p", { className: "statement" }, c.claim), h("p", { className: "soft" }, c.measured)), () => {});
  keyed($("figures"), [...figures.values()], f => f.file + "?" + f.version, f => h("figure", { className: f.file.endsWith(".svg") ? "" : "wide" },
    h("img", { className: f.file.endsWith(".svg") ? "chart" : "", alt: f.title, src: `/figure/${encodeURIComponent(f.file)}?v=${f.version}` }),
    h("figcaption", {}, h("b", {}, f.title + "."), " " + f.caption)), () => {});
  $("metrics").hidden = metrics.size === 0;
  keyed($("metrics").querySelector("tbody"), [...metrics].sort((a, b) => a[0] < b[0] ? -1 : 1), m => m[0],
    m => h("tr", {}, h("th", { scope: "row" }, m[0]), h("td")), (e, m) => set(e.lastChild, spread(m[1])));
}

// Mean and sample standard deviation of the values that are there.
function spread(values) {
  const v = values.filter(x => x !== null), n = v.length;
  if (n === 0) return "–";
  const mean = v.reduce((a, b) => a + b, 0) / n;
  const sd = n > 1 ? Math.sqrt(v.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1)) : 0;
  const of = n < values.length ? ` (${n} of ${values.length} seeds)` : "";
  return short(mean) + (n > 1 ? " ± " + short(sd) : "") + of;
}

const parts = { run: drawRun, jobs: drawJobs, curves: drawCurves, inside: drawInside, results: drawResults };

$("stage").onchange = e => { chosen.stage = e.target.value; draw("curves"); };
$("network").onchange = e => { chosen.network = e.target.value; draw("inside"); };
setInterval(() => draw("run"), 1000); // the clock
addEventListener("resize", () => draw("curves"));
connect();
