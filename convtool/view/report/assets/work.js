// Maps computed in slices, so that the page never stands still.

const SLICE = 12; // milliseconds; a frame has 16

const running = new Map();

/**
 * Compute the maps of a filter; one that is under way for it begins anew.
 * @param {number} index
 * @param {function(): void} done
 */
function compute(index, done) {
  const idle = running.size === 0;
  running.set(index, { steps: computingMaps(page.report, index), done });
  if (idle) setTimeout(workOn);
  tellOfWork();
}

function workOn() {
  const until = performance.now() + SLICE;
  while (running.size && performance.now() < until) {
    // What is looked at goes first.
    const index = running.has(page.filter) ? page.filter : running.keys().next().value;
    const { steps, done } = running.get(index);
    const step = steps.next();
    if (step.done) {
      running.delete(index);
      page.maps[index] = step.value;
      done();
    }
  }
  if (running.size) setTimeout(workOn);
  tellOfWork();
}

function tellOfWork() {
  const left = running.size;
  document.body.setAttribute("aria-busy", String(left > 0));
  const said = left ? `Computing ${left} filter${left > 1 ? "s" : ""} …` : "";
  if (byId("status").textContent !== said) byId("status").textContent = said;
}
