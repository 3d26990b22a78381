// What is outlined in each stage: the cell that is looked at, what it came of, and what comes of it.

/**
 * Cells of a padded axis that one window reads, from its first to its last.
 * @param {Object} axis
 * @param {number} index of the window
 */
function windowAt(axis, index) {
  const start = index * axis.stride - axis.before;
  return { start, stop: start + reachOf(axis) };
}

/** The results along an axis whose windows read a cell. */
function readersOf(axis, mode, cell) {
  const source = sources(axis, mode);
  const taps = Array.from({ length: axis.kernel }, (_, tap) => tap * axis.dilation);
  const results = Array.from({ length: axis.count }, (_, result) => result);
  return results.filter((result) => taps.some((tap) => source[result * axis.stride + tap] === cell));
}

/** Neighbours among numbers, put together. */
function runs(numbers) {
  const found = [];
  for (const number of numbers) {
    const last = found[found.length - 1];
    if (last && last.stop === number) last.stop += 1;
    else found.push({ start: number, stop: number + 1 });
  }
  return found;
}

/** Marks of all rectangles that rows and columns make. */
function rectangles(kind, rows, columns) {
  return rows.flatMap((row) => columns.map((column) => ({ kind, row, column })));
}

function cellMark(kind, y, x) {
  return { kind, row: { start: y, stop: y + 1 }, column: { start: x, stop: x + 1 } };
}

/** The marks of the results that read rows and columns of cells. */
function fed(axes, mode, rows, columns) {
  const [down, across] = [rows, columns].map((cells, k) => {
    const results = new Set(cells.flatMap((cell) => readersOf(axes[k], mode, cell)));
    return [...results].sort((a, b) => a - b);
  });
  return { down, across, marks: rectangles("fed", runs(down), runs(across)) };
}

/**
 * What a pixel of the image becomes part of.
 * @param {number} y
 * @param {number} x
 * @returns {Object} the rows and columns of the response, and marks of all stages
 */
function consequences(y, x) {
  const { conv, pool } = currentFilter();
  const responses = fed(conv, page.report.paddingMode, [y], [x]);
  const pooled = fed(pool, "zeros", responses.down, responses.across);
  return {
    rows: responses.down,
    columns: responses.across,
    marks: {
      input: [cellMark("cell", y, x)],
      conv: responses.marks,
      relu: responses.marks,
      pool: pooled.marks,
    },
  };
}

/** The part of the image that a rectangle of responses sees. */
function fieldOf(rows, columns) {
  const { conv } = currentFilter();
  const [row, column] = [rows, columns].map(({ start, stop }, k) => ({
    start: windowAt(conv[k], start).start,
    stop: windowAt(conv[k], stop - 1).stop,
  }));
  return { kind: "window", row, column };
}

/** The weight that is pointed at, in the image. */
function tapMarks(at) {
  if (!page.tap || !at) return [];
  const [row, column] = [page.tap.row, page.tap.column].map((tap, k) => {
    const axis = currentFilter().conv[k];
    return windowAt(axis, k ? at.x : at.y).start + tap * axis.dilation;
  });
  return [cellMark("cell", row, column)];
}

/** The marks of a response: it, its patch, what it becomes. */
function marksOfResponse(at, kinds) {
  const { pool } = currentFilter();
  const cell = { start: at.y, stop: at.y + 1 };
  const patch = fieldOf(cell, { start: at.x, stop: at.x + 1 });
  return {
    input: [patch, ...tapMarks(at)],
    conv: [cellMark(kinds.conv, at.y, at.x)],
    relu: [cellMark(kinds.relu, at.y, at.x)],
    pool: fed(pool, "zeros", [at.y], [at.x]).marks,
  };
}

/** The marks of a pooled value: it, its window, the winner in it, and the patch of that. */
function marksOfPooled(cell, derivation) {
  const { pool, conv } = currentFilter();
  const [row, column] = [windowAt(pool[0], cell.y), windowAt(pool[1], cell.x)];
  const window = { kind: "window", row, column };
  const itself = [cellMark("cell", cell.y, cell.x)];
  if (derivation.conv) {
    const winner = marksOfResponse(derivation.conv, { conv: "cell", relu: "cell" });
    return { ...winner, relu: [window, ...winner.relu], pool: itself };
  }
  const inside = [row, column].map((span, k) => ({
    start: Math.max(span.start, 0),
    stop: Math.min(span.stop, conv[k].count),
  }));
  const seen = { kind: "window", row: inside[0], column: inside[1] };
  return { input: [fieldOf(...inside)], conv: [seen], relu: [window], pool: itself };
}

/**
 * All marks, for each stage.
 * @returns {Object<string, Object[]>}
 */
function currentMarks() {
  const { cell, derivation } = page;
  if (cell && cell.stage === "input") return consequences(cell.y, cell.x).marks;
  if (!cell || !derivation) return { input: [], conv: [], relu: [], pool: [] };
  if (cell.stage === "pool") return marksOfPooled(cell, derivation);
  const kinds = cell.stage === "conv" ? { conv: "cell", relu: "fed" } : { conv: "window", relu: "cell" };
  return marksOfResponse(cell, kinds);
}
