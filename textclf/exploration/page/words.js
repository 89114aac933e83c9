"use strict";
// One card a label: its most frequent or most distinctive words, pairs and triples of words.
const CARDS = 12;

function wordRow(kind, [word, count, z], most) {
  const row = document.createElement("li"), bar = document.createElement("i"), name = document.createElement("span"), figure = document.createElement("span");
  row.className = kind;
  row.title = number(count) + " times, z = " + z;
  bar.style.width = Math.max(2, 100 * (kind === "frequent" ? count : z) / most) + "%";
  name.textContent = word;
  figure.textContent = kind === "frequent" ? number(count) : "z " + z.toFixed(1);
  row.append(bar, name, figure);
  return row;
}

function card(label) {
  const kind = wordKind.value, words = data.words[wordLength.value][label][kind];
  const box = document.createElement("article"), title = document.createElement("h3"), list = document.createElement("ol"), size = document.createElement("span");
  box.className = "card";
  title.textContent = data.labels[label];
  size.textContent = number(data.counts.train[label]) + " texts";
  title.append(size);
  const most = Math.max(...words.map(([, count, z]) => (kind === "frequent" ? count : z)), 1);
  for (const word of words) list.append(wordRow(kind, word, most));
  if (!words.length) {
    list.append(document.createElement("li"));
    list.firstChild.textContent = kind === "frequent" ? "none occurs twice" : "none stands out (z < 1.96)";
  }
  box.append(title, list);
  return box;
}

function drawWords() {
  const available = [...data.words["1"].keys()], chosen = wordFilter.value;
  const labels = chosen === "first" ? available.slice(0, CARDS) : chosen === "all" ? available : [Number(chosen)];
  document.getElementById("word-cards").replaceChildren(...labels.map(card));
}

const wordKind = makeSwitch("word-kind", [["distinctive", "distinctive"], ["frequent", "frequent"]], () => drawWords());
const wordLength = makeSwitch("word-length", [["1", "words"], ["2", "pairs"], ["3", "triples"]], () => drawWords());
const wordFilter = fillSelect("word-filter", [
  ["first", "the " + CARDS + " most frequent"], ["all", "all " + data.words["1"].length],
  ...data.words["1"].map((_, i) => [String(i), data.labels[i]]),
], () => drawWords());
document.getElementById("word-filter-box").hidden = data.words["1"].length <= CARDS;
drawWords();
