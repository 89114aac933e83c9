"""One run, stage by stage: what `train.py` does once, and every study for each of its recipes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from ..arguments import FitOptions, MeasureArguments, ModelArguments
from ..data.auditing.audit import Audit, audit
from ..data.cleaning import normalizer
from ..data.loading import LoadedData, load_splits
from ..data.preparation import Prepared, prepare
from ..data.provenance import Provenance, remarks
from ..data.unlabelled import read_unlabelled
from ..errors import UserError
from ..evaluation.figures.drawing import draw_figures
from ..evaluation.fold_scores import FoldScores
from ..evaluation.kept_promises import trust_lines
from ..evaluation.page.shading import shaded_mistakes
from ..evaluation.page.writing import write_page
from ..evaluation.promises import allowed
from ..evaluation.report import quick_metrics
from ..evaluation.table import show_gate, show_results
from ..evaluation.verdict import Facts, Verdict, check_options, conclude
from ..hub.data_texts import remember_texts
from ..hub.publish import publish
from ..labels import LabelSpace
from ..models.checkpoint import prepare_tokenizer
from ..models.encoder import build, for_linear_model
from ..models.families import FAMILIES as LINEAR_HEADS
from ..models.limits import longest_input
from ..recipe import Recipe, read_recipe, recipe_text
from ..run_folder import RunFolder
from ..screen import Screen
from ..training.fit import Fitted, fit
from ..training.linear_fit import fit_features, fit_fine_tuned_features
from ..training.selection import Metrics
from ..training.teaching_settings import INJECTED, teaches

PROMISES = ("abstain_risk", "abstain_confidence", "set_coverage", "set_by_label")


def fit_few_shot(*splits: Any, **settings: Any) -> Fitted:
    """Train by contrast; sentence-transformers, which takes seconds to import, is for who asked for it."""
    from ..training.few_shot import fit_few_shot

    return fit_few_shot(*splits, **settings)


FAMILIES: dict[str, Callable[..., Fitted]] = {  # --family -> what trains: each takes, writes, returns what `fit` does
    "fine_tune": fit,
    "features": fit_features,
    "fine_tuned_features": fit_fine_tuned_features,
    "few_shot": fit_few_shot,
}
FEW, MANY = 64, 500  # texts a label up to which contrast between texts is meant, and beyond which it reads too few
ENDED = "README.md"  # of a run folder: written last


def run_recipe(argv: Sequence[str], folder: Path) -> Recipe:
    """Return the recipe of one run of a study, written to `folder`, or going on there; it publishes nothing."""
    recipe = read_recipe(argv)
    recipe.fit.output_dir = str(folder)
    recipe.fit.resume_from_checkpoint = str(folder) if folder.exists() else None
    return recipe._replace(publish=replace(recipe.publish, push=None, public=False, space=None, export="none"))


def without_promises(recipe: Recipe) -> Recipe:
    """Return a recipe that promises nothing: for parts of a study, whose models nobody will ask."""
    usual = MeasureArguments()
    kept = {name: getattr(usual, name) for name in PROMISES}
    return recipe._replace(measure=replace(recipe.measure, **kept))


class Ready(NamedTuple):
    """A model and rows that were looked at: all that a training takes."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    prepared: Prepared
    loaded: LoadedData
    unlabelled: Dataset | None = None

    @property
    def validation(self) -> Dataset:
        """Return the validation rows."""
        return self.prepared.splits["validation"]

    @property
    def provenance(self) -> Provenance:
        """Return where the rows come from."""
        return self.loaded.provenance


def load(recipe: Recipe, screen: Screen) -> LoadedData:
    """Read the recipe's data into splits, once for all processes, and say what was guessed."""
    if not (recipe.data.dataset or recipe.data.train_file):
        raise UserError(
            "There are no labels yet. Type python train.py --unlabelled FILE --teacher_url URL --teacher MODEL to get "
            "a sample to label by hand, or give labelled rows with --dataset."
        )
    _check_injected(recipe)
    with recipe.fit.main_process_first():
        loaded = load_splits(recipe.data, guarantee=recipe.measure.promises)
    screen.show([*loaded.provenance.notes, *allowed(recipe.measure, loaded.splits)])
    return loaded


