// Draws curves as SVG in the width that they have; colours are the page's own, so that light and dark follow by CSS.
const SVG = "http://www.w3.org/2000/svg";

function made(name, attributes = {}, ...inside) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

function node(name, attributes = {}, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") element.textContent = value;
    else if (key === "press") element.addEventListener("click", value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null) element.setAttribute(key, value);
  }
  element.append(...inside);
  return element;
}

function filled(words, values) {
  return words.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

// A count as the pages' languages write it, English and Korean, whatever the visitor's: 1,234.
const number = (value) => value.toLocaleString("en");

// A name without its middle: names that begin alike are told apart by their ends. A syllable of Hangul counts twice.
function brief(name, most) {
  const wide = (text) => [...text].reduce((sum, each) => sum + (each > "\u2e80" ? 2 : 1), 0);
  if (wide(name) <= most) return name;
  const letters = [...name];
  let head = letters.slice(), tail = letters.slice();
  while (wide(head.join("")) > most / 3) head.pop();
  while (wide(tail.join("")) > most - most / 3 - 1) tail.shift();
  return `${head.join("").trimEnd()}…${tail.join("").trimStart()}`;
}

function ticks(low, high, most, whole) {
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

function spanOf(axis, values) {
  if (axis.range) return axis.range;
  if (axis.log) return [Math.log10(Math.max(0.7, Math.min(...values) * 0.8)), Math.log10(Math.max(...values) * 1.2)];
  const low = axis.zero ? 0 : Math.min(...values), high = Math.max(...values);
  const margin = (high - low || Math.abs(high) || 1) * 0.05;
  return axis.zero ? [0, high] : [low - margin, high + margin];
}

const powers = (low, high) => [...Array(12).keys()].map((k) => 10 ** k).filter((each) => Math.log10(each) >= low && Math.log10(each) <= high);
const short = (value) => (value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(4))));

function path(line, px, py) {
  const points = line.x.map((x, i) => [px(x), py(line.y[i])]);
  return points.map(([x, y], i) => (i === 0 ? `M${x},${y}` : line.step ? `H${x}V${y}` : `L${x},${y}`)).join("");
}

function dotsOf(line, px, py, onPoint) {
  const sizes = Array.isArray(line.dots) ? line.dots : null;
  const most = sizes ? Math.max(...sizes) : 1;
  return line.x.map((x, i) => {
    const r = sizes ? 3 + 8 * Math.sqrt(sizes[i] / most) : 3.5;
    const faint = sizes && sizes[i] < line.few;
    const dot = made("circle", { cx: px(x), cy: py(line.y[i]), r, fill: line.colour, "fill-opacity": faint ? 0.25 : 0.85 });
    if (line.reads) { dot.classList.add("reads"); dot.addEventListener("click", () => onPoint(line, i)); }
    return dot;
  });
}

