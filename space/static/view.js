// Draws what the page shows. Texts only ever become text nodes, so that nothing in them is run.

import { fill, number } from "./deciding.js";

const STRONGEST = 0.55; // opacity of the word that matters most; text stays readable on it

// element("p", { class: "note" }, "text", child, ...)
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A sentence in the place of scores.
export function plain(text) {
  return element("div", { class: "scores" }, element("p", { class: "plain" }, text));
}

// A text's scores as bars: the chosen labels, then the others, best first.
export function scoresOf(decision, words, warnings) {
  const bars = decision.bars.map((bar) => barOf(bar, decision.top, words));
  const box = element("div", { class: "scores" });
  box.append(...warnings.map((warning) => element("p", { class: "warning" }, warning)));
  box.append(element("h2", { dir: "auto" }, decision.heading));
  box.append(element("ul", { class: "bars" }, ...bars.slice(0, decision.shown)));
  const rest = bars.slice(decision.shown);
  if (rest.length) {
    const more = element("summary", {}, fill(words.more, { n: rest.length }));
    box.append(element("details", {}, more, element("ul", { class: "bars" }, ...rest)));
  }
  box.append(...decision.notes.map((note) => element("p", { class: "note" }, note)));
  return box;
}

function barOf({ label, score, cut, chosen }, top, words) {
  const percent = (value) => `${(100 * Math.min(value / top, 1)).toFixed(2)}%`;
  const bar = element("span", { class: "fill" });
  bar.style.width = percent(score); // by the object model, which the page's policy allows, unlike an attribute
  const track = element("span", { class: "track", "aria-hidden": "true" }, bar);
  const figures = element("span", { class: "figures" }, element("span", { class: "score" }, number(score)));
  if (cut !== undefined && cut !== null) {
    const mark = element("span", { class: "cut" });
    mark.style.left = percent(cut);
    track.append(mark);
    figures.append(element("span", { class: "said" }, fill(words.threshold, { cut: number(cut) })));
  }
  const name = element("span", { class: "name", dir: "auto" }, (chosen ? "✓ " : "") + label);
  return element("li", chosen ? { class: "chosen" } : {}, name, track, figures);
}

// Texts with their words shaded by what leaving them out does to the label's score.
export function shaded(texts, label, { words: found, grouped }, words) {
  const largest = Math.max(...found.map((word) => Math.abs(word.score)), 1e-9);
  const box = element("div", { class: "words" });
  texts.forEach((text, part) => {
    const line = element("p", { dir: "auto" });
    let place = 0;
    for (const { start, end, score } of found.filter((word) => word.part === part)) {
      const word = element("span", { class: score > 0 ? "towards" : `against${-score < largest / 4 ? " slight" : ""}`, title: score.toFixed(3) }, text.slice(start, end));
      word.style.setProperty("--strength", ((STRONGEST * Math.abs(score)) / largest).toFixed(3));
      line.append(text.slice(place, start), word);
      place = end;
    }
    line.append(text.slice(place));
    box.append(line);
  });
  const key = [element("span", { class: "towards" }, fill(words.towards, { label })), " ", element("span", { class: "against" }, words.against)];
  const said = [words.explained_by_leaving_out, ...(grouped ? [words.explained_in_groups] : [])].join(" ");
  box.append(element("p", { class: "note" }, ...key, ` ${said}`));
  return box;
}

// What is known of the model: figures with intervals beside the best baseline, its labels, its links.
export function factsOf(about, words) {
  const box = element("div", { class: "facts" });
  const { facts } = about;
  if (facts) {
    const heads = [words.metric, words.model, ...(facts.baseline ? [fill(words.baseline, { name: facts.baseline })] : [])];
    const head = element("tr", {}, ...heads.map((each) => element("th", { scope: "col" }, each)));
    const rows = facts.rows.map(([name, ...cells]) =>
      element("tr", {}, element("th", { scope: "row" }, name), ...cells.slice(0, heads.length - 1).map((cell) => element("td", {}, cell))),
    );
    const caption = element("caption", {}, fill(words.facts, { n: facts.n }));
    box.append(element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows)));
  } else box.append(element("p", {}, words.no_facts));
  if (about.copy) {
    const [share, low] = [about.copy.value, about.copy.low].map((value) => `${(100 * value).toFixed(1)} %`);
    const sentence = about.copy.of === "label cells" ? words.copy_cells : words.copy_texts;
    box.append(element("p", {}, fill(sentence, { n: about.copy.n, share, low })));
  }
  const labels = fill(words.label_count, { n: about.labels.length, labels: about.labels.join(", ") });
  box.append(element("p", {}, labels), element("p", {}, fill(words.reads, { limit: about.limit })));
  const links = ["card", "data"].filter((key) => about[key]?.startsWith("https://"));
  const line = element("p");
  for (const key of links)
    line.append(line.childNodes.length ? " · " : "", element("a", { href: about[key], target: "_blank", rel: "noopener noreferrer" }, words[key]));
  box.append(line);
  return box;
}
