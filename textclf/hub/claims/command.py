"""`eval.py MODEL --claims`: reads a card, measures what it claims, writes claims.json and a comment; posts nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ... import __version__
from ...arguments import DataArguments, EvalOptions
from ...errors import UserError
from ...evaluation.held_out import recorded_data
from ...evaluation.intervals import check_draws
from ...evaluation.predictions import check_place
from ...inference.classifier import Classifier
from ...inference.identity import model_revision
from ...run_folder import RunFolder
from ...screen import Screen
from .card import read_card
from .check import check_claim, model_findings
from .comment import comment, show_claims
from .rows import Bench


def check_card(model: str, data: DataArguments, options: EvalOptions, *, replaced: bool) -> dict[str, Any]:
    """Check the claims of a model's card, show what came of it, write `claims.json` and `claims.md`, and return it.

    Args:
        model: a run folder or a Hub id.
        data: how data are read; their data set is used where `replaced`.
        options: where to write, how many draws; `split` stands in for the splits that claims do not name.
        replaced: the data set of `data` stands in for those that the card names.

    Raises:
        UserError: the model or its card cannot be read.
    """
    screen = Screen()
    check_draws(options.bootstrap_draws)
    if options.engine != "torch":
        raise UserError("--claims measures the checkpoint itself, with torch; leave --engine out.")
    place = options.output or str(Path("claims") / model.strip("/.").replace("/", "-"))
    check_place(place)
    card, recorded = read_card(model), recorded_data(model)
    classifier = Classifier.load(model, trust_code=options.trust_remote_code)
    bench = Bench(classifier, data, recorded, replaced=replaced, draws=options.bootstrap_draws)
    splits = [claim.data.split or options.split for claim in card.claims]
    claims = [replace(c, data=replace(c.data, split=split)) for c, split in zip(card.claims, splits, strict=True)]
    checked = [check_claim(claim, bench) for claim in claims]
    found = {
        "model": model,
        "revision": model_revision(model),
        "version": __version__,
        "notes": card.notes,
        "findings": [each._asdict() for each in model_findings(bench, bench.measured)],
        "claims": [each.to_dict() for each in checked],
    }
    show_claims(found)
    folder = RunFolder(Path(place))
    folder.write_json("claims.json", found)
    folder.write_text("claims.md", comment(found))
    screen.show([f"{place}/claims.json holds all of it, {place}/claims.md a comment that you may post; nothing was."])
    return found
