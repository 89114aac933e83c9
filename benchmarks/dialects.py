"""How well CSV dialects are told: our reader beside duckdb's `sniff_csv` and clevercsv, on made files of real quirks.

python -m benchmarks.dialects [--output FILE.md]     needs `pip install duckdb==2.0.1 clevercsv==0.8.5` (not pinned: no
command uses them). A file counts as right if every cell comes out as the text that was written.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.layouts.cases import lines, put, table, tsv
from benchmarks.layouts.sentences import news, opinions
from textclf.data.reading.files import read_rows
from textclf.data.reading.tables import OWN_COLUMNS
from textclf.errors import UserError

Rows = list[list[str]]
EN, KO = [list(row) for row in opinions("en")], [list(row) for row in opinions("ko")]
ODD = ["NA", "007", "1e5", "true", "2021-03-05", "  padded  ", "null", "-", "1,5", "0x1F"]


class Made(NamedTuple):
    """A file's name, its content, the rows that it holds, and whether its first line names the columns."""

    name: str
    content: str
    rows: Rows
    named: bool = True


def made_files() -> list[Made]:
    """Return the table of cases."""
    head = ["text", "label"]
    swapped = [[label, text] for text, label in EN]
    topics = [[str(i % 4 + 1), title, body] for i, (title, body, _) in enumerate(news())]
    letters = [[f"Dear {name},\nall is well; more, later", label] for name, label in EN[:60]]
    odd = [[cell, "ab"[i % 2]] for i, cell in enumerate(ODD * 6)]
    stray = [*EN[:40], ['"Quoted at the start', "pos"], ['and at the end"', "neg"], *EN[40:]]
    escaped = [[f'He said "no, never" {i} times', ("pos", "neg")[i % 2]] for i in range(60)]
    doubled = [(text.replace('"', '""'), label) for text, label in EN]
    return [
        Made("commas.csv", table([head, *EN]), EN),
        Made("semicolons.csv", table([head, *KO], ";"), KO),
        Made("bars.csv", table([head, *EN], "|"), EN),
        Made("tabs.tsv", table([head, *KO], "\t"), KO),
        Made("tabs of plain quotes.tsv", tsv([head, *EN]), EN),
        Made("tabs called txt.txt", tsv([head, *KO]), KO),
        Made("no names, tabs", tsv(swapped), swapped, False),
        Made("no names, all quoted.csv", table(topics, quoting=1), topics, False),
        Made("no names, two columns.csv", table(KO), KO, False),
        Made("texts of several lines.csv", table([head, *letters]), letters),
        Made("cells that look like values.csv", table([head, *odd]), odd),
        Made("stray quotes that pair.tsv", tsv([head, *stray]), stray),
        Made("sep=;.csv", "sep=;\n" + table([head, *KO], ";"), KO),
        Made("a space behind commas.csv", lines(['"text", "label"', *(f'"{a}", "{b}"' for a, b in doubled)]), EN),
        Made("backslashes.csv", lines([",".join(head), *(f'"{a}",{b}' for a, b in _escaped(escaped))]), escaped),
        Made("names with commas.csv", '"text (a, b)";label\n' + table(EN, ";"), EN),
        Made("three bars.txt", lines("|||".join(row) for row in [head, *EN]), EN),
        Made("carriage returns.csv", table([head, *KO]).replace("\n", "\r"), KO),
        Made("one label, two rows a class.csv", table([head, *KO[:12]]), KO[:12]),
    ]


def _escaped(rows: Rows) -> Rows:
    return [[text.replace('"', '\\"'), label] for text, label in rows]


def ours(path: Path) -> Rows:
    """Read with the project's reader."""
    found = read_rows(path).table
    return [
        list(row.values())
        for row in found.drop_columns([n for n in OWN_COLUMNS if n in found.column_names]).to_pylist()
    ]


def duckdb_cells(path: Path) -> Rows:
    """Read with what `sniff_csv` finds, every cell as text."""
    found = import_module("duckdb").sql(f"select * from read_csv('{path}', all_varchar=true, auto_detect=true)")
    return [["" if cell is None else cell for cell in row] for row in found.fetchall()]


def clevercsv_cells(path: Path) -> Rows:
    """Read with the dialect and the header that clevercsv finds."""
    clevercsv = import_module("clevercsv")
    rows: Rows = clevercsv.read_table(str(path))
    with path.open(encoding="utf-8", newline="") as file:
        named = clevercsv.Sniffer().has_header(file.read())
    return rows[1:] if named else rows


ARMS: dict[str, Callable[[Path], Rows]] = {"ours": ours, "duckdb": duckdb_cells, "clevercsv": clevercsv_cells}


def compare(arms: Sequence[str] = tuple(ARMS)) -> list[list[str]]:
    """Return for each file and arm `right`, or in which way the rows differ."""
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for made in made_files():
            path = Path(folder) / made.name
            put(path, made.content)
            out.append([made.name, *(_verdict(ARMS[arm], path, made.rows) for arm in arms)])
    return out


def _verdict(read: Callable[[Path], Rows], path: Path, rows: Rows) -> str:
    try:
        found = read(path)
    except (UserError, ValueError, RuntimeError) as error:
        return f"refused ({type(error).__name__})"
    except Exception as error:
        return f"refused ({type(error).__name__})"
    if found == rows:
        return "right"
    if len(found) != len(rows):
        return f"{len(found)} rows of {len(rows)}"
    return "other cells" if found and len(found[0]) == len(rows[0]) else "other columns"


def main() -> None:
    """Compare and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", help="write the table here too")
    output = parser.parse_args().output
    found = compare()
    right = [sum(row[j + 1] == "right" for row in found) for j in range(len(ARMS))]
    written = "\n".join(
        f"| {' | '.join(row)} |"
        for row in [
            ["file", *ARMS],
            ["---"] * (len(ARMS) + 1),
            *found,
            ["right", *(f"{n} of {len(found)}" for n in right)],
        ]
    )
    print(written)
    if output:
        Path(output).write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
