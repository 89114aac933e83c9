"""Files made for other tasks than labelling whole texts: told apart, and refused with what makes rows of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from ...errors import UserError
from .encodings import TextFile
from .other_kinds import in_code, in_shell

LINES_LOOKED_AT = 2_000
TREE = re.compile(r"\(\S+ .*\)\s*")
VOWPAL = re.compile(r"[+-]?[\w.]+( [\d.]+)?( '\S+)? ?\|\S* ?\S")
FEATURES = re.compile(r"[+-]?[\d.,]+(\s+(qid:)?\d+:[+-]?[\d.eE+-]+)+\s*(#.*)?")
ARFF = re.compile(r"@(relation|data)\b", re.IGNORECASE)
WORDS_A_SENTENCE = (3, 60)  # on average, between two empty lines
LEAST_SENTENCES = 5
ABOUT = re.compile(r"#|-DOCSTART-")  # lines about documents and sentences, in CoNLL's formats


def refuse_other_tasks(file: TextFile) -> None:
    """Stop at a file of labelled words, or of parse trees.

    Raises:
        UserError: it is one; says what to do.
    """
    with file.open() as opened:
        head = list(islice(opened, LINES_LOOKED_AT))
    lines = [line for line in head if line.strip()]
    path, tsv, csv = (
        in_shell(file.path),
        in_shell(file.path.with_suffix(".tsv")),
        in_shell(file.path.with_suffix(".csv")),
    )
    if lines and sum(bool(TREE.fullmatch(line)) for line in lines) > 0.9 * len(lines):
        raise UserError(
            f"{file.name} holds parse trees. Make texts and labels of them (the label of the whole tree): "
            "`python -c \"import re; [print(t[1], ' '.join(re.findall(r' ([^()]+)\\)', t)), sep='\\t') for t in "
            f'open({in_code(file.path)})]" > {tsv}`.'
        )
    if lines and sum(bool(VOWPAL.match(line)) for line in lines) > 0.9 * len(lines):
        raise UserError(
            f"{file.name} is written for Vowpal Wabbit (label, bar, features). Where the features are the words: "
            f"`sed -E 's/^([^ |]+)[^|]*\\|[^ ]* */\\1\\t/' {path} > {tsv}`."
        )
    if lines and sum(bool(FEATURES.fullmatch(line)) for line in lines) > 0.9 * len(lines):
        raise UserError(
            f"{file.name} holds numbered features (libsvm), and no texts to learn from. Expected the texts that they "
            "were computed from: a row a text, with its label beside it."
        )
    if lines and any(ARFF.match(line) for line in lines[:LINES_LOOKED_AT]):
        raise UserError(
            f"{file.name} is Weka's ARFF, whose columns are described above its rows. Take the rows alone: "
            f"`sed '1,/^@data/Id' {path} > {csv}`."
        )
    if _words_of_sentences(head, lines):
        raise UserError(
            f"{file.name} holds a word a line with a tag for each, and empty lines between sentences: labels "
            "of words, where whole texts are labelled here. Expected a row a text, with its label beside it."
        )


def _words_of_sentences(head: Sequence[str], lines: Sequence[str]) -> bool:
    """Say whether every line is a few single words, and empty lines stand between groups of them."""
    sentences = sum(bool(a.strip()) and not b.strip() and not ABOUT.match(a) for a, b in pairwise(head))
    words = [line for line in lines if not ABOUT.match(line)]
    least, most = WORDS_A_SENTENCE
    if sentences < LEAST_SENTENCES or not least <= len(words) / sentences <= most:
        return False
    cells = [line.strip().split("\t") if "\t" in line else line.split() for line in words]
    widths = {len(each) for each in cells}
    return len(widths) == 1 and min(widths) >= 2 and all(" " not in cell.strip() for each in cells for cell in each)


def refuse_several_answers(rows: Sequence[dict[str, Any]], path: Path, *, a_line: bool) -> None:
    """Stop at rows (in the file one `a_line`) that hold what each of several annotators said: objects with a label.

    Raises:
        UserError: they do; says how to take the answer of most.
    """
    for key in rows[0] if rows else ():
        answers = [row.get(key) for row in rows]
        numbered = all(isinstance(row.get("text"), str) for row in rows)  # doccano, with its own reader
        if numbered or not all(isinstance(each, list) and each and _is_answer(each[0]) for each in answers):
            continue
        texts = [other for other, value in rows[0].items() if other != key and _is_text(value)]
        text = texts[0] if texts else "text"
        read = f"' '.join(r['{text}'])" if isinstance(rows[0].get(text), list) else f"r['{text}']"
        code = in_code(path)
        opened = f"[*map(json.loads, open({code}))]" if a_line else f"json.load(open({code}))"
        within = (
            "d = next((v for v in d.values() if isinstance(v, list)), [*d.values()]) if isinstance(d, dict) else d"
        )
        raise UserError(
            f"Each row of {path.name} holds the answers of several annotators ({key!r}). Take that of most, and "
            'leave out where there is none: `python -c "import json; from collections import Counter; '
            f"d = {opened}; {'' if a_line else within + '; '}"
            f"[print(json.dumps(dict(text={read}, label=c[0][0]), ensure_ascii=False)) for r in d "
            f"for c in [Counter(a['label'] for a in r['{key}']).most_common()] "
            f'if len(c) == 1 or c[0][1] > c[1][1]]" > {in_shell(path.with_name(path.stem + "-most.jsonl"))}`.'
        )


def _is_answer(value: object) -> bool:
    """Say whether it is one person's answer: a span has a start, what a model says has a score."""
    if not isinstance(value, dict) or not isinstance(value.get("label"), str | int):
        return False
    return not {"start", "score", "probability", "confidence"} & value.keys()


def _is_text(value: object) -> bool:
    if isinstance(value, list):
        return len(value) > 2 and all(isinstance(word, str) for word in value)
    return isinstance(value, str) and len(value.split()) > 2
