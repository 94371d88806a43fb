// Draws the charts of a page (stages/inspect/page.h): one for each element with the class "chart", from the JSON in the
// element "charts". Asks for nothing. In the program it stands behind figures.js.
"use strict";
(() => {
  const element = document.getElementById("charts");
  if (!element || typeof uPlot === "undefined") return;
  const kHeight = 240;
  const kColours = 12, kSpanColours = 8;  // in page.css

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const {duration} = figures;
  const words = {number: figures.number, money: figures.money, seconds: duration, share: figures.share};
  const utc = t => uPlot.tzDate(new Date(t * 1e3), "Etc/UTC");
  // 14:20:05 or 14:20, with the day where it begins; 09-21
  const times = (u, splits, axis, space, step) => splits.map((t, i) => {
    const [day, time] = new Date(t * 1e3).toISOString().split("T");
    if (step >= 86400) return day.slice(5);
    const text = time.slice(0, step < 60 ? 8 : 5);
    return i === 0 || day !== new Date(splits[i - 1] * 1e3).toISOString().slice(0, 10) ? text + "\n" + day.slice(5) : text;
  });
  const moment = t => new Date(t * 1e3).toISOString().replace("T", " ").slice(0, 19) + " UTC";

  const kSteps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
    1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 2592000];

  // Spans as a strip at the foot of the plot, faintly through all of it; marks as lines across.
  const drawSpans = chart => u => {
    const {left, top, width, height} = u.bbox, ctx = u.ctx, ratio = devicePixelRatio;
    const at = x => u.valToPos(x, "x", true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    for (const [from, to, text] of chart.spans) {
      ctx.fillStyle = colour("--s" + text % kSpanColours);
      const x = at(from), w = Math.max(ratio, at(to) - x);
      ctx.globalAlpha = 0.07;
      ctx.fillRect(x, top, w, height);
      ctx.globalAlpha = 1;
      ctx.fillRect(x, top + height - 7 * ratio, w, 7 * ratio);
    }
    ctx.restore();
  };
  const drawMarks = chart => u => {
    const {left, top, width, height} = u.bbox, ctx = u.ctx, ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--soft");
    ctx.font = 11 * ratio + "px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    let free = -Infinity;  // a text that would lie over the one before is left out
    for (const [when, text] of chart.marks) {
      const x = Math.round(u.valToPos(when, "x", true));
      if (x < left || x > left + width) continue;
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      const wide = ctx.measureText(text).width;
      if (x < free || x + wide + 4 * ratio > left + width) continue;
      ctx.fillText(text, x + 4 * ratio, top + 11 * ratio);
      free = x + wide + 12 * ratio;
    }
    ctx.restore();
  };

  const options = (chart, box) => {
    const text = () => colour("--soft"), line = {stroke: () => colour("--line"), width: 1};
    const font = "12px system-ui, sans-serif";
    const time = chart.wall ? moment : duration;
    const narrow = box.clientWidth < 560;
    const axis = (side, of, scale) => ({
      scale, side, stroke: text, font, labelFont: font, labelSize: 18, label: of.label, size: narrow ? 50 : 62, gap: 4,
      grid: side === 3 ? line : {show: false}, ticks: {show: false}, space: 36,
      values: (u, splits) => splits.map(v => v === null ? "" : words[of.unit](v)),
    });
    const axes = [{stroke: text, font, grid: line, ticks: line, space: narrow ? 62 : 80, size: chart.wall ? 44 : 32}];
    axes[0].values = chart.wall ? times : (u, splits) => splits.map(duration);
    if (!chart.wall) axes[0].incrs = kSteps;
    if (chart.series.some(s => !s.right)) axes.push(axis(3, chart.left, "left"));
    if (chart.series.some(s => s.right)) axes.push(axis(1, chart.right, "right"));
    const scale = {range: (u, min, max) => uPlot.rangeNum(Math.min(0, min ?? 0), max > 0 || min < 0 ? max : 1, {
      min: {pad: 0, hard: min < 0 ? -Infinity : 0, soft: 0, mode: 1}, max: {pad: 0.1, soft: 0, mode: 1}})};
    const series = chart.series.map((s, i) => {
      const stroke = () => colour("--c" + i % kColours), unit = (s.right ? chart.right : chart.left).unit;
      const one = {
        label: s.name, scale: s.right ? "right" : "left", stroke, width: 1.6,
        points: {show: s.y.filter(v => v !== null).length < 3, size: 5},
        value: (u, v) => v == null ? "–" : words[unit](v),
      };
      if (s.look === "area") one.fill = () => stroke() + "22";
      if (s.look === "steps") one.paths = uPlot.paths.stepped({align: 1});
      if (unit === "money") one.dash = [6, 3];
      return one;
    });
    return {
      width: box.clientWidth, height: kHeight, axes, tzDate: utc,
      // Charts without an axis to the right end where the others do.
      padding: [null, axes.length > 2 ? 0 : narrow ? null : 62 + 18, null, null],
      scales: {x: {time: chart.wall}, left: scale, right: scale},
      series: [{label: chart.wall ? "at" : "time", value: (u, v) => v == null ? "–" : time(v)}, ...series],
      // Of its own colours, so that they change with the page's.
      legend: {markers: {width: 0, fill: (u, i) => "var(--c" + (i - 1) % kColours + ")"}},
      cursor: {y: false, points: {size: 7}, sync: {key: "group " + chart.group, setSeries: false, scales: ["x", null]}},
      hooks: {drawClear: [drawSpans(chart)], draw: [drawMarks(chart)], setCursor: [key(chart, box)], setLegend: [rest]},
    };
  };

  // Without a cursor the legend shows the last values.
  const rest = u => {
    if (u.legend.idx == null) queueMicrotask(() => u.setLegend({idx: u.data[0].length - 1}, false));
  };
  // Which of the spans the cursor is in: underlined in the list below.
  const key = (chart, box) => u => {
    const items = box.parentElement.querySelectorAll(".key li");
    if (!items.length) return;
    const x = u.cursor.idx == null ? null : u.data[0][u.cursor.idx];
    const now = x === null ? new Set() : new Set(chart.spans.filter(s => s[0] <= x && x <= s[1]).map(s => s[2]));
    items.forEach((item, i) => item.classList.toggle("now", now.has(i)));
  };

  // What a chart shows at a point, for those who hear it.
  const spoken = (chart, plot, i) => {
    const values = chart.series.map((s, k) => s.name + " " + plot.series[k + 1].value(plot, s.y[i]));
    return (chart.wall ? moment : duration)(chart.x[i]) + ": " + values.join(", ");
  };

  const charts = JSON.parse(element.textContent);
  const plots = [...document.querySelectorAll(".chart")].map((box, i) => {
    const chart = charts[i];
    if (!chart.x.length) {
      box.textContent = "nothing is known yet";
      box.style.minHeight = 0;
      return null;
    }
    const plot = new uPlot(options(chart, box), [chart.x, ...chart.series.map(s => s.y)], box);
    box.style.minHeight = 0;
    const say = i => {
      box.setAttribute("aria-valuenow", i);
      box.setAttribute("aria-valuetext", spoken(chart, plot, i));
    };
    box.setAttribute("role", "slider");
    box.setAttribute("aria-valuemin", 0);
    box.setAttribute("aria-valuemax", chart.x.length - 1);
    say(chart.x.length - 1);
    box.addEventListener("keydown", event => {
      const step = {ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity}[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const last = chart.x.length - 1, from = plot.cursor.idx ?? (step > 0 ? -1 : last + 1);
      const to = Math.max(0, Math.min(last, from + step));
      plot.setCursor({left: plot.valToPos(chart.x[to], "x"), top: plot.over.clientHeight / 2});
      say(to);
    });
    return plot;
  });

  const redraw = () => plots.forEach(plot => plot?.redraw(false));
  new ResizeObserver(() => plots.forEach(plot => {
    const width = plot?.root.parentElement.clientWidth;
    if (plot && width !== plot.width) plot.setSize({width, height: kHeight});
  })).observe(document.querySelector("main"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  matchMedia("print").addEventListener("change", redraw);
})();
