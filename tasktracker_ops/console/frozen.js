// Draws a dashboard as it was read: the page of `tt-ops dashboard --html`.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("page").textContent);
  const widgets = document.querySelector(".widgets");
  widgets.before(charts.alarms(page.alarms));
  elements.lookButton(document.getElementById("look"), () => charts.draw(widgets, page));
})();
