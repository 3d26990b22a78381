// Which part of every stage is seen, and how large: all show the same part of the image.

const LARGEST_CELL = 72; // CSS pixels
const TALLEST = 1.25; // times the width there is

/**
 * The part of a stage that is seen.
 * @param {string} stage
 * @returns {Object} cell: CSS pixels of one; down, across: the first and how many are seen, {start, length}
 */
function sightOf(stage) {
  const reach = extents(stage);
  const [rows, columns] = reach.map(({ start, stop }) => stop - start);
  const room = document.querySelector(`[data-stage="${stage}"]`).clientWidth;
  const abreast = Math.max(columns, rows / TALLEST); // cells beside each other when all are seen
  const whole = Math.min(room / abreast, LARGEST_CELL);
  const cell = Math.min(whole * page.zoom, LARGEST_CELL);
  const middle = fromImage(stage, page.centre);
  const [down, across] = [Math.max(rows, abreast), abreast].map((most, k) => {
    const { start, stop } = reach[k];
    const length = Math.min(stop - start, (most * whole) / cell);
    return { start: Math.min(Math.max(middle[k] - length / 2, start), stop - length), length };
  });
  return { cell, down, across };
}

/** See the part around the cell that is looked at; of a pooled value, around the one that won. */
function centre() {
  const { stage, y, x } = originCell();
  page.centre = toImage(stage, [y + 0.5, x + 0.5]);
}

/** Move what is seen so that the cell that is looked at is in it. */
function keepInSight() {
  const { stage, y, x } = page.cell;
  const { down, across } = sightOf(stage);
  const isIn = ({ start, length }, at) => at >= start && at + 1 <= start + length;
  if (!isIn(down, y) || !isIn(across, x)) centre();
}

/** Keep the middle where the image can be moved to, so that the way back begins at once. */
function boundCentre() {
  const { down, across } = sightOf("input");
  page.centre = [down, across].map(({ start, length }) => start + length / 2);
}
