// Draws the widgets of a dashboard with uPlot, from the JSON of a DashboardPage.
// The console and the page of `tt-ops dashboard --html` share it.
"use strict";
const charts = (() => {
  const { breakable, clock, element, look, number } = elements;
  const PALETTES = {
    light: ["#2a6fdb", "#b86200", "#0f8a72", "#8446c9", "#b03a7a", "#5c6b7d"],
    dark: ["#6ea8ff", "#ffb454", "#4fd1b0", "#c19bff", "#ff8fc2", "#a9b6c6"],
  };
  const UNITS = { Milliseconds: "ms", Count: "", Bytes: "bytes" };
  const SIGNS = {
    GreaterThanThreshold: ">",
    GreaterThanOrEqualToThreshold: "≥",
    LessThanThreshold: "<",
    LessThanOrEqualToThreshold: "≤",
  };
  const STATES = { OK: "ok", ALARM: "alarm" };
  const HEIGHT = 190;
  const SHORTEST = 600; // seconds that are shown at least
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const seconds = (at) => Date.parse(at) / 1000;
  const unit = (name) => UNITS[name ?? ""] ?? name ?? "";
  function alarm(timeline) {
    const { state, name, since, reason } = timeline.alarm;
    const count = timeline.firing_periods.length;
    const times = count === 0 ? "" : count === 1 ? ", fired once" : `, fired ${count} times`;
    return element(
      "li",
      { className: STATES[state] ?? "unknown", title: reason },
      element("strong", {}, state.replaceAll("_", " ")), " ", breakable(name), " ",
      element("span", {}, `since ${clock(since)} UTC${times}`),
    );
  }

  const alarms = (timelines) => element("ul", { className: "alarms" }, timelines.map(alarm));

  // The figure of a widget: times, and a series for each trace and for each horizontal line.
  function figure(panel, page) {
    const { widget } = panel;
    const timelines = watched(panel, page);
    const lines = [
      ...timelines.filter((each) => each.alarm.threshold !== null).map((each) => ({
        name: `${each.alarm.name} ${SIGNS[each.alarm.comparison] ?? ""} ${number(each.alarm.threshold)}`,
        value: each.alarm.threshold,
        right: panel.traces.find((trace) => trace.alarms.includes(each.alarm.name)).right,
      })),
      ...widget.annotations.filter((mark) => mark.axis !== "time" && mark.end === null).map((mark) => ({
        name: mark.label ?? "", value: mark.start, right: mark.axis === "right", color: mark.color,
      })),
    ];
    const points = panel.traces.map(withGaps);
    const span = [seconds(page.since), seconds(page.until)];
    const times = [...new Set([...span, ...points.flatMap((each) => [...each.keys()])])];
    times.sort((a, b) => a - b);
    // What is undefined is not due then, what is null is missing and interrupts the line.
    const raw = points.map((each) => times.map((at) => each.get(at)));
    const values = widget.stacked ? stacked(raw, panel.traces) : raw;
    return {
      panel, span, lines, raw, times,
      data: [times, ...values, ...lines.map((line) => times.map(() => line.value))],
      bands: timelines.flatMap((each) =>
        each.firing_periods.map(([start, end]) => [seconds(start), seconds(end ?? page.until)])),
      marks: widget.annotations.filter((mark) => mark.axis === "time" || mark.end !== null),
      empty: raw.every((each) => each.every((value) => value === undefined || value === null)),
    };
  }

  function watched(panel, page) {
    const names = new Set(panel.traces.flatMap((trace) => trace.alarms));
    return page.alarms.filter((each) => names.has(each.alarm.name));
  }

  function withGaps(trace) {
    const points = new Map();
    let due = null;
    for (const point of trace.points) {
      const at = seconds(point.at);
      if (due !== null && at > due) points.set(due, null);
      points.set(at, point.value);
      due = at + trace.period;
    }
    return points;
  }

  function stacked(raw, traces) {
    const sums = { true: [], false: [] };
    return raw.map((values, i) => {
      const below = sums[traces[i].right];
      return values.map((value, at) => {
        if (value === undefined || value === null) return value;
        below[at] = (below[at] ?? 0) + value;
        return below[at];
      });
    });
  }

  const colorOf = (trace, i) => trace.color || PALETTES[look()][i % PALETTES.light.length];

  function series(shown) {
    const { panel, lines } = shown.figure;
    const below = {};
    const bands = [];
    const traces = panel.traces.map((trace, i) => {
      const color = colorOf(trace, i);
      if (panel.widget.stacked && below[trace.right]) bands.push({ series: [i + 1, below[trace.right]], fill: `${color}55` });
      const first = panel.widget.stacked && !below[trace.right];
      below[trace.right] = i + 1;
      return {
        label: trace.label, scale: trace.right ? "right" : "left", stroke: color, width: 2,
        fill: first ? `${color}55` : undefined, points: { show: true, size: 4, fill: color },
        show: !shown.hidden.has(i),
      };
    });
    const thresholds = lines.map((line, i) => ({
      label: line.name, scale: line.right ? "right" : "left", stroke: line.color || css("--alarm"),
      width: 1.5, dash: [6, 4], points: { show: false }, show: !shown.hidden.has(traces.length + i),
    }));
    return { series: [{}, ...traces, ...thresholds], bands };
  }

  // From zero on, unless the widget has limits of its own.
  function scale(panel, side) {
    const [low, high] = panel.widget.limits[side] ?? [null, null];
    return {
      range: (_, least, most) => {
        const [, top] = uPlot.rangeNum(0, Math.max(most ?? 0, 0) || 1, 0.1, true);
        const bottom = least < 0 ? uPlot.rangeNum(least, 0, 0.1, true)[0] : 0;
        return [low ?? bottom, high ?? top];
      },
    };
  }

  function axisUnit(panel, side) {
    const units = new Set(panel.traces.filter((t) => t.right === (side === "right")).map((t) => t.unit));
    return units.size === 1 ? unit([...units][0]) : "";
  }

  function valueAxis(shown, side) {
    const { panel, lines, raw } = shown.figure;
    const right = side === "right";
    const few = raw.flat().every((value) => Number.isInteger(value ?? 0) && (value ?? 0) <= 5);
    return {
      ...axis(), scale: side, side: right ? 1 : 3,
      show: [...panel.traces, ...lines].some((each) => each.right === right) || !right,
      grid: { show: !right, stroke: css("--line"), width: 1 },
      label: axisUnit(panel, side) || null, labelSize: 16, labelFont: "11px system-ui, sans-serif",
      size: (_, values) => 16 + 7 * Math.max(1, ...(values ?? []).map((value) => value.length)),
      values: (_, splits) => splits.map(number),
      ...(few ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] } : {}),
    };
  }

  const axis = () => ({
    stroke: css("--soft"), font: "11px system-ui, sans-serif",
    grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1, size: 4 },
  });

  const times = (_, splits, index, space, step) =>
    splits.map((at) => (step >= 86400 ? clock(at * 1000).slice(5, 10) : clock(at * 1000, false)));

  // Behind the lines: the periods in ALARM, and the annotations.
  function background(shown) {
    return (plot) => {
      const { ctx, bbox } = plot;
      const area = (x0, y0, x1, y1, color, alpha) => {
        ctx.globalAlpha = alpha;
        ctx.fillStyle = color;
        ctx.fillRect(x0, y0, Math.max(x1 - x0, 1.5 * devicePixelRatio), Math.max(y1 - y0, 1.5 * devicePixelRatio));
      };
      const x = (at) => Math.min(Math.max(plot.valToPos(at, "x", true), bbox.left), bbox.left + bbox.width);
      ctx.save();
      ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
      for (const [start, end] of shown.figure.bands) {
        if (end > plot.scales.x.min) area(x(start), bbox.top, x(end), bbox.top + bbox.height, css("--alarm"), 0.16);
      }
      for (const mark of shown.figure.marks) {
        const color = mark.color || css("--soft");
        const alpha = mark.end === null ? 0.8 : 0.2;
        let at;
        if (mark.axis === "time") {
          at = [x(seconds(mark.start)), bbox.top];
          area(...at, x(seconds(mark.end ?? mark.start)), bbox.top + bbox.height, color, alpha);
        } else {
          const y = (value) => plot.valToPos(value, mark.axis, true);
          const [top, bottom] = [y(mark.start), y(mark.end)].sort((a, b) => a - b);
          at = [bbox.left, top];
          area(...at, bbox.left + bbox.width, bottom, color, alpha);
        }
        ctx.globalAlpha = 1;
        ctx.fillStyle = css("--soft");
        ctx.fillText(mark.label ?? "", at[0] + 4, at[1] + 12 * devicePixelRatio);
      }
      ctx.restore();
    };
  }

  // The legend hides lines, and has the values below the cursor.
  function legend(shown) {
    const { panel, lines, bands } = shown.figure;
    shown.values = [];
    const entry = (name, color, i, className) => {
      const mark = element("i", { className });
      mark.style.borderColor = color;
      const value = element("b", { className: "value" });
      shown.values.push(value);
      return element("button", {
        type: "button", className: "entry", "aria-pressed": String(!shown.hidden.has(i)),
        onclick: (event) => {
          if (!shown.hidden.delete(i)) shown.hidden.add(i);
          event.currentTarget.setAttribute("aria-pressed", String(!shown.hidden.has(i)));
          shown.plot.setSeries(i + 1, { show: !shown.hidden.has(i) });
        },
      }, mark, breakable(name), value);
    };
    const entries = panel.traces.map((trace, i) => entry(trace.label, colorOf(trace, i), i, ""));
    lines.forEach((line, i) => entries.push(
      entry(line.name, line.color || css("--alarm"), panel.traces.length + i, "dashed")));
    shown.time = element("span", { className: "entry" });
    const fired = bands.length ? [element("span", { className: "entry" }, element("i", { className: "band" }), "in ALARM")] : [];
    return element("div", { className: "legend" }, entries, fired, shown.time);
  }

  function showValues(shown, plot) {
    const index = plot.cursor.idx;
    const { panel, raw, times: at } = shown.figure;
    const known = index !== null && index !== undefined;
    shown.time.textContent = known ? `${clock(at[index] * 1000)} UTC` : "";
    panel.traces.forEach((trace, i) => {
      const value = known ? raw[i][index] : undefined;
      shown.values[i].textContent = value === undefined || value === null ? "" : ` ${number(value)} ${unit(trace.unit)}`;
    });
  }

  function moveCursor(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const { plot } = event.currentTarget;
    const last = plot.data[0].length - 1;
    const index = Math.min(Math.max((plot.cursor.idx ?? last) + step, 0), last);
    plot.setCursor({ left: plot.valToPos(plot.data[0][index], "x"), top: 10 });
  }

  function timeSeries(shown) {
    const chart = element("div", {
      className: "chart", tabIndex: 0, role: "group",
      "aria-label": `Chart of ${shown.figure.panel.widget.title}: the arrow keys read its values`,
      onkeydown: moveCursor,
    });
    const { series: drawn, bands } = series(shown);
    shown.plot = new uPlot({
      width: 300, height: HEIGHT, bands, series: drawn, legend: { show: false },
      padding: [10, 12, 0, 4],
      cursor: { y: false, drag: { x: false, y: false } },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      scales: {
        x: { time: true, range: () => shown.range },
        left: scale(shown.figure.panel, "left"), right: scale(shown.figure.panel, "right"),
      },
      axes: [{ ...axis(), size: 26, values: times }, valueAxis(shown, "left"), valueAxis(shown, "right")],
      hooks: { drawClear: [background(shown)], setCursor: [(plot) => showValues(shown, plot)] },
    }, shown.figure.data, chart);
    if (shown.figure.empty) chart.append(element("p", { className: "none" }, "no data in this span"));
    chart.plot = shown.plot;
    shown.legend = legend(shown);
    new ResizeObserver(() => {
      if (chart.clientWidth) shown.plot.setSize({ width: chart.clientWidth, height: Math.max(chart.clientHeight, 120) });
    }).observe(chart);
    return [chart, shown.legend];
  }

  const newest = (trace) => trace.points.at(-1)?.value ?? null;

  function bars(panel) {
    const most = Math.max(1e-9, ...panel.traces.map((trace) => newest(trace) ?? 0));
    return panel.traces.map((trace, i) => {
      const bar = element("i", { className: "bar" });
      bar.style.width = `${(100 * Math.max(newest(trace) ?? 0, 0)) / most}%`;
      bar.style.background = colorOf(trace, i);
      return element("p", { className: "bars" }, breakable(trace.label), ` ${number(newest(trace))} ${unit(trace.unit)}`, bar);
    });
  }

  function pie(panel) {
    const total = panel.traces.reduce((sum, trace) => sum + Math.max(newest(trace) ?? 0, 0), 0) || 1;
    let from = 0;
    const slices = panel.traces.map((trace, i) => {
      const start = from;
      from += (100 * Math.max(newest(trace) ?? 0, 0)) / total;
      return `${colorOf(trace, i)} ${start}% ${from}%`;
    });
    const disc = element("div", { className: "pie" });
    disc.style.background = `conic-gradient(${slices.join(", ")})`;
    const names = panel.traces.map((trace, i) => {
      const mark = element("i");
      mark.style.borderColor = colorOf(trace, i);
      return element("span", { className: "entry" }, mark, breakable(trace.label), ` ${number(newest(trace))}`);
    });
    return [disc, element("div", { className: "legend" }, names)];
  }

  function numbers(panel) {
    if (!panel.traces.length) return [element("p", {}, "No data in this time range.")];
    return [element("div", { className: "numbers" }, panel.traces.map((trace) => element(
      "p", { className: "number" }, element("b", {}, number(newest(trace))), ` ${unit(trace.unit)}`,
      element("br"), breakable(trace.label),
    )))];
  }

  function content(shown, page) {
    const { panel } = shown.figure;
    const { widget } = panel;
    if (panel.problem) return [element("p", { className: "words" }, panel.problem.message)];
    if (widget.kind === "text") return [element("div", { className: "words" }, widget.text)];
    if (widget.kind === "log") {
      return [element("p", {}, "A query of Logs Insights, which this page does not run:"), element("pre", {}, widget.text)];
    }
    if (widget.alarms.length && !panel.traces.length) {
      const named = page.alarms.filter((each) => widget.alarms.some((arn) => arn.endsWith(`:${each.alarm.name}`)));
      const others = widget.alarms.length - named.length;
      return [alarms(named), others ? element("p", {}, `and ${others} of other deployments`) : null];
    }
    if (widget.kind !== "metric") return [element("p", {}, `A widget of the type ${widget.kind}, which this page does not draw.`)];
    if (!widget.lines.length && !panel.traces.length) return [element("p", {}, "Its metrics cannot be read.")];
    const view = { timeSeries: () => timeSeries(shown), bar: () => bars(panel), pie: () => pie(panel) };
    return (view[widget.view] ?? (() => numbers(panel)))();
  }

  // What is hidden and what has the focus stays when a newer page is drawn.
  const drawn = new WeakMap();

  function draw(container, page, { shrink = false } = {}) {
    const before = drawn.get(container) ?? new Map();
    const after = new Map();
    const sections = page.panels.map((panel, i) => {
      const key = `${i} ${panel.widget.title}`;
      const old = before.get(key);
      const next = figure(panel, page);
      const shape = JSON.stringify([look(), panel.widget, next.data.length, next.lines, next.bands.length > 0, next.empty]);
      const shown = old ?? { hidden: new Set() };
      shown.range = shrink ? withData(next) : padded(next.span);
      after.set(key, shown);
      if (old?.plot && old.shape === shape) {
        shown.figure = next;
        shown.plot.setData(next.data);
        return old.section;
      }
      Object.assign(shown, { figure: next, shape });
      shown.section = section(shown, page);
      return shown.section;
    });
    drawn.set(container, after);
    const same = sections.length === container.children.length && sections.every((each, i) => each === container.children[i]);
    if (!same) container.replaceChildren(...sections);
  }

  function section(shown, page) {
    const { widget } = shown.figure.panel;
    const kind = ["metric", "text", "alarm", "log"].includes(widget.kind) ? widget.kind : "other";
    const made = element("section", { className: `widget ${kind}` },
      widget.title ? element("h3", {}, breakable(widget.title)) : null, content(shown, page));
    const place = { x: widget.x + 1, y: widget.y + 1, w: widget.width, h: widget.height };
    for (const [name, value] of Object.entries(place)) made.style.setProperty(`--${name}`, value);
    return made;
  }

  // Room for the markers at either end.
  function padded([start, end]) {
    const room = (end - start) / 100;
    return [start - room, end + room];
  }

  function withData({ span, raw, times: at }) {
    const first = at.find((_, i) => raw.some((values) => values[i] !== undefined && values[i] !== null)) ?? span[0];
    return padded([Math.max(span[0], Math.min(first, span[1] - SHORTEST)), span[1]]);
  }

  return { SIGNS, STATES, alarms, draw };
})();
