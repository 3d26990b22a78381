// Which colour a value has: a range of values laid on a colour map.

/** The scale that just holds all values; its colour map, unless named, is diverging if some are negative. */
function scaleOf(values, name) {
  let [low, high] = endsOf(values);
  if (low === high) { // 5 alone should not look like the lowest there is
    [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  }
  return { low, high, colormap: name || (low < 0 ? "diverging" : "sequential") };
}

/** The smallest and the largest of all values. */
function endsOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let k = 0; k < values.length; k++) {
    if (values[k] < low) low = values[k];
    if (values[k] > high) high = values[k];
  }
  return [low, high];
}

/** The colour [red, green, blue] of a value. */
function colourAt(scale, colormaps, value) {
  const shade = shadeOf(scale, value);
  return Array.from(colormaps[scale.colormap].subarray(3 * shade, 3 * shade + 3));
}

/** Which of the 256 colours of its map a value has; on the diverging one 0 is the middle. */
function shadeOf({ low, high, colormap }, value) {
  const inside = Math.min(Math.max(value, low), high);
  if (colormap === "diverging") {
    const largest = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return toNearestEven((0.5 + inside / (2 * largest)) * 255);
  }
  return toNearestEven(((inside - low) / (high - low || 1)) * 255);
}

/** The nearest whole number, of two equally near the even one, as NumPy rounds. */
function toNearestEven(number) {
  const nearest = Math.round(number);
  return nearest - number === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
