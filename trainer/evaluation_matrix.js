// The confusion matrix: drawn, zoomed, dragged, walked over by keys.
// `view` is the part of it in sight, in cells.
const canvas = $("matrix"), view = { x: 0, y: 0, span: 1 };
let chosen = null, hover = null, gutter = 20;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const pixels = () => canvas.clientWidth - gutter;
const cellSize = () => pixels() / view.span;
function clampView() {
  const n = order.length;
  view.span = Math.min(n, Math.max(Math.min(n, 5), view.span));
  view.x = Math.min(n - view.span, Math.max(0, view.x));
  view.y = Math.min(n - view.span, Math.max(0, view.y));
  canvas.classList.toggle("zoomed", view.span < n);
}
function zoom(factor, column = view.x + view.span / 2, row = view.y + view.span / 2) {
  const before = view.span;
  view.span /= factor;
  view.span = Math.min(order.length, Math.max(Math.min(order.length, 5), view.span));
  const ratio = view.span / before;
  view.x = column - (column - view.x) * ratio;
  view.y = row - (row - view.y) * ratio;
  clampView(); draw();
}
function fit() { view.x = view.y = 0; view.span = order.length; clampView(); draw(); }
function draw() {
  const wide = canvas.clientWidth, scale = devicePixelRatio || 1;
  canvas.width = canvas.height = Math.round(wide * scale);
  const c = canvas.getContext("2d"), size = cellSize();
  c.scale(scale, scale);
  c.fillStyle = css("--soft"); c.fillRect(0, 0, wide, wide);
  c.save();
  c.beginPath(); c.rect(gutter, gutter, wide - gutter, wide - gutter); c.clip();
  c.fillStyle = css("--panel"); c.fillRect(gutter, gutter, wide, wide);
  const x = (j) => gutter + (j - view.x) * size, y = (i) => gutter + (i - view.y) * size;
  const first = (v) => Math.max(0, Math.floor(v)), last = (v) => Math.min(order.length, Math.ceil(v + view.span));
  const red = css("--bad"), green = css("--good");
  c.textAlign = "center"; c.textBaseline = "middle";
  for (let i = first(view.y); i < last(view.y); i++) for (let j = first(view.x); j < last(view.x); j++) {
    const t = order[i], p = order[j], n = counts[t * N + p];
    if (!n) continue;
    const share = n / rows[t];
    c.globalAlpha = Math.max(0.16, Math.pow(share, 0.45));
    c.fillStyle = forgiven(t, p) ? green : red;
    c.fillRect(x(j), y(i), Math.max(1, size - (size > 6 ? 1 : 0)), Math.max(1, size - (size > 6 ? 1 : 0)));
    if (size >= 26) {
      c.globalAlpha = 1; c.fillStyle = share > 0.3 ? "#fff" : css("--text");
      c.font = `${Math.min(16, size * 0.36)}px system-ui, sans-serif`;
      c.fillText(n, x(j) + size / 2, y(i) + size / 2);
    }
  }
  c.globalAlpha = 1;
  if (size > 12) {
    c.strokeStyle = css("--line"); c.lineWidth = 0.5; c.beginPath();
    for (let k = first(view.x); k <= last(view.x); k++) { c.moveTo(x(k), gutter); c.lineTo(x(k), wide); }
    for (let k = first(view.y); k <= last(view.y); k++) { c.moveTo(gutter, y(k)); c.lineTo(wide, y(k)); }
    c.stroke();
  }
  for (const [mark, width] of [[hover, 1], [chosen, 2]]) if (mark) {
    const i = order.indexOf(mark[0]), j = order.indexOf(mark[1]);
    c.globalAlpha = 0.1; c.fillStyle = css("--mark");
    c.fillRect(gutter, y(i), wide, size); c.fillRect(x(j), gutter, size, wide);
    c.globalAlpha = 1; c.strokeStyle = css("--mark"); c.lineWidth = width;
    c.strokeRect(x(j), y(i), Math.max(size, 4), Math.max(size, 4));
  }
  c.restore();
  // Names: as many as fit, and always those of the cell that is pointed at.
  c.textAlign = "center"; c.textBaseline = "middle";
  const step = Math.max(1, Math.ceil(11 / size)), font = Math.max(9, Math.min(15, size * 0.8));
  const glyph = css("--glyph");
  const named = hover || chosen, marked = named ? [order.indexOf(named[0]), order.indexOf(named[1])] : [-9, -9];
  const label = (k, which, px, py) => {
    const own = k === marked[which];
    if (!own && (k % step || (marked[which] >= 0 && Math.abs(k - marked[which]) * size < 10))) return;
    c.fillStyle = css(own ? "--mark" : "--dim");
    c.font = `${own ? "bold " : ""}${own ? Math.max(13, font) : font}px ${glyph}`;
    c.fillText(D.chars[order[k]], px, py);
  };
  for (let k = first(view.x); k < last(view.x); k++) {
    const at = x(k) + size / 2;
    if (at > gutter && at < wide) label(k, 1, at, gutter / 2);
  }
  for (let k = first(view.y); k < last(view.y); k++) {
    const at = y(k) + size / 2;
    if (at > gutter && at < wide) label(k, 0, gutter / 2, at);
  }
}
function at(event) {
  const box = canvas.getBoundingClientRect(), size = cellSize();
  const column = view.x + (event.clientX - box.left - gutter) / size;
  const row = view.y + (event.clientY - box.top - gutter) / size;
  const i = Math.floor(row), j = Math.floor(column), n = order.length;
  return { column, row, cell: i >= 0 && j >= 0 && i < n && j < n ? [order[i], order[j]] : null };
}
function choose(t, p) { chosen = [t, p]; details(); draw(); }
function reveal(t, p, cells) {
  const i = order.indexOf(t), j = order.indexOf(p);
  if (cells) { view.span = cells; view.x = j + 0.5 - cells / 2; view.y = i + 0.5 - cells / 2; }
  view.x = Math.min(j, Math.max(j + 1 - view.span, view.x));
  view.y = Math.min(i, Math.max(i + 1 - view.span, view.y));
  clampView(); choose(t, p);
}
function details() {
  const box = $("cell");
  box.replaceChildren();
  if (!chosen) { box.append(el("p", "Press a cell to see its pictures.", "dim")); return; }
  const [t, p] = chosen, n = counts[t * N + p], good = t === p;
  const big = el("div", undefined, "big");
  big.append(glyph(t), el("span", good ? "  read as itself" : "  taken for  ", "to"));
  if (!good) big.append(glyph(p, forgiven(t, p) ? "right" : "wrong"));
  box.append(big, el("p", `${D.names[t]}${good ? "" : " → " + D.names[p]}`, "dim small"));
  box.append(el("p", `${count(n)} of ${count(rows[t])}` + (rows[t] ? ` (${percent(n / rows[t])})` : "")));
  if (!good) box.append(el("p", `the other way: ${count(counts[p * N + t])} of ${count(rows[p])}` +
    (alike(t, p) ? " · the same shape in a tight frame" : ""), "dim small"));
  const seen = good ? [] : missesOf(t, p);
  if (seen.length) box.append(el("h3", "these"), thumbs(seen.slice(0, 24), 52));
  for (const label of good ? [t] : [t, p]) {
    const places = examplesOf(label);
    if (places.length) box.append(el("h3", `${D.chars[label]} read rightly`), thumbs(places, 52));
  }
}
// Pointers: one drags or chooses, two pinch.
const down = new Map();
let moved = false, apart = 0;
canvas.addEventListener("pointerdown", (event) => {
  down.set(event.pointerId, event); moved = false;
  if (down.size === 2) apart = distance();
  if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
});
function distance() {
  const [a, b] = [...down.values()];
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}
canvas.addEventListener("pointermove", (event) => {
  const before = down.get(event.pointerId);
  if (!before) {
    const cell = at(event).cell;
    if (String(cell) !== String(hover)) { hover = cell; draw(); }
    return;
  }
  if (Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY) < 3 && !moved) return;
  moved = true;
  down.set(event.pointerId, event);
  if (down.size === 2) {
    const [a, b] = [...down.values()], now = distance();
    const middle = at({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 });
    zoom(now / apart, middle.column, middle.row); apart = now;
  } else {
    view.x -= (event.clientX - before.clientX) / cellSize();
    view.y -= (event.clientY - before.clientY) / cellSize();
    clampView(); draw();
  }
});
for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => {
  const known = down.delete(event.pointerId), cell = at(event).cell;
  if (known && !moved && cell && name === "pointerup") choose(...cell);
});
canvas.addEventListener("pointerleave", () => { hover = null; draw(); });
canvas.addEventListener("dblclick", (event) => { const a = at(event); zoom(2, a.column, a.row); });
canvas.addEventListener("wheel", (event) => {
  // The page scrolls past the matrix unless it is being used.
  if (!event.ctrlKey && document.activeElement !== canvas) return;
  event.preventDefault();
  const a = at(event);
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), a.column, a.row);
}, { passive: false });
canvas.addEventListener("keydown", (event) => {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const middle = chosen ? [order.indexOf(chosen[1]) + 0.5, order.indexOf(chosen[0]) + 0.5] : [];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "+" || event.key === "=") zoom(1.5, ...middle);
  else if (event.key === "-") zoom(1 / 1.5, ...middle);
  else if (event.key === "0") fit();
  else if (event.key in steps) {
    const n = order.length, [di, dj] = steps[event.key];
    const i = chosen ? order.indexOf(chosen[0]) + di : Math.floor(view.y);
    const j = chosen ? order.indexOf(chosen[1]) + dj : Math.floor(view.x);
    reveal(order[Math.min(n - 1, Math.max(0, i))], order[Math.min(n - 1, Math.max(0, j))]);
  } else return;
  event.preventDefault();
});
$("in").addEventListener("click", () => zoom(1.5));
$("out").addEventListener("click", () => zoom(1 / 1.5));
$("fit").addEventListener("click", fit);
$("order").addEventListener("change", () => { arrange(); fit(); });
