// The maps of a filter: Conv, ReLU and Pool of a whole image, summed in float64 and rounded once.

/** How two values of a pool's window become one, and the value that changes nothing. */
const REDUCTIONS = {
  max: { combine: (best, value) => (value > best ? value : best), neutral: -Infinity },
  min: { combine: (best, value) => (value < best ? value : best), neutral: Infinity },
  avg: { combine: (total, value) => total + value, neutral: 0 },
};

/** The maps of a filter as it is now: {response, relu, pool}, row by row, and the {shapes} of the stages. */
function computeMaps(report, filterIndex) {
  const steps = computingMaps(report, filterIndex);
  let step = steps.next();
  while (!step.done) {
    step = steps.next();
  }
  return step.value;
}

/** The same row by row, so that a page need not freeze: yields the share that is done, returns the maps. */
function* computingMaps(report, filterIndex) {
  const filter = report.filters[filterIndex];
  const [conv, pool] = [shapeOf(filter.conv), shapeOf(filter.pool)];
  const work = conv[0] / (conv[0] + pool[0]);
  const response = yield* inShares(convolving(report, filter), 0, work);
  const relu = response.map((value) => Math.max(0, value));
  const pooled = yield* inShares(pooling(report, filter, relu), work, 1 - work);
  return { response, relu, pool: pooled, shapes: { conv, relu: conv, pool } };
}

/** Pass on the shares of a part as shares of the whole. */
function* inShares(part, before, share) {
  let step = part.next();
  while (!step.done) {
    yield before + share * step.value;
    step = part.next();
  }
  return step.value;
}

/** The response: for every window `Σ w · x`, perhaps over the deviation of its values, plus the bias. */
function* convolving(report, filter) {
  const [alongY, alongX] = filter.conv;
  const image = padded(report, filter);
  const taps = tapsOf(filter, image);
  const used = taps.filter(({ weight }) => weight !== 0);
  const response = new Float32Array(alongY.count * alongX.count);
  const sums = new Float64Array(alongX.count);
  for (let y = 0; y < alongY.count; y++) {
    const start = y * alongY.stride * image.width;
    sums.fill(0);
    for (const { weight, offset } of used) {
      addProducts(sums, weight, image.values, start + offset, alongX.stride);
    }
    const deviations = filter.normalize ? deviationsOf(image.values, start, taps, alongX) : null;
    for (let x = 0; x < alongX.count; x++) {
      response[y * alongX.count + x] = responseOf(sums[x], deviations ? deviations[x] : null, filter.bias);
    }
    yield (y + 1) / alongY.count;
  }
  return response;
}

/** What a sum of products becomes; under a constant window, whose deviation is 0, there is nothing to see. */
function responseOf(sum, deviation, bias) {
  if (deviation === null) {
    return sum + bias;
  }
  return (deviation === 0 ? 0 : sum / deviation) + bias;
}

/** Add `weight · x` to the sums of a row of windows, whose values of one tap stand `step` cells apart. */
function addProducts(sums, weight, values, start, step) {
  for (let x = 0, cell = start; x < sums.length; x++, cell += step) {
    sums[x] += weight * values[cell];
  }
}

/**
 * The standard deviation of the values under each window of a row. The sum of equal float32 values is
 * exact in float64 and so is their mean: a constant window has exactly 0.
 */
function deviationsOf(values, start, taps, alongX) {
  const means = new Float64Array(alongX.count);
  for (const { offset } of taps) {
    addProducts(means, 1, values, start + offset, alongX.stride);
  }
  for (let x = 0; x < means.length; x++) {
    means[x] /= taps.length;
  }
  const squares = new Float64Array(alongX.count);
  for (const { offset } of taps) {
    for (let x = 0, cell = start + offset; x < squares.length; x++, cell += alongX.stride) {
      squares[x] += (values[cell] - means[x]) ** 2;
    }
  }
  return squares.map((sum) => Math.sqrt(sum / taps.length));
}

