// How one value came to be, from its cell back to the cells of the image.

/** Under which name the maps of `computeMaps` hold those of a stage. */
const MAP_OF = { conv: "response", relu: "relu", pool: "pool" };

/**
 * The chain behind the cell (y, x) of a stage's map: {stage, y, x, value, pool, relu, conv}. From a pool
 * it goes on at the winner of the window; behind a mean, which has none, relu and conv are null.
 */
function derive(report, filterIndex, maps, stage, y, x) {
  const filter = report.filters[filterIndex];
  const value = valueAt(maps, stage, y, x);
  const pool = stage === "pool" ? derivePool(report, filter, maps, y, x) : null;
  const origin = pool ? pool.winner : [y, x];
  const relu = stage === "conv" || !origin ? null : deriveRelu(maps, ...origin);
  const conv = origin ? deriveConv(report, filter, ...origin) : null;
  return { stage, y, x, value, pool, relu, conv };
}

/** One value of a stage's map. */
function valueAt(maps, stage, y, x) {
  return maps[MAP_OF[stage]][y * maps.shapes[stage][1] + x];
}

/**
 * The window of a pool: rows and columns of the feature map, -1 outside, its values, null there, and the
 * first of the values that won, or what their sum was divided by.
 */
function derivePool(report, filter, maps, y, x) {
  const kind = report.poolKind;
  const [rows, columns] = [y, x].map((window, axis) => cellsUnder(filter.pool[axis], window, "zeros"));
  const values = rows.map((row) =>
    columns.map((column) =>
      row === OUTSIDE || column === OUTSIDE ? null : valueAt(maps, "relu", row, column),
    ),
  );
  if (kind === "avg") {
    const [height, width] = [y, x].map((window, axis) => divisorAlong(filter.pool[axis], window, report));
    return { kind, rows, columns, values, winner: null, divisor: height * width };
  }
  return { kind, rows, columns, values, winner: winnerOf(kind, rows, columns, values), divisor: null };
}

/** Where the extreme value of a pool's window stands in the map, the first one of equals. */
function winnerOf(kind, rows, columns, values) {
  let [winner, best] = [null, null];
  values.forEach((row, ky) =>
    row.forEach((value, kx) => {
      const wins = best === null || (kind === "max" ? value > best : value < best);
      if (value !== null && wins) {
        [winner, best] = [[rows[ky], columns[kx]], value];
      }
    }),
  );
  return winner;
}

/** What ReLU made of a value. */
function deriveRelu(maps, y, x) {
  return { y, x, before: valueAt(maps, "conv", y, x), value: valueAt(maps, "relu", y, x) };
}

/**
 * The window of a filter, `[channel][row][column]`: the patch under it, the weights as they are laid, the
 * products, and what these sum up to. The sums run as in `convolving`, so the value is that of the map.
 */
function deriveConv(report, filter, y, x) {
  const [alongY, alongX] = filter.conv;
  const rows = cellsUnder(alongY, y, report.paddingMode);
  const columns = cellsUnder(alongX, x, report.paddingMode);
  const [paddedRows, paddedColumns] = [inPadding(alongY, y), inPadding(alongX, x)];
  const weights = laidWeights(filter);
  const patch = patchOf(report.inputs[filter.input], filter, rows, columns);
  const products = weights.map((kernel, channel) =>
    kernel.map((row, ky) => row.map((weight, kx) => weight * patch[channel][ky][kx])),
  );
  const sum = sumOf(products.flat(2));
  const deviation = filter.normalize ? deviationOf(patch.flat(2)) : null;
  return {
    y,
    x,
    value: Math.fround(responseOf(sum, deviation, filter.bias)),
    rows,
    columns,
    padded: paddedRows.map((row) => paddedColumns.map((column) => row || column)),
    patch,
    weights,
    products,
    sum,
    deviation,
    bias: filter.bias,
  };
}

/** The values `[channel][row][column]` of an input under a filter; 0 where padding copies nothing. */
function patchOf(input, filter, rows, columns) {
  const [, height, width] = input.shape;
  return Array.from({ length: filter.shape[0] }, (_, channel) =>
    rows.map((row) =>
      columns.map((column) =>
        row === OUTSIDE || column === OUTSIDE
          ? 0
          : input.values[((filter.channel + channel) * height + row) * width + column],
      ),
    ),
  );
}

/** The cells of the map that the taps of a window meet or copy, or OUTSIDE. */
function cellsUnder(axis, window, mode) {
  return cellsOf(axis, window).map((cell) => sourceOf(cell - axis.before, axis.size, mode));
}

/** For each tap of a window whether it lies in the padding, whatever that copies. */
function inPadding(axis, window) {
  return cellsOf(axis, window).map((cell) => cell < axis.before || cell >= axis.before + axis.size);
}

/** One by one from the first. */
function sumOf(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The standard deviation of values, as `deviationsOf` has it for a row of windows. */
function deviationOf(values) {
  const mean = sumOf(values) / values.length;
  return Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / values.length);
}
