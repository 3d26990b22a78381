// Pointing at cells: with a mouse, a finger or the keyboard.

const FAR = 10; // cells of a long step
const STILL = 4; // CSS pixels that a click may move

/** Have all canvases point at cells, and the cell announced to those who do not see it. */
function openPointing() {
  for (const stage of STAGES) {
    const { canvas } = boards[stage];
    canvas.addEventListener("pointerdown", (event) => grab(stage, event));
    canvas.addEventListener("pointermove", (event) => hover(stage, event));
    canvas.addEventListener("keydown", (event) => press(stage, event));
    canvas.addEventListener("focus", () => arrive(stage));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") unpin();
  });
  onChange(announceSoon);
}

/** The cell of a stage under the pointer; null beside the map. */
function cellUnder(stage, event) {
  const box = boards[stage].canvas.getBoundingClientRect();
  const { down, across, width, height } = layoutOf(stage);
  const y = Math.floor(down.start + ((event.clientY - box.top - BLEED) * down.length) / height);
  const x = Math.floor(across.start + ((event.clientX - box.left - BLEED) * across.length) / width);
  const [rows, columns] = sizeOf(stage);
  return y >= 0 && y < rows && x >= 0 && x < columns ? [y, x] : null;
}

function hover(stage, event) {
  if (page.pinned || event.buttons || event.pointerType === "touch") return;
  const cell = cellUnder(stage, event);
  if (!cell || (isLookedAt(stage, cell) && !page.walking)) return;
  pause();
  lookAt(stage, ...cell);
}

function isLookedAt(stage, [y, x]) {
  const { cell } = page;
  return cell !== null && cell.stage === stage && cell.y === y && cell.x === x;
}

/** From pressing to letting go: a drag moves the enlarged pictures, a click pins. */
function grab(stage, start) {
  if (start.button !== 0) return;
  const { canvas } = boards[stage];
  const { cell } = layoutOf(stage);
  const [from, under] = [page.centre, cellUnder(stage, start)];
  let moved = false;
  const move = (event) => {
    const way = [event.clientY - start.clientY, event.clientX - start.clientX];
    moved = moved || Math.hypot(...way) > STILL;
    if (!moved || page.zoom === 1) return;
    const [middle, there] = [0, 1].map((drags) => {
      const place = fromImage(stage, from);
      return toImage(stage, place.map((at, k) => at - (drags * way[k]) / cell));
    });
    page.centre = from.map((at, k) => at + there[k] - middle[k]);
    boundCentre();
    changed();
  };
  const end = (event) => {
    canvas.removeEventListener("pointermove", move);
    canvas.removeEventListener("pointerup", end);
    canvas.removeEventListener("pointercancel", end);
    if (event.type === "pointerup" && !moved && under) pin(stage, under);
  };
  canvas.setPointerCapture(start.pointerId);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
}

/** Hold a cell; the one that is held already is let go. */
function pin(stage, [y, x]) {
  pause();
  page.pinned = !(page.pinned && isLookedAt(stage, [y, x]));
  lookAt(stage, y, x);
}

function unpin() {
  page.pinned = false;
  page.walking = false;
  pause();
  changed();
}

/** A stage that is come to by the keyboard shows its own cell of the chain. */
function arrive(stage) {
  if (!boards[stage].canvas.matches(":focus-visible") || page.pinned || !page.cell) return;
  lookAt(stage, ...cellIn(stage));
}

function press(stage, event) {
  if (event.ctrlKey && event.key !== "Home" && event.key !== "End") return;
  if (event.metaKey || event.altKey || !page.cell) return;
  if (event.key === "+" || event.key === "=") zoomBy(1);
  else if (event.key === "-") zoomBy(-1);
  else if (event.key === "Enter") pin(stage, cellIn(stage));
  else if (!moveBy(stage, event)) return;
  event.preventDefault();
}

/** Move the cell by a key; whether the key was one that moves. */
function moveBy(stage, { key, shiftKey, ctrlKey }) {
  const [y, x] = cellIn(stage);
  const [rows, columns] = sizeOf(stage);
  const far = shiftKey ? FAR : 1;
  const ways = {
    ArrowUp: [y - far, x],
    ArrowDown: [y + far, x],
    ArrowLeft: [y, x - far],
    ArrowRight: [y, x + far],
    PageUp: [y - FAR, x],
    PageDown: [y + FAR, x],
    Home: [ctrlKey ? 0 : y, 0],
    End: [ctrlKey ? rows - 1 : y, columns - 1],
  };
  if (!Object.hasOwn(ways, key)) return false;
  const inside = (at, count) => Math.min(Math.max(at, 0), count - 1);
  pause();
  lookAt(stage, inside(ways[key][0], rows), inside(ways[key][1], columns));
  keepInSight();
  return true;
}

let announcing = 0;

/** Say where we are once it stays for a moment; nothing while cells run by. */
function announceSoon() {
  clearTimeout(announcing);
  if (!isPlaying()) announcing = setTimeout(announce, 400);
}

function announce() {
  const said = byId("derivation-title").textContent;
  if (byId("announce").textContent !== said) byId("announce").textContent = said;
}
