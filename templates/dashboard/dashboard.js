// The dashboard: what the WebSocket sends (monitor/ring.h has the protocol), as figures and charts.
// Names come from the server and are shown as text only.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 190, TOP = 28, BOTTOM = 26, LEFT = 58, LABEL_GAP = 15, CHARACTER = 6.9;
const RETRY_FIRST_MS = 1000, RETRY_MOST_MS = 15000, STALE_INTERVALS = 3.5, DEAD_INTERVALS = 15;
// Lines by their number in a chart; what is a failure has its own look.
const LOOKS = [["line-p95"], ["line-p95", "line-rest"], ["line-p50", "line-p95", "line-p99"]];
const FAILURES = new Map([["errors_5xx", "line-bad"], ["errors_4xx", "line-unsure"]]);

// How much time the charts show grows with what there is to show.
const SPANS = [{ span: 60000, tick: 20000 }, { span: 120000, tick: 60000 }, { span: 300000, tick: 120000 }];

const byId = (id) => document.getElementById(id);
const plan = { keep: 300, interval: 1000, span: 60000, labels: 0, series: [], charts: [], signature: "" };
let samples = [], cursor = null, heard = 0, drawing = false;

// -- text --

function text(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 10 ? 1 : 2);
}

const unitOf = (series) => (series.unit === "1/s" ? "/s" : series.unit);
const withUnit = (value, series) => text(value) + (unitOf(series) ? " " + unitOf(series) : "");

function make(parent, name, className, content) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  parent.append(element);
  return element;
}

function shape(parent, name, attributes, content) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (content !== undefined) element.textContent = content;
  parent.append(element);
  return element;
}

// -- scales --

// 1, 2 or 5 times a power of ten, at most four steps; counts have whole ones.
function scale(most, whole) {
  if (!(most > 0)) return { step: 1, top: 1 };
  let power = Math.pow(10, Math.floor(Math.log10(most / 4)));
  for (;; power *= 10)
    for (const times of [1, 2, 5])
      if (most / (power * times) <= 4 && (!whole || power * times >= 1)) {
        const step = power * times;
        return { step, top: Math.ceil(most / step - 1e-9) * step };
      }
}

function tickText(value, step) {
  const digits = step >= 1 ? 0 : Math.ceil(-Math.log10(step) - 1e-9);
  return value === 0 ? "0" : value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const lastTime = () => (samples.length ? samples[samples.length - 1][0] : 0);

// The sample that the pointer is at, else the latest.
function chosen() {
  if (!samples.length) return null;
  if (cursor === null) return samples[samples.length - 1];
  let best = samples[0];
  for (const sample of samples) if (Math.abs(sample[0] - cursor) < Math.abs(best[0] - cursor)) best = sample;
  return best;
}

// -- charts --

function linePath(column, x, y) {
  let path = "", last = -Infinity;
  for (const sample of samples) {
    const value = sample[column];
    if (value === null) continue;
    const near = sample[0] - last < 2.5 * plan.interval && path !== "";
    path += (near ? "L" : "M") + x(sample[0]).toFixed(1) + " " + y(value).toFixed(1);
    if (!near) path += "h.01";
    last = sample[0];
  }
  return path;
}

// Labels that would lie over each other move apart, and stay within the plot.
function spread(labels, top, bottom) {
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, i) => { label.y = Math.max(label.y, i ? labels[i - 1].y + LABEL_GAP : top); });
  for (let i = labels.length - 1, most = bottom; i >= 0; i--, most -= LABEL_GAP) labels[i].y = Math.min(labels[i].y, most);
}

function drawAxes(svg, area, axis, unit) {
  for (let i = 0; i * axis.step <= axis.top * 1.0001; i++) {
    const y = area.y(i * axis.step);
    shape(svg, "line", { class: i ? "grid" : "axis", x1: LEFT, x2: area.right, y1: y, y2: y });
    shape(svg, "text", { class: "tick", "text-anchor": "end", x: LEFT - 8, y: y + 4 }, tickText(i * axis.step, axis.step));
  }
  if (unit) shape(svg, "text", { class: "tick", "text-anchor": "end", x: LEFT - 8, y: TOP - 12 }, unit);
  const step = SPANS.find((one) => one.span >= plan.span) || SPANS[SPANS.length - 1];
  for (let back = 0; back < plan.span; back += step.tick) {
    const x = area.x(lastTime() - back), ago = back % 60000 ? back / 1000 + " s" : back / 60000 + " min";
    shape(svg, "text", { class: "tick", "text-anchor": back ? "middle" : "end", x, y: HEIGHT - 6 }, back ? "−" + ago : "now");
  }
}

