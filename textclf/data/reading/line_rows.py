"""Text files that are no tables: a text a line, its labels in front (fastText, TREC, `1 text`), behind, or nowhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from .encodings import TextFile
from .tables import LINE_COLUMN, Fault, Reading, ReadOptions, text_columns

FASTTEXT = re.compile(r"((?:__label__\S+[\s,]*)+)(.*)")
LABELS_LAST = re.compile(r"(\S.*?)((?:\s+__label__\S+)+)")
ONE_LABEL = re.compile(r"__label__([^\s,]+(?:,[^\s,_]+)*)")
TREC = re.compile(r"([A-Za-z]{2,20}):([A-Za-z_]{2,30})\s+(\S.*)")
NUMBERED = re.compile(r"([+-]?\d{1,3})\s+(\S.*)")
# Words that begin hardly any text, and all lines where they are labels.
WORDED = re.compile(r"(?i)(pos|neg|neu|positive|negative|neutral|spam|ham|긍정|부정|중립)[\s:,]+(\S.*)")
AT_THE_END = re.compile(r"(\S.*\S)\s*@(\w{2,20})")
MOST_NUMBERS = 20  # labels in front of texts; more numbers than this are numbers of rows
LINES_LOOKED_AT = 2_000


def lines_of(file: TextFile) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold something, with their numbers."""
    with file.open() as opened:
        for number, line in enumerate(opened, start=1):
            if line.strip():
                yield number, line.rstrip("\r\n")


def labelled_lines(file: TextFile) -> Reading | None:
    """Read lines that begin with their labels; None where they do not."""
    head = [
        line.strip() for _, line in zip(range(LINES_LOOKED_AT), (each for _, each in lines_of(file)), strict=False)
    ]
    if not head:
        return None
    if sum("__label__" in line and _parted(line) is not None for line in head) > 0.9 * len(head):
        return _fasttext(file)
    found = [TREC.fullmatch(line) for line in head]
    coarse = Counter(match[1] for match in found if match)
    if sum(map(bool, found)) > 0.95 * len(head) and len(coarse) < len(head) / 3:
        reading = _matched(file, TREC, ("label", "fine_label", "text"))
        reading.notes.append(f"{file.name}: LABEL:sub in front of each text; --label_columns fine_label takes both.")
        return reading
    ends = Counter(match[2] for match in map(AT_THE_END.fullmatch, head) if match)
    if ends.total() > 0.95 * len(head) and 1 < len(ends) <= len(head) / 3:
        reading = _matched(file, AT_THE_END, ("text", "label"))
        reading.notes.append(f"{file.name}: the word behind the last @ of each line is read as its label.")
        return reading
    cells = sum(line.count("\t") > 1 for line in head)  # a table whose first column holds numbers
    numbers = Counter(match[1] for match in map(NUMBERED.fullmatch, head) if match)
    if (
        cells < len(head) / 2
        and numbers.total() > 0.95 * len(head)
        and 1 < len(numbers) <= min(MOST_NUMBERS, len(head) / 3)
    ):
        reading = _matched(file, NUMBERED, ("label", "text"))
        reading.notes.append(f"{file.name}: the number in front of each line is read as its label.")
        return reading
    words = Counter(match[1] for match in map(WORDED.fullmatch, head) if match)
    if words.total() > 0.95 * len(head) and 1 < len(words) <= len(head) / 3:
        reading = _matched(file, WORDED, ("label", "text"))
        reading.notes.append(f"{file.name}: the word in front of each line is read as its label.")
        return reading
    return None


def _matched(file: TextFile, form: re.Pattern[str], names: tuple[str, ...]) -> Reading:
    faults: list[Fault] = []

    def rows() -> Iterator[tuple[int, list[str]]]:
        for number, line in lines_of(file):
            match = form.fullmatch(line.strip())
            if match is None:
                faults.append(Fault(number, "no label beside the text"))
                continue
            groups = list(match.groups())
            yield number, [groups[0], f"{groups[0]}:{groups[1]}", groups[2]] if form is TREC else groups

    reading = text_columns(names, rows())
    reading.faults = faults
    return reading


def _fasttext(file: TextFile) -> Reading:
    """Read `__label__a __label__b text`, or its labels last; one label a line, or a list where a line has several."""
    several = any(line.count("__label__") > 1 and len((_parted(line) or [""])[0]) > 1 for _, line in lines_of(file))
    faults: list[Fault] = []
    kind = pa.list_(pa.string()) if several else pa.string()
    schema = pa.schema([("label", kind), ("text", pa.string()), (LINE_COLUMN, pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        labels, texts, numbers = [], [], []
        for number, line in lines_of(file):
            parted = _parted(line)
            if parted is None:
                faults.append(Fault(number, "no __label__ beside the text"))
                continue
            labels.append(parted[0] if several else parted[0][0])
            texts.append(parted[1])
            numbers.append(number)
        yield pa.RecordBatch.from_arrays(
            [pa.array(labels, kind), pa.array(texts, pa.string()), pa.array(numbers, pa.int64())], schema=schema
        )

    return Reading(schema, batches(), faults, [f"{file.name}: fastText lines, __label__ and the text."])


def _parted(line: str) -> tuple[list[str], str] | None:
    """Return a line's labels and its text, or None where it has no label in front of the text or behind it."""
    if match := FASTTEXT.fullmatch(line.strip()):
        labels, text = match.groups()
    elif match := LABELS_LAST.fullmatch(line.strip()):
        text, labels = match.groups()
    else:
        return None
    return list(dict.fromkeys(ONE_LABEL.findall(labels))), text


def plain_lines(file: TextFile, options: ReadOptions) -> Reading:
    """Read a text a line, in the column `text`: no labels are in sight, others may know them."""
    name = options.column_names[0] if len(options.column_names) == 1 else "text"
    reading = text_columns([name], ((number, [line]) for number, line in lines_of(file)))
    reading.nameless = True
    return reading
