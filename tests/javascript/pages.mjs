// What the static page's own modules say: `node pages.mjs jobs.json answers.json`; tests/test_static_page.py asks both.
import { readFile, writeFile } from "node:fs/promises";
import { decide, strange } from "../../space/static/deciding.js";
import { harmless, readTable, suggested, writeTable } from "../../space/static/table.js";

const [jobs, answers] = process.argv.slice(2);
const asked = JSON.parse(await readFile(jobs, "utf-8"));
const words = JSON.parse(await readFile("../../space/words.json", "utf-8"));
const littleWords = JSON.parse(await readFile("../../space/little_words.json", "utf-8"));

const tables = asked.tables.map((content) => {
  try {
    const table = readTable(Uint8Array.from(Buffer.from(content, "base64")));
    const added = table.rows.map(() => ["a; b", "0.5000", "=note"]);
    return { ...table, columns: suggested(table.header, asked.columns), written: writeTable(table, added) };
  } catch (error) {
    if (!error.word) throw error;
    return { error: error.word, values: error.values };
  }
});
const found = {
  tables,
  cells: asked.cells.map(harmless),
  decisions: asked.decisions.map(({ about, scores }) => decide(about, words[about.language], scores)),
  strange: asked.texts.map(([text, unknown]) => strange(asked.about, text, unknown, littleWords)),
};
await writeFile(answers, JSON.stringify(found));