function drawCursor(svg, area, sample) {
  const x = area.x(sample[0]), time = new Date(sample[0]).toLocaleTimeString("en-GB");
  shape(svg, "line", { class: "cursor", x1: x, x2: x, y1: TOP, y2: area.bottom });
  shape(svg, "text", { class: "tick", "text-anchor": "middle", x: Math.max(LEFT + 26, Math.min(x, area.right - 26)), y: TOP - 12 }, time);
}

function drawLabels(svg, area, chart, sample) {
  const labels = chart.lines.map((line) => ({ line, value: sample[line.column], y: area.y(sample[line.column] || 0) + 4 }));
  spread(labels, TOP + 4, area.bottom);
  for (const label of labels) {
    const element = shape(svg, "text", { class: "label " + label.line.look, x: area.right + 8, y: label.y }, label.line.label + " ");
    shape(element, "tspan", { class: "value" }, text(label.value));
  }
}

function describe(chart, sample) {
  const parts = chart.lines.map((line) => line.label + " " + withUnit(sample[line.column], line));
  return chart.title + " over time. Now: " + parts.join(", ");
}

function drawChart(chart) {
  const width = chart.figure.clientWidth, svg = chart.svg, sample = chosen();
  if (!width) return;
  svg.replaceChildren();
  svg.setAttribute("viewBox", "0 0 " + width + " " + HEIGHT);
  svg.setAttribute("height", HEIGHT);
  let most = 0, known = false;
  for (const line of chart.lines)
    for (const one of samples) if (one[line.column] !== null) { known = true; most = Math.max(most, one[line.column]); }
  const axis = scale(chart.unit === "%" && most > 50 ? Math.max(most, 100) : most, chart.unit === "");
  const area = { right: width - Math.min(plan.labels * CHARACTER, width * 0.4), bottom: HEIGHT - BOTTOM };
  const end = lastTime();
  area.x = (time) => area.right - (end - time) / plan.span * (area.right - LEFT);
  area.y = (value) => area.bottom - value / axis.top * (area.bottom - TOP);
  drawAxes(svg, area, axis, chart.unit);
  chart.area = area;
  if (!known) {
    shape(svg, "text", { class: "empty", "text-anchor": "middle", x: (LEFT + area.right) / 2, y: (TOP + area.bottom) / 2 + 4 }, "no data yet");
    svg.setAttribute("aria-label", chart.title + ": no data yet");
    return;
  }
  for (const line of chart.lines) shape(svg, "path", { class: line.look, d: linePath(line.column, area.x, area.y) });
  if (cursor !== null) drawCursor(svg, area, sample);
  drawLabels(svg, area, chart, sample);
  svg.setAttribute("aria-label", describe(chart, samples[samples.length - 1]));
}

function drawCards() {
  const sample = samples[samples.length - 1];
  for (const series of plan.series)
    if (series.value) series.value.textContent = text(sample ? sample[series.column] : null);
}

function draw() {
  drawing = false;
  if (document.hidden) return;
  drawCards();
  plan.charts.forEach(drawChart);
}

function drawSoon() {
  if (!drawing) requestAnimationFrame(draw);
  drawing = true;
}

// -- the page, from the snapshot --

function pointAt(chart, event) {
  const x = event.clientX - chart.svg.getBoundingClientRect().left, area = chart.area;
  if (!area || x < LEFT || x > area.right) cursor = null;
  else cursor = lastTime() - (area.right - x) / (area.right - LEFT) * plan.span;
  drawSoon();
}

function addChart(title, unit) {
  const figure = make(byId("charts"), "figure");
  make(figure, "h2", "", title);
  const chart = { title, unit, figure, svg: shape(figure, "svg", { class: "chart", role: "img" }), lines: [], area: null };
  chart.svg.addEventListener("pointermove", (event) => pointAt(chart, event));
  chart.svg.addEventListener("pointerleave", () => { cursor = null; drawSoon(); });
  plan.charts.push(chart);
  return chart;
}

function addCard(series) {
  const card = make(byId("cards"), "div");
  make(card, "dt", "", series.card);
  const value = make(card, "dd");
  series.value = make(value, "span", "", "–");
  if (unitOf(series)) make(value, "span", "unit", " " + unitOf(series));
  if (series.limit !== null && series.unit === "") make(value, "span", "bound", " of " + text(series.limit));
}

