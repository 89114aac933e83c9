"use strict";
// The map: a point a text, coloured by label or cluster; one group can be picked out of the crowd.
const COLOURED = 10;

// A text with several labels has the colour of its most frequent one; labels are numbered by frequency.
function groups() {
  const by = mapColour.value;
  if (by === "label") return data.map.labels.map((labels) => (labels.length ? Math.min(...labels) : -1));
  return data.clusters.find((each) => String(each.k) === by).ids;
}

function groupName(group) {
  if (group < 0) return "no label";
  return mapColour.value === "label" ? data.labels[group] : "cluster " + (group + 1);
}

function groupColour(group, count) {
  if (group < 0) return style("grey");
  if (count <= COLOURED) return colour(group);
  if (mapColour.value === "label") return group < COLOURED ? colour(group) : style("grey");
  return "hsl(" + Math.round((group * 360) / count) + " 62% " + (group % 2 ? 44 : 62) + "%)";
}

function isMember(point, group) {
  if (mapColour.value !== "label") return groups()[point] === group;
  return group < 0 ? !data.map.labels[point].length : data.map.labels[point].includes(group);
}

function groupCount() { return mapColour.value === "label" ? data.labels.length : Number(mapColour.value); }

function told(point) {
  const names = data.map.labels[point].map((i) => data.labels[i]).join(", ") || "no label";
  return [names, mapColour.value === "label" ? "" : "cluster " + (groups()[point] + 1)].filter(Boolean).join(" · ");
}

function trace(points, ink, opacity, size, front) {
  const places = data.map.fields[mapField.value || Object.keys(data.map.fields)[0]][mapMethod.value];
  return {
    mode: "markers", x: points.map((i) => places[0][i]), y: points.map((i) => places[1][i]), customdata: points,
    text: points.map((i) => "<b>" + wrap(told(i), 56) + "</b><br>" + wrap(data.map.texts[i], 56)),
    hoverinfo: front && !narrow.matches ? "text" : front ? "none" : "skip",
    marker: { color: ink, opacity, size, line: { width: 0.6, color: style("paper") } },
  };
}

function drawMap() {
  const count = groupCount(), of = groups(), all = [...of.keys()];
  const size = all.length > 1500 ? 6 : all.length > 500 ? 7 : 9;
  const picked = mapHighlight.value === "" ? null : Number(mapHighlight.value);
  let traces;
  if (picked === null) {
    const order = [...new Set(of)].sort((a, b) => b - a);  // the most frequent label last, but grey below everything
    const rank = (group) => (group < 0 || (mapColour.value === "label" && group >= COLOURED && count > COLOURED) ? 0 : 1);
    traces = order.sort((a, b) => rank(a) - rank(b)).map((group) =>
      trace(all.filter((i) => of[i] === group), groupColour(group, count), rank(group) ? 0.82 : 0.5, size, true));
  } else {
    const inside = all.filter((i) => isMember(i, picked));
    const ink = groupColour(picked, count) === style("grey") ? style("accent") : groupColour(picked, count);
    traces = [trace(all.filter((i) => !isMember(i, picked)), style("grey"), 0.28, size, false), trace(inside, ink, 0.95, size + 1, true)];
  }
  const height = narrow.matches ? Math.round(innerWidth * 1.0) : 620;
  const hidden = { visible: false, range: [-1.06, 1.06] };
  plot("map-chart", traces, { height, showlegend: false, hovermode: "closest", margin: { l: 0, r: 0, t: 0, b: 0 },
    xaxis: hidden, yaxis: mapMethod.value === "pca" ? { ...hidden, scaleanchor: "x" } : hidden, uirevision: mapMethod.value + mapField.value });
  drawLegend(count, of);
}

function drawLegend(count, of) {
  const numbers = new Map();
  for (const group of of) numbers.set(group, (numbers.get(group) || 0) + 1);
  const present = [...numbers.keys()].sort((a, b) => (a < 0 ? 1e9 : a) - (b < 0 ? 1e9 : b));
  const most = mapColour.value === "label" ? (count > COLOURED ? COLOURED : count) : 16;
  const buttons = present.filter((group) => group >= 0).slice(0, most).map((group) => legendButton(group, groupColour(group, count), groupName(group)));
  if (mapColour.value === "label" && count > COLOURED) buttons.push(legendButton(null, style("grey"), "the other " + (count - COLOURED) + " labels: pick one above"));
  document.getElementById("map-legend").replaceChildren(...buttons);
}

function legendButton(group, ink, text) {
  const button = document.createElement("button"), dot = document.createElement("i"), name = document.createElement("span");
  button.type = "button";
  dot.style.background = ink;
  name.textContent = text;
  button.append(dot, name);
  if (group === null) { button.addEventListener("click", () => mapHighlight.focus()); return button; }
  button.setAttribute("aria-pressed", mapHighlight.value === String(group));
  button.addEventListener("click", () => {
    mapHighlight.value = mapHighlight.value === String(group) ? "" : String(group);
    drawMap();
  });
  return button;
}

function fillHighlight() {
  const select = document.getElementById("map-highlight"), present = [...new Set(groups())].filter((group) => group >= 0);
  const listed = mapColour.value === "label" ? [...new Set(data.map.labels.flat())] : present;
  select.replaceChildren(new Option("none", ""), ...listed.sort((a, b) => a - b).map((group) => new Option(groupName(group), group)));
}

function read(event) {
  const point = event.points[0].customdata, box = document.getElementById("map-text"), name = document.createElement("b");
  name.textContent = told(point);
  box.replaceChildren(name, data.map.texts[point]);
}

const FIELDS = { both: "both fields", text: "first field", text_pair: "second field" };
let mapMethod, mapField, mapColour, mapHighlight;
if (data.map) {
  mapMethod = makeSwitch("map-method", [["tsne", "t-SNE"], ["pca", "PCA"]], () => drawMap());
  mapField = makeSwitch("map-field", Object.keys(data.map.fields).map((name) => [name, FIELDS[name]]), () => drawMap());
  mapColour = fillSelect("map-colour", [["label", "by label"], ...data.clusters.map((each) => [String(each.k), "by cluster, k = " + each.k])],
    () => { fillHighlight(); drawMap(); });
  mapHighlight = fillSelect("map-highlight", [], () => drawMap());
  fillHighlight();
  document.getElementById("map-text").textContent = (touch.matches ? "Tap" : "Point at") + " a text on the map to read it here.";
  draws(drawMap);
  document.getElementById("map-chart").on("plotly_hover", read);
  document.getElementById("map-chart").on("plotly_click", read);
}
