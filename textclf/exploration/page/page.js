// Puts the page about a data set together, and what clusters hold: their words, their most central texts, their labels.
const page = JSON.parse(document.getElementById("page-data").textContent);
const say = page.say;

const begun = (text) => (text.length > 160 ? text.slice(0, 160).replace(/\s\S*$/, " …") : text);

function clusterCards({ clusters, labels, texts }) {
  let chosen = clusters[0];
  const box = document.getElementById("cluster-cards");
  const card = (cluster) => {
    const size = chosen.sizes[cluster], shares = labels.map((_, label) => chosen.table[label][cluster]), leading = shares.indexOf(Math.max(...shares));
    const words = chosen.words[cluster].map(([word]) => word).join(", ");
    const examples = chosen.central[cluster].map((place) => node("li", { dir: "auto", text: begun(texts[place][1]) }));
    return node("article", { class: "card" },
      node("h3", { text: filled(say.cluster_n, { n: cluster + 1 }) }),
      node("p", { class: "quiet", text: filled(say.mostly, { n: number(size), share: Math.round((100 * shares[leading]) / size), label: labels[leading] }) }),
      ...(words ? [node("p", {}, node("span", { class: "hidden", text: `${say.cluster_words}: ` }), node("b", { text: words }))] : []),
      node("ul", { class: "examples" }, ...examples),
      node("button", { type: "button", class: "more", text: filled(say.cluster_read, { n: number(size) }), press: () => readTexts({ where: `${chosen.k} ${cluster}` }, true) }));
  };
  function table() {
    const head = node("tr", {}, node("th", { scope: "col", text: say.label }), ...chosen.sizes.map((_, c) => node("th", { scope: "col", text: c + 1 })));
    const body = chosen.rows.map((label) => node("tr", {}, node("th", { scope: "row", text: labels[label] }), ...chosen.sizes.map((size, cluster) => {
      const n = chosen.table[label][cluster], part = n / size;
      if (!n) return node("td");
      const deep = Math.round(part > 0.45 ? 60 + 40 * part : 8 + 50 * part);
      return node("td", { class: part > 0.45 ? "deep" : "", style: `--deep: ${deep}%`, title: `${labels[label]}, ${filled(say.cluster_n, { n: cluster + 1 })}: ${number(n)}`, text: part < 0.005 ? "<1%" : `${Math.round(100 * part)}%` });
    })));
    document.getElementById("cluster-table").replaceChildren(node("table", { class: chosen.k > 16 ? "matrix small" : "matrix" }, node("caption", { class: "hidden", text: say.cluster_table }), node("thead", {}, head), node("tbody", {}, ...body)));
  }
  const show = () => { box.replaceChildren(...chosen.sizes.map((_, cluster) => card(cluster))); table(); };
  if (clusters.length > 1) document.getElementById("cluster-size").append(switchOf(clusters.map((each) => `k = ${each.k}`), say.k_of, (place) => { chosen = clusters[place]; show(); }));
  show();
}

const readTexts = textBrowser(page);
drawLabelCharts(page);
lengthsByUnit(page);
wordCards(page);
const showOnMap = page.map ? embeddingMap(page) : () => {};
if (page.clusters.length) clusterCards(page);
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("table[data-shown]").forEach(folded);
document.querySelectorAll(".scroll").forEach((box) => edges(box));
document.querySelectorAll("nav > div").forEach((box) => edges(box, false));
