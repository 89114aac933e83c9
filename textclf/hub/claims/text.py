"""The claims in a card's text: tables, lists of figures and plain sentences; what is not plain is left unread."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .claim import Claim, DataNamed, make_claim
from .wording import bare, metric_named, number_in, rows_in, split_in

Cells = list[list[str]]
_OURS = {"this model", "ours", "our model", "value", "score", "result", "results", "model", "값", "점수", "이 모델"}
_LOGS = {"epoch", "step", "training loss", "train loss"}  # columns of a training log, whose figures chose the model
_PER_LABEL = {"", "label", "labels", "class", "classes", "category", "라벨", "레이블", "클래스"}
_SUPPORT = {"support", "texts", "count", "n", "글 수", "건수"}
_MODEL = {"model", "models", "모델"}
_REPORT_ROWS = {"accuracy", "macro avg", "weighted avg", "micro avg", "samples avg"}  # of scikit-learn's report
_SAID = re.compile(r"achiev|reach|obtain|attain|scor|gets?\b|has\b|yield|달성|기록", re.IGNORECASE)
_OF_OTHERS = re.compile(
    r"baseline|compar|\bthan\b|previous|human|original|teacher|\bvs\b|random|majority|target|expected|should|would|"
    r"other model|state[- ]of[- ]the[- ]art|before|paper|train(?:ing)? (?:accuracy|set|split|data)",
    re.IGNORECASE,
)
_METRICS = (
    r"(?:macro|micro|weighted|balanced|subset|test|validation)?[ -]?(?:accuracy|F1(?:[ -]score)?|precision|recall"
)
_METRICS += r"|Matthews correlation|MCC|ROC[ -]AUC|AUROC|정확도)(?: ?\((?:macro|micro|weighted)\))?"
_NUMBER = r"(?:about |around |approximately |~)?(\d+(?:\.\d+)?(?: ?%)?)"
_SENTENCES = (
    re.compile(rf"({_METRICS})(?: score)? ?(?:of|=|:|is|at|는|은)? ?{_NUMBER}(?![\w.]*\d)", re.IGNORECASE),
    re.compile(rf"{_NUMBER} ({_METRICS})", re.IGNORECASE),
)


@dataclass
class _Around:
    """What stands before a piece of text: its heading and the last paragraph under it."""

    heading: str = ""
    paragraph: str = ""

    @property
    def place(self) -> str:
        return f"section {self.heading!r}" if self.heading else "text"


class _Reader(NamedTuple):
    """What the card is of, so that other models' columns and several data sets are told apart."""

    model: str
    datasets: Sequence[str]

    def data(self, words: Sequence[str], around: _Around) -> DataNamed:
        """Say what a figure is of; `words` are the cells beside it, the nearest first."""
        near = [split for each in words if (split := split_in(each, also_train=True))]
        far = [split for each in (around.paragraph, around.heading) if (split := split_in(each))]
        split = next(iter([*near, *far]), None)
        counted = (
            *words,
            *([] if near else [around.paragraph]),
        )  # of another split, the paragraph's number says nothing
        counts = [n for each in counted if (n := rows_in(each))]
        named = [name for each in (*words, around.paragraph, around.heading) if (name := self._dataset(each))]
        return DataNamed(next(iter(named), None), split=split, n=next(iter(counts), None))

    def _dataset(self, words: str) -> str | None:
        spoken = f" {bare(words)} "
        found = [n for n in self.datasets if f" {bare(n)} " in spoken or f" {bare(n.rpartition('/')[2])} " in spoken]
        return found[0] if len(found) == 1 else None

    def tells_rows(self, words: str) -> bool:
        """Say whether a cell names a split or a data set."""
        return split_in(words, also_train=True) is not None or self._dataset(words) is not None

    def is_this_model(self, words: str) -> bool:
        return bare(words) in _OURS or bare(words) == bare(self.model) or bare(words).endswith(bare(self.model))


def claims_in_text(body: str, model: str, datasets: Sequence[str]) -> list[Claim]:
    """Return the claims of a card's text, in its order.

    Args:
        body: Markdown without the front matter.
        model: the model's name, which a table may have for its column.
        datasets: the data sets that the front matter names.
    """
    reader, around = _Reader(model, datasets), _Around()
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    claims: list[Claim] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.type == "table_open":
            end = next(i for i in range(position, len(tokens)) if tokens[i].type == "table_close")
            claims += _of_table(_cells(tokens[position:end]), reader, around)
            position = end
        elif token.type == "inline":
            _take_inline(token, tokens[position - 1], claims, reader, around)
        position += 1
    return claims


def _take_inline(token: Token, opened: Token, claims: list[Claim], reader: _Reader, around: _Around) -> None:
    """Read a heading, a paragraph or an item of a list."""
    words = _words(token)
    if opened.type == "heading_open":
        around.heading, around.paragraph = words, ""
        return
    if opened.level > 0 and opened.type == "paragraph_open":  # inside a list
        claims += _of_lines(words, reader, around)
        return
    listed = _of_lines(words, reader, around)
    claims += listed or _of_sentences(words, reader, around)
    if not listed:
        around.paragraph = words