function build(snapshot) {
  ["cards", "charts"].forEach((id) => byId(id).replaceChildren());
  plan.charts = [];
  plan.series = snapshot.series.map((series, i) => ({ ...series, column: i + 1 }));
  plan.labels = Math.max(...plan.series.map((series) => series.label.length)) + 7;
  for (const series of plan.series) {
    const chart = plan.charts.find((one) => one.title === series.chart) || addChart(series.chart, unitOf(series));
    chart.lines.push(series);
    if (series.card !== null) addCard(series);
  }
  for (const chart of plan.charts)
    chart.lines.forEach((line, i) => {
      const looks = LOOKS[Math.min(chart.lines.length, LOOKS.length) - 1];
      line.look = FAILURES.get(line.key) || looks[i % looks.length];
    });
}

function showFacts(snapshot) {
  byId("title").textContent = snapshot.title;
  document.title = snapshot.title + " – perfgate";
  byId("facts").replaceChildren();
  for (const fact of snapshot.facts) {
    const row = make(byId("facts"), "div");
    make(row, "dt", "", fact.name);
    make(row, "dd", "", fact.value);
  }
}

// What was seen before a server was restarted stays on the page until its time is over.
function takeSnapshot(snapshot) {
  const signature = JSON.stringify(snapshot.series), first = snapshot.samples.length ? snapshot.samples[0][0] : Infinity;
  plan.keep = snapshot.keep;
  plan.interval = snapshot.interval_ms;
  if (signature !== plan.signature) {
    plan.signature = signature;
    samples = [];
    build(snapshot);
  }
  showFacts(snapshot);
  samples = samples.filter((sample) => sample[0] < first).concat(snapshot.samples);
  forgetOld();
}

function takeSample(sample) {
  if (sample.length !== plan.series.length + 1 || sample[0] === lastTime()) return;
  // The clock was set back: what it says now is right.
  while (sample[0] < lastTime()) samples.pop();
  samples.push(sample);
  forgetOld();
}

function forgetOld() {
  const most = plan.keep * plan.interval, oldest = lastTime() - most;
  while (samples.length && samples[0][0] < oldest) samples.shift();
  const shown = samples.length ? lastTime() - samples[0][0] : 0;
  plan.span = (SPANS.find((one) => one.span >= shown && one.span <= most) || { span: most }).span;
}

// -- the connection --

let socket = null, failures = 0, retryAt = 0;

function connect() {
  retryAt = 0;
  socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/ws/dashboard");
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "snapshot") takeSnapshot(message);
    else if (message.type === "sample") takeSample(message.sample);
    heard = performance.now();
    failures = 0;
    showState();
    drawSoon();
  };
  socket.onclose = retry;
}

function retry() {
  const wait = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** failures++) * (0.5 + Math.random() / 2);
  socket = null;
  retryAt = performance.now() + wait;
  setTimeout(() => { if (!socket && performance.now() >= retryAt - 1) connect(); }, wait);
  showState();
}

// A connection that ends without a word is never told to be closed.
function giveUp() {
  socket.onclose = socket.onmessage = null;
  socket.close();
  retry();
}

function setState(word, look, since) {
  const state = byId("state");
  // A status that is only written when it changes is read aloud once.
  if (state.textContent !== word) state.textContent = word;
  state.className = "badge " + look;
  byId("since").textContent = since;
  byId("main").classList.toggle("old", look !== "pass" && heard > 0);
}

function showState() {
  const now = performance.now(), age = Math.round((now - heard) / 1000);
  const since = heard ? "last sample " + age + " s ago" : "";
  if (!socket) setState("Disconnected", "fail", [since, "next try in " + Math.max(0, Math.ceil((retryAt - now) / 1000)) + " s"].filter(Boolean).join(", "));
  else if (!heard || socket.readyState !== WebSocket.OPEN) setState("Connecting", "", since);
  else if (now - heard > STALE_INTERVALS * plan.interval) setState("Stale", "warning", since);
  else setState("Live", "pass", "");
}

setInterval(() => {
  if (socket && heard && performance.now() - heard > DEAD_INTERVALS * plan.interval) giveUp();
  else showState();
}, 1000);
new ResizeObserver(drawSoon).observe(byId("charts"));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  drawing = false;
  drawSoon();
  if (!socket) connect();
});
connect();
