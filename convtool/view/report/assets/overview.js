// All filters side by side: each with its weights and its maps, small.

const SMALL = 62; // CSS pixels of a small picture's side

/** Make a card for every filter, and compute its maps. */
function openOverview() {
  const cards = page.report.filters.map((filter, index) => {
    const room = { width: SMALL, height: SMALL, "aria-hidden": "true" }; // theirs before they are drawn
    const canvases = Array.from({ length: 4 }, () => element("canvas", room));
    const card = element(
      "button",
      { type: "button" },
      element("span", { class: "name" }, filter.name),
      element("span", { class: "pictures" }, ...canvases),
    );
    if (filter.description) card.title = filter.description;
    card.addEventListener("click", () => choose(index));
    return card;
  });
  byId("filters").append(...cards);
  byId("overview").hidden = cards.length === 1; // its stages say it all
  page.report.filters.forEach((_, index) => compute(index, () => showComputed(index)));
  onChange(drawNames);
}

/** Look at another filter, at the same cell if it has it. */
function choose(index) {
  page.filter = index;
  page.walking = false;
  if (page.cell) {
    const shape = sizeOf(page.cell.stage);
    page.cell.y = Math.min(page.cell.y, shape[0] - 1);
    page.cell.x = Math.min(page.cell.x, shape[1] - 1);
  }
  derived();
}

/** Take what has been computed of a filter. */
function showComputed(index) {
  if (!byId("overview").hidden) drawPictures(index);
  if (index === page.filter) {
    if (!page.cell) lookAtStrongest();
    derived();
  }
}

/** Draw the small pictures of a filter. */
function drawPictures(index) {
  const filter = page.report.filters[index];
  const maps = page.maps[index];
  const canvases = byId("filters").children[index].querySelectorAll("canvas");
  drawSmall(canvases[0], filterPicture(filter));
  Object.entries(MAP_OF).forEach(([stage, name], k) => {
    const picture = mapPicture(maps[name], maps.shapes[stage], scaleOfMap(maps, stage));
    drawSmall(canvases[k + 1], picture);
  });
}

/** Begin with the largest pooled value: there is something to be explained. */
function lookAtStrongest() {
  const { pool, shapes } = currentMaps();
  let best = 0;
  pool.forEach((value, k) => {
    if (value > pool[best]) best = k;
  });
  lookAt("pool", Math.floor(best / shapes.pool[1]), best % shapes.pool[1]);
}

function drawSmall(canvas, picture) {
  drawWhole(canvas, picture, SMALL / Math.max(picture.width, picture.height));
}

function drawNames() {
  const { name, description } = currentFilter();
  byId("name").textContent = name;
  byId("description").textContent = description || "";
  [...byId("filters").children].forEach((card, index) => {
    card.setAttribute("aria-pressed", String(index === page.filter));
  });
}
