// Draws the figures of the page, and draws them again when the look changes.
"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const button = document.getElementById("look");
  const preferred = matchMedia("(prefers-color-scheme: dark)");
  const PALETTES = {
    light: ["#2a6fdb", "#d97a06", "#0f8a72", "#8446c9", "#b03a7a", "#5c6b7d"],
    dark: ["#6ea8ff", "#ffb454", "#4fd1b0", "#c19bff", "#ff8fc2", "#a9b6c6"],
  };

  const look = () =>
    document.documentElement.dataset.look || (preferred.matches ? "dark" : "light");

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const yaxis = (right) => (right ? "y2" : "y");

  // plotly reads some of HTML in texts.
  const literal = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

  const element = (tag, className, text = "") =>
    Object.assign(document.createElement(tag), { className, textContent: text });

  function series(figure) {
    const palette = PALETTES[look()];
    return figure.traces.map((trace, i) => ({
      type: "scatter",
      mode: "lines+markers",
      name: literal(trace.name),
      x: trace.x,
      y: trace.y,
      yaxis: yaxis(trace.right),
      stackgroup: figure.stacked ? yaxis(trace.right) : undefined,
      line: { color: trace.color || palette[i % palette.length], width: 2 },
      marker: { size: 4 },
      hovertemplate: `%{y:,.4~r} ${trace.unit}`,
    }));
  }

  // Room for the markers at either end.
  function padded(span) {
    const [start, end] = span.map((at) => Date.parse(at));
    const room = (end - start) / 100;
    return [start - room, end + room].map((at) => new Date(at).toISOString());
  }

  // As traces and not as shapes, so that the axis reaches them and the legend can hide them.
  function lines(figure) {
    return figure.lines.map((line) => ({
      type: "scatter",
      mode: "lines",
      name: literal(line.name),
      x: figure.span,
      y: [line.value, line.value],
      yaxis: yaxis(line.right),
      line: { color: line.color || css("--alarm"), width: 1.5, dash: "dash" },
      hoverinfo: "skip",
    }));
  }

  function latest(figure) {
    const palette = PALETTES[look()];
    const last = (trace) => trace.y.filter((value) => value !== null).at(-1) ?? 0;
    const names = figure.traces.map((trace) => literal(trace.name));
    const values = figure.traces.map(last);
    const colors = figure.traces.map((trace, i) => trace.color || palette[i % palette.length]);
    return figure.view === "pie"
      ? [{ type: "pie", labels: names, values, marker: { colors } }]
      : [{ type: "bar", orientation: "h", y: names, x: values, marker: { color: colors } }];
  }

  function shapes(figure) {
    const alarm = css("--alarm");
    const bands = figure.bands.map((band) => ({
      type: "rect", xref: "x", yref: "paper", layer: "below",
      x0: band.from, x1: band.to, y0: 0, y1: 1,
      fillcolor: alarm, opacity: 0.16, line: { width: 0 },
    }));
    const marks = figure.marks.map((mark) => ({
      type: mark.to === null ? "line" : "rect",
      xref: mark.axis === "time" ? "x" : "paper",
      yref: mark.axis === "time" ? "paper" : yaxis(mark.axis === "right"),
      ...(mark.axis === "time"
        ? { x0: mark.from, x1: mark.to ?? mark.from, y0: 0, y1: 1 }
        : { x0: 0, x1: 1, y0: mark.from, y1: mark.to }),
      label: { text: literal(mark.label), font: { color: css("--soft"), size: 11 } },
      fillcolor: mark.color || css("--soft"),
      opacity: mark.to === null ? 0.8 : 0.2,
      line: { color: mark.color || css("--soft"), width: mark.to === null ? 1.5 : 0, dash: "dot" },
    }));
    return [...bands, ...marks];
  }

  function axis(figure, side) {
    const [low, high] = figure.limits[side] || [null, null];
    const limited = low !== null || high !== null;
    const values = figure.traces.flatMap((trace) => trace.y);
    const few = values.every((value) => Number.isInteger(value ?? 0) && (value ?? 0) <= 5);
    return {
      title: { text: literal(figure.units[side]), font: { size: 11 } },
      gridcolor: css("--line"),
      zerolinecolor: css("--line"),
      rangemode: "tozero",
      automargin: true,
      fixedrange: true,
      ...(few ? { dtick: 1 } : {}),
      ...(limited ? { range: [low, high] } : {}),
    };
  }

  function layout(figure) {
    const timed = figure.view === "timeSeries";
    const empty = figure.traces.every((trace) => trace.y.every((value) => value === null));
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: css("--soft") },
      margin: { l: 8, r: 12, t: 10, b: 8 },
      hovermode: timed ? "x unified" : "closest",
      hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink") } },
      showlegend: figure.view === "pie",
      xaxis: timed
        ? { type: "date", range: padded(figure.span), gridcolor: css("--line"), automargin: true }
        : { gridcolor: css("--line"), automargin: true },
      yaxis: timed ? axis(figure, "left") : { automargin: true, autorange: "reversed" },
      yaxis2: { ...axis(figure, "right"), overlaying: "y", side: "right", tickmode: "auto", showgrid: false },
      shapes: timed ? shapes(figure) : [],
      annotations: empty
        ? [{ text: "no data in this span", xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false }]
        : [],
    };
  }

  function legend(chart, figure, data) {
    const list = element("div", "legend");
    const named = [...figure.traces, ...figure.lines];
    data.forEach((trace, i) => {
      const entry = element("button", "entry", named[i].name);
      const mark = element("i", trace.line.dash ? "dashed" : "");
      mark.style.borderColor = trace.line.color;
      entry.prepend(mark);
      entry.setAttribute("aria-pressed", String(!figure.hidden.has(i)));
      entry.addEventListener("click", () => {
        if (!figure.hidden.delete(i)) figure.hidden.add(i);
        draw();
      });
      list.append(entry);
    });
    if (figure.bands.length) {
      const entry = element("span", "entry", "in ALARM");
      entry.prepend(element("i", "band"));
      list.append(entry);
    }
    chart.parentElement.querySelector(".legend")?.remove();
    chart.after(list);
  }

  function draw() {
    button.textContent = look() === "dark" ? "Light" : "Dark";
    document.querySelectorAll(".chart").forEach((chart) => {
      const figure = figures[Number(chart.parentElement.dataset.widget)];
      const timed = figure.view === "timeSeries";
      figure.hidden ??= new Set();
      const data = timed ? [...series(figure), ...lines(figure)] : latest(figure);
      if (timed) legend(chart, figure, data);
      const shown = data.map((trace, i) => ({ ...trace, visible: !figure.hidden.has(i) }));
      Plotly.react(chart, shown, layout(figure), { responsive: true, displayModeBar: false });
    });
  }

  button.addEventListener("click", () => {
    document.documentElement.dataset.look = look() === "dark" ? "light" : "dark";
    draw();
  });
  preferred.addEventListener("change", draw);
  draw();
})();
