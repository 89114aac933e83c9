"""The figures of a card, each with words that say what it shows to those who do not see it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..evaluation.names import Words, metric_name
from ..run_folder import RunFolder
from .card_tables import LARGEST_MATRIX, Figures, escaped, number


def figures_of(run: RunFolder, evaluation: Figures, say: Words) -> list[dict[str, str]]:
    """Return {"path", "alt"} of each PNG of the run; no confusion matrix where the card has it as a table."""
    names = sorted(path.name for path in (run.path / "figures").glob("*.png"))
    if evaluation.get("confusion_matrix") and len(evaluation["labels"]) <= LARGEST_MATRIX:
        names = [name for name in names if name != "confusion_matrix.png"]
    return [
        {"path": f"figures/{quote(name)}", "alt": _alt(name.removesuffix(".png"), evaluation, say)} for name in names
    ]


def _alt(name: str, evaluation: Figures, say: Words) -> str:
    words = say.get(f"figure_{name}")
    if words is None:
        return escaped(name.replace("_", " "))
    return escaped(words.format(n=evaluation["n"], **_shown(name, evaluation, say)))


def _shown(name: str, evaluation: Figures, say: Words) -> dict[str, Any]:
    """Return what the words of a figure have places for."""
    metrics, chosen = evaluation["metrics"], evaluation.get("selection") or {}
    if name == "confusion_matrix":
        pairs = (
            (n, g, p) for g, row in enumerate(evaluation["confusion_matrix"]) for p, n in enumerate(row) if g != p
        )
        count, gold, predicted = max(pairs, key=lambda pair: pair[0])
        return {"count": count, "gold": evaluation["labels"][gold], "predicted": evaluation["labels"][predicted]}
    if name == "per_label":
        known = [(row["f1"]["value"], label) for label, row in evaluation["per_label"].items() if row["f1"]]
        (low, worst), (high, best) = min(known, default=(None, "–")), max(known, default=(None, "–"))
        return {"best": best, "high": number(high), "worst": worst, "low": number(low)}
    if name in ("roc_curves", "precision_recall_curves"):
        start = "roc_auc" if name == "roc_curves" else "average_precision"
        found = next((each for each in (start, f"{start}_macro", f"{start}_micro") if each in metrics), None)
        return {"area": f"{metric_name(found, say)} {number(metrics[found]['value'])}" if found else "–"}
    if name == "reliability":
        return {"ece": number((metrics.get("ece") or {}).get("value"))}
    if name == "training_curves":
        epoch = chosen.get("epoch")
        metric = metric_name(chosen["metric"], say) if chosen else "–"
        return {
            "epoch": "–" if epoch is None else f"{epoch:g}",
            "metric": metric,
            "value": number(chosen.get("value")),
        }
    return {}
