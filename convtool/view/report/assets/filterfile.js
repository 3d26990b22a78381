// The filter as a file that convtool reads.

/** The text of the file, in JSON. */
function fileOf({ name, shape, weights, bias, normalize }) {
  const [channels, height, width] = shape;
  const numbers = (count, item) => Array.from({ length: count }, (_, k) => item(k));
  const row = (k) => `[${Array.from(weights.subarray(k * width, (k + 1) * width), shortest).join(", ")}]`;
  const plane = (k) => `[${numbers(height, (y) => row(k * height + y)).join(",\n     ")}]`;
  const planes = numbers(channels, plane).join(",\n    ");
  const lines = [
    '  "format": "convtool.filter/1"',
    `  "name": ${JSON.stringify(name)}`,
    `  "weights": ${channels > 1 ? `[[${planes}]]` : planes}`,
  ];
  if (bias !== 0) lines.push(`  "bias": ${shortest(bias)}`);
  if (normalize) lines.push(`  "normalize": ${JSON.stringify(normalize)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

/** What to do with it. */
function fileUse({ flip }) {
  const use = "Copy it into a file for convtool’s option --filter";
  return flip ? `${use}, and run with --flip: its weights are not turned yet.` : `${use}.`;
}
