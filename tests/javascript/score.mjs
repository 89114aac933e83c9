// Scores texts by the static page's own module: `node score.mjs jobs.json answers.json`.
// A job is { folder, engine, texts } for scores and decisions, or { folder, texts } for token ids alone.
import { readFile, writeFile } from "node:fs/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import * as ort from "onnxruntime-web";
import { Classifier, Encoder } from "../../space/static/classifier.js";

ort.env.wasm.numThreads = 1;
const [jobs, answers] = process.argv.slice(2);
const found = {};
for (const [name, { folder, engine, texts }] of Object.entries(JSON.parse(await readFile(jobs, "utf-8")))) {
  const read = (file) => readFile(`${folder}/${file}`);
  if (!engine) {
    const json = async (file) => JSON.parse(await read(file));
    const encoder = new Encoder(Tokenizer, await json("tokenizer.json"), await json("tokenizer_config.json"), await json("config.json"));
    found[name] = texts.map((text) => (Array.isArray(text) ? encoder.encode(...text) : encoder.encode(text)));
    continue;
  }
  const classifier = await Classifier.load({ ort, Tokenizer, read, engine });
  const rows = [];
  for (const text of texts) rows.push({ scores: await classifier.scores(text), labels: (await classifier.predict(text)).labels });
  found[name] = { rows, difference: await classifier.check() };
}
await writeFile(answers, JSON.stringify(found));
