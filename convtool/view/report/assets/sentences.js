// What is said of a value: the sum of its products written out, what the pool kept, what reads a pixel.

const MOST_TERMS = 25; // of a sum that is written out

/** "=" where the numbers are written in full, else "≈". */
function equals(...values) {
  return values.every((value) => numberOf(brief(value)) === value) ? "=" : "≈";
}

/** The sum of the products: of each where there are few, of each channel, or in short. */
function sumSaid({ patch, weights, products, sum }) {
  const terms = products.flat(2);
  const total = brief(sum);
  if (terms.length <= MOST_TERMS) {
    const [pixels, factors] = [patch.flat(2), weights.flat(2)];
    const written = pixels.map((pixel, k) => `${factor(pixel)}×${factor(factors[k])}`).join(" + ");
    return `${written} ${equals(...pixels, ...factors, sum)} ${total}`;
  }
  if (products.length > 1) {
    const sums = products.map((plane) => sumOf(plane.flat()));
    const written = sums.map((each, channel) => `${channelName(channel)} ${factor(each)}`).join(" + ");
    return `The products add up to ${written} ${equals(...sums, sum)} ${total}`;
  }
  return `The ${terms.length} products add up to ${total}`;
}

/** What becomes of the sum: divided by the deviation, and the bias added. */
function restSaid({ sum, deviation, bias, value }) {
  const parts = [brief(sum)];
  const numbers = [sum];
  if (deviation !== null) {
    if (deviation === 0) {
      const equal = "All pixels of the patch are equal, so the sum counts as 0";
      return `${equal}; with the bias of ${brief(bias)} it is ${exact(value)}`;
    }
    parts.push(`÷ ${brief(deviation)} (the deviation of the patch)`);
    numbers.push(deviation);
  }
  if (bias !== 0) {
    parts.push(`${bias < 0 ? MINUS : "+"} ${brief(Math.abs(bias))} (bias)`);
    numbers.push(bias);
  }
  return numbers.length > 1 ? `${parts.join(" ")} ${equals(...numbers, value)} ${exact(value)}` : "";
}

/** What the pool made of its window. */
function poolSaid({ kind, values, winner, divisor }) {
  const cells = values.flat().filter((value) => value !== null);
  const { value } = page.derivation;
  if (kind !== "avg") {
    const extreme = kind === "max" ? "largest" : "smallest";
    const others = cells.length > 1 ? `The ${extreme} of ${cells.length} cells` : "The only cell";
    const ties = cells.filter((cell) => cell === value).length;
    const tie = ties > 1 ? `, the first of ${ties} that are ${exact(value)}` : "";
    return `${others} is ${exact(value)}, in row ${winner[0]}, column ${winner[1]}${tie}`;
  }
  const outside = divisor > cells.length ? ", where cells outside count as 0" : "";
  const sum = sumOf(cells);
  const hint = ". Point at a cell of the feature map to see how it came to be.";
  const [numbers, written] = cells.length > MOST_TERMS
    ? [[sum], `The sum of ${cells.length} cells ${brief(sum)}`]
    : [cells, cells.length > 1 ? `(${cells.map(factor).join(" + ")})` : factor(sum)];
  return `${written} ÷ ${divisor} ${equals(...numbers, value)} ${exact(value)}${outside}${hint}`;
}

/** The values of a pixel, by their colours where there are three. */
function pixelSaid(values) {
  if (values.length === 1) return exact(values[0]);
  return values.map((value, k) => `${"RGB"[k]} ${exact(value)}`).join(", ");
}

/** What a pixel of the image is part of. */
function consequencesSaid({ y, x }) {
  const { rows, columns } = consequences(y, x);
  const count = rows.length * columns.length;
  if (!count) return "No response reads this pixel: the windows pass it by.";
  const span = (name, cells) => {
    const last = cells[cells.length - 1];
    return cells.length > 1 ? `${name}s ${cells[0]} to ${last}` : `${name} ${last}`;
  };
  const readers = count > 1 ? `${count} responses, which are` : "one response, which is";
  const where = `${span("row", rows)}, ${span("column", columns)}`;
  return `This pixel is part of the patches of ${readers} outlined: in ${where}.`;
}
