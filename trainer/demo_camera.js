// The camera: its middle square is read as it moves, and a press keeps it.

const video = $("video"), VIEW = 480;  // pixels of the square that is sent
let stream = null;

function filming() { return stream !== null; }

async function openCamera() {
  calm();
  if (!navigator.mediaDevices?.getUserMedia) {
    return complain("This browser lets the page use no camera: choose a picture instead.");
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia(
      {video: {facingMode: "environment", width: {ideal: 1280}}, audio: false});
  } catch (error) {
    return complain(error.name === "NotAllowedError"
      ? "The camera is not allowed: allow it in the browser's settings of this page."
      : "No camera can be used here: connect one, or choose a picture instead.");
  }
  const opened = video.srcObject = stream;
  try {
    await video.play();
  } catch (error) {
    if (stream === opened) throw error;
  }
  if (stream !== opened) return;  // closed before it showed anything
  switchTo(true);
  watch();
}

function closeCamera() {
  for (const track of stream.getTracks()) track.stop();
  stream = video.srcObject = null;
  switchTo(false);
}

function switchTo(on) {
  video.hidden = !on;
  $("take").hidden = !on;
  for (const other of ["undo", "clear", "choose"]) $(other).hidden = on;
  $("camera").textContent = on ? "Close camera" : "Camera";
  (on ? $("take") : $("camera")).focus();
  draw();
}

async function watch() {
  while (filming()) {
    await ask(false);
    await new Promise((done) => setTimeout(done, 120));
  }
}

function film() {
  const square = Object.assign(document.createElement("canvas"), {width: VIEW, height: VIEW});
  const edge = Math.min(video.videoWidth, video.videoHeight);
  square.getContext("2d").drawImage(video, (video.videoWidth - edge) / 2,
    (video.videoHeight - edge) / 2, edge, edge, 0, 0, VIEW, VIEW);
  return new Promise((done) => square.toBlob(done, "image/jpeg", 0.92));
}

async function take() {
  const blob = await film();
  closeCamera();
  put(blob, "from the camera");
}
