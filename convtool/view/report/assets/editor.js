// The filter as a table of numbers that can be changed.

const MOST_ROOMY = 4; // columns of weights that are written large
const MOST_SEEN = 7; // columns of weights
const KERNEL = 168; // CSS pixels of the picture of more

let edited = null; // the filter whose weights stand in the table
let drawn = ""; // what the table was drawn for
let revision = 0; // how many times a filter was changed

/** Show the filter that is looked at, and take what is typed. */
function openEditor() {
  onChange(drawEditor);
  byId("weights").addEventListener("input", ({ target }) => {
    const filter = currentFilter();
    const index = Number(target.dataset.index);
    take(target, (value) => (filter.weights[index] = value));
  });
  byId("bias").addEventListener("input", ({ target }) => {
    take(target, (value) => (currentFilter().bias = value));
  });
  byId("flip").addEventListener("click", () => {
    currentFilter().flip = !currentFilter().flip;
    recompute();
  });
  byId("reset").addEventListener("click", reset);
  followTaps(byId("weights"));
  followFields(document.querySelector('[data-stage="filter"]'));
}

/**
 * Use what was typed if it is a number that a filter can hold; mark it if not.
 * @param {HTMLInputElement} field
 * @param {function(number): void} use
 */
function take(field, use) {
  const value = Math.fround(numberOf(field.value));
  if (!Number.isFinite(value)) {
    field.setAttribute("aria-invalid", "true");
    byId("reset").disabled = false;
    changed();
    return;
  }
  field.removeAttribute("aria-invalid");
  use(value);
  recompute();
}

/** Compute the maps of the filter that is looked at anew; until then its old ones are not explained. */
function recompute() {
  const index = page.filter;
  revision += 1;
  page.maps[index] = undefined;
  derived();
  compute(index, () => showComputed(index));
}

function reset() {
  const filter = currentFilter();
  filter.weights.set(filter.original.weights);
  filter.bias = filter.original.bias;
  filter.flip = filter.original.flip;
  edited = null;
  recompute();
}

function drawEditor() {
  const key = `${page.filter} ${revision}`;
  if (key === drawn) return;
  drawn = key;
  const filter = currentFilter();
  if (edited !== filter) buildEditor(filter);
  edited = filter;
  document.querySelector('[data-stage="filter"] [data-part="size"]').textContent =
    `${filterSize(filter)}, ${conventionOf(filter)}`;
  tintWeights(filter);
  drawKernel(filter);
  byId("bias").classList.toggle("changed", filter.bias !== filter.original.bias);
  byId("flip").setAttribute("aria-pressed", String(filter.flip));
  const invalid = document.querySelector('[data-stage="filter"] [aria-invalid]');
  byId("reset").disabled = !isChanged(filter) && !invalid;
  byId("json").textContent = fileOf(filter);
  byId("json-note").textContent = fileUse(filter);
}

/** How a filter is laid on the image, and what that is called. */
function conventionOf({ flip }) {
  return flip ? "turned by 180°: convolution" : "as it is: cross-correlation";
}

function isChanged({ weights, bias, flip, original }) {
  const other = bias !== original.bias || flip !== original.flip;
  return other || weights.some((weight, k) => weight !== original.weights[k]);
}

function buildEditor(filter) {
  const [channels, height, width] = filter.shape;
  digits = digitsFor(filter.weights, width);
  const longest = longestOf(filter.weights, digits);
  byId("weights").style.setProperty("--digits", String(Math.max(longest, 3)));
  byId("weights").classList.toggle("dense", width > MOST_ROOMY);
  const few = channels * height * width <= MOST_CELLS;
  const tables = Array.from({ length: few ? channels : 0 }, (_, channel) => {
    const caption = channels > 1 ? channelName(channel) : "Weights";
    const field = (row, column) => weightField(filter, channel, row, column);
    const table = matrixTable(caption, height, width, field);
    table.classList.toggle("alone", channels === 1);
    return table;
  });
  if (!few) tables.push(element("p", {}, "Its weights are too many to be changed here."));
  byId("weights").replaceChildren(...tables);
  byId("bias").removeAttribute("aria-invalid");
  showNumber(byId("bias"), false);
}

/** Where a weight of the file is laid on the patch, which meets a filter that is flipped as it is turned. */
function tapOf({ shape, flip }, index) {
  const [, height, width] = shape;
  const channel = Math.floor(index / (height * width));
  const within = index % (height * width);
  const laid = flip ? height * width - 1 - within : within;
  return `${channel} ${Math.floor(laid / width)} ${laid % width}`;
}

function weightField(filter, channel, row, column) {
  const [channels, height, width] = filter.shape;
  const index = (channel * height + row) * width + column;
  const where = `row ${row}, column ${column}`;
  const field = element("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    spellcheck: "false",
    id: `w-${channel}-${row}-${column}`,
    "aria-label": channels > 1 ? `Weight ${channelName(channel)}, ${where}` : `Weight, ${where}`,
    "data-index": String(index),
  });
  showNumber(field, false);
  return field;
}

/** A picture of weights that are too many to be seen in the table at once. */
function drawKernel(filter) {
  const canvas = byId("kernel");
  canvas.hidden = filter.shape[2] <= MOST_SEEN;
  if (canvas.hidden) return;
  const picture = filterPicture(filter);
  drawWhole(canvas, picture, KERNEL / picture.width);
}

/** Colour the weights by their values, and mark those that are not the file's. */
function tintWeights(filter) {
  const scale = scaleOf(filter.weights, "diverging");
  for (const field of byId("weights").querySelectorAll("input")) {
    const index = Number(field.dataset.index);
    tint(field, colourAt(scale, page.report.colormaps, filter.weights[index]));
    field.closest("td").dataset.tap = tapOf(filter, index);
    field.classList.toggle("changed", filter.weights[index] !== filter.original.weights[index]);
  }
}
