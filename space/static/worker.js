// Fetches, checks and runs the model, away from the page's own thread, which therefore never freezes.
// Asked { id, kind, ... }, it answers { id, result } or { id, error }; { progress } comes unasked while it loads.

import { Classifier } from "./classifier.js";
import * as ort from "./ort.mjs";
import { Tokenizer } from "./tokenizers.mjs";

const STORE = "textclf"; // of the browser's cache: files by checksum, so that a changed model is never an old one
const MOST_GROUPS = 60; // of words that are left out: a pass through the model each
// An ONNX model that gives back its input. The runtime starts with its first model: with this one it does so while
// the real one is on its way.
const IDENTITY = "CAg6NwoQCgFhEgFiIghJZGVudGl0eRIBZ1oPCgFhEgoKCAgBEgQKAggBYg8KAWISCgoICAESBAoCCAFCAhAN";
const SPACELESS = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+/g;

let classifier;
let stopped = 0; // the number of the newest request to stop what came before it
const tasks = { load, score, explain, stop: ({ upTo }) => (stopped = upTo) };

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ id: data.id, result: await tasks[data.kind](data) });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error?.message ?? error) });
  }
};

async function load({ page, here }) {
  const base = new URL(page.base, here);
  const files = [
    ...Object.entries(page.files).map(([name, file]) => [name, new URL(name, base), file]),
    ...Object.entries(page.runtime).map(([name, file]) => [name, new URL(name, here), file]),
  ];
  const progress = { done: 0, n: files.reduce((sum, [, , file]) => sum + file.bytes, 0) };
  const coming = {};
  for (const [name, address, file] of files) {
    coming[name] = fetched(address, file, progress);
    coming[name].catch(() => {}); // whoever reads it hears of it
  }
  ort.env.wasm.numThreads = 1; // more would need headers that a static Space has not
  ort.env.wasm.wasmBinary = await coming["ort.wasm"]; // else the runtime fetches it itself, at each visit
  ort.env.logLevel = "error";
  const identity = Uint8Array.from(atob(IDENTITY), (each) => each.charCodeAt(0));
  const started = ort.InferenceSession.create(identity, { executionProviders: ["wasm"] });
  started.catch(() => {}); // the real one fails likewise
  classifier = await Classifier.load({ ort, Tokenizer, read: (name) => coming[name], engine: "onnx-int8" });
  await forget(files.map(([, address, file]) => keyOf(address, file)));
  return { thresholds: classifier.thresholds };
}

// A file's bytes, from the browser's own store or the net; what differs from its checksum is refused.
async function fetched(address, { bytes, sha256 }, progress) {
  const store = await self.caches?.open(STORE).catch(() => null); // no store in some private windows
  const key = keyOf(address, { sha256 });
  const kept = await store?.match(key);
  if (kept) {
    told(progress, bytes);
    return new Uint8Array(await kept.arrayBuffer());
  }
  const cache = store ? "no-store" : "default"; // one copy is enough, and what was spoilt on its way is not met again
  const answer = await fetch(address, { cache, credentials: "omit", referrerPolicy: "no-referrer" });
  if (!answer.ok) throw new Error(`${address.pathname.split("/").pop()}: HTTP ${answer.status}`);
  const content = new Uint8Array(bytes);
  let at = 0;
  for await (const piece of pieces(answer.body)) {
    if (at + piece.length > bytes) throw new Error(`${address.pathname.split("/").pop()} is too long`);
    content.set(piece, at);
    at += piece.length;
    told(progress, piece.length);
  }
  if (self.crypto?.subtle) {
    const digest = new Uint8Array(await self.crypto.subtle.digest("SHA-256", content));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found !== sha256) throw new Error(`${address.pathname.split("/").pop()} is not the file that was measured`);
  }
  await store?.put(key, new Response(content)).catch(() => {}); // a full disk: it is fetched again next time
  return content;
}

async function* pieces(stream) {
  const reader = stream.getReader(); // Safari cannot iterate over a stream
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function told(progress, more) {
  progress.done += more;
  self.postMessage({ progress: { ...progress } });
}

function keyOf(address, { sha256 }) {
  return `${address.origin}/${STORE}/${sha256}`;
}

// Takes what an earlier version of the model left out of the store.
async function forget(wanted) {
  const store = await self.caches?.open(STORE).catch(() => null);
  for (const request of (await store?.keys()) ?? []) if (!wanted.includes(request.url)) await store.delete(request);
}

// One text at a time, whoever asks: the runtime takes no second call while it computes.
let turn = Promise.resolve();
function predicted(text) {
  const mine = turn.then(() => classifier.predict(text));
  turn = mine.catch(() => {});
  return mine;
}

// { scores, labels, tokens, unknown } of a text or a pair.
async function score({ text }) {
  const { labels, scores } = await predicted(text);
  const { tokenizer } = classifier.encoder;
  const parts = Array.isArray(text) ? text : [text];
  const ids = parts.flatMap((part) => tokenizer.encode(part, { add_special_tokens: false }).ids);
  const template = classifier.encoder.templates[Array.isArray(text) ? "pair" : "single"];
  const special = template.reduce((sum, part) => sum + (part.ids?.length ?? 0), 0);
  const unknown = ids.filter((id) => id === tokenizer.model.unk_token_id).length / Math.max(1, ids.length);
  return { scores, labels, tokens: ids.length + special, unknown };
}

// How far the log-odds of `label` fall when a word is left out: { words: [{ part, start, end, score }], grouped }.
async function explain({ id, text, label }) {
  const parts = Array.isArray(text) ? text : [text];
  const words = parts.flatMap((whole, part) =>
    Array.from(whole.matchAll(SPACELESS), (match) => ({ part, start: match.index, end: match.index + match[0].length })),
  );
  const size = Math.max(1, Math.ceil(words.length / MOST_GROUPS));
  const whole = logOdds((await predicted(text)).scores[label]);
  for (let first = 0; first < words.length; first += size) {
    await new Promise((resolve) => setTimeout(resolve)); // lets a newer request in
    if (stopped > id) return null;
    const left = words.slice(first, first + size);
    const shorter = parts.map((each, part) => without(each, left.filter((word) => word.part === part)));
    const { scores } = await predicted(Array.isArray(text) ? shorter : shorter[0]);
    for (const word of left) word.score = (whole - logOdds(scores[label])) / left.length;
    self.postMessage({ id, explained: { done: first + left.length, n: words.length } });
  }
  return { words, grouped: size > 1 };
}

function without(text, words) {
  for (const { start, end } of words.slice().reverse()) text = text.slice(0, start) + text.slice(end);
  return text;
}

function logOdds(score) {
  const inside = Math.min(Math.max(score, 1e-7), 1 - 1e-7); // of float32 scores, 0 and 1 are no certainty
  return Math.log(inside / (1 - inside));
}