/** The channels that a filter reads, padded, one after the other: {values}, and a plane's {width, area}. */
function padded(report, filter) {
  const input = report.inputs[filter.input];
  const [rows, columns] = filter.conv.map((axis) => sources(axis, report.paddingMode));
  const [, height, width] = input.shape;
  const [channels] = filter.shape;
  const values = new Float32Array(channels * rows.length * columns.length);
  let cell = 0;
  for (let channel = filter.channel; channel < filter.channel + channels; channel++) {
    for (const row of rows) {
      const start = (channel * height + row) * width;
      for (const column of columns) {
        values[cell++] = row === OUTSIDE || column === OUTSIDE ? 0 : input.values[start + column];
      }
    }
  }
  return { values, width: columns.length, area: rows.length * columns.length };
}

/** Each weight of a filter, and how many cells of a padded image it lies behind the start of its window. */
function tapsOf(filter, image) {
  const [alongY, alongX] = filter.conv;
  const taps = [];
  laidWeights(filter).forEach((kernel, channel) =>
    kernel.forEach((row, ky) =>
      row.forEach((weight, kx) => {
        const [down, across] = [ky * alongY.dilation, kx * alongX.dilation];
        const offset = channel * image.area + down * image.width + across;
        taps.push({ weight, offset });
      }),
    ),
  );
  return taps;
}

/** The weights `[channel][row][column]` as they are laid on the image: turned by 180° where it is flipped. */
function laidWeights(filter) {
  const [channels, height, width] = filter.shape;
  const area = height * width;
  return Array.from({ length: channels }, (_, channel) => {
    const kernel = filter.weights.slice(channel * area, (channel + 1) * area);
    if (filter.flip) {
      kernel.reverse();
    }
    return Array.from({ length: height }, (_, row) =>
      Array.from(kernel.subarray(row * width, (row + 1) * width)),
    );
  });
}

/** The pooled map of a feature map: every window's rows become one, then the columns of that. */
function* pooling(report, filter, map) {
  const [alongY, alongX] = filter.pool;
  const [rows, columns] = filter.pool.map((axis) => sources(axis, "zeros"));
  const [heights, widths] = filter.pool.map((axis) =>
    Array.from({ length: axis.count }, (_, window) => divisorAlong(axis, window, report)),
  );
  const { combine, neutral } = REDUCTIONS[report.poolKind];
  const pooled = new Float32Array(alongY.count * alongX.count);
  const combined = new Float64Array(alongX.size);
  for (let y = 0; y < alongY.count; y++) {
    combined.fill(neutral);
    for (const cell of cellsOf(alongY, y)) {
      if (rows[cell] !== OUTSIDE) {
        const start = rows[cell] * alongX.size;
        for (let x = 0; x < combined.length; x++) {
          combined[x] = combine(combined[x], map[start + x]);
        }
      }
    }
    for (let x = 0; x < alongX.count; x++) {
      let value = neutral;
      for (let k = 0, cell = x * alongX.stride; k < alongX.kernel; k++, cell += alongX.dilation) {
        if (columns[cell] !== OUTSIDE) {
          value = combine(value, combined[columns[cell]]);
        }
      }
      pooled[y * alongX.count + x] = value / (heights[y] * widths[x]);
    }
    yield (y + 1) / alongY.count;
  }
  return pooled;
}

/** By what a pool's window is divided along one axis: the taps that count in a mean, else 1. */
function divisorAlong(axis, window, report) {
  if (report.poolKind !== "avg") {
    return 1;
  }
  const [first, end] = report.countIncludePad
    ? [0, axis.before + axis.size + axis.after] // never what lies beyond the padding
    : [axis.before, axis.before + axis.size];
  return Math.max(cellsOf(axis, window).filter((cell) => first <= cell && cell < end).length, 1);
}

/** Rows and columns of the result of a window. */
function shapeOf(window) {
  return window.map((axis) => axis.count);
}
