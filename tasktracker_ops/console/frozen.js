// Draws a dashboard as it was read: the page of `tt-ops dashboard --html`.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("page").textContent);
  const button = document.getElementById("look");
  const widgets = document.querySelector(".widgets");

  function draw() {
    button.textContent = charts.look() === "dark" ? "Light" : "Dark";
    charts.draw(widgets, page);
  }

  button.addEventListener("click", () => {
    document.documentElement.dataset.look = charts.look() === "dark" ? "light" : "dark";
    draw();
  });
  charts.preferred.addEventListener("change", draw);
  widgets.before(charts.alarms(page.alarms));
  draw();
})();
