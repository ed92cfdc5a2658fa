"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const M = D.mistakes, EACH = D.columns * D.rows, MISSES = M.id.length, N = D.chars.length;
const $ = (id) => document.getElementById(id);
const percent = (value, digits = 1) => (100 * value).toFixed(digits) + " %";
const count = (value) => value.toLocaleString("en");
const urls = new Map();

function el(tag, text, name) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}
function sheet(number) {
  if (!urls.has(number)) {
    const bytes = Uint8Array.from(atob($("sheet" + number).textContent), (c) => c.charCodeAt(0));
    urls.set(number, URL.createObjectURL(new Blob([bytes], { type: "image/png" })));
  }
  return urls.get(number);
}
function thumb(place, edge) {
  const box = el("span", undefined, "thumb"), within = place % EACH;
  const column = within % D.columns, line = Math.floor(within / D.columns);
  // A window of one picture onto the sheet.
  box.style.cssText = `width:${edge}px;height:${edge}px;` +
    `background-image:url(${sheet(Math.floor(place / EACH))});` +
    `background-size:${D.columns * edge}px auto;` +
    `background-position:${-column * edge}px ${-line * edge}px`;
  if (place < MISSES) box.title = `${M.id[place]}  ${M.origin[place]}`;
  return box;
}
function thumbs(places, edge) {
  const row = el("div", undefined, "thumbs");
  row.append(...places.map((place) => thumb(place, edge)));
  return row;
}
const glyph = (label, name = "") => el("span", D.chars[label], ("glyph " + name).trim());
const examplesOf = (label) => D.examples.flatMap((l, i) => l === label ? [MISSES + i] : []);
const chosenSource = () => $("source").value === "" ? -1 : +$("source").value;
const alike = (t, p) => D.shapes[t] === D.shapes[p];
const forgiven = (t, p) => t === p || ($("alike").checked && alike(t, p));
const missesOf = (t, p) => {
  const s = chosenSource(), found = [];
  for (let i = 0; i < MISSES; i++)
    if (M.true[i] === t && M.predicted[i] === p && (s < 0 || M.source[i] === s)) found.push(i);
  return found;
};

let counts, rows, order;  // counts[t * N + p], row sums, order of the classes
function tally() {
  const s = chosenSource();
  counts = new Float64Array(N * N); rows = new Float64Array(N);
  for (const [t, p, source, n] of D.cells)
    if (s < 0 || s === source) { counts[t * N + p] += n; rows[t] += n; }
}
function rightOf(t) {
  let right = 0;
  for (let p = 0; p < N; p++) if (forgiven(t, p)) right += counts[t * N + p];
  return right;
}
const recall = (t) => rightOf(t) / Math.max(1, rows[t]);
function arrange() {
  const used = [];
  for (let t = 0; t < N; t++) {
    let column = 0;
    for (let k = 0; k < N; k++) column += counts[k * N + t];
    if (rows[t] || column) used.push(t);
  }
  const how = $("order").value;
  if (how === "shape") used.sort((a, b) => D.shapes[a] - D.shapes[b] || a - b);
  if (how === "worst") used.sort((a, b) => recall(a) - recall(b) || a - b);
  order = used;
}

/*MATRIX*/
/*LISTS*/

function headline() {
  const m = D.metrics, tiles = [[percent(m.accuracy), "read rightly"], [percent(m.accuracy_shape), "with look-alikes as one"],
    [percent(m.top2), "among the first two"], [m.macro_f1.toFixed(3), "macro F1"],
    [`${percent(m.ece)}`, `calibration error, ${percent(m.ece_uncalibrated)} before`]];
  if (m.known !== undefined) tiles.push([percent(m.known), "taken for one of the classes"]);
  $("title").textContent = `${m.dataset}, ${m.split}`;
  document.title = `${m.dataset}, ${m.split}: ${percent(m.accuracy)}`;
  $("about").textContent = `${count(m.count)} pictures of ${D.chars.length} classes, read by ${m.model}` +
    (m.only ? `, only ${m.only} possible` : "") + (m.average > 1 ? `, ${m.average} warps averaged` : "") +
    (m.adapt ? ", how common each class is found from them" : "") + ".";
  $("tiles").replaceChildren(...tiles.map(([value, text]) => {
    const tile = el("div", undefined, "tile");
    tile.append(el("b", value), el("span", text));
    return tile;
  }));
}
function update(whole) {
  tally(); arrange(); limit = 30;
  const found = worstPairs();
  if (!chosen && found.length) chosen = found[0].slice(1);
  if (whole) fit(); else { clampView(); draw(); }
  details(); pairs(found); classes(); groups(); diagram(); list();
}
const every = el("option", "every source"); every.value = ""; $("source").append(every);
D.sources.forEach((name, i) => { const o = el("option", name); o.value = i; $("source").append(o); });
$("source").addEventListener("change", () => { chosen = hover = null; update(true); });
$("alike").addEventListener("change", () => update(false));
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
headline(); sources(); update(true);
