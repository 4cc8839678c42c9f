// The price chart of one bot: mid price, own bid and ask as steps, fills as triangles. Drawn by uPlot.
(() => {
  "use strict";

  const box = document.getElementById("chart-box");
  const place = document.getElementById("chart");
  const first = document.getElementById("series");
  if (!box || !place || !first || !window.uPlot) return;

  const EVERY = 5000; // ms: samples are taken every five seconds
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const GAP = 3; // a hole of more than three usual distances is shown as one
  let data = JSON.parse(first.textContent);
  let plot = null;
  let tip = null;
  let places = 2;
  let askedAt = Date.now();

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function decimals() {
    let most = 0;
    for (const value of [...data.bid, ...data.ask, ...data.fills.map((fill) => fill[1])]) {
      if (value === null) continue;
      const text = String(value);
      const small = text.match(/e-(\d+)$/);
      most = Math.max(most, small ? Number(small[1]) : (text.split(".")[1] || "").length);
    }
    return most || 2;
  }

  const number = (value, digits) =>
    value === null || value === undefined
      ? "–"
      : value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replaceAll(",", "\u202f").replace("-", "\u2212");

  // Fills have times of their own: they are drawn over the series, not as one of them.
  function columns() {
    const t = [], mid = [], bid = [], ask = [];
    const usual = (data.to - data.from) / 400;
    data.t.forEach((at, i) => {
      if (i && at - data.t[i - 1] > Math.max(20, GAP * usual)) {
        t.push(data.t[i - 1] + 0.5);
        mid.push(null); bid.push(null); ask.push(null);
      }
      t.push(at);
      mid.push(data.mid[i]); bid.push(data.bid[i]); ask.push(data.ask[i]);
    });
    return [t, mid, bid, ask];
  }

  function range() {
    let low = Infinity, high = -Infinity;
    for (const value of [...data.mid, ...data.bid, ...data.ask, ...data.fills.map((fill) => fill[1])]) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) return [0, 1];
    const margin = (high - low) * 0.08 || high * 0.001 || 1;
    return [low - margin, high + margin];
  }

  function triangles(u) {
    const ink = token("--ink"), paper = token("--paper"), size = 4.5 * devicePixelRatio, context = u.ctx;
    context.save();
    context.beginPath();
    context.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    context.clip();
    context.setLineDash([]);
    context.lineWidth = 1.3 * devicePixelRatio;
    context.strokeStyle = ink;
    for (const [at, price, side] of data.fills) {
      const x = u.valToPos(at, "x", true), y = u.valToPos(price, "y", true), up = side === "buy" ? 1 : -1;
      context.beginPath();
      context.moveTo(x, y - up * size);
      context.lineTo(x + size, y + up * size * 0.8);
      context.lineTo(x - size, y + up * size * 0.8);
      context.closePath();
      context.fillStyle = side === "buy" ? ink : paper;
      context.fill();
      context.stroke();
    }
    context.restore();
  }

  function clock(at, span, step) {
    const text = new Date(at * 1000).toISOString();
    if (span > 2 * 86400) return Number(text.slice(8, 10)) + " " + MONTHS[Number(text.slice(5, 7)) - 1];
    return text.slice(11, step < 60 ? 19 : 16);
  }

  function showTip(u) {
    const index = u.cursor.idx;
    if (index === null || index === undefined || u.cursor.left < 0) { tip.classList.remove("on"); return; }
    const [t, mid, bid, ask] = u.data;
    const lines = [
      new Date(t[index] * 1000).toISOString().slice(5, 19).replace("T", " ") + " UTC",
      "ask  " + number(ask[index], places),
      "mid  " + number(mid[index], places + 1),
      "bid  " + number(bid[index], places),
    ];
    const near = 8 * (u.scales.x.max - u.scales.x.min) / u.over.clientWidth;
    const at = u.posToVal(u.cursor.left, "x");
    for (const [when, price, side, amount] of data.fills.filter((fill) => Math.abs(fill[0] - at) < near).slice(-3)) {
      lines.push((side === "buy" ? "▲ " : "▽ ") + number(price, places) + " × " + amount + " " + box.dataset.base + " " + clock(when, 0, 0));
    }
    tip.textContent = lines.join("\n");
    const left = u.over.offsetLeft + u.cursor.left;
    const width = tip.offsetWidth;
    tip.style.left = (left + width + 24 > place.clientWidth ? left - width - 12 : left + 12) + "px";
    tip.style.top = "12px";
    tip.classList.add("on");
  }

  function draw() {
    if (plot) plot.destroy();
    plot = null;
    if (!data.t.length && !data.fills.length) return;
    for (const note of place.querySelectorAll(".no-data, noscript")) note.remove();
    if (!tip) {
      tip = document.createElement("div");
      tip.className = "tip mono";
      place.append(tip);
    }
    places = decimals();
    const soft = token("--soft"), line = token("--line"), ink = token("--ink"), shade = token("--shade");
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const steps = window.uPlot.paths.stepped({ align: 1 });
    plot = new window.uPlot({
      width: place.clientWidth,
      height: place.clientHeight,
      tzDate: (at) => window.uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { range: () => [data.from - (data.to - data.from) * 0.012, data.to + (data.to - data.from) * 0.012] }, y: { range } },
      axes: [
        { ...axis, space: 80, size: 32, values: (u, at, axisIndex, space, step) => at.map((value) => clock(value, data.to - data.from, step)) },
        {
          ...axis,
          side: 1,
          size: (u, labels) => 18 + 7 * Math.max(4, ...(labels || []).map((label) => label.length)),
          values: (u, at, axisIndex, space, step) => at.map((value) => number(value, Math.min(12, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))))),
        },
      ],
      bands: [{ series: [3, 2], fill: shade }],
      series: [
        {},
        { stroke: ink, width: 1.5, points: { show: false } },
        { stroke: soft, width: 1, dash: [3, 2], paths: steps, points: { show: false } },
        { stroke: soft, width: 1, dash: [3, 2], paths: steps, points: { show: false } },
      ],
      hooks: { draw: [triangles], setCursor: [showTip] },
    }, columns(), place);
  }

  async function load() {
    if (Date.now() - askedAt < EVERY) return;
    askedAt = Date.now();
    const answer = await fetch(box.dataset.series, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer || !answer.ok) return;
    data = await answer.json();
    if (!plot || decimals() !== places) draw();
    else plot.setData(columns());
  }

  draw();
  document.addEventListener("bridge:refresh", load);
  document.addEventListener("bridge:theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => { if (plot) plot.setSize({ width: place.clientWidth, height: place.clientHeight }); }).observe(place);
})();
