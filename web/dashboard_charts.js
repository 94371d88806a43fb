// The course of the job, from /api/timeline and the figures that were polled since: two charts, and the same in a table.
// Time is that in which the job ran (`worked`).
"use strict";
const course = (() => {
  const kHeight = 230, kBins = 180, kMostSamples = 400;
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  let timeline = null;
  let samples = [];  // of /api/state, one a second: finer than the timeline of a long job
  let shown = 0;     // seconds back from the end; 0: the whole job
  let ended = false;

  // Points of the timeline, and then the samples where these are finer and the last minutes are looked at.
  const points = seconds => {
    const t = timeline, all = [];
    const last = t.at.length - 1;
    const fresh = seconds > 0 && seconds <= 300 && last >= 0 ? samples.filter(s => s.at > t.at[0]) : [];
    for (let i = 0; i <= last; ++i) {
      if (fresh.length && t.at[i] >= fresh[0].at) break;
      all.push({at: t.at[i], worked: t.worked[i], rows: t.rows[i], spent: t.spent[i], flight: t.in_flight[i], part: 0});
    }
    for (const s of fresh) all.push({...s, worked: Math.max(0, t.worked[last] + s.at - t.at[last]), part: 1});
    return all;
  };

  // One bin for so many seconds at least: rows a second, cost of 1,000 rows, requests in flight.
  const kLeastSeconds = 5;  // of what a rate is taken over
  const bins = (all, step) => {
    const made = [];
    let first = null, flight = 0, count = 0;
    for (const point of all) {
      if (!first || point.part !== first.part) {  // the two sources' totals are not compared
        first = point, flight = count = 0;
        continue;
      }
      flight += point.flight;
      ++count;
      const seconds = point.worked - first.worked;
      if (seconds < step) continue;
      made.push({...point, from: first, flight: flight / count});
      first = point, flight = count = 0;
    }
    // Rows and money come in steps, a request or a batch each: a cost is that of several bins.
    made.forEach((bin, i) => {
      const back = more => {
        let at = i;
        while (at > 0 && more(at) && made[at - 1].part === bin.part) --at;
        return made[at].from;
      };
      const rateFrom = back(at => bin.worked - made[at].from.worked < kLeastSeconds), costFrom = back(at => i - at < 5);
      bin.rate = Math.max(0, bin.rows - rateFrom.rows) / (bin.worked - rateFrom.worked);
      const rows = bin.rows - costFrom.rows, money = bin.spent - costFrom.spent;
      bin.cost = rows > 0 && money >= 0 ? 1000 * money / rows : null;
    });
    return made;
  };

  // Averages over the last `seconds` of work, or over all.
  const averages = seconds => {
    const t = timeline, last = t.at.length - 1;
    if (last < 0) return null;
    const from = seconds ? t.worked.findIndex(w => w >= t.worked[last] - seconds) : 0;
    const start = seconds && from > 0 ? {worked: t.worked[from], rows: t.rows[from], spent: t.spent[from]} : {worked: 0, rows: 0, spent: 0};
    let flight = 0, time = 0;
    for (let i = Math.max(1, from); i <= last; ++i) {
      flight += t.in_flight[i] * (t.worked[i] - t.worked[i - 1]);
      time += t.worked[i] - t.worked[i - 1];
    }
    const rows = t.rows[last] - start.rows, spent = t.spent[last] - start.spent, worked = t.worked[last] - start.worked;
    return {rows, spent, rate: worked > 0 ? rows / worked : null, cost: rows > 0 ? 1000 * spent / rows : null,
      flight: time > 0 ? flight / time : null};
  };

  const put = words.put;
  const showTable = rowsOf(part("course"), item => item.name, [
    {head: true, show: (cell, item) => put(cell, item.name)},
    {number: true, show: (cell, item) => put(cell, words.count(item.rows))},
    {number: true, show: (cell, item) => put(cell, words.number(item.rate))},
    {number: true, show: (cell, item) => put(cell, words.money(item.spent))},
    {number: true, show: (cell, item) => put(cell, words.money(item.cost))},
    {number: true, show: (cell, item) => put(cell, words.number(item.flight))},
  ]);

  // --- charts ---
  const bound = low => (u, min, max) => {
    if (min === null || max === null) return [0, 1];
    const from = low() || min < 0 ? Math.min(0, min) : min, room = (max - from) * 0.08 || Math.abs(max) * 0.1 || 1;
    return [low() ? from : Math.max(0, from - room), max + room];
  };
  const drawRuns = u => {
    const {left, top, width, height} = u.bbox, ctx = u.ctx, ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--soft");
    ctx.font = 11 * ratio + "px system-ui, sans-serif";
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    timeline?.runs.forEach((run, i) => {
      const at = timeline.at.findIndex(t => t >= run.began);
      if (i === 0 || at < 0) return;
      const x = Math.round(u.valToPos(timeline.worked[at] - origin(), "x", true));
      if (x < left || x > left + width) return;
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      const text = "run " + (i + 1);
      if (x + ctx.measureText(text).width + 4 * ratio < left + width) ctx.fillText(text, x + 4 * ratio, top + 11 * ratio);
    });
    ctx.restore();
  };

  // Where the horizontal axis has its zero, in seconds of work: the beginning, or the end where the last minutes are shown.
  let end = 0;
  const origin = () => shown ? end : 0;
  const times = (u, splits) => splits.map(v =>
    v === null ? "" : v < 0 ? "−" + figures.duration(-v) : shown ? (ended ? "end" : "now") : figures.duration(v));
  const kSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000];

  const kCharts = [
    {box: part("chart-1"), left: {name: "rows a second", label: "rows/s", show: words.number, of: bin => bin.rate, colour: "--c0", fill: true},
      right: {name: "spent", label: "spent", show: words.money, of: bin => bin.spent, colour: "--c1", dash: [6, 3], fromZero: () => !shown}},
    {box: part("chart-2"), left: {name: "cost of 1,000 rows", label: "cost of 1,000 rows", show: words.money, of: bin => bin.cost, colour: "--c1"},
      right: {name: "in flight", label: "in flight", show: words.number, of: bin => bin.flight, colour: "--c4", fromZero: () => true}},
  ];

  const plotOf = chart => {
    const soft = () => colour("--soft"), lines = {stroke: () => colour("--line"), width: 1};
    const font = "12px system-ui, sans-serif", narrow = chart.box.clientWidth < 560;
    const axis = (side, what, scale) => ({
      scale, side, stroke: soft, font, labelFont: font, labelSize: 18, label: what.label, size: narrow ? 50 : 62, gap: 4,
      grid: side === 3 ? lines : {show: false}, ticks: {show: false}, space: 36,
      values: (u, splits) => splits.map(v => v === null ? "" : what.show(v)),
    });
    const series = (what, scale) => ({
      label: what.name, scale, stroke: () => colour(what.colour), width: 1.6, dash: what.dash, points: {show: false},
      fill: what.fill ? () => colour(what.colour) + "22" : undefined, value: (u, v) => what.show(v), spanGaps: true,
    });
    const plot = new uPlot({
      width: chart.box.clientWidth, height: kHeight,
      axes: [{stroke: soft, font, grid: lines, ticks: lines, space: narrow ? 70 : 90, size: 32, values: times, incrs: kSteps},
        axis(3, chart.left, "left"), axis(1, chart.right, "right")],
      scales: {x: {time: false, range: (u, min, max) => shown ? [-Math.min(shown, end), 0] : [min ?? 0, Math.max(max ?? 1, (min ?? 0) + 1)]},
        left: {range: bound(() => true)}, right: {range: bound(chart.right.fromZero)}},
      series: [{label: "at", value: (u, v) => v == null ? words.nothing : chart.at?.has(v) ? words.clock(chart.at.get(v), true) : words.nothing},
        series(chart.left, "left"), series(chart.right, "right")],
      legend: {markers: {width: 0, fill: (u, i) => "var(" + [chart.left, chart.right][i - 1]?.colour + ")"}},
      cursor: {y: false, drag: {x: false, y: false}, points: {size: 7}, sync: {key: "course", setSeries: false, scales: ["x", null]}},
      hooks: {draw: [drawRuns], setLegend: [u => {  // without a cursor the last values
        if (u.legend.idx == null && u.data[0].length) queueMicrotask(() => u.setLegend({idx: u.data[0].length - 1}, false));
      }]},
    }, [[], [], []], chart.box);
    chart.box.style.minHeight = 0;
    return plot;
  };

  const drawable = typeof uPlot !== "undefined";
  part("charts").hidden = !drawable;
  part("chartless").hidden = drawable;
  const drawCharts = () => {
    if (!drawable || !timeline?.at.length || document.hidden) return;
    const all = points(shown);
    end = all.at(-1).worked;
    const from = shown ? end - shown : 0;
    const made = bins(all.filter(p => p.worked >= from - 2 * shown / kBins), Math.max(1, (end - from) / kBins));
    if (!made.length) return;
    const x = made.map(bin => bin.worked - origin()), at = new Map(made.map((bin, i) => [x[i], bin.at]));
    for (const chart of kCharts) {
      chart.at = at;
      chart.plot ??= plotOf(chart);
      if (chart.plot.cursor.idx != null) continue;  // somebody reads values from it
      chart.plot.setData([x, made.map(chart.left.of), made.map(chart.right.of)]);
      chart.plot.setLegend({idx: x.length - 1}, false);
      const now = made.at(-1);
      chart.box.setAttribute("aria-label", [chart.left, chart.right].map(s => s.name + ": " + s.show(s.of(now))).join("; ") + ", lately");
    }
  };
  if (drawable) {
    new ResizeObserver(() => {
      for (const {plot, box} of kCharts)
        if (plot && box.clientWidth && box.clientWidth !== plot.width) plot.setSize({width: box.clientWidth, height: kHeight});
    }).observe(part("charts"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => kCharts.forEach(c => c.plot?.redraw(false)));
  }

  part("window").addEventListener("change", event => {
    shown = Number(event.target.value);
    drawCharts();
  });

  return {
    take(data) {
      timeline = data;
      const worked = data.worked.at(-1) ?? 0;
      const lines = [["last 5 min", 300], ["last hour", 3600], ["whole job", 0]].filter(([, s]) => s < worked || s === 0);
      showTable(lines.map(([name, seconds]) => ({name, ...averages(seconds)})));
      drawCharts();
    },
    sample(state) {
      const was = ended;
      ended = !["running", "paused", "stopping", "running-elsewhere"].includes(state.state);
      if (was !== ended) drawCharts();
      if (!state.live || ended) return;
      samples.push({at: state.time, rows: state.rows.answered + state.rows.rejected, spent: state.money.spent_usd,
        flight: state.requests.in_flight});
      if (samples.length > kMostSamples) samples = samples.slice(-kMostSamples / 2 - 100);
      if (shown === 300) drawCharts();
    },
    // Rows a second over the whole job; null: not known.
    rate: () => timeline ? averages(0)?.rate ?? null : null,
    begin() {
      samples = [];
    },
  };
})();
