// One card a label: its most frequent or most distinctive words, pairs and triples of words; a word shows its places.
function wordCards({ words, contexts, labels, trainCounts }) {
  const CARDS = 12, box = document.getElementById("word-cards");
  const lengths = Object.keys(words), kinds = ["distinctive", "frequent"];
  let kind = kinds[0], length = lengths[0];
  const count = words["1"].length;
  const filter = document.getElementById("word-filter");
  const options = [[filled(say.first_labels, { n: CARDS }), "first"], [filled(say.all_labels, { n: count }), "all"], ...words["1"].map((_, i) => [labels[i], String(i)])];
  filter.append(...options.map(([text, value]) => new Option(text, value)));
  document.getElementById("word-filter-box").hidden = count <= CARDS;

  function row(label, [word, times, z], most, open) {
    const bar = node("i", { style: `width: ${Math.max(2, (100 * (kind === "frequent" ? times : z)) / most)}%` });
    const figure = kind === "frequent" ? number(times) : `z ${z.toFixed(1)}`;
    const button = node("button", { type: "button", title: filled(say.times, { n: number(times), z }), "aria-expanded": "false", press: () => open(word, button) }, node("span", { text: word }), node("span", { text: figure }));
    return node("li", { class: kind }, bar, button);
  }

  function card(label) {
    const listed = words[length][label][kind], most = Math.max(...listed.map(([, times, z]) => (kind === "frequent" ? times : z)), 1);
    const places = node("div", { class: "places", hidden: true });
    const made = node("article", { class: "card" }, node("h3", {}, labels[label], node("span", { text: filled(say.texts_n, { n: number(trainCounts[label]) }) })));
    const open = (word, button) => {
      const was = button.getAttribute("aria-expanded") === "true";
      made.querySelectorAll("[aria-expanded]").forEach((each) => each.setAttribute("aria-expanded", "false"));
      button.setAttribute("aria-expanded", String(!was));
      made.classList.toggle("open", !was);
      places.hidden = was;
      if (!was) placesOf(places, label, word);
    };
    const rows = listed.map((each) => row(label, each, most, open));
    const none = node("li", { class: "quiet", text: kind === "frequent" ? say.none_twice : say.none_distinct });
    made.append(node("ol", {}, ...(rows.length ? rows : [none])), places);
    return made;
  }

  function placesOf(places, label, word) {
    const found = contexts[label][word] ?? [];
    const lines = found.map(([at, before, hit, after]) => node("li", { dir: "auto" }, before, node("mark", { text: hit }), after, node("small", { text: ` ${say.row} ${at}` })));
    const hit = found.length ? found[0][2] : word;
    const search = node("button", { type: "button", class: "more", text: filled(say.search_word, { word: hit }), press: () => readTexts({ search: hit }, true) });
    places.replaceChildren(node("p", { class: "quiet", text: filled(say.where, { word, label: labels[label] }) }), node("ul", {}, ...lines), search);
  }

  function show() {
    const available = [...words["1"].keys()], chosen = filter.value;
    const which = chosen === "first" ? available.slice(0, CARDS) : chosen === "all" ? available : [Number(chosen)];
    box.replaceChildren(...which.map(card));
  }
  filter.addEventListener("change", show);
  document.getElementById("word-kind").append(switchOf(kinds.map((each) => say[each]), say.kind, (place) => { kind = kinds[place]; show(); }));
  document.getElementById("word-length").append(switchOf(lengths.map((each) => say[`w${each}`]), say.length_of, (place) => { length = lengths[place]; show(); }));
  show();
}
