"""The words of a model card in the language of its texts, English or Korean, and how that language is found."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Function words that other languages of the Latin script hardly use; about a fifth of running English.
_ENGLISH = frozenset({"the", "of", "and", "to", "that", "it", "for", "with", "this", "by", "from", "not", "are"})
_ENGLISH_SHARE = 0.08
_HANGUL_SHARE = 0.3  # of the letters; Korean news with many Latin names has more

WORDING = {
    "en": {
        "purpose": "What it is for",
        "one": "It gives a text one of {n} labels, with a score for each.",
        "several": "It gives a text any number of {n} labels, with a score for each.",
        "pair": "It reads two fields together: {first} and {second}.",
        "joined": "It reads two fields as one text: send {first} and {second} with `{between}` between them.",
        "trained_on": "It was made for texts like those it was trained on",
        "purpose_not": "It is not for",
        "not_1": "decisions about people without a person who checks them",
        "not_2": "texts of another kind, language or time than its training data, until measured on them",
        "not_3": "labels that are not in the list: it always answers with the labels it knows",
        "use": "How to use it",
        "use_truncation": "`truncation=True` cuts longer texts at {max_length} tokens; without it they are an error.",
        "use_top_k": "`top_k=None` gives the scores of all labels.",
        "use_thresholds": "`pipeline()` knows no thresholds. Each label has its own cut in `config.json`:",
        "baked": "The thresholds are baked into the model: 0.5 is the cut for each label, and scores are no "
        "probabilities.",
        "results": "Results",
        "measured": "Measured on the {split} split, {n} texts, in brackets the 95 % bootstrap interval. Everything "
        "was chosen on validation; the test split was scored {scored}.",
        "once": "once",
        "times": "{times} times",
        "metric": "metric",
        "this_model": "this model",
        "wins": "The model beats the best baseline ({name}) in {metric}; the difference is {difference}{interval}.",
        "unclear": "**The model may not be better than the baseline {name}.** The difference in {metric} is "
        "{difference}{interval}, which could be chance.",
        "loses": "**The model does not beat the baseline {name}.** The difference in {metric} is {difference}"
        "{interval}. The baseline is simpler and faster: use it.",
        "p_value": "p = {p}, paired bootstrap",
        "per_label": "Each label",
        "label": "label",
        "precision": "precision",
        "recall": "recall",
        "support": "texts",
        "threshold": "threshold",
        "confusion": "Confusion matrix",
        "confusion_axes": "Rows are the true labels, columns the predicted ones.",
        "confusion_large": "Too large for a table; the most frequent confusions:",
        "confused_as": "{gold} taken for {predicted}: {count}",
        "calibration": "Calibration",
        "calibrated": "{method} fitted on {fitted_on} ({n} texts) and folded into the last layer. "
        "Expected calibration error there: {before} before, {after} after.",
        "method_temperature": "Temperature scaling",
        "method_platt": "Platt scaling of each label",
        "not_calibrated": "The scores were not calibrated.",
        "long_text": "Long texts",
        "windows": "With overlapping windows instead of truncation ({n} texts):",
        "figures": "Figures",
        "data": "Training data",
        "name": "data set",
        "source": "source",
        "configuration": "configuration",
        "revision": "revision",
        "fingerprint": "fingerprint",
        "licence": "licence of the data",
        "splits": "splits",
        "texts_of": "texts",
        "removed": "left out",
        "files": "files",
        "limits": "Limits and known faults",
        "limit_size": "The figures rest on {n} test texts; the intervals say how far to trust them.",
        "limit_rare": "Few test texts carry {labels}; their figures are rough.",
        "left_train": "{n} of these rows left train before training",
        "procedure": "Training procedure",
        "base": "Fine-tuned from {base}.",
        "selection": "The checkpoint was chosen by {metric} on {split}: {value}.",
        "reproduce": "To make it again",
        "environment": "Hardware, time and versions",
        "lower": "lower is better",
        "baseline_majority": "most frequent label",
        "baseline_prior": "label prior",
        "baseline_tfidf_svm": "TF-IDF + linear SVM",
        "baseline_frozen_encoder": "frozen encoder + linear",
        "training_seconds": "training time in seconds",
        "training_examples_per_second": "texts per second",
        "training_tokens_per_second": "tokens per second",
        "training_precision": "number format",
    },
    "ko": {
        "purpose": "쓰임새",
        "one": "글 하나에 {n}개 라벨 가운데 하나를 붙이고, 라벨마다 점수를 냅니다.",
        "several": "글 하나에 {n}개 라벨 가운데 해당하는 것을 모두 붙이고, 라벨마다 점수를 냅니다.",
        "pair": "두 항목({first}, {second})을 함께 읽습니다.",
        "joined": "두 항목을 한 글로 읽습니다. {first}, {second} 사이에 `{between}`을(를) 넣어 한 문자열로 보내세요.",
        "trained_on": "학습에 쓴 것과 비슷한 글을 위한 모델입니다",
        "purpose_not": "맞지 않는 쓰임",
        "not_1": "사람이 확인하지 않는, 사람에 관한 결정",
        "not_2": "학습 데이터와 종류·언어·시기가 다른 글 (먼저 그 글로 성능을 재어 보세요)",
        "not_3": "목록에 없는 라벨: 모델은 언제나 아는 라벨로만 답합니다",
        "use": "사용법",
        "use_truncation": "`truncation=True`는 긴 글을 {max_length}토큰에서 자릅니다. 이 옵션이 없으면 오류가 납니다.",
        "use_top_k": "`top_k=None`은 모든 라벨의 점수를 돌려줍니다.",
        "use_thresholds": "`pipeline()`은 임계값을 모릅니다. 라벨마다 정해 둔 임계값은 `config.json`에 있습니다.",
        "baked": "임계값이 모델에 녹아 있습니다. 모든 라벨의 기준은 0.5이며, 점수는 더 이상 확률이 아닙니다.",
        "results": "결과",
        "measured": "{split} 데이터 {n}건으로 잰 값이며, 괄호 안은 95 % 부트스트랩 구간입니다. 모든 선택은 검증 "
        "데이터로 했고, 시험 데이터는 {scored} 채점했습니다.",
        "once": "한 번만",
        "times": "{times}번",
        "metric": "지표",
        "this_model": "이 모델",
        "wins": "{metric} 기준으로 가장 좋은 기준선({name})보다 낫습니다. 차이는 {difference}입니다{interval}.",
        "unclear": "**기준선 {name}보다 낫다고 할 수 없습니다.** {metric}의 차이는 {difference}이지만{interval} "
        "우연일 수 있습니다.",
        "loses": "**기준선 {name}보다 낫지 않습니다.** {metric}의 차이는 {difference}입니다{interval}. 더 단순하고 "
        "빠른 기준선을 쓰세요.",
        "p_value": "p = {p}, 대응 부트스트랩",
        "per_label": "라벨별 결과",
        "label": "라벨",
        "precision": "정밀도",
        "recall": "재현율",
        "support": "글 수",
        "threshold": "임계값",
        "confusion": "혼동 행렬",
        "confusion_axes": "행은 정답, 열은 예측입니다.",
        "confusion_large": "표로 보이기에는 커서, 가장 잦은 혼동만 적습니다.",
        "confused_as": "{gold} → {predicted}: {count}",
        "calibration": "점수 보정",
        "calibrated": "{method}: {fitted_on} 데이터({n}건)에 맞춰 마지막 층에 넣었습니다. 그 데이터의 기대 보정 "
        "오차(ECE)는 보정 전 {before}, 보정 후 {after}입니다.",
        "method_temperature": "온도 조절",
        "method_platt": "라벨별 Platt 보정",
        "not_calibrated": "점수를 보정하지 않았습니다.",
        "long_text": "긴 글",
        "windows": "자르지 않고 겹치는 창으로 나누어 채점했을 때 ({n}건):",
        "figures": "그림",
        "data": "학습 데이터",
        "name": "데이터",
        "source": "출처",
        "configuration": "구성",
        "revision": "리비전",
        "fingerprint": "지문",
        "licence": "데이터 라이선스",
        "splits": "나눈 방법",
        "texts_of": "글 수",
        "removed": "제외한 글",
        "files": "파일",
        "limits": "한계와 알려진 결함",
        "limit_size": "시험 글 {n}건에서 얻은 값입니다. 얼마나 믿을 수 있는지는 구간이 말해 줍니다.",
        "limit_rare": "시험 글이 적어 값이 거친 라벨: {labels}.",
        "left_train": "이 가운데 {n}건은 학습에 쓰지 않았습니다",
        "procedure": "학습 과정",
        "base": "{base}을(를) 미세 조정했습니다.",
        "selection": "체크포인트는 {split} 데이터의 {metric}(으)로 골랐습니다: {value}.",
        "reproduce": "다시 만들기",
        "environment": "하드웨어, 시간, 버전",
        "lower": "낮을수록 좋음",
        "baseline_majority": "최빈 라벨",
        "baseline_prior": "라벨 비율",
        "baseline_tfidf_svm": "TF-IDF + 선형 SVM",
        "baseline_frozen_encoder": "고정 인코더 + 선형",
        "training_seconds": "학습 시간(초)",
        "training_examples_per_second": "초당 글 수",
        "training_tokens_per_second": "초당 토큰 수",
        "training_device": "장치",
        "training_precision": "수 형식",
        "training_processes": "프로세스",
        "training_threads": "스레드",
        "training_versions": "버전",
    },
}

# Neutral sentences for snippets and for the Space where the user gives none.
NEUTRAL = {
    "en": (
        "The meeting starts at nine in the large room on the second floor.",
        "She read the letter twice and put it back into the drawer.",
        "The new bridge will be open to traffic from next spring.",
    ),
    "ko": (
        "회의는 아홉 시에 이층 큰 방에서 시작합니다.",
        "그는 편지를 두 번 읽고 다시 서랍에 넣었다.",
        "새 다리는 내년 봄부터 통행할 수 있습니다.",
    ),
}


def language_of(texts: Iterable[str]) -> str | None:
    """Return "ko" for texts in Hangul, "en" for English ones, None where neither is plain."""
    text = " ".join(texts)
    letters = [letter for letter in text if letter.isalpha()]
    hangul = sum("가" <= letter <= "힣" or "ㄱ" <= letter <= "ㆎ" or "ᄀ" <= letter <= "ᇿ" for letter in letters)
    if letters and hangul / len(letters) >= _HANGUL_SHARE:
        return "ko"
    words = re.findall(r"[a-z]+", text.lower())
    if len(words) >= 20 and sum(word in _ENGLISH for word in words) / len(words) >= _ENGLISH_SHARE:
        return "en"
    return None
