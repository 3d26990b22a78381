// The cells of a stage as they are drawn: their colours, their numbers where there is room, and padding.

const NUMBERED = 26; // CSS pixels of a cell that can hold a number
const RULED = 9; // and of one that is worth a line around it
const WHOLE = 0.8; // share of a cell that is seen at least where its number is
const DIGITS = [5, 4, 3, 2]; // of a number, whichever leave it room
const [SMALLEST_LETTER, LARGEST_LETTER] = [8, 15]; // CSS pixels

/** The whole cells that are seen at least in part, of those from start to stop. */
function seenCells({ start, length }, { start: first, stop }) {
  const from = Math.max(Math.floor(start), first);
  const to = Math.min(Math.ceil(start + length), stop);
  return Array.from({ length: Math.max(to - from, 0) }, (_, k) => from + k);
}

function drawMap(context, stage, layout) {
  const [rows, columns] = [layout.down, layout.across].map(({ start, length }, k) => {
    const from = Math.max(start, 0);
    return { from, length: Math.min(start + length, sizeOf(stage)[k]) - from };
  });
  if (rows.length <= 0 || columns.length <= 0) return;
  const { cell, x, y } = layout;
  const part = [columns.from, rows.from, columns.length, rows.length];
  const size = [columns, rows].map(({ length }) => Math.max(length * cell, THINNEST));
  const to = [x(columns.from), y(rows.from), ...size];
  drawCells(context, boards[stage].picture, part, to);
}

/** Padding as it is: the cells that it copies, or nothing, hatched. */
function drawPadding(context, stage, layout) {
  const axes = windowOver(stage);
  if (!axes) return;
  const mode = stage === "input" ? page.report.paddingMode : "zeros";
  const [height, width] = sizeOf(stage);
  const [down, across] = axes.map((axis) => sources(axis, mode));
  const [rows, columns] = [layout.down, layout.across].map((part, k) => seenCells(part, extents(stage)[k]));
  const beside = columns.filter((column) => column < 0 || column >= width);
  for (const row of rows) {
    const padded = row >= 0 && row < height ? beside : columns;
    for (const column of padded) {
      const source = [down[row + axes[0].before], across[column + axes[1].before]];
      const to = [layout.x(column), layout.y(row), layout.cell, layout.cell];
      drawPaddedCell(context, boards[stage].picture, source, to);
    }
  }
}

function drawPaddedCell(context, picture, [row, column], to) {
  if (row !== OUTSIDE && column !== OUTSIDE) {
    context.globalAlpha = 0.55;
    drawCells(context, picture, [column, row, 1, 1], to);
    context.globalAlpha = 1;
  }
  context.fillStyle = hatching(context);
  context.fillRect(...to);
}

let hatched = null;

/** Thin slanted lines that are seen on any colour. */
function hatching(context) {
  if (!hatched) {
    const tile = element("canvas", { width: "8", height: "8" });
    const pen = tile.getContext("2d");
    const lines = [["rgba(255, 255, 255, 0.6)", 0], ["rgba(96, 96, 104, 0.7)", 1.5]];
    for (const [colour, aside] of lines) {
      pen.strokeStyle = colour;
      pen.beginPath();
      for (const shift of [-8, 0, 8]) {
        pen.moveTo(shift + aside - 4, 12);
        pen.lineTo(shift + aside + 12, -4);
      }
      pen.stroke();
    }
    hatched = context.createPattern(tile, "repeat");
  }
  return hatched;
}

function drawRules(context, { down, across, x, y, width, height }) {
  context.strokeStyle = "rgba(128, 128, 128, 0.35)";
  context.lineWidth = 1;
  context.beginPath();
  for (let column = Math.ceil(across.start); column <= across.start + across.length; column++) {
    context.moveTo(x(column), 0);
    context.lineTo(x(column), height);
  }
  for (let row = Math.ceil(down.start); row <= down.start + down.length; row++) {
    context.moveTo(0, y(row));
    context.lineTo(width, y(row));
  }
  context.stroke();
}

/**
 * The numbers of all cells, of one size, as large as there is room and of as many digits; none at all where
 * some have no room.
 */
function drawNumbers(context, stage, layout) {
  const places = placesOfNumbers(stage, layout);
  if (!places.length) return;
  for (const digits of DIGITS) {
    const numbers = places.map((place) => ({ ...place, texts: textsOf(place.values, digits) }));
    const size = Math.min(...numbers.map((number) => sizeOfNumber(context, number)));
    if (size < SMALLEST_LETTER) continue;
    for (const number of numbers) drawNumber(context, number, size);
    return;
  }
}

/** Values as they are written into a cell. */
function textsOf(values, digits) {
  return values.map((value) => rounded(value, digits).replace(/-/g, MINUS));
}

/** The cells that are seen well enough to bear numbers: their values, the ink, and the room for it. */
function placesOfNumbers(stage, layout) {
  const [height, width] = sizeOf(stage);
  const planes = valuesOf(stage);
  const { scale } = boards[stage];
  const places = [];
  for (const row of seenCells(layout.down, { start: 0, stop: height })) {
    for (const column of seenCells(layout.across, { start: 0, stop: width })) {
      const values = planes.map((plane) => plane[row * width + column]);
      const shades = values.map((value) => colourAt(scale, page.report.colormaps, value));
      const ink = inkOn(planes.length > 1 ? shades.map(([shade]) => shade) : shades[0]);
      const across = partSeen(layout.x(column), layout.cell, layout.width);
      const down = partSeen(layout.y(row), layout.cell, layout.height);
      if (Math.min(across.length, down.length) < WHOLE * layout.cell) continue;
      places.push({ values, ink, across, down });
    }
  }
  return places;
}

/** The middle and the length of what is seen of a cell along one axis. */
function partSeen(start, cell, length) {
  const [from, to] = [Math.max(start, 0), Math.min(start + cell, length)];
  return { middle: (from + to) / 2, length: to - from };
}

/** How large a number can be written in its cell, or several below each other. */
function sizeOfNumber(context, { texts, across, down }) {
  const largest = Math.min(
    LARGEST_LETTER,
    0.42 * across.length,
    (down.length - 4) / (1.2 * texts.length),
  );
  context.font = `${LARGEST_LETTER}px system-ui, sans-serif`;
  const widest = Math.max(...texts.map((text) => context.measureText(text).width));
  return Math.min(largest, (LARGEST_LETTER * (across.length - 4)) / widest);
}

function drawNumber(context, { texts, ink, across, down }, size) {
  context.font = `${size}px system-ui, sans-serif`;
  context.fillStyle = ink;
  context.textAlign = "center";
  context.textBaseline = "middle";
  texts.forEach((text, k) => {
    const line = k - (texts.length - 1) / 2;
    context.fillText(text, across.middle, down.middle + 1.15 * size * line);
  });
}
