"""How much do common faults of evaluation inflate a figure? Each beside an honest protocol and the truth.

python -m benchmarks.faults --data_dir FOLDER [--seeds 10]

FOLDER holds korean_news_titles/ and reuters21578/. Writes benchmarks/results/faults.md and the figure of
docs/honest_evaluation.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from scipy import stats

from benchmarks.faults import protocols
from benchmarks.faults.protocols import Case, Texts
from benchmarks.speed_machine import machine_line
from textclf.arguments import DataArguments
from textclf.data.loading import load_splits
from textclf.inference.classifier import texts_of

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results" / "faults"
FIGURE = HERE.parent.parent / "docs" / "honest_evaluation.png"
OF_TITLES: dict[str, Callable[[Texts, int], Case]] = {
    "settings chosen on test": protocols.chosen_on_test,
    "augmented before the folds": protocols.augmented_before_folds,
    "one model through all folds": protocols.one_model_through_folds,
    "test texts in train": protocols.leaked_rows,
    "clusters fitted on each split": protocols.clusters_by_split,
    "ROC from hard labels": protocols.roc_of_hard_labels,
}
SEVERAL = "one of several labels"


def main() -> None:
    """Run every protocol with every seed, write the table and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    args = parser.parse_args()
    titles = titles_of(args.data_dir)
    texts, marks = newswire_of(args.data_dir)
    found: dict[str, list[Case]] = {}
    for name, protocol in OF_TITLES.items():
        found[name] = [protocol(titles, seed) for seed in range(args.seeds)]
        print(name, summary(found[name]), flush=True)
    found[SEVERAL] = [protocols.one_of_many_labels(texts, marks, seed) for seed in range(args.seeds)]
    content = {"machine": machine_line(), "seeds": args.seeds, "cases": found}
    RESULTS.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(table(content), encoding="utf-8")
    draw(found)


def titles_of(data_dir: Path) -> Texts:
    """Return all headlines of KLUE-YNAT: seven topics."""
    args = DataArguments(dataset="korean_news_titles", data_dir=str(data_dir / "korean_news_titles"))
    splits = load_splits(args).splits
    texts = [str(text) for split in splits.values() for text in texts_of(split)]
    return Texts(texts, np.concatenate([np.asarray(split["labels"]) for split in splits.values()]))


def newswire_of(data_dir: Path) -> tuple[list[str], Any]:
    """Return the articles of Reuters-21578 with 0/1 marks [N, L] of topics with 20 articles and more."""
    args = DataArguments(dataset="reuters_topics", data_dir=str(data_dir / "reuters21578"), min_label_count=20)
    splits = load_splits(args).splits
    size = splits["train"].features["labels"].feature.num_classes
    texts, marks = [], []
    for split in splits.values():
        texts += [" ".join(filter(None, text)) if isinstance(text, tuple) else str(text) for text in texts_of(split)]
        marks += [np.isin(np.arange(size), row).astype(np.int8) for row in split["labels"]]
    return texts, np.array(marks)


def interval(values: list[float]) -> tuple[float, float]:
    """Return the mean over seeds and the half width of its 95 % t-interval."""
    error = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values)), float(error)


def summary(cases: list[Case]) -> dict[str, tuple[float, float]]:
    """Return mean and half width of what is reported, of the truths, and of how far reports are above their truths."""
    return {
        "faulty": interval([case.faulty.reported for case in cases]),
        "its truth": interval([case.faulty.truth for case in cases]),
        "faulty above truth": interval([case.faulty.reported - case.faulty.truth for case in cases]),
        "honest": interval([case.honest.reported for case in cases]),
        "truth": interval([case.honest.truth for case in cases]),
        "honest above truth": interval([case.honest.reported - case.honest.truth for case in cases]),
    }


def table(content: dict[str, Any]) -> str:
    """Return the table of all faults as a Markdown page."""
    head = "| fault | it reports | its model's truth | too much | honest reports | its model's truth | too much |"
    lines = [head, "|---" * 7 + "|"]
    for name, cases in content["cases"].items():
        found = summary(cases)
        cells = [f"{found[key][0]:.3f}" for key in ("faulty", "its truth", "faulty above truth")]
        cells += [f"{found[key][0]:.3f}" for key in ("honest", "truth", "honest above truth")]
        for place, key in ((2, "faulty above truth"), (5, "honest above truth")):
            cells[place] = f"{found[key][0]:+.3f} ± {found[key][1]:.3f}"
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return (
        "# Faults of evaluation, measured\n\n"
        f"`python -m benchmarks.faults --data_dir D --seeds {content['seeds']}`, {content['machine'].rstrip('.')}. "
        "Means over seeds, with 95 % t-intervals over seeds. Accuracy on headlines (KLUE-YNAT, 7 topics; the truth on "
        "20,000 that no protocol saw); ROC-AUC of one topic against the others; micro-F1 on Reuters-21578.\n\n"
        + "\n".join(lines)
        + "\n"
    )


def draw(found: dict[str, list[Case]]) -> None:
    """Draw, for each fault, what either protocol reports beside the truth about its model."""
    figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
    names = list(found)[::-1]
    for place, name in enumerate(names):
        rows = summary(found[name])
        for key, shift, colour, marker in (("faulty", 0.16, "#c2410c", "o"), ("honest", -0.16, "#1d4ed8", "o")):
            truth = "its truth" if key == "faulty" else "truth"
            axes.plot([rows[truth][0], rows[key][0]], [place + shift] * 2, color=colour, linewidth=1.5)
            axes.errorbar(rows[key][0], place + shift, xerr=rows[key][1], color=colour, marker=marker, capsize=2)
            axes.plot(rows[truth][0], place + shift, color="black", marker="|", markersize=11, linestyle="")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("figure: accuracy, ROC-AUC or micro-F1")
    axes.grid(axis="x", color="#e5e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    handles = [
        axes.plot([], [], color="#c2410c", marker="o", label="the faulty protocol reports")[0],
        axes.plot([], [], color="#1d4ed8", marker="o", label="the honest one reports")[0],
        axes.plot([], [], color="black", marker="|", markersize=11, linestyle="", label="the truth of that model")[0],
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=150)


if __name__ == "__main__":
    main()
