// The paper: what was drawn or put on it, in order, so that everything can be undone.

const $ = (name) => document.getElementById(name);
const D = JSON.parse($("data").textContent);
const paper = $("paper"), pen = paper.getContext("2d");
const EDGE = paper.width, WIDTH = 20;  // pixels of the paper
// What is asked about: light on black whatever the page's colours are.
const sent = Object.assign(document.createElement("canvas"), {width: EDGE, height: EDGE});
const sentPen = sent.getContext("2d", {alpha: false, willReadFrequently: true});

// Strokes {points}, pictures {file, bitmap, name} and clearings {cleared}.
let past = [];
let stroke = null;

// What is on the paper now: all since the last clearing, or since a picture was put on it.
function present() {
  const start = past.findLastIndex((one) => one.cleared || one.file);
  return past.slice(past[start]?.file ? start : start + 1);
}

function picture() { return present().find((one) => one.file); }

function line(context, colour, points) {
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = WIDTH;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  const [first, ...rest] = points;
  if (!rest.length) {
    context.arc(...first, WIDTH / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  context.moveTo(...first);
  // Curves through the middles between points: a quick hand leaves corners.
  let [x, y] = first;
  for (const [nextX, nextY] of rest) {
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    [x, y] = [nextX, nextY];
  }
  context.lineTo(x, y);
  context.stroke();
}

function contain(bitmap) {
  const scale = EDGE / Math.max(bitmap.width, bitmap.height);
  const width = bitmap.width * scale, height = bitmap.height * scale;
  pen.imageSmoothingEnabled = scale < 2;
  pen.drawImage(bitmap, (EDGE - width) / 2, (EDGE - height) / 2, width, height);
}

function draw() {
  const here = present(), ink = getComputedStyle(paper).getPropertyValue("--ink");
  pen.clearRect(0, 0, EDGE, EDGE);
  sentPen.fillStyle = "#000";
  sentPen.fillRect(0, 0, EDGE, EDGE);
  for (const one of here) {
    if (one.bitmap) contain(one.bitmap);
    if (!one.points) continue;
    line(pen, ink, one.points);
    line(sentPen, "#fff", one.points);
  }
  const shown = picture();
  $("caption").hidden = !shown || filming();
  $("caption").textContent = shown ? shown.name : "";
  $("hint").hidden = here.length > 0 || filming();
  $("undo").disabled = !past.length || filming();
  $("clear").disabled = !here.length || filming();
}

let waiting = 0;
function changed(finished) {
  if (finished) {
    cancelAnimationFrame(waiting);
    waiting = 0;
    draw();
    ask(true);
  } else if (!waiting) {
    waiting = requestAnimationFrame(() => {
      waiting = 0;
      draw();
      ask(false);
    });
  }
}

function place(event) {
  const box = paper.getBoundingClientRect();
  return [(event.clientX - box.left) * EDGE / box.width,
    (event.clientY - box.top) * EDGE / box.height];
}

paper.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;  // a palm beside the pen
  paper.setPointerCapture(event.pointerId);
  if (picture()) past.push({cleared: true, implied: true});
  stroke = {points: [place(event)]};
  past.push(stroke);
  calm();
  changed(false);
});

paper.addEventListener("pointermove", (event) => {
  if (!stroke || !event.isPrimary) return;
  const parts = event.getCoalescedEvents?.() ?? [];
  for (const part of parts.length ? parts : [event]) stroke.points.push(place(part));
  changed(false);
});

for (const kind of ["pointerup", "pointercancel"]) {
  paper.addEventListener(kind, (event) => {
    if (!stroke || !event.isPrimary) return;
    stroke = null;
    changed(true);
  });
}

function clear() {
  if (stroke || filming() || !present().length) return;
  past.push({cleared: true});
  calm();
  changed(true);
}

function undo() {
  if (stroke || filming() || !past.length) return;
  past.pop();
  if (past.at(-1)?.implied) past.pop();
  calm();
  changed(true);
}

async function put(file, name) {
  calm();
  if (!file.size) return complain(`${name} is empty: choose a picture file.`);
  if (file.size > D.most) {
    return complain(`${name} is larger than ${D.most >> 20} MiB: make the picture smaller.`);
  }
  // TIFF and others: the program can read them even where the browser can't show them.
  const bitmap = await createImageBitmap(file).catch(() => null);
  const one = {file, bitmap, name};
  past.push(one);
  changed(true);
  return one;
}

// Take back what the program could not read.
function withdraw(file) {
  past = past.filter((one) => one.file !== file);
  changed(true);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
