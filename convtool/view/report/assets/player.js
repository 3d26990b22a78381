// Walking through the response, cell by cell and row by row.

const RATES = [1, 2, 4, 8, 16, 32]; // cells a second
const MOST_STEPS = 64; // along a row that is seen

let timer = 0;

/** Play, Step and Speed. */
function openPlayer() {
  byId("play").addEventListener("click", () => (isPlaying() ? pause() : play()));
  byId("step").addEventListener("click", () => {
    pause();
    walk();
  });
  byId("speed").addEventListener("input", () => {
    drawSpeed();
    if (isPlaying()) play();
  });
  drawSpeed();
  onChange(drawPace);
}

function isPlaying() {
  return timer !== 0;
}

function play() {
  clearInterval(timer);
  timer = setInterval(walk, 1000 / RATES[byId("speed").value]);
  byId("play").textContent = "Pause";
}

/** Stand still where we are. */
function pause() {
  clearInterval(timer);
  timer = 0;
  byId("play").textContent = "Play";
}

function drawSpeed() {
  const rate = RATES[byId("speed").value];
  const said = `${rate} cell${rate > 1 ? "s" : ""} a second`;
  byId("speed-said").textContent = `${rate}/s`;
  byId("speed").setAttribute("aria-valuetext", said);
}

/** Go on to the next response that is seen; at the end stand still, and begin anew when asked again. */
function walk() {
  if (!currentMaps()) return;
  const [y, x] = cellIn("conv");
  const [rows, columns] = pathsThrough([y, x]);
  const count = columns.length;
  const total = rows.length * count;
  const isSeen = rows.includes(y) && columns.includes(x);
  const isKnown = isSeen && page.cell.stage === "conv"; // else it is the first to be walked to
  const next = isSeen ? rows.indexOf(y) * count + columns.indexOf(x) + Number(isKnown) : 0;
  if (next >= total && (page.walking || total === 0)) {
    pause();
    page.walking = false;
    changed();
    return;
  }
  lookAt("conv", rows[Math.floor((next % total) / count)], columns[next % count]);
  page.pinned = false;
  page.walking = true;
}

/** The rows and columns of the response to stop at, some of which are those of a cell if it is seen. */
function pathsThrough(cell) {
  const { down, across } = sightOf("conv");
  return [down, across].map((part, k) => path(part, sizeOf("conv")[k], cell[k]));
}

/** The cells of an axis to stop at: all that are seen, or of many every so many. */
function path({ start, length }, size, through) {
  const from = Math.max(Math.ceil(start), 0);
  const to = Math.min(Math.floor(start + length), size);
  const stride = Math.ceil((to - from) / MOST_STEPS);
  const first = from + modulo(through - from, stride);
  return Array.from({ length: Math.ceil((to - first) / stride) }, (_, k) => first + k * stride);
}

/** Say how far a step goes where it goes by cells. */
function drawPace() {
  if (!page.cell) return;
  const [down, across] = pathsThrough(cellIn("conv")).map(([first, second]) => second - first);
  const far = [[across, "columns"], [down, "rows"]].filter(([cells]) => cells > 1);
  const said = far.map((each) => each.join(" ")).join(", ");
  byId("pace").textContent = said && `${said} at a time`;
}
