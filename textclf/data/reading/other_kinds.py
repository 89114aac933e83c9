"""Files of kinds that are not read: known by their first bytes or their names, each with what makes a table of it."""

from __future__ import annotations

import re
import shlex
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

KNOWN = "csv, tsv, txt, jsonl, json, parquet, arrow, orc, xlsx, or one of these as gz, zip or zst"
PANDAS = '`python -c "import pandas; pandas.{read}.to_csv({{csv}}, index=False)"`'
BY_ITS_OWNER = "write it as CSV or Parquet where it was made"
BY_HAND = "copy each text and its label into a row of a table"
REUTERS = f"if it is the Reuters-21578 collection, --dataset reuters_topics --data_dir FOLDER; else {BY_HAND}"
PYREADR = (
    '`pip install pyreadr`, then `python -c "import pyreadr; next(iter(pyreadr.read_r({path}).values()))'
    '.to_csv({csv}, index=False)"`'
)
AVRO = (
    '`pip install fastavro`, then `python -c "import fastavro, pandas; '
    "pandas.DataFrame(fastavro.reader(open({path}, 'rb'))).to_csv({csv}, index=False)\"`"
)
SQLITE = (
    "`python -c \"import pandas, sqlite3; pandas.read_sql('select * from {table}', sqlite3.connect({path}))"
    '.to_csv({csv}, index=False)"`{more}'
)
IN_YAML = (
    'if it is a list of rows: `python -c "import json, yaml; [print(json.dumps(row, ensure_ascii=False, default=str)) '
    "for row in yaml.safe_load(open({path}, encoding='utf-8'))]\" > {to_jsonl}`"
)
# Rasa's files list what people say to a chat bot, by intent: in YAML, and before that in Markdown.
INTENTS_IN_YAML = (
    "`python -c \"import csv, sys, yaml; w = csv.writer(sys.stdout); w.writerow(['text', 'label']); "
    "[w.writerow([t[2:], i['intent']]) for i in yaml.safe_load(open({path}, encoding='utf-8'))['nlu'] "
    "if 'intent' in i for t in i['examples'].splitlines()]\" > {to_csv}`"
)
IN_MARKDOWN = (
    "if it lists a chat bot's intents: `python -c \"import csv, sys; w = csv.writer(sys.stdout); i = '#'; "
    "w.writerow(['text', 'label']); [w.writerow([t[1:].strip(), i]) for t in open({path}, encoding='utf-8') if "
    "not (t[:2] == '##' and (i := t.split('intent:')[-1].strip())) and t[:1] in '-*+' and i[0] != '#']\" "
    "> {to_csv}`"
)
UNPACKED = "textclf-unpacked-", "textclf-folder-"  # how temporary folders begin


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
         SQLITE),
    Kind("an SQL dump", (".sql",), (), "load it into a database, and export the table as CSV"),
    Kind("a Stata file", (".dta",), (b"<stata_dta>",), PANDAS.format(read="read_stata({path})")),
    Kind("an SPSS file", (".sav", ".zsav"), (b"$FL2", b"$FL3"),
         "`pip install pyreadstat`, then " + PANDAS.format(read="read_spss({path})")),
    Kind("a SAS file", (".sas7bdat", ".xpt"), (b"HEADER RECORD*******LIB",),
         PANDAS.format(read="read_sas({path}, encoding='utf-8')")),
    Kind("an R object", (".rds",), (), PYREADR),
    Kind("an R workspace", (".rda", ".rdata"), (b"RDX2\n", b"RDX3\n", b"RDA3\n"), PYREADR),
    Kind("an Avro file", (".avro",), (b"Obj\x01",), AVRO),
    Kind("an HDF5 file", (".h5", ".hdf5", ".hdf"), (b"\x89HDF",), BY_ITS_OWNER),
    Kind("a NumPy file", (".npy", ".npz"), (b"\x93NUMPY",), BY_ITS_OWNER),
    Kind("a file of TensorFlow records", (".tfrecord", ".tfrecords"), (), BY_ITS_OWNER),
    Kind("a PDF", (".pdf",), (b"%PDF",), BY_HAND),
    Kind("a document", (".doc", ".docx", ".odt", ".rtf", ".hwp", ".hwpx", ".ppt", ".pptx"), (rb"{\rtf",), BY_HAND),
    Kind("HTML", (".html", ".htm"), (b"<html", b"<!doctype html", b"<table"),
         "if it holds a table: `pip install lxml`, then " + PANDAS.format(read="read_html({path}{encoding})[0]")),
    Kind("SGML", (".sgm", ".sgml"), (b"<!doctype",), REUTERS),
    Kind("XML", (".xml",), (b"<?xml",), PANDAS.format(read="read_xml({path}, parser='etree')")),
    Kind("YAML", (".yaml", ".yml"), (), IN_YAML),
    Kind("a chat bot's intents in YAML", (), (), INTENTS_IN_YAML),
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
    if not found:
        return f"{path.name} is of no kind that can be read; expected {KNOWN}." if suffix in NO_DATA else None
    called = found[0].called
    if called == "YAML" and b"nlu:" in path.read_bytes():
        called = "a chat bot's intents in YAML"
    return None if called == "Markdown" and start.startswith(b"|") else refusal(path, called)


def refusal(path: Path, called: str) -> str:
    """Return the sentence that refuses a file of a kind, with what makes a table of it."""
    (kind,) = (each for each in KINDS if each.called == called)
    made = {suffix: path.with_suffix(f".{suffix}") for suffix in ("csv", "jsonl")}
    said = {"path": in_code(path), "csv": in_code(made["csv"])}
    said |= {f"to_{suffix}": in_shell(each) for suffix, each in made.items()}
    if "{encoding}" in kind.advice:  # a page may say itself what else it is
        said |= {"encoding": ", encoding='utf-8'" if _is_utf8(path) else ""}
    if kind.advice == SQLITE:
        first, *others = _tables(path) or ["TABLE"]
        said |= {"table": f'\\"{first}\\"' if " " in first else first}
        said |= {"more": f" (it holds {', '.join(others)} too)" if others else ""}
    return f"{path.name} is {called}, which is not read; expected {KNOWN}. Instead: {kind.advice.format(**said)}."


def in_shell(path: Path) -> str:
    """Return a file's path as a shell takes it."""
    return shlex.quote(_lasting(path))


def in_code(path: Path) -> str:
    """Return a file's path as Python takes it, within the double quotes of `python -c`."""
    return re.sub(r'(["$`\\])', r"\\\1", repr(_lasting(path)))


def _lasting(path: Path) -> str:
    """Return a file's path; of what was unpacked for a moment only the name."""
    return path.name if any(part.startswith(UNPACKED) for part in path.parts) else str(path)


def _is_utf8(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _tables(path: Path) -> list[str]:
    """Return the names of a database's tables, the one with the most columns first."""
    import sqlite3  # for this file alone

    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
        asked = "select m.name from sqlite_master m join pragma_table_info(m.name) where m.type in ('table', 'view') "
        asked += "and m.name not like 'sqlite_%' group by m.name order by count(*) desc, m.name"
        return [name for (name,) in database.execute(asked)]
    return []
