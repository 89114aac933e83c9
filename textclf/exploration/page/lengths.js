// Charts about labels and lengths: the long tail, labels a text, the histogram of lengths, quantiles by label.
function chartIn(id, title, choice) {
  const box = document.getElementById(`chart-${id}`);
  let width = 0;
  const draw = () => drawChart(box, { id, title }, choice(), say, () => {});
  new ResizeObserver(() => { if (box.clientWidth !== width) { width = box.clientWidth; draw(); } }).observe(box);
  draw();
  return draw;
}

const barsOf = (x, y, width, name) => ({ x, y, name, colour: "var(--series-1)", bars: width, width: 0 });

function drawLabelCharts({ labels, total, labelsPerText }) {
  if (document.getElementById("chart-tail")) {
    const occurring = total.map((n, i) => [n, i]).filter(([n]) => n > 0);
    const line = { x: occurring.map((_, rank) => rank + 1), y: occurring.map(([n]) => n), name: say.texts_axis, colour: "var(--series-1)", dots: 1, legend: false, names: occurring.map(([, i]) => labels[i]) };
    chartIn("tail", say.tail, () => ({ name: "", lines: [line], marks: [], x: { title: say.rank, range: null, whole: true }, y: { title: say.texts_axis, log: true } }));
  }
  if (document.getElementById("chart-per-text")) {
    const line = barsOf(labelsPerText.map((_, n) => n), labelsPerText, 1, say.training_texts);
    chartIn("per-text", say.per_text, () => ({ name: "", lines: [{ ...line, legend: false }], marks: [], x: { title: say.labels_of_text, range: [-0.6, labelsPerText.length - 0.4], whole: true }, y: { title: say.training_texts, zero: true } }));
  }
}

function lengthsByUnit({ lengths, maxLength, labels }) {
  let unit = "tokens";
  const beyond = document.getElementById("beyond");
  const choice = () => {
    const { edges, counts, covering } = lengths[unit], step = edges[1] - edges[0], last = edges.at(-1);
    const marks = ["0.9", "0.95", "0.99"].map((share) => ({ x: covering[share], text: `${Math.round(share * 100)} %: ${number(covering[share])}` }));
    if (unit === "tokens") marks.push({ x: maxLength, text: `max_length: ${number(maxLength)}`, strong: true });
    const line = barsOf(counts.map((_, i) => edges[i] + step / 2), counts, step, say.training_texts);
    return { name: say[unit], lines: [{ ...line, legend: false }], marks: marks.filter((mark) => mark.x <= last), x: { title: say[unit], range: [0, last] }, y: { title: say.training_texts, zero: true } };
  };
  const draw = chartIn("lengths", say.lengths_h, choice);
  function show() {
    draw();
    const { beyond: n, covering } = lengths[unit];
    beyond.textContent = n ? filled(n === 1 ? say.beyond_one : say.beyond, { n: number(n), longest: number(covering["1.0"]), unit: say[unit] }) : "";
    quantileTable(lengths[unit].perLabel, labels);
  }
  document.getElementById("length-unit").append(switchOf([say.tokens, say.characters], say.unit, (place) => { unit = place ? "characters" : "tokens"; show(); }));
  show();
}

function quantileTable(perLabel, labels) {
  const table = document.getElementById("length-by-label");
  const most = Math.max(...perLabel.filter(Boolean).map((quantiles) => quantiles[4]), 1);
  const at = (value) => `${(100 * value) / most}%`;
  const rows = perLabel.flatMap((quantiles, i) => {
    if (!quantiles) return [];
    const [p5, p25, p50, p75, p95] = quantiles;
    const box = [["whisker", p5, p95], ["box", p25, p75]].map(([name, from, to]) => node("span", { class: name, style: `left: ${at(from)}; width: ${at(to - from)}` }));
    return [node("tr", {}, node("th", { scope: "row", text: labels[i] }), node("td", { text: number(Math.round(p50)) }), node("td", { class: "range", "aria-hidden": "true" }, ...box, node("span", { class: "median", style: `left: ${at(p50)}` })), node("td", { text: `${number(Math.round(p5))}–${number(Math.round(p95))}` }))];
  });
  const head = node("tr", {}, ...[say.label, say.median].map((text) => node("th", { scope: "col", text })), node("td", { class: "ends" }, node("span", { text: "0" }), node("span", { text: number(Math.round(most)) })), node("th", { scope: "col", text: say.middle }));
  table.replaceChildren(node("thead", {}, head), node("tbody", {}, ...rows));
}
