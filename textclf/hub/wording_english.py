"""The words of a model card in English; what is not named here goes by its own name."""

ENGLISH = {
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
    "use_truncation": "`truncation=True` cuts longer texts at {max_length} tokens, as in training and measuring; "
    "without it they get other scores, or an error.",
    "use_top_k": "`top_k=None` gives the scores of all labels.",
    "use_thresholds": "`pipeline()` knows no thresholds. Each label has its own cut in `config.json`:",
    "baked": "The thresholds are baked into the model: 0.5 is the cut for each label, and scores are no "
    "longer probabilities.",
    "elsewhere": "Elsewhere",
    "on_onnx": "Without torch (textclf's `requirements-serve.txt`): `from textclf import load; "
    "load({model!r}).predict([...])`. `onnx/gate.json` holds sentences with their logits, to check any machine by.",
    "on_web": 'transformers.js reads `onnx/` (`dtype: "fp32"` or `"q8"`); it cuts the last special token off texts '
    "that are too long. textclf's `space/static/classifier.js` gives the scores of this card for any text.",
    "on_web_pairs": "transformers.js knows no pairs and would answer wrongly without a word; textclf's "
    "`space/static/classifier.js` reads `onnx/` in the browser and gives the scores of this card.",
    "int8_cuts": 'The int8 file (`"q8"`) has cuts of its own: `thresholds` in `onnx/gate.json`.',
    "on_tei": 'Text Embeddings Inference: `POST /predict` with `{"inputs": [["a text"], ["another"]], '
    '"truncate": true}`; a plain list of two strings would be read as a pair.',
    "on_tei_pairs": 'Text Embeddings Inference: `POST /predict` with `{"inputs": [["first", "second"], ...], '
    '"truncate": true}`.',
    "on_tei_several": "It applies a softmax, which is wrong for several labels: ask for "
    '`"raw_scores": true` and apply a sigmoid to each.',
    "on_tei_length": "It cuts at {room} tokens, not at {limit} as here: texts that are longer get other scores.",
    "on_clustered": "Nothing else answers as measured: each text's cluster is found by a second model, in "
    "`cluster_encoder/`, which only the pipeline above asks, by the code in `clustered.py` (read it first).",
    "on_vllm": "vLLM: `/classify` reads `problem_type`; texts that are too long are refused without "
    '`"truncate_prompt_tokens": {limit}, "truncation_side": "right"`.',
    "on_vllm_pairs": "vLLM: `/classify` takes no pairs.",
    "engines": "Engines",
    "engines_note": "Exported files beside torch in fp32, on the validation texts; every other figure of this card is "
    "torch's in fp32.",
    "int8_promises": "int8 has other scores than torch, hence cuts of its own for {kept} in `onnx/gate.json`, fitted "
    "on the same {n:,} texts.",
    "int8_promises_none": "With int8 nothing is promised of {missing}.",
    "promise_abstain": "abstaining",
    "promise_label_sets": "label sets",
    "and": " and ",
    "results": "Results",
    "measured": "Measured on the {split} split, {n:,} texts, in brackets the 95 % interval. Everything "
    "was chosen on validation; the test split was scored {scored}.",
    "once": "once",
    "times": "{times} times",
    "metric": "metric",
    "this_model": "this model",
    "wins": "The model beats {name}, the best baseline on validation, in {metric}; the difference is "
    "{difference}{interval}.",
    "unclear": "**No difference is shown between the model and {name}, the best baseline on validation.** The "
    "difference in {metric} is {difference}{interval}, which could be chance.",
    "loses": "**The baseline {name} beats the model.** The difference in {metric} is {difference}"
    "{interval}. The baseline is simpler and faster: use it.",
    "p_value": "p {p}, approximate randomisation",
    "better_on_test": "On test another baseline, {name}, is better than {best}: {value} against {best_value}.",
    "intervals": "Intervals of shares are Wilson's (near 0 and 1 as mended by Brown, Cai and DasGupta), those of "
    "averages over labels profile score intervals widened for mistakes that come together, those of areas Wilson's on "
    "as many trials as the area's variance is worth, others BCa bootstrap intervals over texts.",
    "no_interval": "No interval for {names}: {why}.",
    "fail": "Do not rely on it.",
    "fail_collapsed": "The model has collapsed: it gives nearly every text the label {label}.",
    "fail_gives_nothing": "The model has collapsed: it gives no text any label.",
    "fail_loses": "The baseline {name} is better in {metric}, simpler and faster.",
    "fail_foreign": "The encoder was made for other languages than these texts.",
    "more_labels": "the other {n} labels",
    "aim_on_test": "The cuts were chosen on validation for {aim}, with a margin for chance; on test {n} of {of} "
    "labels are there (below: {below}).",
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
    "calibrated": "{method} fitted on {fitted_on} ({n:,} texts) and folded into the last layer. "
    "Expected calibration error there: {before} before, {after} after.",
    "calibrated_on_test": "On test ({n:,} texts): {before} before, {after} after; a perfectly calibrated model would "
    "show about {if_calibrated} there, as every estimate from few texts lies too high.",
    "method_temperature": "Temperature scaling",
    "method_platt": "Platt scaling of each label",
    "not_calibrated": "The scores were not calibrated.",
    "promises": "When it does not answer, and what it promises",
    "abstain": "Of the texts that it answers, at most {risk} are wrong, with {confidence} confidence: below the cut "
    "in `config.json` it should say that it is not sure. The cut was tested on {n:,} texts that nothing else saw.",
    "abstain_several": "Of the times that it gives {labels}, at most {risk} are wrong, label by label, with "
    "{confidence} confidence: below a label's cut in `config.json` it should say that it is not sure. The cuts were "
    "tested on {n:,} texts that nothing else saw.",
    "promise_broken": "**On test the promise was not kept.**",
    "promise_broken_for": "**On test the promise was not kept for {labels}.**",
    "abstain_test": "On test it answers {answered}; of these answers {wrong} are wrong. Area under the risk-coverage "
    "curve: {aurc} (lower is better).",
    "abstain_baselines": "The same area of the baselines: {baselines}.",
    "abstain_resplits": "With other texts drawn to test it, a cut would have been found in {stored} of {tries} tries, "
    "and broken its promise in {broken}.",
    "abstain_without": "Nothing is promised for {labels}: too few of their answers could be tested, or too many were "
    "wrong.",
    "abstain_none": "A promise of at most {risk} wrong answers was asked for, but {n:,} texts could not show it at "
    "any cut: none is made.",
    "sets": "Label sets: all labels from one cut on hold the true label of {coverage} of the texts, on average over "
    "texts. The cut was fitted on {n:,} texts that nothing else saw.",
    "sets_several": "Label sets: all labels from one cut on hold {coverage} of a text's true labels, on average over "
    "texts. The cut was fitted on {n:,} texts that nothing else saw.",
    "sets_test": "On test they hold {coverage}, with {size} of {labels} labels in a set on average.",
    "sets_worst": "Worst covered is {label}: {coverage}.",
    "promise_holds_for": "This holds for texts drawn like those it was tested on, and for no others: not for other "
    "sources, topics or later times.",
    "promise_unlike": "**Its own splits already differ ({parts}), so do not rely on it before measuring on texts of "
    "your own** (`eval.py`).",
    "long_text": "Long texts",
    "windows": "With overlapping windows instead of truncation ({n:,} texts):",
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
    "limit_size": "The figures rest on {n:,} test texts; the intervals say how far to trust them.",
    "limit_drift": "The splits are less alike than chance allows ({parts}): the figures hold for texts like those of "
    "the test split, and other sources or later times may differ more.",
    "limit_rare": "Few test texts carry {labels}; their figures are rough.",
    "left_train": "{n} of these rows left train before training",
    "procedure": "Training procedure",
    "base": "Fine-tuned from {base}.",
    "base_features": "The encoder is {base}, not trained.",
    "base_few_shot": "The encoder is {base}, trained by contrast between the training texts.",
    "label_names_read": "Each label's name was one of these texts.",
    "own_pieces": "Its tokenizer spelled these texts letter by letter; {n:,} pieces of their words were added to it.",
    "residual_scale": "Each of its last layers ({layers}) adds {by:g} of what it added before, which brings a token's "
    "state nearer to the layers below.",
    "linear_svm": "Its head is a linear SVM on {pooling}.",
    "linear_logistic": "Its head is a logistic regression on {pooling}.",
    "pooling_cls": "the first token's state",
    "pooling_mean": "the mean over tokens",
    "selection_c": "Its C ({c}) was chosen by {metric} on {split}: {value}.",
    "selection_usual_c": "Its C ({c}) is the usual one: no other was better by a standard error of the {metric} on "
    "{split}, which is {value}.",
    "validation_learned": "Then it learned the {n:,} texts of validation, too; what is said of validation is from "
    "before.",
    "adapter": "It was trained as an adapter ({kind}, rank {rank}), which is merged into the weights; `adapter/` "
    "holds it alone.",
    "selection": "The checkpoint was chosen by {metric} on {split}: {value}.",
    "reproduce": "To make it again",
    "reproduce_where": "In the folder of textclf, the project that made this model; the recipe names the data, with "
    "revision or checksums.",
    "environment": "Hardware, time and versions",
    "training_seconds": "training time in seconds",
    "training_examples_per_second": "texts per second",
    "training_tokens_per_second": "tokens per second",
    "training_precision": "number format",
    "figure_confusion_matrix": "Confusion matrix of the {n:,} test texts, true labels by predicted ones: most often "
    "{gold} is taken for {predicted} ({count} times)",
    "figure_per_label": "F1 of each label with its 95 % interval, precision and recall: highest {best} ({high}), "
    "lowest {worst} ({low})",
    "figure_precision_recall_curves": "Precision over recall for each label on {n:,} test texts: {area}",
    "figure_reliability": "Share that was right over the score, before and after calibration, on {n:,} test texts: "
    "expected calibration error {ece}",
    "figure_roc_curves": "ROC curves of the labels on {n:,} test texts: {area}",
    "figure_threshold_curves": "Precision, recall and F1 of each label over its cut, on validation",
    "figure_training_curves": "Loss and validation metrics over the epochs; epoch {epoch} was kept, with {metric} "
    "{value}",
}
