// The page from its contents.

/** What scripts and tests may use: read values, look at cells. */
function handle() {
  const mapsOf = (filter) => page.maps[filter] || computeMaps(page.report, filter);
  return {
    report: page.report,
    values: (filter, stage) => Array.from(mapsOf(filter)[MAP_OF[stage]]),
    derive: (filter, stage, y, x) => derive(page.report, filter, mapsOf(filter), stage, y, x),
    select: (filter, stage, y, x) => {
      page.maps[filter] = mapsOf(filter);
      page.filter = filter;
      lookAt(stage, y, x);
      keepInSight();
    },
  };
}

function main() {
  page.report = openReport(JSON.parse(byId("contents").textContent));
  const { title, options, version } = page.report;
  document.title = title;
  byId("title").textContent = title;
  byId("options").textContent = options;
  byId("version").textContent = version;
  openTheme();
  openBoards();
  openEditor();
  openFaults();
  openPanel();
  openOverview();
  openPointing();
  openPlayer();
  openZoom();
  window.convtool = handle();
  changed();
}

main();
