// The stages as pictures on their canvases: what is seen of a map, and what is outlined in it.

const BLEED = 4; // CSS pixels around the cells, for outlines
const THINNEST = 2; // CSS pixels that a picture is wide and high, however few its cells

/**
 * The board of each stage. Its `picture` has a pixel for each cell and is made once for its values; its
 * `plate` is the part that is seen, as large as on the screen, and is drawn once for its layout.
 */
const boards = {};

/** Find the canvases of the page; draw them whenever something changes. */
function openBoards() {
  for (const stage of STAGES) {
    const figure = document.querySelector(`[data-stage="${stage}"]`);
    boards[stage] = { figure, canvas: figure.querySelector("canvas"), plate: element("canvas") };
    new ResizeObserver(changed).observe(figure);
  }
  onChange(drawBoards);
}

/**
 * Where the cells of a stage stand on its canvas.
 * @param {string} stage
 * @returns {Object} what is in sight; x, y: from columns and rows to pixels; width, height
 */
function layoutOf(stage) {
  const sight = sightOf(stage);
  const { cell, down, across } = sight;
  return {
    ...sight,
    width: Math.max(across.length * cell, THINNEST),
    height: Math.max(down.length * cell, THINNEST),
    x: (column) => (column - across.start) * cell,
    y: (row) => (row - down.start) * cell,
  };
}

/** The values of a stage, row by row: one plane, or one for each colour of its picture. */
function valuesOf(stage) {
  if (stage !== "input") return [currentMaps()[MAP_OF[stage]]];
  const input = currentInput();
  const plane = input.shape[1] * input.shape[2];
  const channels = input.colours === "rgb" ? [0, 1, 2] : [currentFilter().channel];
  return channels.map((channel) => input.values.subarray(channel * plane, (channel + 1) * plane));
}

/** The scale of a stage. */
function scaleOfStage(stage) {
  if (stage === "input") return scaleOfInput(currentInput());
  return scaleOfMap(currentMaps(), stage);
}

/** Make a board's picture anew if it shows other values than those of now. */
function refresh(stage) {
  const board = boards[stage];
  const shown = stage === "input" ? `${currentFilter().input} ${currentFilter().channel}` : currentMaps();
  if (board.shown === shown) return;
  board.shown = shown;
  board.plated = "";
  const [values] = valuesOf(stage);
  board.scale = scaleOfStage(stage);
  board.picture =
    stage === "input"
      ? inputPicture(currentInput(), currentFilter().channel)
      : mapPicture(values, sizeOf(stage), board.scale);
  labelBoard(stage);
}

function labelBoard(stage) {
  const { figure, canvas, scale } = boards[stage];
  const input = currentInput();
  const size = by(sizeOf(stage));
  const pooled = { max: "largest", min: "smallest", avg: "mean" }[page.report.poolKind];
  const said = {
    input: `${nameOfPicture()}, ${size}`,
    conv: size,
    relu: `${size}, max(0, ·)`,
    pool: `${size}, ${pooled} of ${by(currentFilter().pool.map((axis) => axis.kernel))}`,
  };
  figure.querySelector('[data-part="size"]').textContent = said[stage];
  canvas.setAttribute("aria-label", `${STAGE_NAMES[stage]}, ${size}`);
  drawScale(figure.querySelector(".scale"), scale, stage === "input" && input.colours === "rgb");
}

/** What of the input is seen: of channels that are no colours one at a time. */
function nameOfPicture() {
  const { name, shape, colours } = currentInput();
  return shape[0] > 1 && colours !== "rgb" ? `${name}, channel ${currentFilter().channel}` : name;
}

function drawBoards() {
  if (!currentMaps()) return;
  const marks = currentMarks();
  for (const stage of STAGES) {
    refresh(stage);
    drawBoard(stage, marks[stage]);
  }
}

function drawBoard(stage, marks) {
  const { canvas, figure, plate } = boards[stage];
  const layout = layoutOf(stage);
  if (!(layout.cell > 0)) return; // not laid out yet
  drawPlate(stage, layout);
  const context = freshContext(canvas, layout.width + 2 * BLEED, layout.height + 2 * BLEED);
  context.translate(BLEED, BLEED);
  context.drawImage(plate, 0, 0, layout.width, layout.height);
  if (page.walking && stage !== "input") drawVeil(context, stage, layout);
  drawMarks(context, marks, layout);
  canvas.classList.toggle("movable", page.zoom > 1);
  fitScale(figure.querySelector(".scale"), layout.width);
}

/** Draw the part of a stage that is seen, unless it stands already. */
function drawPlate(stage, layout) {
  const board = boards[stage];
  const { down, across, width, height, cell } = layout;
  const key = [down.start, across.start, width, height, cell, window.devicePixelRatio].join(" ");
  if (board.plated === key) return;
  board.plated = key;
  const context = freshContext(board.plate, width, height);
  drawPadding(context, stage, layout);
  drawMap(context, stage, layout);
  if (cell >= RULED) drawRules(context, layout);
  if (cell >= NUMBERED) drawNumbers(context, stage, layout);
}
