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

// Groups with a colour of their own: all clusters, and of many labels those that most texts here are drawn by.
function coloured(of) {
  const numbers = new Map();
  for (const group of of) if (group >= 0) numbers.set(group, (numbers.get(group) || 0) + 1);
  const present = [...numbers.keys()].sort((a, b) => a - b);
  if (mapColour.value !== "label" || data.labels.length <= COLOURED) return present;
  return present.sort((a, b) => numbers.get(b) - numbers.get(a)).slice(0, COLOURED);
}

function groupColour(group, chosen) {
  if (!chosen.includes(group)) return style("grey");
  if (mapColour.value === "label") return colour(data.labels.length > COLOURED ? chosen.indexOf(group) : group);
  const count = Number(mapColour.value);
  return count <= COLOURED ? colour(group) : "hsl(" + Math.round((group * 360) / count) + " 62% " + (group % 2 ? 44 : 62) + "%)";
}

function isMember(point, of, group) {
  if (mapColour.value !== "label" || group < 0) return of[point] === group;
  return data.map.labels[point].includes(group);
}

function places() { return data.map.fields[mapField.value][mapMethod.value]; }

function told(point) {
  const names = data.map.labels[point].map((i) => data.labels[i]).join(", ") || "no label";
  return [names, mapColour.value === "label" ? "" : "cluster " + (groups()[point] + 1)].filter(Boolean).join(" · ");
}

function trace(points, ink, opacity, size, front) {
  const [x, y] = places();
  return {
    mode: "markers", x: points.map((i) => x[i]), y: points.map((i) => y[i]), customdata: points,
    text: points.map((i) => "<b>" + wrap(told(i), 56) + "</b><br>" + wrap(data.map.texts[i], 56)),
    hoverinfo: front && !narrow.matches ? "text" : front ? "none" : "skip",
    marker: { color: ink, opacity, size, line: { width: 0.6, color: style("paper") } },
  };
}

function drawMap() {
  const of = groups(), all = [...of.keys()], chosen = coloured(of);
  const size = all.length > 1500 ? 6 : all.length > 500 ? 7 : 9;
  const picked = mapHighlight.value === "" ? null : Number(mapHighlight.value);
  let traces;
  if (picked === null) {
    const rest = all.filter((i) => !chosen.includes(of[i]));  // grey lies below everything
    traces = [trace(rest, style("grey"), 0.5, size, true),
      ...chosen.map((group) => trace(all.filter((i) => of[i] === group), groupColour(group, chosen), 0.82, size, true))];
  } else {
    const inside = all.filter((i) => isMember(i, of, picked)), ink = chosen.includes(picked) ? groupColour(picked, chosen) : style("accent");
    traces = [trace(all.filter((i) => !isMember(i, of, picked)), style("grey"), 0.28, size, false), trace(inside, ink, 0.95, size + 1, true)];
  }
  const [x, y] = places().map((values) => ({ visible: false, range: [Math.min(...values) - 0.05, Math.max(...values) + 0.05] }));
  if (mapMethod.value === "pca") y.scaleanchor = "x";  // distances count
  plot("map-chart", traces, { height: narrow.matches ? Math.round(innerWidth) : 620, showlegend: false, hovermode: "closest",
    margin: { l: 0, r: 0, t: 0, b: 0 }, xaxis: x, yaxis: y, uirevision: mapMethod.value + mapField.value });
  drawLegend(chosen);
}

function drawLegend(chosen) {
  const buttons = chosen.map((group) => legendButton(group, groupColour(group, chosen), groupName(group)));
  if (mapColour.value === "label" && data.labels.length > COLOURED) buttons.push(legendButton(null, style("grey"), "other labels or none: pick one above"));
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
  const present = new Set(groups());
  if (mapColour.value === "label") for (const label of data.map.labels.flat()) present.add(label);
  const listed = [...present].sort((a, b) => a - b);
  mapHighlight.replaceChildren(new Option("nothing", ""), ...listed.map((group) => new Option(groupName(group), group)));
}

function read(event) {
  const point = event.points[0].customdata, box = document.getElementById("map-text"), name = document.createElement("b");
  name.textContent = told(point);
  box.replaceChildren(name, data.map.texts[point]);
}

let mapMethod, mapField, mapColour, mapHighlight;
if (data.map) {
  mapMethod = makeSwitch("map-method", [["tsne", "t-SNE"], ["pca", "PCA"]], () => drawMap());
  mapField = makeSwitch("map-field", Object.keys(data.map.fields).map((name) => [name, data.map.fieldNames[name]]), () => drawMap());
  mapColour = fillSelect("map-colour", [["label", "by label"], ...data.clusters.map((each) => [String(each.k), "by cluster, k = " + each.k])],
    () => { fillHighlight(); drawMap(); });
  mapHighlight = fillSelect("map-highlight", [], () => drawMap());
  fillHighlight();
  document.getElementById("map-text").textContent = (touch.matches ? "Tap" : "Point at") + " a text on the map to read it here.";
  draws(drawMap);
  document.getElementById("map-chart").on("plotly_hover", read);
  document.getElementById("map-chart").on("plotly_click", read);
}