def _words(token: Token) -> str:
    breaks = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(breaks.get(each.type, each.content) for each in token.children or [] if each.type != "image")


def _cells(tokens: Sequence[Token]) -> Cells:
    rows: Cells = []
    for before, token in pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and before.type in {"th_open", "td_open"}:
            rows[-1].append(_words(token).strip())
    return rows


def _of_table(cells: Cells, reader: _Reader, around: _Around) -> Iterator[Claim]:
    """Read a table whose first column, or whose head, names metrics."""
    head, rows = cells[0], cells[1:]
    folded = [bare(cell) for cell in head]
    if set(folded) & _LOGS:
        return
    measures = [place for place, cell in enumerate(head) if place and metric_named(cell)]
    if measures and folded[0] in _PER_LABEL:
        yield from _of_report(head, rows, reader, around)
    elif measures or (metric_named(head[0]) and all(number_in(row[0]) for row in rows if row)):
        yield from _of_wide(head, rows, reader, around)
    elif any(metric_named(row[0]) for row in rows if row):
        yield from _of_tall(head, rows, reader, around)


def _of_wide(head: list[str], rows: Cells, reader: _Reader, around: _Around) -> Iterator[Claim]:
    """Read a table with a column for each metric: of several models this one's rows, else those of splits and data.

    Rows of anything else (languages, years, settings) are not of the whole split, and left unread.
    """
    models = [place for place, cell in enumerate(head) if bare(cell) in _MODEL]
    if models and len(rows) > 1:
        rows = [row for row in rows if len(row) > models[0] and reader.is_this_model(row[models[0]])]
    elif len(rows) > 1:
        rows = [row for row in rows if any(map(reader.tells_rows, row))]
    for row in rows:
        beside = [cell for name, cell in zip(head, row, strict=False) if not metric_named(name)]
        told = [f"n = {cell}" for name, cell in zip(head, row, strict=False) if bare(name) in _SUPPORT]
        for name, cell in zip(head, row, strict=False):
            if metric_named(name) and (number := number_in(cell)):
                yield make_claim(name, cell, number, reader.data([name, *beside, *told], around), around.place)


def _of_tall(head: list[str], rows: Cells, reader: _Reader, around: _Around) -> Iterator[Claim]:
    """Read a table with a row for each metric: the columns of splits, else this model's, else the only one."""
    columns = [place for place, cell in enumerate(head) if place and split_in(cell, also_train=True)]
    columns = columns or [place for place, cell in enumerate(head) if place and reader.is_this_model(cell)][:1]
    columns = columns or ([1] if len(head) == 2 else [])
    for row in rows:
        for place in columns:
            if place < len(row) and metric_named(row[0]) and (number := number_in(row[place])):
                beside = [head[place], row[0], *(cell for i, cell in enumerate(row) if i not in (0, place))]
                yield make_claim(row[0], row[place], number, reader.data(beside, around), around.place)


def _of_report(head: list[str], rows: Cells, reader: _Reader, around: _Around) -> Iterator[Claim]:
    """Read scikit-learn's report: its averages, and no label's own figures."""
    support = next((place for place, cell in enumerate(head) if bare(cell) in _SUPPORT), None)
    for row in rows:
        kind = bare(row[0]) if row else ""
        if kind not in _REPORT_ROWS:
            continue
        told = [] if support is None or support >= len(row) else [f"n = {row[support]}"]
        data = reader.data([row[0], *told], around)
        cells = [(name, cell) for name, cell in zip(head[1:], row[1:], strict=False) if metric_named(name)]
        filled = [(name, cell, number) for name, cell in cells if (number := number_in(cell))]
        if kind == "accuracy":  # stands in the last column
            filled = [("accuracy", cell, number) for _, cell, number in filled[-1:]]
        for name, cell, number in filled:
            metric = name if kind == "accuracy" else f"{name} ({kind.split()[0]})"
            yield make_claim(metric, cell, number, data, around.place)


def _of_lines(words: str, reader: _Reader, around: _Around) -> list[Claim]:
    """Read lines such as `Accuracy: 0.93`."""
    claims = []
    for line in words.splitlines():
        found = re.fullmatch(r"\s*(.{1,60}?)\s*(?::|=|\s[-–—]\s)\s*(\S.*)", line)
        if found and metric_named(found[1]) and (number := number_in(found[2])):
            claims.append(make_claim(found[1], found[2], number, reader.data([line], around), around.place))
    return claims


def _of_sentences(words: str, reader: _Reader, around: _Around) -> list[Claim]:
    """Read sentences that say of this model, and of no other one, what it reaches."""
    claims = []
    for sentence in re.split(r"(?<=[.!?])\s+", words.replace("\n", " ")):
        if not _SAID.search(sentence) or _OF_OTHERS.search(sentence):
            continue
        for pattern, (name, value) in zip(_SENTENCES, ((1, 2), (2, 1)), strict=True):
            found = [(each[name], each[value]) for each in pattern.finditer(sentence)]
            for metric, written in found:
                if metric_named(metric) and (number := number_in(written)):
                    data = reader.data([sentence], around)
                    claims.append(make_claim(metric, written, number, data, around.place))
            if found:
                break
    return claims
