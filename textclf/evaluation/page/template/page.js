// Puts the page together: charts again when the width changes, and the confusion matrix.
const page = JSON.parse(document.getElementById("page-data").textContent);
const say = page.say;

// The matrix is a table: cells with texts are buttons, of which one is in the order of tabs and arrow keys move on.
function confusion({ confusion: map, labels }, read) {
  const box = document.getElementById("matrix");
  let split = "test", share = true;
  const names = map.labels.map((k) => labels[k]), many = names.length > 10;
  function show() {
    const { counts, rows } = map.splits[split];
    const head = node("tr", {}, node("td", { text: `${say.gold} \\ ${say.predicted}` }), ...names.map((text) => node("th", { scope: "col", title: text }, node("span", { text: many ? brief(text, 22) : text }))));
    const body = counts.map((line, g) => node("tr", {}, node("th", { scope: "row", title: names[g], text: many ? brief(names[g], innerWidth < 640 ? 17 : 34) : names[g] }), ...line.map((count, p) => {
      if (!count) return node("td");
      const part = count / rows[g], deep = Math.round(part > 0.45 ? 60 + 40 * part : 8 + 50 * part);
      const text = share ? `${part < 0.005 ? "<1" : Math.round(part * 100)}%` : number(count);
      const told = filled(say.cell, { gold: names[g], predicted: names[p], count: number(count), share: (part * 100).toFixed(1) });
      return node("td", { class: part > 0.45 ? "deep" : "", style: `--deep: ${deep}%` }, node("button", { type: "button", text, title: told, "aria-label": told, tabindex: -1, "data-at": `${g} ${p}`, press: () => read({ gold: map.labels[g], said: map.labels[p], order: "down", name: "pair" }, true) }));
    })));
    const table = node("table", { class: many ? "matrix small" : "matrix" }, node("caption", { class: "hidden", text: `${say.confusion_matrix}, ${say[`split_${split}`]}` }), node("thead", {}, head), node("tbody", {}, ...body));
    box.replaceChildren(table);
    table.querySelector("button")?.setAttribute("tabindex", "0");
    table.addEventListener("keydown", (event) => moveIn(table, event, names.length));
  }
  const controls = document.getElementById("controls-confusion");
  controls.append(
    switchOf([say.split_test, say.split_validation], say.of_split, (place) => { split = place ? "validation" : "test"; show(); }),
    switchOf([say.share, say.count], say.show_as, (place) => { share = place === 0; show(); }));
  show();
}

function moveIn(table, event, size) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  if (!step || !event.target.dataset.at) return;
  event.preventDefault();
  let [g, p] = event.target.dataset.at.split(" ").map(Number);
  for (g += step[0], p += step[1]; g >= 0 && p >= 0 && g < size && p < size; g += step[0], p += step[1]) {
    const next = table.querySelector(`[data-at="${g} ${p}"]`);
    if (next) {
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      return;
    }
  }
}

const read = predictionTable(page);
for (const chart of page.charts) {
  const box = document.getElementById(`chart-${chart.id}`);
  let shown = 0, width = 0;
  const onPoint = (line, i) => read({ from: Math.max(0, line.x[i] - 1 / 30).toFixed(3), to: Math.min(1, line.x[i] + 1 / 30).toFixed(3), order: "down", name: "point" }, true);
  const draw = () => drawChart(box, chart, chart.choices[shown], say, page.several ? () => {} : onPoint);
  if (chart.choices.length > 1) document.getElementById(`controls-${chart.id}`).append(switchOf(chart.choices.map((each) => each.name), chart.title, (place) => { shown = place; draw(); }));
  new ResizeObserver(() => { if (box.clientWidth !== width) { width = box.clientWidth; draw(); } }).observe(box);
  draw();
}
if (page.confusion) confusion(page, read);
if (page.cuts) cutExplorer(page);
if (page.states) stateMaps(page);
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("table[data-shown]").forEach(folded);
document.querySelectorAll(".scroll").forEach((box) => edges(box));
document.querySelectorAll("nav > div").forEach((box) => edges(box, false));
