"""What metrics, baselines and splits are called, and how these differ, on page, card and screen, English and Korean.

One table: a name that stands in evaluation.json is never shown raw where there is a word for it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow.parquet as pq
import yaml

from textclf.metrics.text_classification.text_classification import LOWER_IS_BETTER

from ..run_folder import RunFolder

Words = Mapping[str, str]

METRIC_NAMES = {
    "accuracy": "accuracy",
    "subset_accuracy": "subset accuracy (all labels right)",
    "f1_macro": "F1 (macro)",
    "f1_micro": "F1 (micro)",
    "f1_weighted": "F1 (weighted)",
    "f1_samples": "F1 (mean over texts)",
    "f05_micro": "F0.5 (micro)",
    "precision_macro": "precision (macro)",
    "precision_micro": "precision (micro)",
    "recall_macro": "recall (macro)",
    "recall_micro": "recall (micro)",
    "balanced_accuracy": "balanced accuracy",
    "mcc": "Matthews correlation",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "average_precision_micro": "average precision (micro)",
    "average_precision_macro": "average precision (macro)",
    "lrap": "label ranking average precision",
    "hamming_loss": "Hamming loss",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "expected calibration error",
}
# Metrics that are only in `metrics`, not among a card's figures.
_MORE_METRICS = {
    "precision_weighted": "precision (weighted)",
    "recall_weighted": "recall (weighted)",
    "precision_samples": "precision (mean over texts)",
    "recall_samples": "recall (mean over texts)",
    "roc_auc_macro": "ROC-AUC (macro)",
    "roc_auc_micro": "ROC-AUC (micro)",
    "loss": "loss",
}
_ENGLISH = {
    **{f"metric_{name}": called for name, called in (METRIC_NAMES | _MORE_METRICS).items()},
    "lower": "lower is better",
    "aim_own": "the linear model's own cut",
    "baseline_majority": "most frequent label",
    "baseline_prior": "label prior",
    "baseline_tfidf_svm": "TF-IDF + linear SVM",
    "baseline_jamo_svm": "TF-IDF with jamo + linear SVM",
    "baseline_frozen_encoder": "frozen encoder + linear",
    "split_train": "train",
    "split_validation": "validation",
    "split_told": "validation ({validation}) and out-of-fold training rows ({training})",
    "split_test": "test",
    "split_guarantee": "rows of the promise",
    "differ": "{one} and {other} differ in {parts}",
    "drift_texts": "what is written",
    "drift_lengths": "lengths",
    "drift_scripts": "scripts",
    "drift_labels": "label shares",
    "drift_confidences": "scores",
    "audit_made_for_other_languages": "The model was made for other languages than these texts: as it came, it read a "
    "letter as {tokens_a_letter} tokens, and {unknown} of all tokens were unknown to it",
}
_KOREAN = {
    "lower": "낮을수록 좋음",
    "aim_own": "선형 모델 자체의 임계값",
    "baseline_majority": "최빈 라벨",
    "baseline_prior": "라벨 비율",
    "baseline_tfidf_svm": "TF-IDF + 선형 SVM",
    "baseline_jamo_svm": "자모 TF-IDF + 선형 SVM",
    "baseline_frozen_encoder": "고정 인코더 + 선형",
    "script_Hangul": "한글",
    "script_Latin": "로마자",
    "script_Han": "한자",
    "script_Kana": "가나",
    "script_Cyrillic": "키릴 문자",
    "script_Arabic": "아랍 문자",
    "script_Other": "다른 문자",
    "script_other": "다른 문자",
    "split_train": "학습",
    "split_validation": "검증",
    "split_told": "검증({validation}건)과 교차 검증으로 점수를 매긴 학습({training}건)",
    "split_test": "테스트",
    "split_guarantee": "약속용",
    "differ": "{one}·{other} 데이터: {parts}",
    "drift_texts": "글의 내용",
    "drift_lengths": "길이",
    "drift_scripts": "문자",
    "drift_labels": "라벨 비율",
    "drift_confidences": "점수",
    "metric_accuracy": "정확도",
    "metric_subset_accuracy": "완전 일치율 (모든 라벨이 맞은 비율)",
    "metric_f1_macro": "F1 (macro)",
    "metric_f1_micro": "F1 (micro)",
    "metric_f1_weighted": "F1 (가중 평균)",
    "metric_f1_samples": "F1 (글별 평균)",
    "metric_precision_macro": "정밀도 (macro)",
    "metric_precision_micro": "정밀도 (micro)",
    "metric_precision_weighted": "정밀도 (가중 평균)",
    "metric_precision_samples": "정밀도 (글별 평균)",
    "metric_recall_macro": "재현율 (macro)",
    "metric_recall_micro": "재현율 (micro)",
    "metric_recall_weighted": "재현율 (가중 평균)",
    "metric_recall_samples": "재현율 (글별 평균)",
    "metric_balanced_accuracy": "균형 정확도",
    "metric_mcc": "매슈스 상관 계수",
    "metric_average_precision": "평균 정밀도 (AP)",
    "metric_average_precision_micro": "평균 정밀도 (AP, micro)",
    "metric_average_precision_macro": "평균 정밀도 (AP, macro)",
    "metric_roc_auc": "ROC-AUC",
    "metric_roc_auc_macro": "ROC-AUC (macro)",
    "metric_roc_auc_micro": "ROC-AUC (micro)",
    "metric_f05_micro": "F0.5 (micro)",
    "metric_lrap": "라벨 순위 평균 정밀도 (LRAP)",
    "metric_hamming_loss": "해밍 손실",
    "metric_log_loss": "로그 손실",
    "metric_loss": "손실",
    "metric_brier": "브라이어 점수",
    "metric_ece": "기대 보정 오차",
    "audit_exact_leaks": "검증·테스트 데이터에도 있는 학습 글 {count}건",
    "audit_validation_in_test": "테스트 데이터에도 있는 검증 글 {count}건",
    "audit_exact_duplicates": "같은 데이터 안에 똑같은 글이 또 있는 글 {count}건",
    "audit_conflicting_labels": "다른 라벨로도 나오는 글 {count}건",
    "audit_near_leaks": "검증·테스트 글과 거의 같은 학습 글 {count}건",
    "audit_near_duplicates": "같은 데이터 안의 다른 글과 거의 같은 글 {count}건",
    "audit_labels_absent_from_train": "검증·테스트 데이터에는 있고 학습 데이터에는 없는 라벨 {count}개: {labels}",
    "audit_labels_without_rows": "어느 데이터에도 없는 라벨 {count}개: {labels}",
    "audit_imbalance": "가장 드문 라벨 {least_frequent}: 학습 글 {count}건 (가장 흔한 {most_frequent}의 "
    "{ratio:.0f}분의 1)",
    "audit_made_for_other_languages": "모델이 다른 언어용이어서, 받은 그대로는 글자 하나를 토큰 "
    "{tokens_a_letter}개로 읽음 (모르는 토큰 {unknown})",
    "audit_blank": "빈 글 {count}건",
    "audit_tiny": "글자나 숫자가 거의 없는 글 {count}건",
    "audit_not_composed": "완성형(NFC)이 아닌 글 {count}건 (토크나이저가 완성형으로 바꿉니다)",
    "audit_invisible_characters": "폭이 없는 문자 등 보이지 않는 문자가 든 글 {count}건",
    "audit_lone_jamo": "낱자모가 든 글 {count}건 (ㅋㅋ, ㅠㅠ, 깨진 입력)",
    "audit_mojibake": "인코딩이 깨진 듯한 글 {count}건",
    "audit_cleaned_to_nothing": "정제하면 아무것도 남지 않는 글 {count}건",
    "audit_script_shift": "문자 구성이 학습 데이터와 다른 데이터: {largest_difference}",
    "audit_longer_than_max_length": "최대 길이보다 길어 잘리는 학습 글 {count}건",
}
NAMES: dict[str, dict[str, str]] = {"en": _ENGLISH, "ko": _KOREAN}


def metric_name(name: str, say: Words = _ENGLISH) -> str:
    """Return what a metric is called, and that less of it is better where it is so."""
    called = say.get(f"metric_{name}", _ENGLISH.get(f"metric_{name}", name.replace("_", " ")))
    return called + (f" ({say['lower']})" if name in LOWER_IS_BETTER else "")


def baseline_name(name: str, say: Words = _ENGLISH) -> str:
    """Return what a baseline is called, its own name where there is no better one."""
    return say.get(f"baseline_{name}", name.replace("_", " "))


def aim_name(aim: str, say: Words) -> str:
    """Return what cuts were chosen for (`--threshold_aim`): "F1", "precision ≥ 0.9"."""
    kind, _, share = aim.partition(">=")
    return f"{say[kind]} ≥ {share}" if share else say["aim_own"] if aim == "own" else aim.upper()


def split_word(name: str, say: Words = _ENGLISH) -> str:
    """Return what a split is called, or validation and the rows that `fold_scores.decided_on` names beside it."""
    if told := re.fullmatch(r"validation \(([\d,]+)\) and out-of-fold training rows \(([\d,]+)\)", name):
        return say["split_told"].format(validation=told[1], training=told[2])
    return say.get(f"split_{name}", name)


def differences(found: Mapping[str, Any] | None, say: Words = _ENGLISH) -> str:
    """Return in which respects the splits differ (`split_drift` of evaluation.json), "" where they are alike."""
    said = []
    for pair, what in (found or {}).get("different", {}).items():
        one, other = (split_word(name, say) for name in pair.split("/"))
        parts = ", ".join(say[f"drift_{each}"] for each in what)
        said.append(say["differ"].format(one=one, other=other, parts=parts))
    return "; ".join(said)


def script_name(name: str, say: Words = _ENGLISH) -> str:
    """Return what a script is called."""
    return say.get(f"script_{name}", name)


# Function words that other languages of the Latin script hardly use; about a fifth of running English.
_FUNCTION_WORDS = frozenset(
    {"the", "of", "and", "to", "that", "it", "for", "with", "this", "by", "from", "not", "are"}
)
_ENGLISH_SHARE = 0.08
_HANGUL_SHARE = 0.3  # of the letters; Korean news with many Latin names has more
_LOOKED_AT = 500  # texts behind the guess


def language_of(texts: Iterable[str]) -> str | None:
    """Return "ko" for texts in Hangul, "en" for English ones, None where neither is plain."""
    text = " ".join(texts)
    letters = [letter for letter in text if letter.isalpha()]
    hangul = sum("가" <= letter <= "힣" or "ㄱ" <= letter <= "ㆎ" or "ᄀ" <= letter <= "ᇿ" for letter in letters)
    if letters and hangul / len(letters) >= _HANGUL_SHARE:
        return "ko"
    words = re.findall(r"[a-z]+", text.lower())
    if len(words) >= 20 and sum(word in _FUNCTION_WORDS for word in words) / len(words) >= _ENGLISH_SHARE:
        return "en"
    return None


def languages_of_run(run: RunFolder, evaluation: Mapping[str, Any]) -> list[str]:
    """Return the languages that the recipe or the data's source states, else as its texts look; empty if unknown."""
    recipe = run.path / "recipe.yaml"
    stated = (yaml.safe_load(recipe.read_text(encoding="utf-8")) or {}).get("language") if recipe.exists() else None
    if stated:
        return [part.strip() for part in str(stated).split(",")]
    known = (evaluation.get("data") or {}).get("languages")
    if known:
        return list(known)
    predictions = run.path / "predictions" / "test.parquet"
    if not predictions.exists():
        return []
    found = language_of(pq.read_table(predictions, columns=["text"])["text"].slice(0, _LOOKED_AT).to_pylist())
    return [found] if found else []


def reader_language(run: RunFolder, evaluation: Mapping[str, Any]) -> str:
    """Return "ko" where page, figures and card are to be in Korean, else "en"."""
    return "ko" if languages_of_run(run, evaluation)[:1] == ["ko"] else "en"
