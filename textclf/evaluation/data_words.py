"""What the data room said of a data set, in the reader's language: faults that an audit found, how splits were made.

evaluation.json and audit.json hold English sentences. Findings have words of their own in `names`; of other sentences
those that every data set has are turned into Korean here, the rest stays as it was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .names import Words, split_word
from .reading_words import READING, filled


def finding_words(name: str, found: Mapping[str, Any], say: Words) -> str:
    """Return a sentence about a finding (an entry of audit.json, with its count and details)."""
    words = say.get(f"audit_{name}")
    if words is None:
        return f"{found['count']:,} {found['says']}"
    shifted = ", ".join(split_word(split, say) for split in found.get("largest_difference", ()))
    named = ", ".join(map(str, found.get("labels", ())))
    return words.format(**{**found, "count": f"{found['count']:,}", "labels": named, "largest_difference": shifted})


def said_of_data(sentence: str, say: Words) -> str:
    """Return how splits were made, why rows were left out or a figure has no interval, in the language of `say`."""
    if say["lower"] == "lower is better":
        return sentence
    whole = in_korean(sentence, say)  # some of one part hold a semicolon
    return whole or "; ".join(_korean(part, say) for part in sentence.rstrip(".").split("; "))


def in_korean(sentence: str, say: Words) -> str | None:
    """Return a line about reading the data in Korean, None where there are no words for it."""
    turned = _korean(sentence.rstrip("."), say)
    return None if turned == sentence.rstrip(".") else turned


def _korean(part: str, say: Words) -> str:
    for pattern, words in _SENTENCES:
        found = re.fullmatch(pattern, part, flags=re.IGNORECASE | re.DOTALL)
        if found:
            return words(found, say)
    for pattern, korean in READING:
        found = re.fullmatch(pattern, part, flags=re.DOTALL)
        if found:
            return filled(korean, found.groups())
    return part


def _names(listed: str, say: Words) -> str:
    return "·".join(split_word(name.strip().lower(), say) for name in re.split(r" and |, ", listed))


def _given(found: re.Match[str], say: Words) -> str:
    less = f" (뒤 데이터와 {found[2]} 값이 같은 행은 뺌)" if found[2] else ""
    return f"{_names(found[1], say)} 데이터는 주어진 대로{less}"


def _carved(found: re.Match[str], say: Words) -> str:
    source = _names(found["source"] or "train", say)
    how = [f"{source} 행의 {found['share']} %를 라벨 비율에 맞춰 나눔"]
    if found["group"]:
        how.append(f"{found['group']} 값이 같은 행은 함께")
    if found["equal"]:
        how.append("같은 글은 함께")
    how.append(f"시드 {found['seed']}")
    if found["kept"]:
        how.append(f"다른 데이터에도 있는 글 {found['kept']}행은 나누지 않음")
    size = f" ({found['size']}행)" if found["size"] else ""
    return f"{_names(found['name'], say)}: {', '.join(how)}{size}"


def _forecast(found: re.Match[str], say: Words) -> str:
    told = ", ".join(f"{rows}행이면 {value}" for value, rows in ((found[4], found[5]), (found[6], found[7])) if value)
    now = f"테스트 {found[1]}: 학습 행 {found[3]}건에서 {found[2]}"
    return f"{now}, 학습 곡선으로는 {told}(95 % 구간). 그 뒤는 알 수 없습니다"


def _filled(words: str) -> Callable[[re.Match[str], Words], str]:
    return lambda found, say: words.format(*found.groups())


_SENTENCES: list[tuple[str, Callable[[re.Match[str], Words], str]]] = [
    (r"((?:train|validation|test|all)(?:(?: and |, )(?:train|validation|test))*) as given"
     r"(?:, less rows of one ('.+') with a later split)?", _given),
    (r"(?P<name>\w+) carved out(?: of (?P<source>\w+))?: (?P<share>[\d.]+) % of the rows, (?:iteratively )?stratified "
     r"by label(?:, rows of one (?P<group>'.+') kept together)?(?P<equal>, equal texts kept together)?, seed "
     r"(?P<seed>\d+)(?:, none of the (?P<kept>[\d,]+) rows with a text of another split)?(?: \((?P<size>[\d,]+) "
     r"rows\))?", _carved),
    (r"blank text", _filled("빈 글")),
    (r"row that cannot be read", _filled("읽을 수 없는 행")),
    (r"no label left", _filled("남은 라벨이 없음")),
    (r"label with fewer than (\d+) training rows", _filled("학습 행이 {0}건이 안 되는 라벨")),
    (r"label that never occurs in train", _filled("학습 데이터에 없는 라벨")),
    (r"label that is not among the names given", _filled("주어진 이름에 없는 라벨")),
    (r"label nan, as programs write what is missing", _filled("프로그램이 빈 값으로 적는 라벨 nan")),
    (r"label -, on which annotators did not agree", _filled("주석자의 의견이 갈린 라벨(-)")),
    (r"('.+') of (\w+) that also stands in (\w+)",
     lambda found, say: f"{split_word(found[3], say)} 데이터에도 있는 {found[1]} 값의 {split_word(found[2], say)} 행"),
    (r"([\d,]+) rows? left out: (.+)", lambda found, say: f"{found[1]}행을 뺌: {_korean(found[2], say)}"),
    (r"([\d,]+) labels? with fewer than (\d+) training rows dropped \(--min_label_count\): (.+)",
     _filled("학습 행이 {1}건이 안 되는 라벨 {0}개를 뺌(--min_label_count): {2}")),
    (r"([\d,]+) declared labels? that occurs? nowhere dropped: (.+)", _filled("어디에도 없는 라벨 {0}개를 뺌: {1}")),
    (r"Labels are read from (.+)", _filled("라벨을 읽은 항목: {0}")),
    (r"Text is read from ('.+')", _filled("글을 읽은 항목: {0}")),
    (r"('.+') says the same in other words", _filled("{0} 항목은 같은 뜻을 다른 말로 적은 것")),
    (r"The (\w+) split has no labels and counts as missing",
     lambda found, say: f"{split_word(found[1], say)} 데이터에는 라벨이 없어 없는 것으로 봄"),
    (r"(\S+): (?:the Hub cannot be reached|HF_HUB_OFFLINE is set).*; using the identical weights from the package "
     r"(\S+)",
     _filled("{0}: 허브에 닿지 않아 {1} 패키지의 같은 가중치를 씀")),
    (r"every estimate of it lies above 0, the fewer texts the more",
     _filled("추정값이 늘 0보다 높게 나오고, 글이 적을수록 더 그렇습니다")),
    (r"on average a label has ([\d.]+) texts; a mean over labels takes (\d+)",
     _filled("라벨 하나의 글이 평균 {0}건인데, 라벨 평균의 구간에는 {1}건이 있어야 합니다")),
    (r"its rarest label has ([\d.]+) texts?; a mean of average precisions takes (\d+)",
     _filled("가장 드문 라벨의 글이 {0}건인데, 평균 정밀도의 평균에는 {1}건이 있어야 합니다")),
    (r"on average a label has ([\d.]+) texts; an average precision takes (\d+)",
     _filled("라벨 하나의 글이 평균 {0}건인데, 평균 정밀도의 구간에는 {1}건이 있어야 합니다")),
    (r"it hangs on the texts that are decided wrongly: (\d+) of (\d+); it takes (\d+)",
     _filled("틀린 글에 달린 값인데 {1}건 가운데 {0}건뿐입니다. {2}건이 있어야 합니다")),
    (r"too few resamples have it", _filled("값이 정해지는 재표집이 너무 적습니다")),
    (r"it is the same in every resample", _filled("모든 재표집에서 값이 같습니다")),
    (r"no text was given this label", _filled("이 라벨을 붙인 글이 없습니다")),
    (r"the rows were scored by several models; the mean over folds has an interval",
     _filled("행마다 채점한 모델이 다릅니다. 폴드 평균에는 구간이 있습니다")),
    (r"Cross-validation on the training rows, (\d+) folds: (.+?) (\S+ \[.+\]), standard deviation (\S+) over them",
     _filled("학습 행의 교차 검증({0}개 폴드): {1} {2}, 폴드 사이 표준편차 {3}")),
    (r"(\d+) seeds: the same recipe, the same rows: (.+?) on test (\S+) on average, standard "
     r"deviation (\S+), from (\S+) to (\S+); this run is the seed that was best on validation",
     _filled("시드 {0}개: 테스트 {1} 평균 {2}, 표준편차 {3}, {4}에서 {5} 사이. 이 실행은 검증에서 가장 좋은 시드")),
    (r"Chosen among (\d+) trials by (.+) on validation, which is therefore higher there than on other texts; test was "
     r"scored for this one alone\. Sampler (\S+), pruner (\S+) \((.+)\)",
     _filled("{0}번의 시도 가운데 검증 {1} 값으로 골랐으므로 그 값은 다른 글에서보다 높게 나옵니다. 테스트는 이 "
            "실행만 채점했습니다(표집 {2}, 가지치기 {3}, {4})")),
    (r"([\d,]+) training rows are too few for a learning curve that says how it goes on: it takes ([\d,]+)",
     _filled("학습 행 {0}건은 학습 곡선으로 앞날을 말하기에 적습니다. {1}건이 있어야 합니다")),
    (r"(.+) on test is (\S+) with ([\d,]+) training rows; by the learning curve it should be (\S+ \[.+?\]) with "
     r"([\d,]+)(?: and (\S+ \[.+?\]) with ([\d,]+))? \(twice and four times the rows, 95 % intervals\)\. Beyond that "
     r"the curve says nothing", _forecast),
    (r"Twice the rows should raise the F1 of these labels most: (.+)",
     _filled("학습 행이 두 배가 되면 F1이 가장 많이 오를 라벨: {0}")),
    (r"For no label alone does the curve show that twice the rows raise its F1",
     _filled("학습 행이 두 배가 될 때 F1이 오른다고 할 수 있는 라벨은 없습니다")),
    (r"-1 \(([\d,]+) rows\) is read as a class like the other numbers(?:\. If it says that a label is not given: "
     r"(.+))?",
     lambda found, say: f"-1({found[1]}행)은 다른 수처럼 라벨로 읽음"
                        + (f" (라벨이 없다는 뜻이면 {found[2]})" if found[2] else "")),
    (r"What labels mean \(--class_names\): (.+)", _filled("라벨의 뜻(--class_names): {0}")),
    (r"Splits are read from ('.+') \((.+)\); --split_column none ignores it",
     _filled("분할은 {0} 항목에서 읽음({1}). --split_column none은 이를 무시함")),
    (r"(\S.*) holds objects in objects; their cells are named like a\.b",
     _filled("{0}에는 객체 안에 객체가 있어, 그 값은 a.b처럼 부름")),
    (r"Macro and weighted averages are over the (\d+) of (\d+) labels that these ([\d,]+) texts carry; nothing can be "
     r"said of (.+)",
     _filled("macro와 가중 평균은 라벨 {1}개 가운데 이 글 {2}건에 있는 {0}개의 평균입니다(없는 라벨: {3})")),
    (r"That left ([\d,]+) rows? without any label", _filled("그래서 라벨이 없는 행 {0}건이 생김")),
]  # fmt: skip
