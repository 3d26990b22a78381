// What lies on the pictures: outlines, and the veil over what is still to come.

const SMALLEST = 7; // CSS pixels of an outline's side
const LINES = { cell: [5, 2.5], window: [4, 1.75], fed: [3, 1.25] }; // CSS pixels of halo and line

/** While the response is walked through, what is still to come is not seen yet. */
function drawVeil(context, stage, layout) {
  const [y, x] = lastKnown(stage);
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  const { width, height, cell } = layout; // it reaches beyond them, whose last pixels may be parts of one
  context.fillRect(layout.x(x + 1), layout.y(y), width + cell, cell);
  context.fillRect(0, layout.y(y + 1), width, height + cell);
}

/** The last cell of a stage, row by row, that can be told of the responses so far. */
function lastKnown(stage) {
  const { y, x } = page.cell;
  if (stage !== "pool") return [y, x];
  const { conv, pool } = currentFilter();
  const ends = pool.map((axis, k) => (index) => Math.min(windowAt(axis, index).stop, conv[k].count));
  let row = -1;
  while (row + 1 < pool[0].count && ends[0](row + 1) <= y) row += 1;
  let column = -1;
  if (row + 1 < pool[0].count && ends[0](row + 1) === y + 1) {
    while (column + 1 < pool[1].count && ends[1](column + 1) <= x + 1) column += 1;
  }
  return column < 0 ? [row, pool[1].count] : [row + 1, column];
}

/** Outlines in the accent's colour, on a light line that keeps them apart from any picture. */
function drawMarks(context, marks, { x, y }) {
  for (const { kind, row, column } of marks) {
    const [halo, line] = LINES[kind];
    const [left, top] = [x(column.start), y(row.start)];
    const [width, height] = [x(column.stop) - left, y(row.stop) - top];
    const grown = Math.max(0, (SMALLEST - Math.min(width, height)) / 2); // a dot at least
    const around = [left - grown, top - grown, width + 2 * grown, height + 2 * grown];
    context.setLineDash([]);
    context.lineWidth = halo;
    context.strokeStyle = "#fff";
    context.strokeRect(...around);
    context.setLineDash(kind === "fed" && !grown ? [4, 3] : []);
    context.lineWidth = line;
    context.strokeStyle = "#c2006b";
    context.strokeRect(...around);
  }
}
