// The panel that explains the cell that is looked at: its value, and the steps that led to it.

/** Show the derivation whenever something changes. */
function openPanel() {
  onChange(drawPanel);
  followTaps(byId("steps"));
}

function drawPanel() {
  const { cell, derivation, pinned } = page;
  byId("pinned").hidden = !pinned;
  if (!cell || (cell.stage !== "input" && !derivation)) {
    byId("derivation-title").textContent = currentMaps() ? "Point at a cell" : "Computing …";
    showInSteps();
    byId("bar").hidden = true;
    return;
  }
  const value = derivation ? derivation.value : pixelAt(cell.y, cell.x);
  const said = derivation ? exact(value) : pixelSaid(value);
  byId("derivation").dataset.value = derivation ? String(value) : value.join(" ");
  byId("derivation-title").replaceChildren(
    `${STAGE_NAMES[cell.stage]}, row ${cell.y}, column ${cell.x}: `,
    element("strong", { "data-part": "value" }, said),
  );
  byId("bar").hidden = false;
  byId("bar").textContent = byId("derivation-title").textContent;
  if (derivation) {
    rebuildSteps(derivation);
    fillSteps(derivation);
    markTap();
  } else {
    showInSteps(element("p", { "data-part": "fed" }, consequencesSaid(cell)));
  }
}

/** The values of a pixel, one for each channel that the picture shows. */
function pixelAt(y, x) {
  return valuesOf("input").map((plane) => plane[y * currentInput().shape[2] + x]);
}
