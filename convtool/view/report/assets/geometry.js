// How large stages are, and where a place of one lies in another.

/**
 * Rows and columns of a stage of the filter that is looked at.
 * @param {string} stage
 * @returns {number[]}
 */
function sizeOf(stage) {
  const filter = currentFilter();
  if (stage === "input") return currentInput().shape.slice(1);
  return (stage === "pool" ? filter.pool : filter.conv).map((axis) => axis.count);
}

/** Rows and columns of a filter in words, and its channels before them if there are several. */
function filterSize({ shape }) {
  return by(shape[0] > 1 ? shape : shape.slice(1));
}

/**
 * The window that slides over a stage; null over the last.
 * @param {string} stage
 * @returns {?Object[]} its axes along y and x
 */
function windowOver(stage) {
  if (stage === "input") return currentFilter().conv;
  return stage === "relu" ? currentFilter().pool : null;
}

/**
 * Cells from a window's first tap to its last, both counted.
 * @param {Object} axis
 */
function reachOf(axis) {
  return axis.dilation * (axis.kernel - 1) + 1;
}

/**
 * From where to where a stage reaches, with the padding that windows read.
 * @param {string} stage
 * @returns {{start: number, stop: number}[]} along y and x
 */
function extents(stage) {
  const axes = windowOver(stage);
  return sizeOf(stage).map((size, k) => {
    if (!axes) return { start: 0, stop: size };
    const { before, after, count, stride } = axes[k];
    const read = (count - 1) * stride + reachOf(axes[k]) - before;
    return { start: -before, stop: Math.max(size + after, read) };
  });
}

/** The place in a result above which the middle of a window lies at a place of the map. */
function forwards(axis, place) {
  return (place + axis.before - reachOf(axis) / 2) / axis.stride + 0.5;
}

function backwards(axis, place) {
  return (place - 0.5) * axis.stride - axis.before + reachOf(axis) / 2;
}

/**
 * Where a place of the image lies in a stage; places are between cells, the middle of cell 0 is at 0.5.
 * @param {string} stage
 * @param {number[]} place
 */
function fromImage(stage, place) {
  const { conv, pool } = currentFilter();
  if (stage === "input") return place;
  const inConv = place.map((at, k) => forwards(conv[k], at));
  return stage === "pool" ? inConv.map((at, k) => forwards(pool[k], at)) : inConv;
}

/**
 * Where a place of a stage lies in the image.
 * @param {string} stage
 * @param {number[]} place
 */
function toImage(stage, place) {
  const { conv, pool } = currentFilter();
  if (stage === "input") return place;
  const inConv = stage === "pool" ? place.map((at, k) => backwards(pool[k], at)) : place;
  return inConv.map((at, k) => backwards(conv[k], at));
}

/** The cell that is looked at, or of a pooled value the one that won, by its stage. */
function originCell() {
  const { cell, derivation } = page;
  const won = derivation && derivation.conv;
  return won ? { stage: "conv", y: won.y, x: won.x } : cell;
}

/**
 * The cell of a stage that belongs to the one that is looked at.
 * @param {string} stage
 * @returns {number[]}
 */
function cellIn(stage) {
  if (page.cell.stage === stage) return [page.cell.y, page.cell.x];
  const from = originCell();
  const place = fromImage(stage, toImage(from.stage, [from.y + 0.5, from.x + 0.5]));
  const shape = sizeOf(stage);
  return place.map((at, k) => Math.min(Math.max(Math.floor(at), 0), shape[k] - 1));
}
