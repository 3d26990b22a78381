// What is wrong with the filter as it stands in its fields, in words.

const LARGEST = "float32’s 3.4e38";

/** Say below the fields what is wrong, whenever something changes. */
function openFaults() {
  onChange(drawFault);
}

function drawFault() {
  const said = fault();
  if (byId("fault").textContent !== said) byId("fault").textContent = said;
}

/** What is wrong with the first field that is, or with the sums; nothing where all is well. */
function fault() {
  const field = document.querySelector('[data-stage="filter"] [aria-invalid]');
  if (field) {
    const last = exact(heldBy(field));
    return `${nameOf(field)}: ${faultOf(field.value.trim())}. The maps still show its last good value, ${last}.`;
  }
  const { scale } = boards.conv;
  const isBeyond = scale && !(Number.isFinite(scale.low) && Number.isFinite(scale.high));
  return isBeyond ? `The sums are beyond ${LARGEST}; use smaller weights.` : "";
}

/** What a field is called. */
function nameOf(field) {
  return field.getAttribute("aria-label") || field.labels[0].textContent;
}

/** What is wrong with a text that is no number of a filter. */
function faultOf(text) {
  if (text === "") return "nothing is written here";
  if (!Number.isNaN(numberOf(text))) return `${text} is beyond ${LARGEST}`;
  const pointed = text.replace(",", ".");
  const isNear = pointed !== text && !Number.isNaN(numberOf(pointed));
  return `“${text}” is no number${isNear ? `, write ${pointed}` : ""}`;
}
