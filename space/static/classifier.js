// A text classifier in the browser (or in Node) with the scores of the Python package: the folder's onnx/ on bare
// ONNX Runtime, its own tokenizer, cutting, pairs, thresholds. Nothing is fetched but the files that `read` is asked for.
//
//   import * as ort from "onnxruntime-web";
//   import { Tokenizer } from "@huggingface/tokenizers";
//   const read = async (name) => new Uint8Array(await (await fetch(`model/${name}`)).arrayBuffer());
//   const classifier = await Classifier.load({ ort, Tokenizer, read });
//   await classifier.predict("a text");                  // { labels: ["..."], scores: { "...": 0.98, ... } }
//   await classifier.predict(["a title", "a body"]);     // a pair

export const FILES = { onnx: "onnx/model.onnx", "onnx-int8": "onnx/model_quantized.onnx" };
const UNSET = 1_000_000; // tokenizers say 1e30 where they know no limit
const FALLBACK = 512;
const OFFSET_POSITIONS = ["roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet", "data2vec-text", "longformer"];

export class Classifier {
  // Reads config.json, tokenizer.json, tokenizer_config.json, onnx/gate.json and one .onnx file by `read(name)`, which
  // gives a Uint8Array. `engine` is "onnx-int8" or "onnx".
  static async load({ ort, Tokenizer, read, engine = "onnx-int8" }) {
    if (!(engine in FILES)) throw new Error(`engine is one of ${Object.keys(FILES).join(", ")}; found ${engine}.`);
    const json = async (name) => JSON.parse(new TextDecoder().decode(await read(name)));
    const [config, tokenizer, settings, gate] = await Promise.all(
      ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/gate.json"].map(json),
    );
    const encoder = new Encoder(Tokenizer, tokenizer, settings, config);
    const session = await ort.InferenceSession.create(await read(FILES[engine]), { executionProviders: ["wasm"] });
    return new Classifier({ ort, session, config, encoder, gate, engine });
  }

  constructor({ ort, session, config, encoder, gate, engine }) {
    this.engine = engine;
    this.multiLabel = config.problem_type === "multi_label_classification";
    this.labels = Object.keys(config.id2label).map((_, i) => config.id2label[i]);
    this.gate = gate.engines[engine];
    if (!this.gate) throw new Error(`onnx/gate.json says nothing of ${engine}. \`python export.py RUN\` writes it.`);
    const cuts = this.gate.thresholds ?? config.thresholds ?? {};
    this.thresholds = this.multiLabel ? this.labels.map((name) => cuts[name] ?? 0.5) : null;
    this.probes = gate.probes;
    this.encoder = encoder;
    this.ort = ort;
    this.session = session;
  }

  // Numbers in label order, before softmax or sigmoid. One text a run: no answer depends on a neighbour.
  async logits(text) {
    const [first, second] = Array.isArray(text) ? text : [text, null];
    const { ids, types } = this.encoder.encode(first, second);
    const row = (values) => new this.ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
    const inputs = { input_ids: ids, attention_mask: ids.map(() => 1), token_type_ids: types };
    const feeds = Object.fromEntries(this.session.inputNames.map((name) => [name, row(inputs[name])]));
    return Array.from((await this.session.run(feeds)).logits.data);
  }

