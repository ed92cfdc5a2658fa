// Everything below the matrix: pairs, bars, the reliability diagram, the mistakes.
function bar(share, behind) {
  const track = el("div", undefined, "track");
  for (const [value, name] of [[behind, "shape"], [share, ""]]) if (value !== undefined) {
    const fill = el("i", undefined, name);
    fill.style.width = 100 * value + "%"; track.append(fill);
  }
  return track;
}
function jumpTo(t, p) {
  reveal(t, p, Math.min(order.length, 14));
  $("confusion").scrollIntoView();
}
function worstPairs() {
  const found = [];
  for (let t = 0; t < N; t++) for (let p = 0; p < N; p++)
    if (counts[t * N + p] && !forgiven(t, p)) found.push([counts[t * N + p], t, p]);
  found.sort((a, b) => b[0] - a[0] || b[0] / rows[b[1]] - a[0] / rows[a[1]] || a[1] - b[1]);
  return found;
}
function pairs(found) {
  const cards = found.slice(0, 24).map(([n, t, p]) => {
    const card = el("div", undefined, "pair"), head = el("header"), jump = el("button", undefined, "jump big");
    jump.append(glyph(t), el("span", " taken for ", "to"), glyph(p, "wrong"));
    jump.addEventListener("click", () => jumpTo(t, p));
    head.append(jump, el("span", `${count(n)} of ${count(rows[t])}`, "dim small"));
    card.append(head, thumbs(missesOf(t, p).slice(0, 5), 42));
    const as = el("div", undefined, "as");
    for (const label of [t, p]) as.append(glyph(label), ...examplesOf(label).slice(0, 2).map((e) => thumb(e, 28)));
    if (alike(t, p)) as.append(el("span", "look-alikes", "tag"));
    card.append(as);
    return card;
  });
  $("pairs").replaceChildren(...cards);
  if (!cards.length) $("pairs").append(el("p", "No mistakes here.", "dim"));
}
function classes() {
  const labels = order.filter((t) => rows[t]).sort((a, b) => recall(a) - recall(b) || a - b);
  $("classes").replaceChildren(...labels.map((t) => {
    const row = el("div", undefined, "bars"), name = el("button", D.chars[t]);
    let worst = -1;
    for (let p = 0; p < N; p++)
      if (counts[t * N + p] && !forgiven(t, p) && (worst < 0 || counts[t * N + p] > counts[t * N + worst])) worst = p;
    name.title = `${D.names[t]} ${D.codes[t]}`;
    name.addEventListener("click", () => jumpTo(t, worst < 0 ? t : worst));
    const about = `${percent(recall(t), 0)} of ${count(rows[t])}` + (worst < 0 ? "" : ` · ${D.chars[worst]}`);
    row.append(name, bar(recall(t)), el("span", about, "n"));
    return row;
  }));
}
function sources() {
  const box = $("sources");
  const all = [["every source", D.metrics], ...D.sources.map((s) => [s, D.metrics.per_source[s]])];
  box.replaceChildren(...all.flatMap(([name, m]) => {
    const row = el("div", undefined, "bars");
    row.style.gridTemplateColumns = "112px minmax(40px,1fr) 62px";
    row.append(el("b", name), bar(m.accuracy, m.accuracy_shape), el("span", percent(m.accuracy), "n"));
    const more = `${count(m.count)} pictures · ${percent(m.accuracy_shape)} with look-alikes · calibration error ` +
      `${percent(m.ece_uncalibrated)} → ${percent(m.ece)}` + (m.known === undefined ? "" : ` · ${percent(m.known)} taken for a class`);
    const line = el("p", more, "dim small");
    line.style.marginBottom = "8px";
    return [row, line];
  }));
}
function groups() {
  const s = chosenSource(), some = D.groups.filter((g) => s < 0 || g[1] === s).slice(0, 20);
  $("by-group").hidden = !some.length;
  $("groups").replaceChildren(...some.flatMap(([name, source, n, wrong]) =>
    [el("b", name), bar(1 - wrong / n), el("span", `${percent(1 - wrong / n, 0)} of ${count(n)} · ${D.sources[source]}`, "n")]));
}
function diagram() {
  const s = chosenSource(), bins = D.bins[s + 1], m = s < 0 ? D.metrics : D.metrics.per_source[D.sources[s]];
  const T = D.metrics.temperature, S = D.metrics.spread;
  $("ece").textContent = T === 1 && !S ? `Calibration error ${percent(m.ece)}; the model's probabilities are as the network gives them.`
    : `Calibration error ${percent(m.ece_uncalibrated)} before and ${percent(m.ece)} after calibration: ${S ? `${percent(S, 0)} taken off evenly, ` : ""}temperature ${T.toFixed(2)}.`;
  const left = 34, top = 8, edge = 300, base = top + edge, x = (v) => left + v * edge, y = (v) => base - v * edge;
  const total = bins.after.reduce((sum, b) => sum + b[0], 0) || 1, most = Math.max(...bins.after.map((b) => b[0]), 1);
  const line = (rows) => rows.filter((b) => b[0]).map((b) => `${x(b[1]).toFixed(1)},${y(b[2]).toFixed(1)}`).join(" ");
  const dots = (rows, colour) => rows.filter((b) => b[0]).map((b) => `<circle cx="${x(b[1])}" cy="${y(b[2])}" ` +
    `r="${1.5 + 5 * Math.sqrt(b[0] / total)}" fill="${colour}"><title>said ${percent(b[1])}, right ${percent(b[2])}, ${b[0]} pictures</title></circle>`).join("");
  const ticks = [0, .25, .5, .75, 1].map((v) => `<text x="${x(v)}" y="${base + 74}" text-anchor="middle">${100 * v} %</text>` +
    `<text x="${left - 5}" y="${y(v) + 4}" text-anchor="end">${100 * v}</text><path d="M${left} ${y(v)}h${edge}" stroke="var(--line)"/>`).join("");
  const hist = bins.after.map((b, i) => `<rect x="${x(i / bins.after.length) + 1}" y="${base + 58 - 48 * b[0] / most}" ` +
    `width="${edge / bins.after.length - 2}" height="${48 * b[0] / most}" fill="var(--mark)" opacity=".45"><title>${b[0]} pictures</title></rect>`).join("");
  $("diagram").innerHTML = `<svg viewBox="0 0 358 ${base + 112}" role="img" aria-label="Reliability diagram">${ticks}` +
    `<path d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}" stroke="var(--dim)" stroke-dasharray="3 3"/>` +
    `<polyline points="${line(bins.before)}" fill="none" stroke="var(--bad)" stroke-dasharray="5 3" stroke-width="1.5"/>${dots(bins.before, "var(--bad)")}` +
    `<polyline points="${line(bins.after)}" fill="none" stroke="var(--mark)" stroke-width="2"/>${dots(bins.after, "var(--mark)")}${hist}` +
    `<text x="${x(.5)}" y="${base + 90}" text-anchor="middle">what the model says; bars: how many pictures</text>` +
    `<text x="${left + 6}" y="${top + 14}">right, %</text>` +
    `<g transform="translate(${left + 70} ${base + 106})"><path d="M0 -4h22" stroke="var(--bad)" stroke-dasharray="5 3" stroke-width="1.5"/><text x="27">before</text>` +
    `<path d="M90 -4h22" stroke="var(--mark)" stroke-width="2"/><text x="117">after</text></g></svg>`;
}
let limit = 30;
function origin(i) {
  const box = el("p", undefined, "origin"), text = M.origin[i];
  // A drawn sample: file@hash/face?axis=value;…#draw
  const drawn = /^(.*)@[0-9a-f]{6,}\/(\d+)\?(.*)#(.*)$/.exec(text);
  box.title = text;
  if (drawn) {
    const axes = drawn[3].split(";").filter(Boolean).map((a) => a.replace("=", " "));
    box.append(el("b", drawn[1]), [drawn[2] === "0" ? "" : "face " + drawn[2], ...axes].filter(Boolean).map((a) => " · " + a).join(""));
  } else box.append(el("b", text || "origin not known"));
  return box;
}
function list() {
  const text = $("search").value.trim(), low = text.toLowerCase(), s = chosenSource(), found = [];
  for (let i = 0; i < MISSES; i++) {
    if ((s >= 0 && M.source[i] !== s) || forgiven(M.true[i], M.predicted[i])) continue;
    const chars = [D.chars[M.true[i]], D.chars[M.predicted[i]]];
    if (text && !chars.includes(text) && (text.length < 2 || !`${M.origin[i]} ${M.group[i]} ${M.id[i]}`.toLowerCase().includes(low))) continue;
    found.push(i);
  }
  $("count").textContent = `${count(Math.min(limit, found.length))} of ${count(found.length)}`;
  $("more").hidden = found.length <= limit;
  $("list").replaceChildren(...found.slice(0, limit).map((i) => {
    const card = el("div", undefined, "miss"), about = el("div"), line = el("p");
    line.append(glyph(M.true[i], "name"), " read as ", glyph(M.predicted[i], "name wrong"), `, ${percent(M.probability[i])} sure`);
    const more = el("p", `${D.chars[M.true[i]]} itself ${percent(M.own[i])}` + (M.known && !M.known[i] ? " · would be refused" : ""), "dim small");
    const where = el("p", `${D.sources[M.source[i]]} · `, "dim small");
    where.append(el("code", M.id[i]));
    about.append(line, more, origin(i), where);
    card.append(thumb(i, 76), about);
    return card;
  }));
}
$("more").addEventListener("click", () => { limit += 60; list(); });
$("search").addEventListener("input", () => { limit = 30; list(); });
