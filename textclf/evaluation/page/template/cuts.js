// The threshold explorer: counts at each cut are in the page, so that what another cut would give is looked up.
function cutExplorer({ cuts, run, baked, say }) {
  const table = document.getElementById("cut-table"), totals = document.getElementById("cut-totals");
  const ship = document.getElementById("cut-ship");
  const chosen = cuts.labels.map(() => null); // null: the shipped cut, else hundredths
  const counts = (k) => (chosen[k] === null ? cuts.labels[k].shipped : [cuts.labels[k].right[chosen[k]], cuts.labels[k].given[chosen[k]]]);
  const ratio = (a, b) => (b ? a / b : 0);
  const digits = (value) => value.toFixed(3);
  const head = node("tr", {}, ...[say.label, say.cut, say.f1, say.precision, say.recall, say.given, say.support].map((text) => node("th", { scope: "col", text })));
  const rows = cuts.labels.map((label, k) => {
    const slider = node("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": filled(say.cut_of, { name: label.name }) });
    slider.addEventListener("input", () => { chosen[k] = Number(slider.value); show(); });
    const mark = node("span", { class: "mark", title: `${say.shipped} ${digits(label.cut)}`, style: `left: ${label.cut * 100}%` });
    const cells = [0, 1, 2, 3, 4].map(() => node("td"));
    const value = node("output", {});
    return { slider, value, cells, line: node("tr", {}, node("th", { scope: "row", text: label.name }), node("td", {}, node("span", { class: "slider" }, slider, mark), value), ...cells) };
  });
  table.append(node("thead", {}, head), node("tbody", {}, ...rows.map((row) => row.line)));

  function show() {
    let right = 0, given = 0, carried = 0, sum = 0, kept = 0;
    rows.forEach((row, k) => {
      const label = cuts.labels[k], [hits, said] = counts(k);
      const f1 = ratio(2 * hits, said + label.support);
      right += hits; given += said; carried += label.support;
      if (label.support) { sum += f1; kept += 1; }
      const cut = chosen[k] === null ? label.cut : chosen[k] / 100;
      row.slider.value = Math.round(cut * 100);
      row.value.textContent = `${digits(cut)}${chosen[k] === null ? ` (${say.shipped})` : ""}`;
      [digits(f1), said ? digits(hits / said) : "–", label.support ? digits(hits / label.support) : "–", number(said), number(label.support)].forEach((text, at) => { row.cells[at].textContent = text; });
    });
    totals.textContent = `${say.metric_f1_micro} ${digits(ratio(2 * right, given + carried))} · ${say.metric_f1_macro} ${digits(ratio(sum, kept))} · ${say.precision} ${digits(ratio(right, given))} · ${say.recall} ${digits(ratio(right, carried))} · ${say.per_text} ${(given / cuts.n).toFixed(2)}`;
    const changed = Object.fromEntries(chosen.flatMap((at, k) => (at === null ? [] : [[cuts.labels[k].name, at / 100]])));
    ship.hidden = baked || Object.keys(changed).length === 0;
    const moved = Object.entries(changed).map(([name, cut]) => `${JSON.stringify(name)}: ${cut}`).join(", ");
    const python = `from transformers import AutoConfig\nconfig = AutoConfig.from_pretrained(${JSON.stringify(run)})\nconfig.thresholds = getattr(config, "thresholds", None) or dict.fromkeys(config.id2label.values(), 0.5)\nconfig.thresholds |= {${moved}}\nconfig.save_pretrained(${JSON.stringify(run)})`;
    ship.querySelector("code").textContent = python;
  }
  const every = node("input", { type: "range", min: 0, max: 100, step: 1, value: 50 });
  every.addEventListener("input", () => { chosen.fill(Number(every.value)); show(); });
  document.getElementById("cut-all").append(node("label", {}, `${say.all_labels} `, every), node("button", { type: "button", class: "more", text: say.back, press: () => { chosen.fill(null); show(); } }));
  show();
}
