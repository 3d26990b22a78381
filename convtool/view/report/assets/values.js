// From the contents of the page to what is computed with: numbers as typed arrays.

/** By the names that the contents have for them; their bytes are little-endian, as are all browsers. */
const TYPES = { uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array, float32: Float32Array };

/**
 * Everything the page shows, from its contents. Weights, bias and flip of a filter may be changed in
 * place; `original` keeps what they were.
 */
function openReport(contents) {
  return {
    title: contents.title,
    version: contents.version,
    options: contents.options,
    inputs: contents.inputs.map((input) => ({ ...input, values: decoded(input.values, input.dtype) })),
    filters: contents.filters.map((filter) => openFilter(filter, contents.flip)),
    paddingMode: contents.padding_mode,
    poolKind: contents.pool_kind,
    countIncludePad: contents.count_include_pad,
    colormaps: Object.fromEntries(
      Object.entries(contents.colormaps).map(([name, colours]) => [name, fromHex(colours.join(""))]),
    ),
  };
}

/** One filter, with its weights `(I, kh, kw)` one after the other. */
function openFilter(filter, flip) {
  const shape = [filter.weights.length, filter.weights[0].length, filter.weights[0][0].length];
  const weights = Float32Array.from(filter.weights.flat(2));
  const original = { weights: weights.slice(), bias: filter.bias, flip };
  return { ...filter, shape, weights, flip, original };
}

/** The numbers that stand as bytes in a text. */
function decoded(base64, dtype) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) {
    bytes[k] = text.charCodeAt(k);
  }
  return new TYPES[dtype](bytes.buffer);
}

/** The bytes of a text such as "ff00ff". */
function fromHex(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}
