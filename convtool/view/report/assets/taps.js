// Weights that are pointed at, in the filter or in a table: they and their partners are marked.

/**
 * Have the weights pointed at whose cells in tables the pointer or the keyboard comes to.
 * @param {HTMLElement} tables
 */
function followTaps(tables) {
  for (const arrival of ["pointerover", "focusin"]) {
    tables.addEventListener(arrival, ({ target }) => pointAtTap(target.closest("td[data-tap]")));
  }
  for (const leave of ["pointerleave", "focusout"]) {
    tables.addEventListener(leave, () => pointAtTap(null));
  }
}

/**
 * Point at the weight that a cell shows, or at none.
 * @param {?HTMLTableCellElement} cell
 */
function pointAtTap(cell) {
  const [channel, row, column] = cell ? cell.dataset.tap.split(" ").map(Number) : [];
  page.tap = cell ? { channel, row, column } : null;
  changed();
}

/** Mark the weight that is pointed at, and its partners. */
function markTap() {
  const key = page.tap && [page.tap.channel, page.tap.row, page.tap.column].join(" ");
  document.querySelectorAll("td.same").forEach((cell) => cell.classList.remove("same"));
  if (key) document.querySelectorAll(`td[data-tap="${key}"]`).forEach((cell) => cell.classList.add("same"));
}