// A chart's picture is one image to a screen reader, with its lines in words; its values are in a table below.
function drawChart(box, chart, choice, say, onPoint) {
  const width = Math.max(280, box.clientWidth), height = Math.min(420, Math.max(260, width * 0.62));
  const [x0, x1] = spanOf(choice.x, choice.lines.flatMap((line) => line.x));
  const [y0, y1] = spanOf(choice.y, choice.lines.flatMap((line) => line.y));
  // Words on the left of their mark from the right one down, the others from the left one: no mark runs through words.
  const turned = (mark) => mark.x > (x0 + x1) * 0.6;
  const told = choice.marks.filter((mark) => mark.text).sort((a, b) => turned(a) - turned(b) || (turned(a) ? b.x - a.x : a.x - b.x));
  const steps = choice.y.log ? powers(y0, y1) : ticks(y0, y1, 5);
  const across = ticks(x0, x1, width < 500 ? 5 : 8, choice.x.whole), longest = (values) => Math.max(2, ...values.map((at) => short(at).length));
  const left = 32 + 7 * longest(steps), right = Math.max(12, 4 + 4 * longest(across)), top = 16 + 15 * told.length, bottom = 46;
  const px = (x) => Math.round((left + ((x - x0) / (x1 - x0 || 1)) * (width - left - right)) * 10) / 10;
  const raised = (y) => (choice.y.log ? Math.log10(y) : y);
  const py = (y) => Math.round((height - bottom - ((raised(y) - y0) / (y1 - y0 || 1)) * (height - top - bottom)) * 10) / 10;
  const named = choice.lines.filter((line) => line.legend !== false).reverse();
  const words = [...named.map((line) => line.name), ...told.map((mark) => mark.text)].join("; ");
  const alt = `${chart.title}${choice.name ? `, ${choice.name}` : ""}. ${choice.x.title} / ${choice.y.title}. ${words}`;
  const svg = made("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": alt });
  for (const at of across) {
    svg.append(made("line", { x1: px(at), x2: px(at), y1: top, y2: height - bottom, class: "grid" }));
    svg.append(made("text", { x: px(at), y: height - bottom + 18, "text-anchor": "middle" }, short(at)));
  }
  for (const at of steps) {
    svg.append(made("line", { x1: left, x2: width - right, y1: py(at), y2: py(at), class: "grid" }));
    svg.append(made("text", { x: left - 7, y: py(at) + 4, "text-anchor": "end" }, short(at)));
  }
  // One step of the stairs for the words of each mark: they often stand close together.
  told.forEach((mark, step) => svg.append(made("text", { x: px(mark.x) + (turned(mark) ? -4 : 4), y: 12 + 15 * step, "text-anchor": turned(mark) ? "end" : "start", class: mark.strong ? "axis strong" : "axis" }, mark.text)));
  svg.append(made("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle", class: "axis" }, choice.x.title));
  svg.append(made("text", { transform: `translate(13 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle", class: "axis" }, choice.y.title));
  const clip = `clip-${chart.id}`;
  svg.append(made("clipPath", { id: clip }, made("rect", { x: left - 12, y: top - 14, width: width - left - right + 24, height: height - top - bottom + 28 })));
  const inner = made("g", { "clip-path": `url(#${clip})` });
  const upright = (mark) => made("line", { x1: px(mark.x), x2: px(mark.x), y1: mark.text ? 16 + 15 * told.indexOf(mark) : top, y2: height - bottom, stroke: mark.strong ? "var(--accent)" : "var(--ink)", "stroke-width": mark.strong ? 2 : 1, "stroke-dasharray": mark.strong ? "none" : "2 4" });
  for (const line of choice.lines) {
    if (line.bars) inner.append(...line.x.map((x, i) => made("rect", { x: px(x - line.bars / 2) + 0.5, width: Math.max(1, px(x + line.bars / 2) - px(x - line.bars / 2) - 1), y: py(line.y[i]), height: Math.max(0, py(0) - py(line.y[i])), fill: line.colour })));
    else inner.append(made("path", { d: path(line, px, py), fill: "none", stroke: line.colour, "stroke-width": line.width ?? 2, "stroke-dasharray": line.dash ?? "none", "stroke-linejoin": "round", "stroke-opacity": line.faint ? 0.4 : 1 }));
    if (line.dots) inner.append(...dotsOf(line, px, py, onPoint));
  }
  svg.append(inner, ...choice.marks.map(upright));
  const tip = node("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  svg.addEventListener("pointermove", (event) => pointAt(event, svg, tip, choice, px, py));
  svg.addEventListener("pointerleave", () => { tip.hidden = true; });
  const legend = node("ul", { class: "legend", "aria-hidden": "true" }, ...named.map((line) => node("li", {}, keyOf(line), line.name)), ...choice.marks.filter((mark) => mark.name).map((mark) => node("li", {}, keyOf({ colour: "var(--ink)", dash: "2 4" }), mark.name)));
  const rows = named.length ? named : choice.lines;
  box.replaceChildren(svg, tip, ...(legend.children.length ? [legend] : []), valuesOf(choice, rows, say));
}

function keyOf(line) {
  return made("svg", { width: 22, height: 10 }, made("line", { x1: 1, x2: 21, y1: 5, y2: 5, stroke: line.colour, "stroke-width": 3, "stroke-dasharray": line.dash ?? "none" }));
}

function pointAt(event, svg, tip, choice, px, py) {
  const seen = svg.getBoundingClientRect();
  const [mx, my] = [event.clientX - seen.left, event.clientY - seen.top];
  let best = null, nearest = 30 ** 2;
  for (const line of choice.lines) {
    line.x.forEach((x, i) => {
      const away = (px(x) - mx) ** 2 + (py(line.y[i]) - my) ** 2;
      if (away < nearest) { nearest = away; best = [line, i]; }
    });
  }
  tip.hidden = best === null;
  if (best === null) return;
  const [line, i] = best;
  const count = Array.isArray(line.dots) ? ` (n = ${number(line.dots[i])})` : "";
  tip.textContent = `${line.names?.[i] ?? line.name}: ${short(line.x[i])}, ${short(line.y[i])}${count}`;
  tip.style.left = `${Math.min(mx + 12, seen.width - 180)}px`;
  tip.style.top = `${my + 12}px`;
}

// At most 12 points of each line: a table to read, not the curve again.
function valuesOf(choice, named, say) {
  const rows = named.flatMap((line) => {
    const most = Math.min(12, line.x.length);
    const places = [...new Set([...Array(most).keys()].map((k) => Math.round((k * (line.x.length - 1)) / Math.max(1, most - 1))))];
    return places.map((i) => node("tr", {}, node("th", { scope: "row", text: line.names?.[i] ?? line.name }), node("td", { text: short(line.x[i]) }), node("td", { text: short(line.y[i]) })));
  });
  const head = node("tr", {}, ...["", choice.x.title, choice.y.title].map((text) => (text ? node("th", { scope: "col", text }) : node("td"))));
  const table = node("table", {}, node("thead", {}, head), node("tbody", {}, ...rows));
  return node("details", {}, node("summary", { text: say.table }), node("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say.table }, table));
}

function switchOf(names, label, choose) {
  const group = node("span", { class: "switch", role: "group", "aria-label": label });
  const buttons = names.map((text, place) => node("button", {
    type: "button", text, "aria-pressed": String(place === 0),
    press: () => { buttons.forEach((each, k) => each.setAttribute("aria-pressed", String(k === place))); choose(place); },
  }));
  group.append(...buttons);
  return group;
}