def _check_injected(recipe: Recipe) -> None:
    """Refuse what does not go with clusters at the model's input.

    Raises:
        UserError: naming it.
    """
    if recipe.fit.cluster_inject not in INJECTED:
        return
    publish, refused = recipe.publish, f"--cluster_inject {recipe.fit.cluster_inject}"
    wrong = {
        "--export": publish.export != "none",
        "--space": publish.space is not None,
        "--lora": recipe.model.lora != "none",
        "--family": recipe.fit.family != "fine_tune",
        "--padding_free on": recipe.fit.padding_free == "on",
        "--long_text windows": recipe.data.long_text == "windows",
        "--unlabelled": recipe.data.unlabelled is not None,
    }
    if found := [name for name, is_set in wrong.items() if is_set]:
        raise UserError(
            f"{refused} does not go with {found[0]}: the model needs a second one for each text, and code of its own. "
            "Leave it out, or choose --cluster_inject target."
        )
    if recipe.fit.cluster_inject == "embedding":
        recipe.fit.padding_free = "off"  # it would take the rows apart before the cluster is taken out of them


def make_ready(recipe: Recipe, loaded: LoadedData, screen: Screen, look: Callable[..., Audit] = audit) -> Ready:
    """Build the model, look the rows over by `look` and prepare them; what was resolved goes into `recipe`.

    Raises:
        UserError: options that do not fit the data, a model that cannot be built, `strict` and leaks.
    """
    splits, provenance = loaded
    labels = LabelSpace.from_features(splits["train"].features)
    check_options(recipe.measure, labels)
    settings = _resolved(recipe, labels)
    set_seed(recipe.fit.seed)
    model, tokenizer = build(settings, labels)
    recipe.data.dataset_revision = provenance.revision or recipe.data.dataset_revision  # as resolved, for recipe.yaml
    recipe.model.model_revision = model.config._commit_hash or recipe.model.model_revision
    prepare_tokenizer(tokenizer, normalizer(recipe.data.clean))
    limit = longest_input(model.config, tokenizer)
    prepared = prepare(splits, tokenizer, recipe.data, limit=limit, seed=recipe.fit.seed, look=look)
    screen.show([*prepared.lines, *_better_suited(recipe, model.config.model_type, prepared.splits["train"], labels)])
    if "text_pair" in prepared.splits["train"].column_names:
        model.config.text_columns = list(provenance.text_columns)  # what the Space calls its two boxes
    return Ready(model, tokenizer, prepared, loaded, _unlabelled(recipe, prepared, provenance, screen))


def _unlabelled(recipe: Recipe, prepared: Prepared, provenance: Provenance, screen: Screen) -> Dataset | None:
    """Read the texts that a teacher labels, without any that stands in a split."""
    if recipe.data.unlabelled is None:
        return None
    if recipe.fit.teacher is None:
        raise UserError("--unlabelled texts are labelled by a --teacher, which is missing; add it, or leave them out.")
    with recipe.fit.main_process_first():
        found = read_unlabelled(recipe.data, provenance.text_columns, prepared.splits)
    screen.show([found.line])
    return found.rows


def _resolved(recipe: Recipe, labels: LabelSpace) -> ModelArguments:
    """Return the model's settings as `--family` completes them, and take the cuts that go with it."""
    linear = recipe.fit.family != "fine_tune"
    svm = linear and recipe.fit.chosen_linear_model == "svm"
    if recipe.measure.threshold_aim == "auto" and labels.multi_label:
        recipe.measure.threshold_aim = "own" if svm else "f1"
    if not linear:
        if recipe.fit.linear_model != FitOptions.linear_model:
            raise UserError("--linear_model does nothing with --family fine_tune; add --family features.")
        return recipe.model
    if teaches(recipe.fit):
        raise UserError(
            f"A teacher teaches by --family fine_tune; --family {recipe.fit.family} learns from labels only."
        )
    return for_linear_model(recipe.model, recipe.fit.family)


