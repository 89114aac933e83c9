"use strict";
// Counts, lengths, clusters.
const shown = Math.min(data.labels.length, data.mostRows);
const rows = [...Array(shown).keys()];
const rowHeight = 24;

// Label rows go from the top down; places are numbers, since two names may be shortened alike.
function labelAxis(order) {
  return { autorange: false, range: [order.length - 0.4, -0.6], tickvals: order.map((_, place) => place),
           ticktext: order.map(labelTick), showgrid: false, zeroline: false, ticks: "" };
}

function drawCounts() {
  const traces = Object.entries(data.counts).map(([split, counts], at) => ({
    type: "bar", orientation: "h", name: split, x: rows.map((i) => counts[i]), y: rows,
    marker: { color: style("split-" + (at + 1)) },
    customdata: rows.map((i) => safe(data.labels[i])), hovertemplate: "%{customdata}<br>" + split + ": %{x:,}<extra></extra>",
  }));
  plot("count-chart", traces, {
    barmode: "stack", bargap: 0.25, height: 60 + rowHeight * shown, yaxis: labelAxis(rows),
    xaxis: { title: { text: "texts" }, rangemode: "tozero" }, margin: { l: 8, r: 12, t: 8, b: 44 }, showlegend: false,
  });
}

function drawTail() {
  const total = data.labels.map((_, i) => Object.values(data.counts).reduce((sum, counts) => sum + counts[i], 0));
  const occurring = [...total.keys()].filter((i) => total[i] > 0);
  plot("tail-chart", [{
    mode: "lines+markers", x: occurring.map((i) => i + 1), y: occurring.map((i) => total[i]),
    marker: { color: style("split-1"), size: 6 }, line: { color: style("split-1"), width: 1.5 },
    customdata: occurring.map((i) => safe(data.labels[i])), hovertemplate: "%{customdata}: %{y:,} texts<extra></extra>",
  }], { height: 300, xaxis: { title: { text: "rank of the label" } },
        yaxis: { title: { text: "texts, all splits" }, type: "log", dtick: 1 } });
}

function drawLabelsPerText() {
  plot("per-text-chart", [{
    type: "bar", x: data.labelsPerText.map((_, i) => i), y: data.labelsPerText, marker: { color: style("split-1") },
    hovertemplate: "%{x} labels: %{y:,} training texts<extra></extra>",
  }], { height: 260, xaxis: { title: { text: "labels of a text" }, dtick: data.labelsPerText.length > 12 ? null : 1 },
        yaxis: { title: { text: "training texts" } } });
}

function drawLengths() {
  const unit = lengthUnit.value, lengths = data.lengths[unit], edges = lengths.edges;
  const marks = ["0.9", "0.95", "0.99"].map((share) => [lengths.covering[share], Math.round(100 * share) + " %", style("quiet"), "dot"]);
  if (unit === "tokens") marks.push([data.lengths.maxLength, "max_length", style("accent"), "solid"]);
  const step = edges[1] - edges[0], last = edges[edges.length - 1];
  const visible = marks.filter(([at]) => at <= last);
  plot("length-chart", [{
    type: "bar", x: lengths.counts.map((_, i) => edges[i] + step / 2), y: lengths.counts, width: step * 0.94,
    marker: { color: style("split-1") },
    customdata: lengths.counts.map((_, i) => (step === 1 ? edges[i] : edges[i] + " to " + (edges[i + 1] - 1))),
    hovertemplate: "%{customdata} " + unit + ": %{y:,} texts<extra></extra>",
  }], {
    height: 340, bargap: 0, margin: { l: 8, r: 16, t: 84, b: 44 },
    xaxis: { title: { text: unit }, range: [0, last] }, yaxis: { title: { text: "training texts" } },
    shapes: visible.map(([at, , ink, dash]) => ({ type: "line", x0: at, x1: at, y0: 0, y1: 1, yref: "paper", line: { color: ink, width: 2, dash } })),
    // One step of the stairs for each mark: they often stand close together.
    annotations: visible.map(([at, text, ink], place) => ({
      x: at, y: 1, yref: "paper", yshift: 4 + 18 * (visible.length - 1 - place), yanchor: "bottom", showarrow: false,
      xanchor: at > 0.6 * last ? "right" : "left", text: text + ": " + number(at), font: { color: ink, size: 13 },
    })),
  });
  document.getElementById("beyond").textContent = lengths.beyond
    ? number(lengths.beyond) + (lengths.beyond === 1 ? " longer text is" : " longer texts are") + " off the chart; the longest has " + number(lengths.covering["1.0"]) + " " + unit + "." : "";
  const given = rows.filter((i) => lengths.perLabel[i]);
  const quantile = (at) => given.map((i) => lengths.perLabel[i][at]);
  plot("length-by-label", [{
    type: "box", orientation: "h", y: given.map((_, place) => place), lowerfence: quantile(0), q1: quantile(1), median: quantile(2), q3: quantile(3),
    upperfence: quantile(4), width: 0.6, line: { color: style("split-1"), width: 1.5 }, fillcolor: style("card"), hoverinfo: "x",
  }], { height: 70 + rowHeight * given.length, yaxis: labelAxis(given), xaxis: { title: { text: unit }, rangemode: "tozero" } });
}

function drawClusters() {
  const clustering = data.clusters.find((each) => String(each.k) === clusterSize.value), order = clustering.rows;
  const share = (label, at) => clustering.table[label][at] / clustering.sizes[at];
  const told = (label, at) => "cluster " + (at + 1) + " (" + number(clustering.sizes[at]) + " texts)<br>" + safe(data.labels[label]) + ": "
    + number(clustering.table[label][at]) + ", " + percent(share(label, at));
  plot("cluster-chart", [{
    type: "heatmap", x: clustering.sizes.map((_, at) => at + 1), y: order.map((_, place) => place), xgap: 2, ygap: 2,
    z: order.map((label) => clustering.sizes.map((_, at) => share(label, at))), zmin: 0, zmax: 1,
    text: order.map((label) => clustering.sizes.map((_, at) => told(label, at))), hovertemplate: "%{text}<extra></extra>",
    colorscale: [[0, style("low")], [1, style("high")]],
    colorbar: { title: { text: "" }, thickness: 12, outlinewidth: 0, tickformat: ".0%", len: Math.min(1, 180 / (order.length * rowHeight)), y: 1, yanchor: "top" },
    showscale: !narrow.matches,
  }], { height: 70 + rowHeight * order.length, yaxis: labelAxis(order), margin: { l: 8, r: 8, t: 10, b: 44 },
        xaxis: { title: { text: "cluster" }, dtick: clustering.k > 16 ? (narrow.matches ? 8 : 2) : (narrow.matches && clustering.k > 8 ? 3 : 1), showgrid: false, zeroline: false } });
}

const lengthUnit = makeSwitch("length-unit", [["tokens", "tokens"], ["characters", "characters"]], drawLengths);
draws(drawCounts);
if (data.labels.length > 12) { document.getElementById("tail").hidden = false; draws(drawTail); }
if (data.multiLabel) draws(drawLabelsPerText);
draws(drawLengths);
const clusterSize = data.clusters.length
  ? makeSwitch("cluster-size", data.clusters.map((each) => [String(each.k), "k = " + each.k]), drawClusters) : null;
if (clusterSize) draws(drawClusters);
