"""Files of kinds that are not read: known by their first bytes or their names, each with what makes a table of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

KNOWN = "csv, tsv, txt, jsonl, json, parquet, arrow, orc, xlsx, or one of these as gz, zip or zst"
PANDAS = "`python -c \"import pandas; pandas.{read}.to_csv('{{stem}}.csv', index=False)\"`"
BY_ITS_OWNER = "write it as CSV or Parquet where it was made"
BY_HAND = "copy each text and its label into a row of a table"
REUTERS = f"if it is the Reuters-21578 collection, --dataset reuters_topics --data_dir FOLDER; else {BY_HAND}"
# Rasa's files list what people say to a chat bot, by intent: in YAML, and before that in Markdown.
IN_YAML = (
    "if it lists a chat bot's intents: `python -c \"import csv, sys, yaml; w = csv.writer(sys.stdout); "
    "w.writerow(['text', 'label']); [w.writerow([t[2:], i['intent']]) for i in yaml.safe_load(open('{name}'))['nlu'] "
    "if 'intent' in i for t in i['examples'].splitlines()]\" > {stem}.csv`"
)
IN_MARKDOWN = (
    "if it lists a chat bot's intents: `python -c \"import csv, sys; w = csv.writer(sys.stdout); i = '#'; "
    "w.writerow(['text', 'label']); [w.writerow([t[1:].strip(), i]) for t in open('{name}') if "
    "not (t[:2] == '##' and (i := t.split('intent:')[-1].strip())) and t[:1] in '-*+' and i[0] != '#']\" > {stem}.csv`"
)


class Kind(NamedTuple):
    """What a kind of files is called, how it is known, and what to do with such a file."""

    called: str
    suffixes: tuple[str, ...]
    begins: tuple[bytes, ...]
    advice: str


# fmt: off
KINDS = (
    Kind("a pickle", (".pkl", ".pickle", ".joblib"), (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
         f"{BY_ITS_OWNER} (a pickle can run code, so it is not opened here)"),
    Kind("an SQLite database", (".db", ".db3", ".sqlite", ".sqlite3"), (b"SQLite format 3",),
         "`sqlite3 -header -csv '{name}' 'select * from TABLE' > '{stem}.csv'`"),
    Kind("an SQL dump", (".sql",), (), "load it into a database, and export the table as CSV"),
    Kind("a Stata file", (".dta",), (b"<stata_dta>",), PANDAS.format(read="read_stata('{name}')")),
    Kind("an SPSS file", (".sav", ".zsav"), (b"$FL2", b"$FL3"),
         "`pip install pyreadstat`, then " + PANDAS.format(read="read_spss('{name}')")),
    Kind("a SAS file", (".sas7bdat",), (), PANDAS.format(read="read_sas('{name}', encoding='utf-8')")),
    Kind("an R object", (".rds",), (), "`Rscript -e \"write.csv(readRDS('{name}'), '{stem}.csv', row.names=FALSE)\"`"),
    Kind("an R workspace", (".rda", ".rdata"), (b"RDX2\n", b"RDX3\n", b"RDA3\n"),
         "`Rscript -e \"write.csv(get(load('{name}')[1]), '{stem}.csv', row.names=FALSE)\"`"),
    Kind("an Avro file", (".avro",), (b"Obj\x01",), "`pip install fastavro`, then `python -c \"import fastavro, "
         "pandas; pandas.DataFrame(fastavro.reader(open('{name}', 'rb'))).to_csv('{stem}.csv', index=False)\"`"),
    Kind("an HDF5 file", (".h5", ".hdf5", ".hdf"), (b"\x89HDF",), BY_ITS_OWNER),
    Kind("a NumPy file", (".npy", ".npz"), (b"\x93NUMPY",), BY_ITS_OWNER),
    Kind("a file of TensorFlow records", (".tfrecord", ".tfrecords"), (), BY_ITS_OWNER),
    Kind("a PDF", (".pdf",), (b"%PDF",), BY_HAND),
    Kind("a document", (".doc", ".docx", ".odt", ".rtf", ".hwp", ".hwpx", ".ppt", ".pptx"), (rb"{\rtf",), BY_HAND),
    Kind("HTML", (".html", ".htm"), (b"<html", b"<!doctype html", b"<table"),
         "if it holds a table: `pip install lxml`, then " + PANDAS.format(read="read_html('{name}')[0]")),
    Kind("SGML", (".sgm", ".sgml"), (b"<!doctype",), REUTERS),
    Kind("XML", (".xml",), (b"<?xml",), PANDAS.format(read="read_xml('{name}', parser='etree')")),
    Kind("YAML", (".yaml", ".yml"), (), IN_YAML),
    Kind("Markdown", (".md", ".markdown"), (), IN_MARKDOWN),
    Kind("compressed once more", (".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".7z", ".rar"), (), "unpack it first"),
)
# What lies beside data in people's folders and holds none.
NO_DATA = {
    *(suffix for kind in KINDS for suffix in kind.suffixes if kind.called not in ("XML", "compressed once more")),
    ".rst", ".py", ".ipynb", ".r", ".sh", ".js", ".css", ".toml", ".cfg", ".ini", ".log", ".png", ".jpg", ".jpeg",
    ".gif", ".svg", ".exe", ".bin", ".pt", ".pth", ".safetensors", ".tex", ".bib", ".lock", ".feat", ".vocab",
    ".vec", ".mat", ".license", ".pyc",
}
# fmt: on


def kind_not_read(path: Path, head: bytes) -> str | None:
    """Return the sentence that refuses a file beginning with `head`, or None where it may be read."""
    suffix, start = path.suffix.lower(), head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    found = [kind for kind in KINDS for mark in kind.begins if (start if mark[:1] == b"<" else head).startswith(mark)]
    found += [kind for kind in KINDS if suffix in kind.suffixes]
    if found:
        return None if found[0].called == "Markdown" and start.startswith(b"|") else refusal(path, found[0].called)
    return f"{path.name} is of no kind that can be read; expected {KNOWN}." if suffix in NO_DATA else None


def refusal(path: Path, called: str) -> str:
    """Return the sentence that refuses a file of a kind, with what makes a table of it."""
    (kind,) = (each for each in KINDS if each.called == called)
    advice = kind.advice.format(name=path.name, stem=path.stem)
    return f"{path.name} is {called}, which is not read; expected {KNOWN}. Instead: {advice}."
