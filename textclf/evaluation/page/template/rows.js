// The one table of predictions: search, filters, order; mistakes, confused pairs and suspects are views of it.
function predictionTable({ table, labels, several, collapsed, pairs, shades, say }) {
  const [ROW, TEXT, GOLD, SAID, SCORES, SUREST, SUSPECT, SLICES] = [0, 1, 2, 3, 4, 5, 6, 7];
  const show = listed(20, item);
  const about = document.getElementById("suspects-about");
  let view = "all";
  const set = (value) => (several ? value : [value]);
  const score = (row) => (several ? row[SUREST] : row[SCORES][0]);
  const fields = {};
  const option = (text, value) => new Option(text, value);
  const field = (key, word, element) => { fields[key] = element; element.id = `filter-${key}`; return node("label", {}, `${word} `, element); };
  const select = (...options) => { const made = node("select"); made.append(...options); return made; };
  const named = () => [option(say.all, ""), ...labels.map((name, k) => option(name, k)), ...(several ? [option(say.none, -1)] : [])];
  const bound = () => node("input", { type: "number", min: 0, max: 1, step: 0.05 });
  const filters = document.getElementById("filters");
  const orders = [[say.row, "row"], ...(collapsed ? [] : [[say.surest, "surest"]]), [`${say.score} ↓`, "down"], [`${say.score} ↑`, "up"]];
  filters.append(
    field("search", say.search, node("input", { type: "search" })),
    field("gold", say.gold, select(...named())), field("said", say.predicted, select(...named())),
    field("outcome", say.outcome, select(option(say.all, ""), option(say.wrong, "wrong"), option(say.right, "right"))),
    field("from", say.from, bound()), field("to", say.to, bound()),
    ...(table.slices.length ? [field("slice", say.slice, select(option(say.all, ""), ...table.slices.map((name, k) => option(name, k))))] : []),
    field("order", say.sort_by, select(...orders.map(([text, value]) => option(text, value)))),
    node("button", { type: "button", class: "more", text: say.clear, press: () => use({}) }),
  );
  const low = table.rows.map((row) => row[TEXT].join("\n").toLowerCase());

  function fits(row, place) {
    const has = (ids, wanted) => wanted === "" || (wanted === "-1" ? ids.length === 0 : ids.includes(Number(wanted)));
    const wrong = row[SUREST] > 0;
    return (view !== "suspects" || row[SUSPECT] !== 0)
      && has(set(row[GOLD]), fields.gold.value) && has(set(row[SAID]), fields.said.value)
      && (fields.outcome.value === "" || (fields.outcome.value === "wrong") === wrong)
      && (fields.from.value === "" || score(row) >= Number(fields.from.value))
      && (fields.to.value === "" || score(row) <= Number(fields.to.value))
      && (!fields.slice?.value || row[SLICES].includes(Number(fields.slice.value)))
      && low[place].includes(fields.search.value.normalize("NFC").toLowerCase());
  }

  const by = { row: (a, b) => a[ROW] - b[ROW], surest: (a, b) => b[SUREST] - a[SUREST] || a[ROW] - b[ROW], down: (a, b) => score(b) - score(a), up: (a, b) => score(a) - score(b) };

  function look() {
    about.hidden = view !== "suspects";
    show(table.rows.filter(fits).sort(by[fields.order.value]), table.rows.length);
  }

  // With several labels a text each has its own score, and may be right where the text's decision is not.
  const scored = (ids, other, scores, sign) => (ids.length ? ids.flatMap((k, at) => [
    ...(at ? [", "] : []), node("b", { class: sign ? (other.includes(k) ? "good" : "wrong") : "", text: labels[k] }), ...(sign || !other.includes(k) ? [` ${scores[k].toFixed(3)}`] : [])]) : [node("b", { text: say.none })]);
  function decision(row, wrong) {
    const gold = row[SCORES].length > 1 ? ` (${labels[row[GOLD]]} ${row[SCORES][1].toFixed(3)})` : "";
    return [
      node("span", {}, `${say.gold} `, node("b", { text: labels[row[GOLD]] })),
      node("span", {}, `${say.predicted} `, node("b", { class: wrong ? "wrong" : "good", text: labels[row[SAID]] })),
      node("span", { text: `${say.score} ${row[SCORES][0].toFixed(3)}${gold}` })];
  }

  function decisions(row) {
    const ids = [...new Set([...row[GOLD], ...row[SAID]])].sort((a, b) => a - b);
    const scores = Object.fromEntries(ids.map((k, at) => [k, row[SCORES][at]]));
    const surestFirst = [...row[SAID]].sort((a, b) => scores[b] - scores[a]);
    return [node("span", {}, `${say.gold} `, ...scored(row[GOLD], row[SAID], scores, false)), node("span", {}, `${say.predicted} `, ...scored(surestFirst, row[GOLD], scores, true))];
  }

  function item(row) {
    const wrong = row[SUREST] > 0;
    const what = node("div", { class: "what" }, ...(several ? decisions(row) : decision(row, wrong)),
      ...(row[SUSPECT] && !collapsed ? [node("span", { class: "suspect", text: suspicion(row[SUSPECT]) })] : []),
      node("span", { class: "where", text: `${say.row} ${row[ROW]}` }));
    const shade = shades[row[ROW]];
    const plain = (text) => node("p", { class: "text", dir: "auto", text });
    const texts = shade ? shade.parts.map(shaded) : row[TEXT].length ? row[TEXT].map(plain) : [node("p", { class: "text quiet", text: say.empty })];
    const towards = shade ? [node("p", { class: "towards" }, node("mark", { class: "for", text: say.towards }), " ", node("mark", { class: "against", text: say.against }), ` ${labels[shade.label]}`)] : [];
    return node("li", {}, what, ...texts, ...towards);
  }

  // Words of a mistake that was explained: the stronger the shade, the more a word moved the label's score.
  function shaded(pieces) {
    return node("p", { class: "text open", dir: "auto" }, ...pieces.map(([text, share]) => (share ? node("mark", { class: share > 0 ? "for" : "against", style: `--share: ${Math.round(60 * Math.abs(share))}%`, title: `${share > 0 ? "+" : "−"}${Math.abs(share).toFixed(2)}`, text }) : text)));
  }

  function suspicion([given, suggested, carried]) {
    if (given !== suggested) return filled(say.rather, { name: labels[suggested] });
    return filled(carried ? say.perhaps_not : say.perhaps_also, { name: labels[given] });
  }

  function use(wanted, go) {
    view = wanted.view ?? "all";
    for (const [key, element] of Object.entries(fields)) element.value = String(wanted[key] ?? (key === "order" ? "row" : ""));
    document.querySelectorAll("#views [data-view]").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.view === (wanted.name ?? view))));
    look();
    if (go) { document.querySelector("#predictions h2").focus({ preventScroll: true }); document.getElementById("predictions").scrollIntoView(); }
  }

  Object.values(fields).forEach((element) => element.addEventListener("input", look));
  const views = [["all", {}]];
  if (!collapsed) views.push(["mistakes", { outcome: "wrong", order: "surest" }], ["suspects", { view: "suspects" }]);
  const bar = node("span", { class: "switch", role: "group", "aria-label": say.view }, ...views.map(([name, wanted]) => node("button", { type: "button", text: say[name], "data-view": name, press: () => use({ ...wanted, name }) })));
  document.getElementById("views").append(bar);
  if (pairs.length && !collapsed) {
    const ids = Object.fromEntries(labels.map((name, k) => [name, k]));
    const press = (pair) => use({ gold: ids[pair.gold], said: ids[pair.predicted], outcome: "wrong", order: "surest", name: "pair" });
    document.getElementById("views").append(node("div", { class: "pairs", role: "group", "aria-label": say.pairs }, node("span", { class: "quiet", text: say.pairs }), ...pairs.map((pair) => node("button", { type: "button", class: "more", text: filled(say.pair, { ...pair, count: number(pair.count) }), press: () => press(pair) }))));
  }
  use(collapsed ? {} : { outcome: "wrong", order: "surest", name: "mistakes" });
  return use;
}
