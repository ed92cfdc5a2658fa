// Buttons, keys, files; and what the page says of the model.

async function choose(files, nothing) {
  const file = files?.[0];
  if (!file) return complain(nothing);
  if (filming()) closeCamera();
  if (await put(file, file.name || "picture") && files.length > 1) {
    complain(`Only the first of ${files.length} files is shown: the page reads one at a time.`);
  }
}

$("undo").onclick = undo;
$("clear").onclick = clear;
$("choose").onclick = () => $("file").click();
$("camera").onclick = () => filming() ? (closeCamera(), ask(true)) : openCamera();
$("take").onclick = take;
$("file").onchange = async () => {
  if ($("file").files.length) await choose($("file").files);
  $("file").value = "";  // so that the same file can be chosen again
};

document.addEventListener("keydown", (event) => {
  const control = event.ctrlKey || event.metaKey, key = event.key.toLowerCase();
  if (control && key === "z" && !event.shiftKey) undo();
  else if (control || event.altKey) return;
  else if (key === "u") undo();
  else if (key === "c" || key === "delete" || key === "backspace") clear();
  else if (key === "o" && !filming()) $("choose").click();
  else if (key === "escape" && filming()) $("camera").click();
  else return;
  event.preventDefault();
});

document.addEventListener("paste", (event) => {
  event.preventDefault();
  choose(event.clipboardData.files, "There is no picture to paste: copy one first.");
});

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  $("frame").classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) $("frame").classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  $("frame").classList.remove("over");
  choose(event.dataTransfer.files, "That was no picture file: save the picture, then drop its file.");
});

const known = Object.values(D.classes);
$("known").querySelector("summary").textContent =
  `The model ${D.model} knows ${known.length} symbols`;
$("classes").textContent = known.map(([char]) => char).join(" ");
$("nearest").hidden = D.dataset === null;
$("which").textContent = `Of ${D.samples.toLocaleString("en")} training samples of ${D.dataset}, by `
  + "their pixels: what the model may have learnt your symbol from.";
draw();
show(null);
