"""The words of cards that mean a metric, an average, a split, a number; English and Korean."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...data.reading.split_names import SPLIT_NAMES

# The first that is found in a metric's name decides: 'average precision' stands before 'precision'.
_BASES = (
    ("balanced_accuracy", r"balanced acc\w*|균형 정확도"),
    ("subset_accuracy", r"subset acc\w*|exact match ratio|완전 일치율"),
    ("error_rate", r"error rate|zero one loss"),
    ("accuracy", r"accuracy|acc|정확도"),
    ("f1", r"f ?1(?: ?score)?|f ?measure"),
    ("mcc", r"matthews(?: corr\w*)?(?: coef\w*)?|mcc|매슈스 상관 계수"),
    ("lrap", r"label ranking average precision|lrap|라벨 순위 평균 정밀도"),
    ("roc_auc", r"roc ?auc|auc ?roc|auroc|auc"),
    ("average_precision", r"average precision|auprc|pr ?auc|평균 정밀도"),
    ("precision", r"precision|정밀도"),
    ("recall", r"recall|재현율"),
    ("hamming_loss", r"hamming(?: loss)?|해밍 손실"),
    ("log_loss", r"log ?loss|cross ?entropy|negative log likelihood|nll|로그 손실"),
    ("brier", r"brier(?: score)?|브라이어 점수"),
    ("ece", r"expected calibration error|ece|기대 보정 오차"),
)
_AVERAGES = {
    "macro": r"macro(?: avg| averaged?)?",
    "micro": r"micro(?: avg| averaged?)?",
    "weighted": r"weighted(?: avg| averaged?)?",
    "samples": r"samples?(?: avg| averaged?)?|mean over texts|글별 평균",
    "binary": r"binary",
}
# What may stand beside a metric's name without changing what it means.
_BESIDE = r"eval|evaluation|test|validation|valid|val|dev|set|split|score|avg|average|the|of|on|all labels right"
_BESIDE += (
    r"|lower is better|모든 라벨이 맞은 비율|낮을수록 좋음|ap|f1|lrap|mcc|ece|multi ?label|classification|overall"
)
# Metrics of other tasks, by the ids of the `evaluate` library.
_FOREIGN = r"bleu|sacrebleu|rouge\w*|wer|cer|perplexity|mse|rmse|mae|mean squared error|pearson\w*|spearman\w*|r2"
_FOREIGN += r"|r squared|meteor|bertscore|iou|mean iou|squad\w*|seqeval|exact match|ter|chrf|ndcg\w*|mrr|map"
_KOREAN_SPLITS = {"학습": "train", "훈련": "train", "검증": "validation", "테스트": "test", "평가용": "test"}
_NUMBER = re.compile(r"[-−+]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)


class Named(NamedTuple):
    """A metric as a card names it: of which kind, and over labels averaged in which way (None: not said)."""

    base: str
    average: str | None


class Number(NamedTuple):
    """A number as written: its value (a share, where it says %), half a unit of its last digit, and whether %."""

    value: float
    half: float
    percent: bool


def metric_named(words: str) -> Named | None:
    """Return the metric that words name and nothing but name, None where they say anything else."""
    rest = bare(words)
    base = None
    for name, pattern in _BASES:
        if re.search(rf"(?<!\w)(?:{pattern})(?!\w)", rest):
            base, rest = name, re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", " ", rest, count=1)
            break
    if base is None:
        return None
    average = None
    for name, pattern in _AVERAGES.items():
        if re.search(rf"(?<!\w)(?:{pattern})(?!\w)", rest):
            average, rest = name, re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", " ", rest)
            break
    return None if re.sub(rf"(?<!\w)(?:{_BESIDE})(?!\w)", " ", rest).split() else Named(base, average)


def foreign(words: str) -> bool:
    """Say whether a metric is one of other tasks: translation, speech, regression."""
    return re.fullmatch(_FOREIGN, bare(words)) is not None


def bare(words: str) -> str:
    """Return words in small letters, with nothing but letters and digits between single spaces."""
    return " ".join(re.sub(r"[^\w]+|_", " ", words.lower()).split())


def number_in(words: str) -> Number | None:
    """Return the first number of a cell (`**92.7** %`, `0.93 ± 0.01`, `0.80 [0.75, 0.85]`), None without one.

    Only a few signs may stand before it, so that a sentence is no number.
    """
    cleaned = words.strip().lstrip("*_~≈`( ").removeprefix("=").strip()
    found = _NUMBER.match(cleaned)
    if not found:
        return None
    written, behind = found[0].replace(",", ".").replace("−", "-"), cleaned[found.end() :].lstrip("*_` )")
    if re.match(r"[\w/-]", behind):  # 5e, 3rd, 12/20, 2024-01
        return None
    mantissa, _, power = written.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    half = 0.5 * 10.0 ** (int(power or 0) - digits)
    percent = bool(re.match(r"(?:(?:±|\+/-)\s*[\d.]+\s*)?(?:%|％|퍼센트|percent)", behind))
    scale = 100 if percent else 1
    return Number(float(written) / scale, half / scale, percent)


def split_in(words: str, *, also_train: bool = False) -> str | None:
    """Return the split that words speak of; None for none, for several, and for train unless it can be meant."""
    spoken = set(re.split(r"[^a-z]+", re.sub(r"eval_", " ", words.lower())))
    found = {split for split, names in SPLIT_NAMES.items() if spoken & (set(names) - {"eval", "testing", "val acc"})}
    found |= {split for korean, split in _KOREAN_SPLITS.items() if korean in words}
    if len(found) > 1 or not also_train:
        found -= {"train"}
    return found.pop() if len(found) == 1 else None


def rows_in(words: str) -> int | None:
    """Return how many texts words say that a figure is of, None where they do not, or may mean others."""
    held_out = r"(?:test|held[- ]out|validation|evaluation|dev)"
    units = r"(?:texts|examples|samples|rows|sentences|reviews|instances|items|documents)"
    patterns = (
        r"\bn\s*=\s*(\d[\d,.]*)",
        rf"(\d[\d,.]*)\s+{held_out}\s+{units}",
        rf"{held_out}\s+(?:set|split|data)(?:\s+of|,|\s*\()\s*(\d[\d,.]*)\s+{units}",
        r"(?:테스트|검증)[^.]{0,12}?(\d[\d,.]*)\s*건",
    )
    for pattern in patterns:
        if found := re.search(pattern, words, re.IGNORECASE):
            return int(re.sub(r"\D", "", found[1].rstrip(".,")))
    return None
