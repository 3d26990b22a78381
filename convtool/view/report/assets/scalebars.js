// Colour bars below the pictures, with the numbers of their ends.

const NARROWEST = 96; // CSS pixels
const DIGIT = 8; // CSS pixels that one takes

/**
 * A colour bar and the numbers of its ends, and where 0 is.
 * @param {HTMLElement} target
 * @param {Object} scale
 * @param {boolean} colours whether it is that of red, green and blue
 */
function drawScale(target, scale, colours) {
  const { low, high } = scale;
  const steps = Array.from({ length: 128 }, (_, step) => low + ((high - low) * step) / 127);
  const bar = mapPicture(steps, [1, steps.length], scale);
  const labels = [element("span", {}, (colours ? "R, G, B: " : "") + brief(low))];
  if (low < 0 && high > 0) {
    labels.push(element("span", { class: "zero" }, "0"));
    labels[1].style.left = `${(-100 * low) / (high - low)}%`;
  }
  if (low !== high) labels.push(element("span", {}, brief(high)));
  target.replaceChildren(...(colours ? [] : [bar]), element("div", {}, ...labels));
}

/** Make a colour bar as wide as its map; its 0 is written where there is room between its ends. */
function fitScale(target, width) {
  const room = Math.max(width, NARROWEST);
  target.style.width = `${room}px`;
  const zero = target.querySelector(".zero");
  if (!zero) return;
  const [low, , high] = Array.from(zero.parentNode.children, (label) => label.textContent.length + 1);
  const at = (room * parseFloat(zero.style.left)) / 100;
  zero.hidden = at < DIGIT * low || room - at < DIGIT * high;
}
