// Draws the charts in the page's colours, light or dark, and again when that changes; sorts tables, shortens lists.
"use strict";
const charts = JSON.parse(document.getElementById("chart-data").textContent);
const shown = {}; // chart id -> number of its choice
const touch = matchMedia("(pointer: coarse)");
const dark = matchMedia("(prefers-color-scheme: dark)");

function coloured(value, style) {
  if (typeof value === "string") {
    const name = /^var\((--[\w-]+)\)$/.exec(value);
    return name ? style.getPropertyValue(name[1]).trim() : value;
  }
  if (Array.isArray(value)) {
    return typeof value.at(-1) === "number" ? value : value.map((each) => coloured(each, style));
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, style)]));
  }
  return value;
}

function laidOut(layout, box, style) {
  const ink = style.getPropertyValue("--ink").trim();
  const grid = style.getPropertyValue("--grid").trim();
  const narrow = box.clientWidth < 560;
  const below = -64 / Math.max(120, layout.height - 130); // the legend starts under the title of the x axis
  const full = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, family: getComputedStyle(document.body).fontFamily, size: narrow ? 12 : 13 },
    margin: { l: 50, r: 12, t: 12, b: 44 }, dragmode: touch.matches ? false : "zoom",
    legend: { orientation: "h", y: below, yanchor: "top", x: 0, traceorder: "reversed", font: { size: narrow ? 11 : 12 } },
    hoverlabel: { bgcolor: style.getPropertyValue("--card").trim(), bordercolor: grid, font: { color: ink }, align: "left" },
    ...layout,
  };
  for (const axis of ["xaxis", "yaxis", "yaxis2"]) {
    if (axis !== "yaxis2" || layout.yaxis2) {
      full[axis] = { gridcolor: grid, linecolor: grid, zeroline: false, automargin: true, fixedrange: touch.matches, ...layout[axis] };
      if (full[axis].title) full[axis].title = { standoff: 8, font: { size: narrow ? 12 : 13 }, ...full[axis].title };
    }
  }
  return full;
}

function draw(chart) {
  const box = document.getElementById(`chart-${chart.id}`);
  const style = getComputedStyle(document.documentElement);
  const { data, layout } = chart.choices[shown[chart.id]];
  const inner = box.firstElementChild;
  inner.style.minWidth = chart.least_width ? `${chart.least_width}px` : "0";
  const settings = { responsive: true, displaylogo: false, showSendToCloud: false, displayModeBar: touch.matches ? false : "hover", modeBarButtonsToRemove: ["lasso2d", "select2d"] };
  Plotly.react(inner, coloured(data, style), laidOut(coloured(layout, style), box, style), settings);
}

function switchBetween(chart, controls) {
  const choose = (place) => { shown[chart.id] = place; draw(chart); };
  if (chart.choices.length > 4) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    chart.choices.forEach((choice, place) => select.add(new Option(choice.name, place)));
    select.addEventListener("change", () => choose(Number(select.value)));
    label.append("show ", select);
    controls.append(label);
    return;
  }
  const group = document.createElement("span");
  group.className = "switch";
  group.setAttribute("role", "group");
  const buttons = chart.choices.map((choice, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = choice.name;
    button.setAttribute("aria-pressed", place === 0);
    button.addEventListener("click", () => {
      buttons.forEach((other) => other.setAttribute("aria-pressed", other === button));
      choose(place);
    });
    return button;
  });
  group.append(...buttons);
  controls.append(group);
}

function sortable(table) {
  const buttons = [...table.querySelectorAll("thead th button")];
  const sort = (column, header) => {
    const up = header.getAttribute("aria-sort") === "descending";
    table.querySelectorAll("thead th").forEach((each) => each.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      const difference = x !== "" && y !== "" && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y);
      return up ? difference : -difference;
    });
    table.tBodies[0].append(...rows);
  };
  buttons.forEach((button, column) => button.addEventListener("click", () => sort(column, button.closest("th"))));
}

// Shows the first texts of a long list, those of one label if one is chosen, and more on demand.
function browsed(list) {
  const items = [...list.children];
  const select = document.querySelector(`select[data-filters="${list.id}"]`);
  const more = document.createElement("button");
  let most = 15;
  const show = () => {
    const chosen = items.filter((item) => select.value === "" || JSON.parse(item.dataset.labels).includes(select.value));
    items.forEach((item) => { item.hidden = true; });
    chosen.slice(0, most).forEach((item) => { item.hidden = false; });
    more.hidden = chosen.length <= most;
    more.textContent = `show more (${chosen.length - most} left)`;
  };
  more.type = "button";
  more.className = "more";
  more.addEventListener("click", () => { most += 30; show(); });
  select.addEventListener("change", () => { most = 15; show(); });
  list.after(more);
  show();
}

// A long text shows its first lines; a click shows all of it.
function shortened(text) {
  if (text.scrollHeight <= text.clientHeight + 4) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "whole";
  button.textContent = "whole text";
  button.addEventListener("click", () => { text.classList.add("open"); button.remove(); });
  text.after(button);
}

for (const chart of charts) {
  shown[chart.id] = 0;
  const controls = document.getElementById(`controls-${chart.id}`);
  if (chart.choices.length > 1) switchBetween(chart, controls);
  draw(chart);
}
dark.addEventListener("change", () => charts.forEach(draw));
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll(".texts .text").forEach(shortened);
document.querySelectorAll("details").forEach((each) => each.addEventListener("toggle", () => {
  each.querySelectorAll(".text:not(.open)").forEach((text) => { if (!text.nextElementSibling?.matches(".whole")) shortened(text); });
}));
document.querySelectorAll("ul.texts[id]").forEach(browsed);
