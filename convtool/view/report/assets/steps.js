// The steps to a value as tables: patch × filter = products, ReLU, the window of the pool.

const MOST_CELLS = 4096; // of tables
const MOST_COLUMNS = 5; // of three tables that stand side by side on paper
const MOST_ROWS = 30; // of tables that are not scrolled in

let built = ""; // what the steps were built for

/** Show something else in place of the steps. */
function showInSteps(...others) {
  byId("steps").replaceChildren(...others);
  built = "";
}

/** Build the steps, empty, unless they stand already. */
function rebuildSteps({ conv, relu, pool }) {
  const filter = currentFilter();
  const { shape, flip, input, channel } = filter;
  const windows = pool ? [pool.rows.length, pool.columns.length] : [];
  const room = byId("steps").clientWidth;
  const key = JSON.stringify([shape, flip, input, channel, !!conv, !!relu, windows, room]);
  if (key === built) return;
  const steps = [];
  if (conv) steps.push(convStep(filter));
  if (relu) steps.push(step("ReLU", "relu", element("p", { class: "formula" })));
  if (pool) steps.push(poolStep(pool));
  showInSteps(...steps);
  built = key;
}

function step(title, part, ...children) {
  return element("section", { class: "step", "data-part": part }, element("h3", {}, title), ...children);
}

function convStep(filter) {
  const [channels, height, width] = filter.shape;
  const matrices = [];
  if (channels * height * width > MOST_CELLS) {
    const said = `Windows of ${filterSize(filter)} cells are too large to be printed.`;
    matrices.push(element("p", {}, said));
  } else {
    for (let channel = 0; channel < channels; channel++) matrices.push(...matricesOf(filter, channel));
  }
  const scroll = scrollable("Patch, filter and products", channels * height, matrices);
  scroll.classList.add("products");
  scroll.classList.toggle("wide", width > MOST_COLUMNS);
  return step(
    "Patch × filter",
    "conv",
    scroll,
    element("p", { class: "quiet legend", hidden: "" }),
    element("p", { class: "formula", "data-part": "sum" }),
    element("p", { class: "formula", "data-part": "bias" }),
  );
}

/** A box that tables are scrolled in, where they are wide or of very many rows. */
function scrollable(name, rows, tables) {
  const size = rows > MOST_ROWS ? "scroll tall" : "scroll";
  const attributes = { class: size, tabindex: "0", role: "group", "aria-label": name };
  return element("div", attributes, ...tables);
}

/** Patch × filter = products of one channel. */
function matricesOf(filter, channel) {
  const [channels, height, width] = filter.shape;
  const suffix = channels > 1 ? ` ${channelName(channel)}` : "";
  const captions = {
    patch: `Patch${suffix}`,
    weights: `Filter${suffix}${filter.flip ? ", turned" : ""}`,
    products: `Products${suffix}`,
  };
  const tables = Object.entries(captions).map(([part, caption]) => {
    const table = matrixTable(caption, height, width, () => "");
    table.dataset.part = part;
    fillTable(table, (cell, row, column) => (cell.dataset.tap = `${channel} ${row} ${column}`));
    return table;
  });
  const sign = (text) => element("span", { class: "sign", "aria-hidden": "true" }, text);
  const [patch, weights, products] = tables.map((table) => element("div", {}, table));
  return [patch, sign("×"), weights, sign("="), products];
}

/** Have tables that do not fit beside each other stand below each other, each scrolled by itself. */
function stack(products) {
  if (products.scrollWidth <= products.clientWidth) return;
  const boxes = products.querySelectorAll("div");
  products.classList.add("stacked");
  if (boxes.length === 3) products.classList.remove("tall"); // each of them is
  for (const box of boxes) {
    box.className = "scroll";
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", box.firstChild.caption.textContent);
  }
}

/** What the input calls a channel that the filter reads. */
function channelName(channel) {
  const number = currentFilter().channel + channel;
  return currentInput().colours === "rgb" ? "RGB"[number] : String(number);
}

