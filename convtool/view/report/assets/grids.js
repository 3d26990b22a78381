// Small matrices as tables: built once for a shape, then filled.

/**
 * A table with numbered rows and columns.
 * @param {string} caption
 * @param {number} rows
 * @param {number} columns
 * @param {function(number, number): Node} content of a cell
 */
function matrixTable(caption, rows, columns, content) {
  const numbers = (count) => Array.from({ length: count }, (_, k) => k);
  const head = numbers(columns).map((column) => element("th", { scope: "col" }, String(column)));
  const body = numbers(rows).map((row) => {
    const cells = numbers(columns).map((column) => element("td", {}, content(row, column)));
    return element("tr", {}, element("th", { scope: "row" }, String(row)), ...cells);
  });
  return element(
    "table",
    { class: "matrix" },
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, element("td"), ...head)),
    element("tbody", {}, ...body),
  );
}

/**
 * Number the rows and columns of a table anew.
 * @param {HTMLTableElement} table
 * @param {string[]} rows
 * @param {string[]} columns
 */
function numberTable(table, rows, columns) {
  table.querySelectorAll('th[scope="row"]').forEach((head, k) => (head.textContent = rows[k]));
  table.querySelectorAll('th[scope="col"]').forEach((head, k) => (head.textContent = columns[k]));
}

/**
 * Fill a table's cells.
 * @param {HTMLTableElement} table
 * @param {function(HTMLTableCellElement, number, number): void} fill
 */
function fillTable(table, fill) {
  table.querySelectorAll("tbody tr").forEach((line, row) => {
    line.querySelectorAll("td").forEach((cell, column) => fill(cell, row, column));
  });
}
