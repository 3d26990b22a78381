// Where windows lie along one axis, which is {size, kernel, stride, dilation, before, after, count}.

/** Where there is no cell of the map. */
const OUTSIDE = -1;

/** For each padded cell along an axis the cell of the map that it copies, or OUTSIDE. */
function sources(axis, mode) {
  const { size, before } = axis;
  const cells = new Int32Array(Math.max(before + size + axis.after, reachedBy(axis)));
  for (let k = 0; k < cells.length; k++) {
    cells[k] = sourceOf(k - before, size, mode);
  }
  return cells;
}

/** The cell that a cell counted from the map's first copies; pads go on mirroring or repeating the map. */
function sourceOf(cell, size, mode) {
  const last = size - 1;
  switch (mode) {
    case "replicate":
      return Math.min(Math.max(cell, 0), last);
    case "circular":
      return modulo(cell, size);
    case "symmetric": {
      const along = modulo(cell, 2 * size);
      return Math.min(along, 2 * size - 1 - along);
    }
    case "reflect": {
      const along = modulo(cell, Math.max(2 * last, 1));
      return Math.min(along, 2 * last - along);
    }
    default:
      return cell >= 0 && cell <= last ? cell : OUTSIDE;
  }
}

/** How many padded cells the windows of an axis reach over. */
function reachedBy(axis) {
  return (axis.count - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1;
}

/** The padded cells that the taps of a window meet. */
function cellsOf(axis, window) {
  return Array.from({ length: axis.kernel }, (_, k) => window * axis.stride + k * axis.dilation);
}

/** The remainder that is never negative. */
function modulo(number, divisor) {
  return ((number % divisor) + divisor) % divisor;
}
