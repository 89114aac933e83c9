"""The words of a model card in Korean: those of the English one, and names that English has by itself."""

KOREAN = {
    "purpose": "쓰임새",
    "one": "글 하나에 라벨 {n}개 가운데 하나를 붙이고, 라벨마다 점수를 냅니다.",
    "several": "글 하나에 라벨 {n}개 가운데 해당하는 것을 모두 붙이고, 라벨마다 점수를 냅니다.",
    "pair": "두 항목({first}, {second})을 함께 읽습니다.",
    "joined": "두 항목을 이은 글 하나를 읽습니다. {first}, {second} 순서로 잇고 그 사이에 이 문자열을 "
    "넣으세요: `{between}`",
    "trained_on": "학습에 쓴 것과 비슷한 글을 위한 모델입니다",
    "purpose_not": "맞지 않는 쓰임새",
    "not_1": "사람에 관한 결정을 사람의 확인 없이 내리는 일",
    "not_2": "학습 데이터와 종류·언어·시기가 다른 글 (먼저 그 글로 성능을 재어 보세요)",
    "not_3": "목록에 없는 라벨: 모델은 언제나 아는 라벨로만 답합니다",
    "use": "사용법",
    "use_truncation": "`truncation=True`는 긴 글을 학습하고 잴 때처럼 {max_length}토큰에서 자릅니다. 이 옵션을 빼면 "
    "긴 글에서 다른 점수나 오류가 나옵니다.",
    "use_top_k": "`top_k=None`은 모든 라벨의 점수를 돌려줍니다.",
    "use_thresholds": "`pipeline()`은 임계값을 모릅니다. 라벨마다 정해 둔 임계값은 `config.json`에 있습니다.",
    "baked": "임계값이 모델에 녹아 있습니다. 모든 라벨의 기준은 0.5이며, 점수는 더 이상 확률이 아닙니다.",
    "elsewhere": "다른 실행 환경",
    "on_onnx": "torch 없이 쓰려면 (textclf의 `requirements-serve.txt`): `from textclf import load; "
    "load({model!r}).predict([...])`. `onnx/gate.json`에 확인용 문장과 로짓이 있어 어느 기계든 점검할 수 있습니다.",
    "on_web": 'transformers.js는 `onnx/`를 읽습니다(`dtype: "fp32"` 또는 `"q8"`). 다만 너무 긴 글에서는 마지막 특수 '
    "토큰을 잘라 냅니다. textclf의 `space/static/classifier.js`는 어떤 글이든 이 카드와 같은 점수를 냅니다.",
    "on_web_pairs": "transformers.js는 글 쌍을 모르므로 아무 말 없이 틀린 답을 냅니다. textclf의 "
    "`space/static/classifier.js`는 브라우저에서 `onnx/`를 읽어 이 카드와 같은 점수를 냅니다.",
    "int8_cuts": 'int8 파일(`"q8"`)의 임계값은 따로 있습니다: `onnx/gate.json`의 `thresholds`.',
    "on_tei": 'Text Embeddings Inference: `POST /predict`에 `{"inputs": [["글"], ["다른 글"]], "truncate": true}`를 '
    "보내면 됩니다. 문자열 두 개를 그냥 나열하면 글 쌍으로 읽힙니다.",
    "on_tei_pairs": 'Text Embeddings Inference: `POST /predict`에 `{"inputs": [["첫째", "둘째"], ...], '
    '"truncate": true}`를 보내면 됩니다.',
    "on_tei_several": '라벨이 여럿이어도 소프트맥스를 적용하므로, `"raw_scores": true`로 받아 라벨마다 시그모이드를 '
    "적용해야 합니다.",
    "on_tei_length": "여기서처럼 {limit}토큰이 아니라 {room}토큰에서 자르므로, 더 긴 글은 점수가 달라집니다.",
    "on_clustered": "다른 실행 환경에서는 같은 답이 나오지 않습니다. 글마다 군집을 찾는 두 번째 모델이 "
    "`cluster_encoder/`에 있고, 위의 파이프라인만 `clustered.py`의 코드로 그것을 부릅니다(믿기 전에 읽어 보세요).",
    "on_vllm": "vLLM: `/classify`는 `problem_type`을 읽습니다. 너무 긴 글은 "
    '`"truncate_prompt_tokens": {limit}, "truncation_side": "right"`가 없으면 거부됩니다.',
    "on_vllm_pairs": "vLLM: `/classify`는 글 쌍을 받지 않습니다.",
    "engines": "실행 엔진",
    "engines_note": "내보낸 파일을 검증 데이터에서 torch fp32와 견준 값입니다. 이 카드의 다른 수치는 모두 torch "
    "fp32로 잰 것입니다.",
    "int8_promises": "int8은 점수가 torch와 다르므로 {kept}의 기준을 `onnx/gate.json`에 따로 두었습니다. 같은 글 "
    "{n:,}건에서 정한 것입니다.",
    "int8_promises_none": "int8에서는 {missing}에 대해 아무것도 보장하지 않습니다.",
    "promise_abstain": "판단 보류",
    "promise_label_sets": "라벨 집합",
    "and": ", ",
    "results": "결과",
    "measured": "{split} 데이터 {n:,}건으로 잰 값이며, 대괄호 안은 95 % 신뢰 구간입니다. 모든 선택은 검증 "
    "데이터로 했고, 테스트 데이터는 {scored} 채점했습니다.",
    "once": "한 번만",
    "times": "{times}번",
    "metric": "지표",
    "this_model": "이 모델",
    "wins": "검증 데이터에서 가장 좋았던 기준선({name})보다 낫습니다. {metric}의 차이는 {difference}{interval}입니다.",
    "unclear": "**검증 데이터에서 가장 좋았던 기준선({name})과 차이가 있다고 할 수 없습니다.** {metric}의 차이는 "
    "{difference}{interval}인데 우연일 수 있습니다.",
    "loses": "**기준선({name})이 더 낫습니다.** {metric}의 차이는 {difference}{interval}입니다. 더 단순하고 빠른 "
    "기준선을 쓰세요.",
    "p_value": "p {p}, 근사 무작위화 검정",
    "better_on_test": "테스트 데이터에서는 다른 기준선({name})이 {best}보다 낫습니다: {value} 대 {best_value}.",
    "intervals": "비율의 신뢰 구간은 윌슨(Wilson) 구간(0과 1 근처는 Brown, Cai, DasGupta의 수정), 라벨 평균의 구간은 "
    "함께 일어나는 오류만큼 넓힌 프로파일 점수 구간, 면적의 구간은 그 분산에 해당하는 시행 횟수의 윌슨 구간, "
    "나머지는 글을 다시 뽑은 BCa 부트스트랩 구간입니다.",
    "no_interval": "{names}에는 구간이 없습니다: {why}.",
    "fail": "믿고 쓰지 마세요.",
    "fail_collapsed": "모델이 무너져 거의 모든 글에 {label} 라벨을 붙입니다.",
    "fail_gives_nothing": "모델이 무너져 어떤 글에도 라벨을 붙이지 않습니다.",
    "fail_loses": "기준선({name})이 {metric}에서 더 낫고, 더 단순하고 빠릅니다.",
    "fail_foreign": "인코더가 이 글의 언어가 아닌 다른 언어용입니다.",
    "more_labels": "나머지 라벨 {n}개",
    "aim_on_test": "임계값은 검증 데이터에서 우연을 감안해 {aim}에 맞춰 골랐습니다. 테스트 데이터에서는 라벨 {of}개 "
    "중 {n}개가 이에 이릅니다(못 미친 라벨: {below}).",
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
    "calibrated": "{method}: {fitted_on} 데이터({n:,}건)에 맞춰 마지막 층에 넣었습니다. 그 데이터의 기대 보정 "
    "오차(ECE)는 보정 전 {before}, 보정 후 {after}입니다.",
    "calibrated_on_test": "테스트 데이터({n:,}건)에서는 보정 전 {before}, 보정 후 {after}입니다. 글이 적으면 추정값이 "
    "늘 높게 나와서, 완벽히 보정된 모델이라도 여기서는 {if_calibrated}쯤 됩니다.",
    "method_temperature": "온도 스케일링",
    "method_platt": "라벨별 플랫 스케일링(Platt scaling)",
    "not_calibrated": "점수를 보정하지 않았습니다.",
    "promises": "답하지 않는 때와 모델의 약속",
    "abstain": "모델이 답한 글 가운데 틀린 것은 {confidence}의 신뢰도로 많아야 {risk}입니다. 점수가 `config.json`의 "
    "기준에 못 미치면 '잘 모르겠다'로 다루세요. 이 기준은 다른 어디에도 쓰지 않은 글 {n:,}건으로 시험했습니다.",
    "abstain_several": "{labels} 라벨은 모델이 붙인 것 가운데 틀린 것이 라벨마다 {confidence}의 신뢰도로 많아야 "
    "{risk}입니다. 점수가 `config.json`에 있는 라벨의 기준에 못 미치면 '잘 모르겠다'로 다루세요. 이 기준은 다른 "
    "어디에도 쓰지 않은 글 {n:,}건으로 시험했습니다.",
    "promise_broken": "**테스트에서 약속이 지켜지지 않았습니다.**",
    "promise_broken_for": "**테스트에서 {labels}의 약속이 지켜지지 않았습니다.**",
    "abstain_test": "테스트 데이터에서 답한 것은 {answered}, 그 가운데 틀린 것은 {wrong}입니다. 위험-응답률 곡선 아래 "
    "넓이(AURC)는 {aurc}입니다(낮을수록 좋음).",
    "abstain_baselines": "기준선의 같은 넓이: {baselines}.",
    "abstain_resplits": "시험할 글을 다르게 뽑았다면 {tries}번 가운데 {stored}번 기준을 찾았고, 그중 {broken}번 "
    "약속이 깨졌을 것입니다.",
    "abstain_without": "{labels}에 대해서는 약속하지 않습니다. 시험할 답이 너무 적었거나 틀린 답이 너무 많았습니다.",
    "abstain_none": "틀린 답이 많아야 {risk}라는 약속을 요청받았지만, 글 {n:,}건으로는 어떤 기준에서도 이를 보일 수 "
    "없어 약속하지 않습니다.",
    "sets": "라벨 집합: 점수가 한 기준 이상인 라벨을 모두 모으면 평균적으로 글의 {coverage}에서 정답이 그 안에 "
    "있습니다. 이 기준은 다른 어디에도 쓰지 않은 글 {n:,}건에 맞췄습니다.",
    "sets_several": "라벨 집합: 점수가 한 기준 이상인 라벨을 모두 모으면 평균적으로 한 글의 정답 라벨 가운데 "
    "{coverage}가 그 안에 있습니다. 이 기준은 다른 어디에도 쓰지 않은 글 {n:,}건에 맞췄습니다.",
    "sets_test": "테스트 데이터에서는 {coverage}이며, 집합에는 라벨 {labels}개 가운데 평균 {size}개가 들어 있습니다.",
    "sets_worst": "가장 낮은 라벨은 {label}입니다: {coverage}.",
    "promise_holds_for": "이 약속은 시험에 쓴 것과 같은 방식으로 모은 글에만 성립합니다. 출처나 주제가 다른 글, "
    "나중에 쓰인 글에는 성립하지 않습니다.",
    "promise_unlike": "**이 데이터는 나눈 부분끼리도 이미 다르므로({parts}), 쓰려는 글로 직접 재어 보기(`eval.py`) "
    "전에는 믿지 마세요.**",
    "long_text": "긴 글",
    "windows": "자르지 않고 겹치는 창으로 나누어 채점했을 때 ({n:,}건):",
    "figures": "그림",
    "data": "학습 데이터",
    "name": "데이터",
    "source": "출처",
    "configuration": "구성",
    "revision": "리비전",
    "fingerprint": "지문(fingerprint)",
    "licence": "데이터 라이선스",
    "splits": "나눈 방법",
    "texts_of": "글 수",
    "removed": "제외한 글",
    "files": "파일",
    "limits": "한계와 알려진 결함",
    "limit_size": "테스트 글 {n:,}건에서 얻은 값입니다. 얼마나 믿을 수 있는지는 신뢰 구간이 말해 줍니다.",
    "limit_drift": "나눈 데이터끼리 우연보다 크게 다릅니다({parts}). 값은 테스트 데이터와 같은 글에서만 성립하고, "
    "출처나 시기가 다르면 더 달라질 수 있습니다.",
    "limit_rare": "테스트 글이 적어 값이 거친 라벨: {labels}.",
    "left_train": "이 가운데 {n:,}건은 학습에 쓰지 않았습니다",
    "procedure": "학습 과정",
    "base": "{base} 모델을 미세 조정했습니다.",
    "base_features": "인코더는 {base}이며, 학습하지 않았습니다.",
    "base_few_shot": "인코더는 학습 글끼리 대조하며 학습한 {base}입니다.",
    "label_names_read": "라벨 이름도 그 라벨의 글로 넣었습니다.",
    "own_pieces": "토크나이저가 이 글들을 낱자로 쪼개고 있어, 글에 나온 단어 조각 {n:,}개를 어휘에 더했습니다.",
    "residual_scale": "마지막 층({layers}개)이 더하는 값은 {by:g}배로 줄여, 토큰 상태를 그 아래 층에 가깝게 했습니다.",
    "linear_svm": "분류층은 {pooling} 위의 선형 SVM입니다.",
    "linear_logistic": "분류층은 {pooling} 위의 로지스틱 회귀입니다.",
    "pooling_cls": "첫 토큰의 상태",
    "pooling_mean": "토큰 평균",
    "selection_c": "C({c})는 {split} 데이터의 {metric} 기준으로 골랐습니다({value}).",
    "selection_usual_c": "C({c})는 흔히 쓰는 값이며, {split} 데이터의 {metric}({value})에서 표준 오차 넘게 더 나은 "
    "값은 없었습니다.",
    "validation_learned": "그런 다음 검증 글 {n:,}건도 학습했습니다. 검증에 관한 값은 모두 그 전의 것입니다.",
    "adapter": "어댑터({kind}, 랭크 {rank})로 학습해 가중치에 합쳤습니다. `adapter/`에는 어댑터만 따로 있습니다.",
    "selection": "체크포인트는 {split} 데이터의 {metric} 기준으로 골랐습니다({value}).",
    "reproduce": "다시 만들기",
    "reproduce_where": "이 모델을 만든 프로젝트(textclf)의 폴더에서 실행합니다. 데이터는 리비전이나 체크섬과 함께 "
    "레시피에 적혀 있습니다.",
    "environment": "하드웨어, 시간, 버전",
    "training_seconds": "학습 시간(초)",
    "training_examples_per_second": "초당 글 수",
    "training_tokens_per_second": "초당 토큰 수",
    "training_device": "장치",
    "training_precision": "수치 형식",
    "training_processes": "프로세스 수",
    "training_threads": "스레드 수",
    "training_versions": "버전",
    "training_steps": "학습 단계 수",
    "training_epochs": "에포크",
    "figure_confusion_matrix": "테스트 글 {n:,}건의 혼동 행렬(정답과 예측): 가장 잦은 혼동은 {gold} → {predicted} "
    "({count}건)",
    "figure_per_label": "라벨별 F1과 95 % 신뢰 구간, 정밀도, 재현율: 가장 높은 라벨 {best} ({high}), 가장 낮은 라벨 "
    "{worst} ({low})",
    "figure_precision_recall_curves": "테스트 글 {n:,}건의 라벨별 정밀도-재현율 곡선: {area}",
    "figure_reliability": "테스트 글 {n:,}건에서 점수에 따라 맞은 비율(보정 전과 후): 기대 보정 오차 {ece}",
    "figure_roc_curves": "테스트 글 {n:,}건의 라벨별 ROC 곡선: {area}",
    "figure_threshold_curves": "검증 데이터에서 임계값에 따른 라벨별 정밀도, 재현율, F1",
    "figure_training_curves": "에포크에 따른 손실과 검증 지표: 에포크 {epoch}을 골랐으며 {metric} {value}",
}
