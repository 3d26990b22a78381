// Fields for numbers: short while they are only read, in full while they are written in.

const [MOST_DIGITS, FEWEST_DIGITS] = [4, 2]; // of a number that is only read
const ROW = 49; // characters of a row of fields that has its room

let digits = MOST_DIGITS; // of the weights that stand in the table

/**
 * How many digits of weights leave a row of them its room.
 * @param {Float32Array} weights
 * @param {number} width of a row
 */
function digitsFor(weights, width) {
  let most = MOST_DIGITS;
  while (most > FEWEST_DIGITS && width * longestOf(weights, most) > ROW) most -= 1;
  return most;
}

/** Characters of the longest of some weights. */
function longestOf(weights, most) {
  return weights.reduce((longest, weight) => Math.max(longest, rounded(weight, most).length), 0);
}

/** The number of the filter that a field is for. */
function heldBy(field) {
  const { weights, bias } = currentFilter();
  return field.id === "bias" ? bias : weights[field.dataset.index];
}

/** Have a field say its number in short, or in full; what is no number stays as it was typed. */
function showNumber(field, inFull) {
  if (field.hasAttribute("aria-invalid")) return;
  field.title = shortest(heldBy(field));
  const said = inFull ? field.title : rounded(heldBy(field), digits);
  if (field.value === said) return;
  field.value = said;
  if (inFull) field.select(); // as it is when the keyboard comes to it
}

/**
 * Show numbers in full while they are written in.
 * @param {HTMLElement} figure around the fields
 */
function followFields(figure) {
  for (const [event, inFull] of [["focusin", true], ["focusout", false]]) {
    figure.addEventListener(event, ({ target }) => {
      if (target.matches("input")) showNumber(target, inFull);
    });
  }
}
