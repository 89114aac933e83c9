"""Faults that were once put in by hand and that no test noticed; `python -m tests.mutate named` tries them all."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.mutants import ROOT, Mutant


class Named(NamedTuple):
    """A fault: what it means, the file, what stands there (once) and what would stand there."""

    what: str
    file: str
    before: str
    after: str

    @property
    def path(self) -> Path:
        return Path(self.file)

    def mutant(self) -> Mutant:
        """Return the fault put in.

        Raises:
            ValueError: what it replaces is not there exactly once: the list has to follow the code.
        """
        source = (ROOT / self.path).read_text(encoding="utf-8")
        if source.count(self.before) != 1:
            raise ValueError(f"{self.path} holds {source.count(self.before)} times: {self.before}")
        start = source[: source.index(self.before)].count("\n") + 1
        last = start + self.before.count("\n")
        return Mutant(self.path, (start, last), self.what, "", source.replace(self.before, self.after))


E = "textclf/evaluation/"
NAMED = (
    Named(
        "baselines settled on test", E + "verdict.py",
        'fit_baselines(options.baselines, splits["train"], splits["validation"], labels, treatment)',
        'fit_baselines(options.baselines, splits["train"], splits["test"], labels, treatment)',
    ),
    Named(
        "no comparison of checksums", "textclf/hub/contract_process.py",
        'if stored != (file["sha256"] if row.lfs is not None else file["git"]):', "if False:",
    ),
    Named(
        "no comparison of the bytes that arrive", "textclf/hub/contract_process.py",
        'if found != file["sha256"]:', "if False:",
    ),
    Named("the card always says once", "textclf/hub/card.py", "if scored == 1 else", "if scored else"),
    Named(
        "macro labelled micro", "textclf/hub/card_facts.py",
        '"f1_macro": ("f1", {"average": "macro"})', '"f1_macro": ("f1", {"average": "micro"})',
    ),
    Named(
        "leak search without the ends of texts", "textclf/hub/data_texts.py",
        "np.append(np.arange(0, last, stride), last)", "np.arange(0, last, stride)",
    ),
    Named(
        "leak search without comments", "textclf/hub/leaks.py",
        ', *re.findall(r"#.*", text)]', "]",
    ),
    Named(
        "no late guard against NaN", "textclf/training/guards.py",
        'loss = (logs or {}).get("loss", 0.0)', "loss = 0.0",
    ),
    Named("gradients kept after memory ran out", "textclf/training/trainer.py", "        model.zero_grad()\n", ""),
    Named("90 % instead of 95 % (shares)", E + "score_intervals.py", "LEVEL = 0.95", "LEVEL = 0.9"),
    Named(
        "half-undefined rule dropped", E + "intervals.py",
        "if 2 * len(defined) <= len(values):", "if not len(defined):",
    ),
    Named(
        "McNemar: any for all", E + "comparison.py",
        "return same.all(axis=1) if report.labels.multi_label", "return same.any(axis=1) if report.labels.multi_label",
    ),
    Named(
        "labels that a draw misses count as 0", "metrics/text_classification/text_classification.py",
        "_mean_where(score, carried)", "score.mean(axis=1)",
    ),
    Named(
        "Platt with hard targets", E + "calibration.py",
        "np.where(gold == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))", "gold.astype(np.float64)",
    ),
    Named(
        "Platt: rare labels fitted by themselves", E + "calibration.py",
        "pooled = np.minimum(positives, n - positives) < RARE", "pooled = np.zeros(size, dtype=bool)",
    ),
    Named(
        "Platt: labels that are rarely lacking fitted by themselves", E + "calibration.py",
        "pooled = np.minimum(positives, n - positives) < RARE", "pooled = positives < RARE",
    ),
    Named(
        "suspects include the model's own choice", E + "label_errors.py",
        " & (scores.argmax(axis=1) != gold)", "",
    ),
    Named("decision > for >=", "textclf/labels.py", "(scores >= cut)", "(scores > cut)"),
    Named(
        "purity over the wrong axis", "textclf/exploration/clusters.py",
        "table.max(axis=1).sum() / texts", "table.max(axis=0).sum() / texts",
    ),
    Named(
        "stratified sample without its minimum of one", "textclf/exploration/stratified_sample.py",
        "np.maximum(np.floor(exact), 1).astype(np.int64)", "np.floor(exact).astype(np.int64)",
    ),
)  # fmt: skip
