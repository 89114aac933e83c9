"""What a person looks at when a run is finished: its figures and its page."""

from __future__ import annotations

from datasets import Dataset

from ..run_folder import RunFolder
from .figures.drawing import draw_figures
from .page.shading import shaded_mistakes
from .page.writing import write_page
from .verdict import Verdict


def tell(run: RunFolder, verdict: Verdict, rows: Dataset) -> None:
    """Write `figures/` and `evaluation.html`; `rows` is the validation split, whose texts the page shows."""
    evaluation, validation, test = verdict
    draw_figures(run, evaluation, test, validation)
    shades = shaded_mistakes(run, evaluation, validation, rows)
    write_page(run, evaluation, test, validation, rows, shades)
