// The page: what a visitor types or chooses goes to worker.js, its answers are drawn. Nothing is kept or sent anywhere.

import { decide, fill, strange } from "./deciding.js";
import { offerFiles } from "./many.js";
import { element, factsOf, plain, scoresOf, shaded } from "./view.js";

const LONGEST_INPUT = 20_000; // characters that a box takes
const at = (id) => document.getElementById(id);
const json = async (name) => (await fetch(name, { cache: "no-cache" })).json();

const told = Promise.all(["page.json", "words.json", "little_words.json"].map(json));
let newest = 0; // the number of the last question about the text: answers to earlier ones are not drawn
let ready; // a promise of the loaded model, and `worker` what computes
let worker;
start(); // first of all: its modules are on their way while the page is drawn
const [page, allWords, littleWords] = await told;
const words = allWords[page.language];
const two = page.fields.length === 2;

function start() {
  // From a blob, as only such a worker obeys the page's policy: it can reach no other machine than the page can.
  const source = `import ${JSON.stringify(new URL("worker.js", location.href).href)};`;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  worker = new Worker(address, { type: "module" });
  const asked = new Map();
  let count = 0;
  worker.ask = (kind, more = {}, told = null) =>
    new Promise((resolve, reject) => {
      asked.set(++count, { resolve, reject, told });
      worker.postMessage({ id: count, kind, ...more });
      worker.last = count;
    });
  worker.onmessage = ({ data }) => {
    if (data.progress) return showProgress(data.progress);
    if (!asked.has(data.id)) return undefined; // "stop" has no answer
    const { resolve, reject, told } = asked.get(data.id);
    if (data.explained) return told(data.explained);
    asked.delete(data.id);
    return data.error === undefined ? resolve(data.result) : reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of asked.values()) reject(new Error(event.message || "worker.js"));
  };
  ready = told.then(([page]) => worker.ask("load", { page, here: location.href }));
  ready.then(
    ({ thresholds }) => {
      if (thresholds) page.thresholds = Object.fromEntries(page.labels.map((label, i) => [label, thresholds[i]]));
      at("loading").hidden = true;
    },
    (error) => {
      at("loading-status").textContent = whyNot(error);
      at("bar").hidden = true;
      at("again").hidden = false;
    },
  );
}

// Why the model does not run, as a sentence.
function whyNot({ message }) {
  if (/HTTP 40[134]$/.test(message)) return fill(words.no_model, { reason: words.not_found });
  if (/failed to fetch|networkerror|load failed/i.test(message)) return fill(words.no_model, { reason: words.unreachable });
  return fill(/webassembly|backend|simd/i.test(message) ? words.no_module : words.no_model, { reason: message });
}

function showProgress({ done, n }) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  at("bar").max = n;
  at("bar").value = done;
  const said = done < n ? fill(words.loading, { done: megabytes(done), n: megabytes(n) }) : words.starting;
  // Screen readers hear each tenth, not each of a thousand pieces.
  const tenth = Math.floor((10 * done) / n);
  at("loading-status").setAttribute("aria-live", tenth === showProgress.tenth ? "off" : "polite");
  showProgress.tenth = tenth;
  at("loading-status").textContent = said;
}

// ---- one text

function given() {
  const [first, second] = [at("first").value, two ? at("second").value : ""];
  return second.trim() ? [first, second] : first;
}

function refusal(text) {
  const parts = [text].flat();
  const n = parts.reduce((sum, part) => sum + Array.from(part).length, 0);
  if (!parts.some((part) => part.trim())) return words.empty;
  return n > LONGEST_INPUT ? fill(words.too_long, { n, most: LONGEST_INPUT }) : null;
}

function warningsOf(text, { tokens, unknown }) {
  const found = tokens > page.limit ? [fill(words.cut, { limit: page.limit, n: tokens })] : [];
  const odd = strange(page, [text].flat().join("\n"), unknown, littleWords);
  return odd ? [...found, fill(words[odd], { share: `${Math.round(100 * unknown)}%` })] : found;
}

async function score(text) {
  await ready;
  return worker.ask("score", { text });
}

async function classify() {
  const mine = ++newest;
  const text = given();
  stopExplaining();
  const refused = refusal(text);
  if (refused) return show(plain(refused));
  show(plain(words.working));
  try {
    const scored = await score(text);
    if (mine !== newest) return undefined;
    show(scoresOf(decide(page, words, scored.scores), words, warningsOf(text, scored)));
    at("why").hidden = false;
  } catch (error) {
    if (mine === newest) show(plain(whyNot(error)));
  }
  return undefined;
}

function show(drawn) {
  at("result").replaceChildren(drawn);
}

function stopExplaining() {
  worker?.postMessage({ id: 0, kind: "stop", upTo: worker.last });
  at("words").replaceChildren();
  at("why").hidden = true;
}

async function explain() {
  const mine = newest;
  const text = given();
  at("why").disabled = true;
  try {
    const { scores } = await score(text);
    const [label] = decide(page, words, scores).bars.map((bar) => bar.label);
    const bar = element("progress", { "aria-label": words.explaining });
    at("words").replaceChildren(element("p", {}, words.explaining), bar);
    const told = ({ done, n }) => Object.assign(bar, { max: n, value: done });
    const found = await worker.ask("explain", { text, label }, told);
    if (found && mine === newest) at("words").replaceChildren(shaded([text].flat(), label, found, words));
  } finally {
    at("why").disabled = false;
  }
}

// ---- tabs, and everything in its place

function openTab(chosen, focus = true) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    at(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  }
  if (focus) chosen.focus();
}

function arrange() {
  document.documentElement.lang = page.language;
  document.title = page.name;
  at("name").textContent = page.name;
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = words[each.dataset.word];
  at("foreign").hidden = !page.foreign;
  at("foreign").textContent = words.foreign;
  at("first-name").textContent = page.fields[0];
  at("first").placeholder = words.type;
  if (two) at("second-name").textContent = page.fields[1];
  at("first").rows = two ? 2 : 6;
  at("second-field").hidden = !two;
  at("panel-about").append(factsOf(page, words));
  offerFiles({ page, words, score, refusal, whyNot });
  show(plain(words.waiting));
  for (const row of page.examples) {
    const button = element("button", { type: "button", dir: "auto" }, row.filter(Boolean).join(" / "));
    button.addEventListener("click", () => {
      at("first").value = row[0];
      if (two) at("second").value = row[1] ?? "";
      classify();
    });
    at("examples").append(element("li", {}, button));
  }
}

function listen() {
  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    classify();
  });
  for (const box of [at("first"), at("second")]) {
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.shiftKey || event.isComposing) return; // composing: Hangul in the making
      event.preventDefault();
      classify();
    });
    box.addEventListener("input", () => {
      newest += 1; // an answer to another text than the one beside it would mislead
      stopExplaining();
      show(plain(words.changed));
    });
  }
  at("why").addEventListener("click", explain);
  at("again").addEventListener("click", () => {
    worker.terminate();
    at("again").hidden = true;
    at("bar").hidden = false;
    start();
  });
  const tabs = [...document.querySelectorAll("[role=tab]")];
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => openTab(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step) openTab(tabs[(i + step + tabs.length) % tabs.length]);
    });
  });
}

arrange();
listen();
document.querySelector("main").hidden = false;
at("first").focus();
