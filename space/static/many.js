// The tab of files: a CSV file is read, its texts are scored one after the other, and a labelled one is offered.

import { decide, fill } from "./deciding.js";
import { MOST_BYTES, MOST_ROWS, readTable, suggested, writeTable } from "./table.js";

const at = (id) => document.getElementById(id);

// `score(text)` is a promise of a text's scores, `refusal(text)` says why there are none, `whyNot(error)` what broke.
export function offerFiles({ page, words, score, refusal, whyNot }) {
  const two = page.fields.length === 2;
  let table = null;
  at("pair-choice").hidden = !two;
  at("file-name").textContent = fill(words.file, { rows: MOST_ROWS, size: MOST_BYTES / 1e6 });
  at("file").addEventListener("change", look);
  at("run-file").addEventListener("click", labelFile);

  async function look() {
    table = null;
    at("choice").hidden = true;
    at("saved").hidden = true;
    at("file-status").textContent = "";
    const [file] = at("file").files;
    if (!file) return;
    try {
      // What is too large is not even read.
      const content = file.size > MOST_BYTES ? { length: file.size } : new Uint8Array(await file.arrayBuffer());
      table = readTable(content);
    } catch (error) {
      at("file-status").textContent = error.word ? fill(words[error.word], error.values) : error.message;
      return;
    }
    const [first, second] = suggested(table.header, page.columns);
    const options = (names, chosen) => names.map(([value, name]) => new Option(name, value, false, value === chosen));
    const columns = table.header.map((name, i) => [String(i), name]);
    const place = (name) => String(table.header.indexOf(name));
    at("column").replaceChildren(...options(columns, place(first)));
    at("pair").replaceChildren(...options([["-1", words.no_column], ...columns], place(second ?? null)));
    at("choice").hidden = false;
  }

  async function labelFile() {
    if (!table) return;
    const mine = table;
    const [first, second] = [Number(at("column").value), two ? Number(at("pair").value) : -1];
    const tell = (n) => (at("file-status").textContent = fill(words.progress, { done: n, n: mine.rows.length }));
    at("run-file").disabled = true;
    at("saved").hidden = true;
    Object.assign(at("rows"), { hidden: false, max: mine.rows.length, value: 0 });
    tell(0);
    try {
      const added = [];
      for (const row of mine.rows) {
        if (mine !== table) return; // another file was chosen
        added.push(await labelled(second >= 0 && row[second].trim() ? [row[first], row[second]] : row[first]));
        at("rows").value = added.length;
        if (added.length % 50 === 0) tell(added.length);
      }
      const { text, made } = writeTable(mine, added);
      offer(text);
      const said = fill(words.finished, { n: mine.rows.length });
      at("file-status").textContent = made ? `${said} ${fill(words.escaped, { n: made })}` : said;
    } catch (error) {
      at("file-status").textContent = whyNot(error);
    } finally {
      at("rows").hidden = true;
      at("run-file").disabled = false;
    }
  }

  // Label, score and note of a row's text.
  async function labelled(text) {
    const refused = refusal(text);
    if (refused) return ["", "", refused === words.empty ? words.row_empty : words.row_too_long];
    const scored = await score(text);
    const decision = decide(page, words, scored.scores);
    const notes = [decision.unsure && words.row_unsure, scored.tokens > page.limit && words.row_cut].filter(Boolean);
    return [decision.chosen.join("; "), Math.max(...Object.values(scored.scores)).toFixed(4), notes.join(", ")];
  }
}

function offer(text) {
  const link = at("saved");
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "labelled.csv";
  link.hidden = false;
}
