// What the page says of scores: the chosen labels, how firmly, and the bars. The same rules as space/deciding.py and
// `strange` in space/describing.py; the tests ask both for the same texts.

export const SHOWN = 12; // labels shown at once; the others fold away, never a chosen one
const CLOSE = 0.9; // of the best score: a second one from here on is as good an answer
const TOPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]; // where a scale of bars may end
const UNKNOWN_FROM = 0.2; // share of unknown tokens from which a text is said to be strange to the model
const OWN_SCRIPT = 0.5; // share of a text's letters that makes a script the text's own
const LANGUAGE_WORDS = 2; // little words of another language, and none of the model's, that make a text foreign

// Fills a sentence of words.json in: {n}, and {n:,} with separators between thousands.
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)(:,)?\}/g, (_, name, thousands) =>
    thousands ? Number(values[name]).toLocaleString("en-US") : String(values[name]),
  );
}

// { heading, notes, bars: [{ label, score, cut, chosen }], shown, top, chosen, unsure } of { label: score }.
export function decide(about, words, scores) {
  const cuts = about.thresholds;
  const best = Object.keys(scores).sort((a, b) => scores[b] - scores[a]);
  const chosen = cuts ? best.filter((label) => scores[label] >= cuts[label]) : best.slice(0, 1);
  const doubted = doubtful(about.abstain, scores, chosen);
  const order = [...chosen, ...best.filter((label) => !chosen.includes(label))];
  const notes = [];
  let heading = chosen.join(", ") || words.none;
  if (chosen.length && doubted.length === chosen.length) {
    heading = fill(words.unsure, { labels: chosen.join(", ") });
    if (!cuts) notes.push(fill(words.unsure_why, { cut: number(about.abstain.score_below) }));
  } else if (doubted.length) {
    notes.push(fill(words.unsure_of, { labels: doubted.join(", ") }));
  } else if (!cuts && order.length > 1 && scores[order[1]] >= CLOSE * scores[order[0]]) {
    heading = fill(words.close, { first: order[0], second: order[1] });
  }
  if (about.label_sets) notes.push(setSentence(about.label_sets, words, scores, best));
  const top = topOf(scores, cuts);
  if (cuts) notes.push(words.about);
  if (top < 1) notes.push(fill(words.scale, { top }));
  const bars = order.map((label) => ({ label, score: scores[label], cut: cuts?.[label], chosen: chosen.includes(label) }));
  return { heading, notes, bars, shown: Math.max(SHOWN, chosen.length), top, chosen, unsure: doubted.length > 0 };
}

// A score or a cut, never so short that a small one looks like nothing.
export function number(value) {
  if (value >= 0.0995 || value === 0) return value.toFixed(3);
  return value < 0.001 ? String(Number(value.toPrecision(2))) : value.toFixed(4);
}

// The key of the sentence that warns of a text which the model was not made for, or null.
export function strange(about, text, unknown, littleWords) {
  const letters = text.normalize("NFC").match(/\p{Alphabetic}/gu) ?? [];
  const counts = {};
  for (const letter of letters) counts[scriptOf(letter)] = (counts[scriptOf(letter)] ?? 0) + 1;
  const [own, most] = Object.entries(counts).sort((a, b) => b[1] - a[1])[0] ?? [];
  if (own && about.scripts && !about.scripts.includes(own) && most >= OWN_SCRIPT * letters.length) return "strange_script";
  if (unknown >= UNKNOWN_FROM) return "strange_words";
  const ours = about.languages.flatMap((code) => littleWords[code] ?? []);
  const used = new Set(text.toLowerCase().match(/\p{L}+/gu) ?? []);
  if (ours.length && about.languages.every((code) => code in littleWords) && !ours.some((word) => used.has(word))) {
    const others = Object.keys(littleWords).filter((code) => !about.languages.includes(code));
    if (others.some((code) => littleWords[code].filter((word) => used.has(word)).length >= LANGUAGE_WORDS))
      return "strange_language";
  }
  return null;
}

function scriptOf(letter) {
  if (/\p{Script=Hangul}/u.test(letter)) return "Hangul";
  return /\p{Script=Latin}/u.test(letter) ? "Latin" : "another script";
}

function doubtful(abstain, scores, chosen) {
  if (!abstain) return [];
  const cut = abstain.score_below;
  return chosen.filter((label) => scores[label] < (typeof cut === "number" ? cut : (cut[label] ?? 0)));
}

function setSentence(sets, words, scores, best) {
  const inside = best.filter((label) => scores[label] >= (sets.cuts ? (sets.cuts[label] ?? 0) : sets.cut));
  if (!inside.length) return words.set_empty;
  return fill(words.set, { labels: inside.join(", "), coverage: `${Number((100 * sets.coverage).toPrecision(6))} %` });
}

function topOf(scores, cuts) {
  if (!cuts) return 1;
  const highest = Math.max(...Object.values(scores), ...Object.values(cuts));
  return TOPS.find((top) => highest <= top * (1 + 1e-9)) ?? 1;
}
