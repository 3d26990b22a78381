// How much the pictures are enlarged: all of them in step, around the cell that is looked at.

const FEWEST = 8; // cells across that are still seen at the largest zoom

/** The zoom control, for images that are worth it. */
function openZoom() {
  const control = byId("zoom");
  const cells = Math.max(...page.report.inputs.flatMap((input) => input.shape.slice(1)));
  control.max = String(cells > 2 * FEWEST ? Math.ceil(Math.log2(cells / FEWEST)) : 0);
  byId("zooming").hidden = control.max === "0";
  control.addEventListener("input", applyZoom);
  applyZoom();
}

/** A step nearer or farther. */
function zoomBy(steps) {
  byId("zoom").value = String(Number(byId("zoom").value) + steps);
  applyZoom();
}

function applyZoom() {
  page.zoom = 2 ** Number(byId("zoom").value);
  byId("zoom-said").textContent = `${page.zoom}×`;
  byId("zoom").setAttribute("aria-valuetext", `${page.zoom} times`);
  if (page.cell) centre();
  changed();
}
