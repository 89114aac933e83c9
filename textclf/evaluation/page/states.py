"""Maps of an encoder's states before and after epochs of its fine-tuning, with their isotropy, for evaluation.html."""

from __future__ import annotations

from typing import Any

from ...run_folder import STATE_MAPS, RunFolder
from ..figures.style import own_colours
from ..report import Report


def state_maps(run: RunFolder, validation: Report) -> dict[str, Any] | None:
    """Return what the page draws of `checkpoints/state_maps.json`; None where no states were followed.

    `inks` is a place in the palette for each text, that of its gold label (of several the first with a colour of its
    own), -1 for grey; `colours` are the labels' names with their places.
    """
    if not (run.path / STATE_MAPS).exists():
        return None
    found = run.read_json(STATE_MAPS)
    if found["of"] != validation.n:  # of another training
        return None
    colours, names = own_colours(validation), validation.labels.names
    gold = validation.labels.named(validation.gold[found["rows"]])
    carried = [[each] if isinstance(each, str) else [name for name in names if name in each] for each in gold]
    inks = [next((colours[name] for name in row if name in colours), -1) for row in carried]
    return found | {"inks": inks, "colours": list(colours.items()), "grey": -1 in inks}
