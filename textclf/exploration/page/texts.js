// The training texts as a list: search, labels, clusters; words, points of the map and clusters lead here.
function textBrowser({ texts, labels, clusters, map }) {
  const [ROW, TEXT, LABELS, POINT] = [0, 1, 2, 3];
  const show = listed(10, item);
  const filters = document.getElementById("filters"), fields = {};
  const field = (key, word, element) => { fields[key] = element; element.id = `filter-${key}`; return node("label", {}, `${word} `, element); };
  const select = (options) => { const made = node("select"); made.append(...options.map(([text, value]) => new Option(text, value))); return made; };
  const ks = clusters.map((each) => each.k);
  filters.append(
    field("search", say.search, node("input", { type: "search" })),
    field("label", say.label, select([[say.all, ""], ...labels.map((name, k) => [name, k]), ...(page.several ? [[say.none, -1]] : [])])),
    ...(map ? [field("where", say.map, select([[say.all, ""], [say.only_map, "map"], ...clusters.flatMap((each) => each.sizes.map((_, c) => [`k = ${each.k}: ${filled(say.cluster_n, { n: c + 1 })}`, `${each.k} ${c}`]))]))] : []),
    field("order", say.order, select([[say.row, "row"], [say.shortest, "short"], [say.longest, "long"]])),
    node("button", { type: "button", class: "more", text: say.clear, press: () => use({}) }),
  );
  const low = texts.map((row) => row[TEXT].toLowerCase());
  const byK = Object.fromEntries(clusters.map((each) => [each.k, each.ids]));

  function inPlace(row, where) {
    if (!where) return true;
    if (row[POINT] < 0) return false;
    if (where === "map") return true;
    const [k, cluster] = where.split(" ");
    return byK[k][row[POINT]] === Number(cluster);
  }

  const orders = { row: (a, b) => a[ROW] - b[ROW], short: (a, b) => a[TEXT].length - b[TEXT].length, long: (a, b) => b[TEXT].length - a[TEXT].length };

  function look() {
    const words = fields.search.value.normalize("NFC").toLowerCase(), label = fields.label.value;
    const found = texts.filter((row, place) => low[place].includes(words)
      && (label === "" || (label === "-1" ? row[LABELS].length === 0 : row[LABELS].includes(Number(label))))
      && inPlace(row, fields.where?.value)).sort(orders[fields.order.value]);
    show(found, texts.length);
  }

  function item(row) {
    const named = row[LABELS].map((k) => labels[k]).join(", ") || say.no_label;
    const point = row[POINT];
    const where = point >= 0 && ks.length ? [node("span", { text: `k = ${ks[0]}: ${filled(say.cluster_n, { n: byK[ks[0]][point] + 1 })}` })] : [];
    const onMap = point >= 0 ? [node("button", { type: "button", class: "whole", text: say.show_on_map, press: () => showOnMap(point) })] : [];
    const what = node("div", { class: "what" }, node("b", { text: named }), ...where, ...onMap, node("span", { class: "where", text: `${say.row} ${row[ROW]}` }));
    const text = row[TEXT] ? node("p", { class: "text", dir: "auto", text: row[TEXT] }) : node("p", { class: "text quiet", text: say.empty });
    return node("li", {}, what, text);
  }

  function use(wanted, go) {
    for (const [key, element] of Object.entries(fields)) element.value = String(wanted[key] ?? (key === "order" ? "row" : ""));
    look();
    if (go) { document.querySelector("#texts h2").focus({ preventScroll: true }); document.getElementById("texts").scrollIntoView(); }
  }
  Object.values(fields).forEach((element) => element.addEventListener("input", look));
  use({});
  return use;
}
