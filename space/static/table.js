// A CSV file in, a labelled one out: read strictly and within bounds, written so that no spreadsheet runs a cell.
// The same rules as space/batch.py; both are tried on one list of files.

export const MOST_BYTES = 5_000_000;
export const MOST_ROWS = 10_000;
const SEPARATORS = [",", ";", "\t", "|"];
const NUMBER = /^[+-]?[\d.,\s]*\d%?$/; // harmless, although it begins with a sign
const NEW = ["label", "score", "note"]; // columns that are added

export class TableError extends Error {
  // `word` is a key of words.json, `values` fill its sentence in.
  constructor(word, values = {}) {
    super(word);
    this.word = word;
    this.values = values;
  }
}

// { header, rows, separator } of a file's bytes (a Uint8Array).
export function readTable(bytes) {
  if (bytes.length > MOST_BYTES)
    throw new TableError("bad_size", { found: (bytes.length / 1e6).toFixed(1), most: MOST_BYTES / 1e6 });
  const text = decoded(bytes);
  const first = text.replace(/^\n+/, "").split("\n", 1)[0];
  const count = (mark) => first.split(mark).length - 1;
  const separator = SEPARATORS.reduce((best, mark) => (count(mark) > count(best) ? mark : best));
  const [header, ...rows] = parsed(text, separator);
  if (!rows.length) throw new TableError("bad_empty");
  for (const name of header) if (header.filter((each) => each === name).length > 1) throw new TableError("bad_header", { name });
  rows.forEach((row, i) => {
    if (row.length !== header.length)
      throw new TableError("bad_table", { row: i + 2, found: row.length, expected: header.length });
  });
  return { header, rows, separator };
}

// The columns that the page begins with: those of the training data, else the first one.
export function suggested(header, columns) {
  const find = (name) => header.find((each) => each.trim().toLowerCase() === name.toLowerCase()) ?? null;
  const names = columns.map(find);
  names[0] ??= find("text") ?? find("글") ?? header[0];
  return names;
}

// { text, made }: the labelled file, and how many of its cells were made harmless; `added` has a row's new cells.
export function writeTable(table, added) {
  const free = (name) => (table.header.includes(name) ? free(`${name}_`) : name);
  let made = 0;
  const line = (row) =>
    row
      .map((cell) => {
        const safe = harmless(cell);
        made += safe !== cell;
        return /["\r\n]/.test(safe) || safe.includes(table.separator) ? `"${safe.replaceAll('"', '""')}"` : safe;
      })
      .join(table.separator);
  const lines = [[...table.header, ...NEW.map(free)], ...table.rows.map((row, i) => [...row, ...added[i]])].map(line);
  return { text: `\ufeff${lines.join("\r\n")}\r\n`, made }; // with a mark, or spreadsheets take Korean for Latin
}

// A cell that no spreadsheet takes for a formula: an apostrophe goes before =, +, -, @, tab and return.
export function harmless(cell) {
  const found = cell.replace(/^[ \u00a0\u3000\ufeff]+/, "");
  return /^[=+\-@\t\r\n＝＋－＠]/.test(found) && !NUMBER.test(found) ? `'${cell}` : cell;
}

function parsed(text, separator) {
  const rows = [];
  let row = [];
  let cell = "";
  let line = 1;
  let began = 1; // line of the row
  let quoted = false; // whether the cell stood in quotes: "" alone in its line is a row, an empty line is none
  let i = 0;
  const endRow = () => {
    if (row.length || cell || quoted) rows.push([...row, cell]);
    if (rows.length > MOST_ROWS + 1) throw new TableError("bad_rows", { most: MOST_ROWS });
    row = [];
    cell = "";
    quoted = false;
    began = line;
  };
  while (i < text.length) {
    const mark = text[i];
    if (mark === '"' && !cell && !quoted) {
      let end = i + 1;
      let part = i + 1;
      for (;;) {
        end = text.indexOf('"', end);
        if (end < 0) throw new TableError("bad_quotes", { row: began });
        if (text[end + 1] !== '"') break;
        cell += text.slice(part, end + 1);
        end += 2;
        part = end;
      }
      cell += text.slice(part, end);
      line += text.slice(i, end).split("\n").length - 1;
      i = end + 1;
      if (i < text.length && !["\r", "\n", separator].includes(text[i])) throw new TableError("bad_quotes", { row: began });
      quoted = true;
    } else if (mark === separator) {
      row.push(cell);
      cell = "";
      quoted = false;
      i += 1;
    } else if (mark === "\n" || mark === "\r") {
      i += mark === "\r" && text[i + 1] === "\n" ? 2 : 1;
      line += 1;
      endRow();
    } else {
      let end = i;
      while (end < text.length && text[end] !== separator && text[end] !== "\n" && text[end] !== "\r") end += 1;
      cell += text.slice(i, end);
      i = end;
    }
  }
  endRow();
  return rows;
}

function decoded(bytes) {
  for (const name of ["utf-8", "euc-kr"]) { // what browsers call euc-kr is CP949
    try {
      const text = new TextDecoder(name, { fatal: true }).decode(bytes);
      if (!text.includes("\0")) return text;
    } catch {
      continue;
    }
  }
  throw new TableError("bad_text");
}
