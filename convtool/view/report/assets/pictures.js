// Values as colours: whole pictures of maps, and the ink that is readable on a colour.

/** The scale of an input: a picture goes from black to the white of its depth. */
function scaleOfInput({ colours, white, values }) {
  return colours === "scale" ? scaleOf(values) : { low: 0, high: white, colormap: "gray" };
}

/**
 * The scale of a map; feature map and pooled map share theirs, so that equal values look the same.
 * @param {Object} maps of one filter
 * @param {string} stage
 */
function scaleOfMap({ response, relu, pool }, stage) {
  return scaleOf(stage === "conv" ? response : [...endsOf(relu), ...endsOf(pool)]);
}

/**
 * A picture with one pixel for each cell.
 * @param {number[]} shape
 * @param {function(Uint8ClampedArray, number): void} paint gets the pixels and the number of a cell
 * @returns {HTMLCanvasElement}
 */
function bitmap([height, width], paint) {
  const canvas = element("canvas");
  [canvas.height, canvas.width] = [height, width];
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const { data } = image; // read once: the browser is asked for it each time
  for (let cell = 0; cell < height * width; cell++) {
    paint(data, cell);
    data[4 * cell + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * The picture of a map.
 * @param {ArrayLike<number>} values row by row
 * @param {number[]} shape
 * @param {Object} scale
 */
function mapPicture(values, shape, scale) {
  const palette = page.report.colormaps[scale.colormap];
  return bitmap(shape, (pixels, cell) => {
    const shade = 3 * shadeOf(scale, values[cell]);
    for (let part = 0; part < 3; part++) pixels[4 * cell + part] = palette[shade + part];
  });
}

/** The picture of a filter: its channels one after the other, a cell apart, about as high as wide. */
function filterPicture({ weights, shape }) {
  const [channels, height, width] = shape;
  const scale = scaleOf(weights, "diverging");
  const columns = Math.ceil(Math.sqrt((channels * height) / width));
  const rows = Math.ceil(channels / columns);
  const canvas = element("canvas");
  [canvas.height, canvas.width] = [rows * (height + 1) - 1, columns * (width + 1) - 1];
  const context = canvas.getContext("2d");
  for (let channel = 0; channel < channels; channel++) {
    const plane = weights.subarray(channel * height * width, (channel + 1) * height * width);
    const [row, column] = [Math.floor(channel / columns), channel % columns];
    context.drawImage(mapPicture(plane, [height, width], scale), column * (width + 1), row * (height + 1));
  }
  return canvas;
}

/**
 * The picture of an input, its channels as colours if they are.
 * @param {Object} input
 * @param {number} channel shown where there is one only
 */
function inputPicture(input, channel) {
  const [, height, width] = input.shape;
  const area = height * width;
  const scale = scaleOfInput(input);
  if (input.colours !== "rgb") {
    return mapPicture(input.values.subarray(channel * area, (channel + 1) * area), [height, width], scale);
  }
  return bitmap([height, width], (pixels, cell) => {
    for (let part = 0; part < 3; part++) {
      pixels[4 * cell + part] = shadeOf(scale, input.values[part * area + cell]);
    }
  });
}

/**
 * Draw a picture into a rectangle: cells stay cells where there is room for them.
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLCanvasElement} picture
 * @param {number[]} from x, y, width and height of the part
 * @param {number[]} to
 */
function drawCells(context, picture, from, to) {
  context.imageSmoothingEnabled = to[2] * (window.devicePixelRatio || 1) < from[2];
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, ...from, ...to);
}

/**
 * Draw all of a picture on a canvas that becomes as large as it.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLCanvasElement} picture
 * @param {number} cell CSS pixels of one
 */
function drawWhole(canvas, picture, cell) {
  const { width, height } = picture;
  const size = [width, height].map((side) => Math.max(2, side * cell));
  drawCells(freshContext(canvas, ...size), picture, [0, 0, width, height], [0, 0, ...size]);
}

/** How bright a colour is, as WCAG has it. */
function luminance(colour) {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * Black or white, whichever is read more easily on a colour.
 * @param {number[]} colour
 */
function inkOn(colour) {
  return luminance(colour) > 0.179 ? "#000" : "#fff";
}

/**
 * Lay a colour and its ink on an element.
 * @param {HTMLElement} target
 * @param {number[]} colour
 */
function tint(target, colour) {
  target.style.backgroundColor = `rgb(${colour.join(", ")})`;
  target.style.color = inkOn(colour);
}
