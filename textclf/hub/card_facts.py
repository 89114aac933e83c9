"""What a model card says beside figures: front matter for the Hub, and lists of what is known; nothing is empty."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from ..arguments import DEFAULT_MODEL
from ..evaluation.data_words import finding_words
from ..evaluation.names import METRIC_NAMES, Words, baseline_name, metric_name
from ..evaluation.page.summary import cannot_read, collapsed, loses
from ..run_folder import VALIDATION_LEARNED, RunFolder
from .card_tables import Figures, code, escaped
from .push_arguments import PushArguments

OF_THE_MODEL = frozenset(
    {"longer_than_max_length", "cleaned_to_nothing", "made_for_other_languages"}
)  # findings about how it reads, not about the data
# Our metric -> the Hub's metric id and its arguments; the others go by their own names.
_HUB_METRICS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "accuracy": ("accuracy", None),
    "f1_macro": ("f1", {"average": "macro"}),
    "f1_micro": ("f1", {"average": "micro"}),
    "precision_macro": ("precision", {"average": "macro"}),
    "recall_macro": ("recall", {"average": "macro"}),
    "mcc": ("matthews_correlation", None),
    "roc_auc": ("roc_auc", None),
    "average_precision_micro": ("average_precision", {"average": "micro"}),
    "average_precision_macro": ("average_precision", {"average": "macro"}),
    "lrap": ("lrap", None),
    "subset_accuracy": ("subset_accuracy", None),
    "ece": ("ece", None),
}
_COMMIT = re.compile("[0-9a-f]{40}")


def base_model(recipe: dict[str, Any]) -> str | None:
    """Return the Hub id of the encoder, None for a folder: `runs/x` looks like an id, but has no commit."""
    model = str(recipe.get("model", DEFAULT_MODEL))
    known = _COMMIT.fullmatch(str(recipe.get("model_revision"))) or model == DEFAULT_MODEL  # that one comes packaged
    return model if known else None


def card_metadata(
    run: RunFolder, arguments: PushArguments, evaluation: dict[str, Any], recipe: dict[str, Any], language: list[str]
) -> ModelCardData:
    """Return the card's front matter; what is not known is left out."""
    data, base = evaluation["data"], base_model(recipe)
    dataset = data["name"] if data.get("revision") else arguments.dataset_repo  # only data of the Hub has a commit
    measured = [name for name in _HUB_METRICS if name in evaluation["metrics"]]
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type=dataset or _file_type(data),
            dataset_name=data["name"],
            dataset_config=data.get("config"),
            dataset_split=evaluation["split"],
            dataset_revision=data.get("revision"),
            metric_type=_HUB_METRICS[name][0],
            metric_name=METRIC_NAMES[name],
            metric_value=evaluation["metrics"][name]["value"],
            metric_args=_HUB_METRICS[name][1],
        )
        for name in measured
    ]
    return ModelCardData(
        language=(language[0] if len(language) == 1 else language) or None,
        license=arguments.license or recipe.get("license"),
        library_name="transformers",
        pipeline_tag="text-classification",
        base_model=base,
        base_model_relation="finetune" if base else None,
        datasets=[dataset] if dataset else None,
        metrics=list(dict.fromkeys(_HUB_METRICS[name][0] for name in measured)),
        tags=["text-classification", evaluation["task"].replace("_", "-")],
        model_name=(arguments.repo_id or run.path.resolve().name).split("/")[-1],
        eval_results=results,
    )


def _file_type(data: dict[str, Any]) -> str:
    """Return what the Hub's own cards say where rows are on no Hub: the kind of file they came in, `csv` say."""
    endings = {file["name"].rsplit(".", 1)[-1].lower() for file in data.get("files") or [] if "." in file["name"]}
    (ending,) = endings if len(endings) == 1 else ("text",)
    return ending


def audit_lines(audit: Figures, say: Words, but: Container[str] = ()) -> list[str]:
    """Return what the audit of the data found, a line each; what it had no words for was fine.

    It has English words; of findings that `say` has words for, those are taken.
    """
    findings = (audit.get("findings") or {}).items()
    return [
        escaped(finding_words(name, found, say)) for name, found in findings if found.get("says") and name not in but
    ]


def faults_of_data(data: Figures, korean: bool = False) -> list[str]:
    """Return what is known of the data's faults beside the audit, one line or none, in Korean where it was said so."""
    said = (data.get("known_faults_in_korean") if korean else None) or data.get("known_faults")
    return [escaped(said)] if said else []


def facts(rows: Mapping[str, object]) -> str:
    """Return a list of what is known; empty and missing values are left out."""
    known = {name: value for name, value in rows.items() if value not in (None, "", [], {}, ())}
    return "\n".join(f"- {name}: {escaped(_in_words(value))}" for name, value in known.items())


def training_facts(training: Figures, say: Words) -> str:
    """Return how long the training took, on what, with which versions; unknown entries go by their own names."""
    told = {"linear", "label_names_read", "own_pieces", "residual_scale", VALIDATION_LEARNED}  # under "procedure"
    told |= {name for name in ("steps", "epochs") if training.get(name) == 0}
    known = {n: value for n, value in training.items() if not isinstance(value, (list, bool)) and n not in told}
    return facts({say.get(f"training_{name}", name.replace("_", " ")): value for name, value in known.items()})


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_in_words(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_in_words, value))
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def failures(run: RunFolder, evaluation: dict[str, Any], say: Words) -> list[str]:
    """Return in words what the run's page calls a failure, for the top of the card; its figures stand below."""
    only, lost = collapsed(evaluation), evaluation.get("against_baseline") or {}
    lines = []
    if only is not None:
        lines.append(say["fail_collapsed"].format(label=code(only)) if only else say["fail_gives_nothing"])
    if loses(evaluation):
        metric = metric_name(lost["metric"], say)
        lines.append(say["fail_loses"].format(name=baseline_name(lost["name"], say), metric=metric))
    if cannot_read(run.read_json("audit.json")):
        lines.append(say["fail_foreign"])
    return lines
