// Asking the program behind the page, one picture at a time, and showing what it says.

let asking = false, next = null;
const PERCENT = (share) => share >= 0.9995 ? "100\u00a0%"
  : share < 0.0005 ? "0\u00a0%" : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}\u00a0%`;

const rows = Array.from({length: 5}, () => {
  const row = document.createElement("li");
  row.innerHTML = '<b></b><div><div class="name"></div><div class="bar"><i></i></div></div>'
    + '<span class="share"></span>';
  $("top").append(row);
  return row;
});

function calm() { $("problem").hidden = true; }

function complain(text) {
  $("problem").textContent = text;
  $("problem").hidden = false;
}

async function subject() {
  if (filming()) return {blob: await film()};
  const shown = picture();
  if (shown) return {blob: shown.file, file: shown.file};
  if (!present().length) return {};
  return {blob: await new Promise((done) => sent.toBlob(done, "image/png"))};
}

// Only the newest state is asked about; while an answer is on its way, the rest waits.
async function ask(finished) {
  next = {finished: finished || Boolean(next?.finished)};
  if (asking) return;
  asking = true;
  try {
    while (next) {
      const now = next;
      next = null;
      await answered(now.finished);
    }
  } finally {
    asking = false;
  }
}

async function answered(finished) {
  const start = performance.now(), {blob, file} = await subject();
  if (!blob) return show(null);
  const answer = await post(blob, finished);
  if (!answer.error) return show(answer, performance.now() - start);
  if (answer.lost) return complain(answer.lost);
  complain(`${file ? picture()?.name : "The picture"}: ${answer.error}`);
  if (file) withdraw(file); else if (!filming()) show(null);
}

async function post(blob, finished) {
  const wanted = finished && D.dataset !== null;
  try {
    const reply = await fetch(wanted ? "/answer?nearest" : "/answer", {method: "POST", body: blob});
    return await reply.json();
  } catch {
    return {error: true, lost: "The program behind this page no longer answers: start trainer "
      + "demo again, then load this page anew."};
  }
}

function pixels(canvas, text, size) {
  const bytes = atob(text), image = new ImageData(size, size);
  for (let i = 0; i < bytes.length; i++) {
    image.data.fill(bytes.charCodeAt(i), 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  canvas.width = canvas.height = size;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function show(answer, time) {
  const kind = kindOf(answer);
  $("verdict").className = $("right").className = kind;
  $("right").dataset.time = answer ? time.toFixed(1) : "";
  if (kind === "empty") {
    $("seen").getContext("2d").clearRect(0, 0, D.size, D.size);
    for (const row of rows) fill(row, "·", "", 0, true);
    verdict("", answer ? "No symbol here" : "Nothing yet",
      answer ? "nothing stands out from the paper" : "");
    $("meaning").textContent = "";
    $("samples").replaceChildren();
  } else {
    pixels($("seen"), answer.frame, D.size);
    rows.forEach((row, place) => {
      const found = answer.candidates[place];
      row.hidden = !found;
      if (found) fill(row, found[1], nameOf(found[0]), found[2], false);
    });
    $("meaning").textContent = `Answered in ${Math.max(1, Math.round(time))}\u00a0ms. Of answers `
      + "given with 90\u00a0%, about nine in ten should be right.";
    if (kind === "unknown") refuse(); else tell(answer, kind);
    $("samples").classList.toggle("stale", !answer.nearest);
    if (answer.nearest) $("samples").replaceChildren(...answer.nearest.map(sample));
  }
  speak();
}

// A symbol that has less than half of the chances, its look-alikes counted in, is a guess.
function kindOf(answer) {
  if (!answer || answer.verdict === "empty") return "empty";
  if (answer.verdict === "unknown") return "unknown";
  return answer.together < 0.5 ? "unsure" : "known";
}

function nameOf(codepoint) { return `${D.classes[codepoint][1].toLowerCase()} · ${codepoint}`; }

function fill(row, char, text, share, blank) {
  row.querySelector("b").textContent = char;
  row.querySelector(".name").textContent = blank ? "\u00a0" : text;
  row.querySelector("i").style.width = `${100 * share}%`;
  row.querySelector(".share").textContent = blank ? "" : PERCENT(share);
}

function verdict(glyph, text, more) {
  $("glyph").textContent = glyph;
  $("say").textContent = text;
  $("more").textContent = more;
}

function refuse() {
  verdict("?", "Not a symbol", "none that the model knows; below, what comes nearest");
}

function tell(answer, kind) {
  const [codepoint, char, share] = answer.candidates[0];
  const others = answer.alike.filter((one) => one !== char);
  const more = others.length ? `looks like ${others.join(" ")} too: together `
    + PERCENT(answer.together) : "";
  const text = `${D.classes[codepoint][1].toLowerCase()}, ${PERCENT(share)}`;
  verdict(char, kind === "unsure" ? `perhaps ${text}` : text, more);
}

function sample(one) {
  const item = document.createElement("li"), image = document.createElement("canvas");
  pixels(image, one.pixels, one.size);
  image.setAttribute("aria-hidden", "true");
  const about = document.createElement("div");
  about.innerHTML = "<b></b> <span></span><div></div><div class='origin'></div>";
  about.children[0].textContent = one.char;
  about.children[1].textContent = `${PERCENT(Math.max(0, one.likeness))} alike`;
  about.children[2].textContent = [one.source, one.group].filter(Boolean).join(" · ");
  about.children[3].textContent = one.origin;
  item.title = `datagen show ${D.folder} ${one.id}\n${one.origin}`;
  item.append(image, about);
  return item;
}

// For screen readers, when the hand rests: a word for every stroke would drown the answer.
let speaking = 0;
function speak() {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    $("spoken").textContent = `${$("say").textContent}. ${$("more").textContent}`;
  }, 500);
}