def _better_suited(recipe: Recipe, kind: str, train: Dataset, labels: LabelSpace) -> list[str]:
    """Return the line that names the family which so many texts a label speak for, where another was chosen."""
    gold, family = labels.gold(train), recipe.fit.family
    counts = gold.sum(axis=0) if labels.multi_label else np.bincount(gold, minlength=len(labels))
    texts, taught = int(np.median(counts)), teaches(recipe.fit)
    if family == "fine_tune" and texts <= FEW and kind in LINEAR_HEADS and recipe.model.lora == "none" and not taught:
        return [f"Half of the labels have {texts} training texts or fewer: --family few_shot is made for up to {FEW}."]
    if family == "few_shot" and texts > MANY:
        return [
            f"Half of the labels have {texts} training texts or more: --family fine_tune learns more from so many."
        ]
    return []


def train_ready(recipe: Recipe, ready: Ready, metrics: Metrics = quick_metrics) -> Fitted:
    """Train on the training rows, choosing the checkpoint on validation by one of `metrics`."""
    train, validation, chat, injection = ready.prepared.splits["train"], ready.validation, None, None
    args, longest, code = recipe.fit, ready.prepared.max_length, recipe.model.trust_remote_code
    if teaches(args):
        from ..training.teaching import taught  # sentence encoders: for who asked for them

        train, chat = taught(train, validation, ready.unlabelled, args, code)
    if args.cluster_inject in INJECTED:
        from ..training.injection import inject

        injection = inject(ready.model, ready.tokenizer, (train, validation), args, code)
        train, validation = injection.train, injection.validation
        longest = min(longest + 1, longest_input(ready.model.config, ready.tokenizer))
    fitted = FAMILIES[args.family](
        *(ready.model, ready.tokenizer, train, validation, args), max_length=longest, metrics=metrics
    )
    if args.process_index == 0:
        if injection:
            injection.finish(fitted.path, args.cluster_inject)
        if chat:
            RunFolder(fitted.path).write_json("teacher.json", chat)
    return fitted


def measure_run(recipe: Recipe, ready: Ready, fitted: Fitted, told: FoldScores | None = None) -> Verdict:
    """Write down how a run was made, settle it on validation and measure it on test, once; on process 0 only.

    `told` are training rows scored out of fold, where they were.
    """
    run, provenance = RunFolder(fitted.path), ready.provenance
    run.write_text("recipe.yaml", recipe_text(recipe, remarks(provenance)))
    run.write_json("audit.json", ready.prepared.audit)
    remember_texts(run, ready.loaded.splits, [*provenance.text_columns, *provenance.label_columns])
    facts = Facts(provenance.to_dict(), fitted.training, fitted.selection)
    return conclude(run, ready.prepared.splits, facts, recipe, told)


def illustrate(run: RunFolder, verdict: Verdict, validation: Dataset) -> None:
    """Draw the figures and write the page, with the words behind the surest mistakes."""
    evaluation = verdict.evaluation
    draw_figures(run, evaluation, verdict.test, verdict.validation)
    shades = shaded_mistakes(run, evaluation, verdict.validation, validation)
    write_page(run, evaluation, verdict.test, verdict.validation, validation, shades)


def tell(recipe: Recipe, run: RunFolder, screen: Screen) -> None:
    """Show the table, write the card, export and publish where the recipe says so."""
    evaluation = run.read_json("evaluation.json")
    screen.show(trust_lines(evaluation))
    show_results(evaluation, run.path)
    shutil.rmtree(run.path / "onnx", ignore_errors=True)  # what an earlier training left exported
    if recipe.publish.export == "onnx":
        from ..evaluation.exporting import export_run  # ONNX's packages: for who asked for them

        show_gate(export_run(run), run.path)
    publish(run, recipe.publish)