function poolStep({ rows, columns, kind }) {
  const said = element("p", { class: "formula", "data-part": "pool" });
  const kept = { max: "Largest", min: "Smallest", avg: "Mean" }[kind];
  const title = `${kept} of the window`;
  if (rows.length * columns.length > MOST_CELLS) return step(title, "window", said);
  const table = matrixTable("Feature map", rows.length, columns.length, () => "");
  return step(title, "window", scrollable("The pool’s window", rows.length, [table]), said);
}

function fillSteps({ conv, relu, pool }) {
  const steps = byId("steps");
  if (conv) fillConv(steps.querySelector('[data-part="conv"]'), conv);
  if (relu) {
    const said = `max(0, ${exact(relu.before)}) = ${exact(relu.value)}`;
    steps.querySelector('[data-part="relu"] .formula').textContent = said;
  }
  if (pool) fillPool(steps.querySelector('[data-part="window"]'), pool);
}

function fillConv(target, conv) {
  const scales = {
    patch: scaleOfInput(currentInput()),
    weights: scaleOf(conv.weights.flat(2), "diverging"),
    products: scaleOf(conv.products.flat(2), "diverging"),
  };
  for (const [part, scale] of Object.entries(scales)) {
    target.querySelectorAll(`[data-part="${part}"]`).forEach((table, channel) => {
      const own = part === "patch";
      const places = [conv.rows, conv.columns];
      numberTable(table, ...(own ? places.map(placesSaid) : places.map((cells) => [...cells.keys()])));
      fillTable(table, (cell, row, column) => {
        const padded = own && conv.padded[row][column];
        fillCell(cell, conv[part][channel][row][column], scale, padded ? "padding" : "");
      });
    });
  }
  stack(target.querySelector(".products"));
  const legend = target.querySelector(".legend");
  legend.hidden = !conv.padded.some((row) => row.includes(true));
  const copied = page.report.paddingMode === "zeros" ? "counts as 0" : "copies cells of the image";
  legend.replaceChildren(element("span", { class: "swatch padding" }), ` Padding, which ${copied}.`);
  target.querySelector('[data-part="sum"]').textContent = sumSaid(conv);
  const rest = restSaid(conv);
  target.querySelector('[data-part="bias"]').textContent = rest;
  target.querySelector('[data-part="bias"]').hidden = !rest;
}

/** Rows or columns by their numbers; those that are none by a dot. */
function placesSaid(cells) {
  return cells.map((cell) => (cell === OUTSIDE ? "·" : String(cell)));
}

/**
 * Write a value into a cell, on its colour.
 * @param {HTMLTableCellElement} cell
 * @param {?number} value null for what is no cell at all
 * @param {Object} scale
 * @param {string} kind "padding", "outside" or nothing
 */
function fillCell(cell, value, scale, kind) {
  cell.classList.toggle("padding", kind !== "");
  const said = value === null ? "" : brief(value);
  if (kind) {
    cell.replaceChildren(said, element("span", { class: "unseen" }, ` ${kind}`));
    cell.style.backgroundColor = cell.style.color = "";
  } else {
    cell.textContent = said;
    tint(cell, colourAt(scale, page.report.colormaps, value));
  }
}

function fillPool(target, pool) {
  const table = target.querySelector("table");
  if (table) {
    const { rows, columns, winner } = pool;
    const { scale } = boards.relu;
    numberTable(table, placesSaid(rows), placesSaid(columns));
    fillTable(table, (cell, row, column) => {
      const value = pool.values[row][column];
      fillCell(cell, value, scale, value === null ? "outside" : "");
      const won = winner !== null && rows[row] === winner[0] && columns[column] === winner[1];
      cell.classList.toggle("winner", won);
    });
  }
  target.querySelector('[data-part="pool"]').textContent = poolSaid(pool);
}
