// Numbers as people read them.

const MINUS = "\u2212";

/**
 * The shortest decimal that is this float32, or this number as it is if it is none; whole numbers in full,
 * but for those beyond 2⁵³, whose last digits nobody knows.
 * @param {number} value
 * @returns {string} with the keyboard's minus, as it stands in files
 */
function shortest(value) {
  if (Number.isSafeInteger(value) || Math.fround(value) !== value) return String(value);
  for (let digits = 1; digits <= 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return withPower(shorter, 2 ** 53);
  }
  return String(value);
}

/** A number with a power of ten if it is large, where zeros at its end would stand for digits left out. */
function withPower(value, large) {
  return Math.abs(value) < large ? String(value) : value.toExponential();
}

/**
 * A number that stands for itself: every digit, and a true minus.
 * @param {number} value
 */
function exact(value) {
  return shortest(value).replace(/-/g, MINUS);
}

/**
 * A number beside others: five digits where it is no whole number.
 * @param {number} value
 */
function brief(value) {
  const whole = Number.isInteger(value) && Math.abs(value) < 1e9;
  return (whole ? String(value) : withPower(Number(value.toPrecision(5)), 1e5)).replace(/-/g, MINUS);
}

/**
 * A number where there is little room: so many digits and never a wrong whole part, or, if that is shorter,
 * a power of ten.
 * @param {number} value
 * @param {number} digits
 * @returns {string} with the keyboard's minus
 */
function rounded(value, digits) {
  const few = Number(value.toPrecision(digits));
  const plain = String(Math.abs(value) < 10 ** digits ? few : Math.round(value));
  const power = few.toExponential();
  return power.length < plain.length ? power : plain;
}

/**
 * A number within a sum or a product, in brackets if it is negative.
 * @param {number} value
 */
function factor(value) {
  return value < 0 ? `(${brief(value)})` : brief(value);
}

/**
 * A size as "rows × columns".
 * @param {number[]} shape
 */
function by(shape) {
  return shape.join(" × ");
}

/**
 * A number as it is written here, read again; NaN where the text is none.
 * @param {string} text
 */
function numberOf(text) {
  const plain = text.trim().replaceAll(MINUS, "-");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}
