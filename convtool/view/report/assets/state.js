// What is looked at: one object that every part of the page reads, and how parts hear of changes.

const STAGES = ["input", "conv", "relu", "pool"];
const STAGE_NAMES = { input: "Image", conv: "Response", relu: "Feature map", pool: "Pooled map" };

const page = {
  report: null,
  /** Maps of every filter as far as they are computed. */
  maps: [],
  /** Which filter is looked at. */
  filter: 0,
  /** The cell that is looked at: {stage, y, x}. */
  cell: null,
  /** How the value of `cell` came to be; null for a pixel of the image. */
  derivation: null,
  pinned: false,
  /** The weight that is pointed at, in the filter or in a table: {channel, row, column}. */
  tap: null,
  /** How many times the pictures are enlarged, and the place of the image in their middle. */
  zoom: 1,
  centre: [0, 0],
  /** While the response is walked through: whether cells that are still to come are veiled. */
  walking: false,
};

const listeners = [];

/**
 * Have a function called, once a frame at most, after what is looked at has changed.
 * @param {function(): void} listener
 */
function onChange(listener) {
  listeners.push(listener);
}

let asked = false;

/** Have all listeners called before the next frame. */
function changed() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    for (const listener of listeners) listener();
  });
}

/** The filter that is looked at. */
function currentFilter() {
  return page.report.filters[page.filter];
}

/** Its input. */
function currentInput() {
  return page.report.inputs[currentFilter().input];
}

/** Its maps, or undefined while they are computed for the first time. */
function currentMaps() {
  return page.maps[page.filter];
}

/**
 * Look at a cell.
 * @param {string} stage
 * @param {number} y
 * @param {number} x
 */
function lookAt(stage, y, x) {
  page.cell = { stage, y, x };
  page.walking = false;
  derived();
}

/** Work out anew how the value that is looked at came to be. */
function derived() {
  const { cell, report, filter } = page;
  const maps = currentMaps();
  page.derivation =
    maps && cell && cell.stage !== "input" ? derive(report, filter, maps, cell.stage, cell.y, cell.x) : null;
  changed();
}