  // Numbers in [0, 1] in label order.
  async scores(text) {
    const logits = await this.logits(text);
    if (this.multiLabel) return logits.map((x) => 1 / (1 + Math.exp(-x)));
    const highest = Math.max(...logits);
    const powers = logits.map((x) => Math.exp(x - highest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((x) => x / sum);
  }

  // The label with the highest score, or every label whose score reaches its threshold; and all scores by name.
  async predict(text) {
    const scores = await this.scores(text);
    const best = scores.indexOf(Math.max(...scores));
    const chosen = this.labels.filter((_, i) => (this.multiLabel ? scores[i] >= this.thresholds[i] : i === best));
    return { labels: chosen, scores: Object.fromEntries(this.labels.map((name, i) => [name, scores[i]])) };
  }

  // The largest difference of a logit between this machine and the one that exported, over the gate's probe sentences.
  async check() {
    let largest = 0;
    for (const [i, probe] of this.probes.entries()) {
      const logits = await this.logits(probe);
      logits.forEach((value, k) => (largest = Math.max(largest, Math.abs(value - this.gate.probe_logits[i][k]))));
    }
    return largest;
  }
}

// Token ids and type ids as the Rust tokenizer gives them with truncation="longest_first". The JavaScript tokenizer
// gives ids without special tokens; it would cut the last [SEP] off, and it cuts no pairs.
export class Encoder {
  constructor(Tokenizer, tokenizer, settings, config) {
    this.tokenizer = new Tokenizer({ ...tokenizer, normalizer: withPlainSigma(tokenizer.normalizer) }, settings);
    this.templates = templatesOf(tokenizer.post_processor);
    this.maxLength = longestInput(config, settings);
  }

  encode(first, second) {
    const own = (text) => this.tokenizer.encode(text, { add_special_tokens: false }).ids;
    const texts = second ? { A: own(first), B: own(second) } : { A: own(first) };
    const template = second ? this.templates.pair : this.templates.single;
    const room = this.maxLength - template.filter((part) => part.ids).reduce((sum, part) => sum + part.ids.length, 0);
    cut(texts, Math.max(0, room));
    const ids = [];
    const types = [];
    for (const part of template) {
      const piece = part.ids ?? texts[part.text];
      ids.push(...piece);
      types.push(...piece.map(() => part.type));
    }
    return { ids, types };
  }
}

// Rust's `truncate_encodings` with LongestFirst: the longer text gives first, then both alike.
function cut(texts, room) {
  if (!texts.B) {
    texts.A = texts.A.slice(0, room);
    return;
  }
  const [short, long] = texts.A.length > texts.B.length ? ["B", "A"] : ["A", "B"];
  let few = texts[short].length;
  let many = texts[long].length;
  if (few + many <= room) return;
  many = few > room ? few : Math.max(few, room - few);
  if (few + many > room) {
    few = Math.floor(room / 2);
    many = few + (room % 2);
  }
  texts[short] = texts[short].slice(0, few);
  texts[long] = texts[long].slice(0, many);
}

// What stands around one text and around a pair: lists of { ids, type } and { text: "A" | "B", type }.
function templatesOf(processor) {
  const last = processor?.type === "Sequence" ? processor.processors.find((p) => known(p)) : processor;
  if (!known(last)) return { single: [{ text: "A", type: 0 }], pair: [{ text: "A", type: 0 }, { text: "B", type: 0 }] };
  if (last.type === "TemplateProcessing") {
    const parts = (list) =>
      list.map((part) =>
        part.SpecialToken
          ? { ids: last.special_tokens[part.SpecialToken.id].ids, type: part.SpecialToken.type_id }
          : { text: part.Sequence.id, type: part.Sequence.type_id },
      );
    return { single: parts(last.single), pair: parts(last.pair) };
  }
  const [cls, sep] = [last.cls[1], last.sep[1]].map((id) => ({ ids: [id], type: 0 }));
  const single = [cls, { text: "A", type: 0 }, sep];
  const bert = last.type === "BertProcessing";
  const second = bert
    ? [{ text: "B", type: 1 }, { ...sep, type: 1 }]
    : [sep, { text: "B", type: 0 }, sep];
  return { single, pair: [...single, ...second] };
}

function known(processor) {
  return ["TemplateProcessing", "BertProcessing", "RobertaProcessing"].includes(processor?.type);
}

// Rust lower-cases letter by letter, JavaScript a final sigma by its place: a capital one is made small beforehand.
function withPlainSigma(normalizer) {
  if (!normalizer) return normalizer;
  if (normalizer.type === "Sequence") return { ...normalizer, normalizers: normalizer.normalizers.map(withPlainSigma) };
  const lowers = normalizer.type === "Lowercase" || (normalizer.type === "BertNormalizer" && normalizer.lowercase);
  if (!lowers) return normalizer;
  const sigma = { type: "Replace", pattern: { String: "Σ" }, content: "σ" };
  return { type: "Sequence", normalizers: [sigma, normalizer] };
}

// The most tokens of a text, special tokens included: the tokenizer's limit or the model's positions.
function longestInput(config, settings) {
  const offset = OFFSET_POSITIONS.includes(config.model_type) ? (config.pad_token_id ?? 0) + 1 : 0;
  const limits = [settings.model_max_length, (config.max_position_embeddings ?? 0) - offset];
  const given = limits.filter((limit) => limit > 0 && limit < UNSET);
  return given.length ? Math.min(...given) : FALLBACK;
}
