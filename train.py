"""Train a text classifier, measure it honestly, leave a run folder that `pipeline()` can load.

python train.py [RECIPE.yaml] [--key value ...]     no arguments: the embedded default
accelerate launch train.py ...                      several processes (accelerate_config.yaml)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textclf.data.first_look import look_first
from textclf.errors import run_command

if TYPE_CHECKING:
    from textclf.recipe import Recipe

USAGE = "python train.py [RECIPE.yaml] [--key value ...]"


def main(argv: list[str]) -> None:
    """Look at the data, read the recipe and follow it."""
    look_first(argv)  # before anything is loaded: what is wrong with a file is said at once
    from textclf.recipe import read_recipe, show_help

    if not show_help(argv, USAGE):
        train(read_recipe(argv))


def train(recipe: Recipe) -> None:
    """Go the whole way: load, build, check, fit, conclude, tell, and publish where --push says so."""
    # torch and the stages: only once --help and faulty recipes are out of the way
    from transformers import set_seed

    from textclf.data.cleaning import normalizer
    from textclf.data.loading import load_splits
    from textclf.data.preparation import prepare
    from textclf.data.provenance import remarks
    from textclf.evaluation.exporting import export_if_asked
    from textclf.evaluation.figures.drawing import draw_figures
    from textclf.evaluation.kept_promises import trust_lines
    from textclf.evaluation.page.writing import write_page
    from textclf.evaluation.promises import allowed
    from textclf.evaluation.report import quick_metrics
    from textclf.evaluation.table import show_results
    from textclf.evaluation.verdict import Facts, check_options, conclude
    from textclf.hub.data_texts import remember_texts
    from textclf.hub.publish import check_before_training, publish
    from textclf.labels import LabelSpace
    from textclf.models.checkpoint import prepare_tokenizer
    from textclf.models.encoder import build
    from textclf.models.limits import longest_input
    from textclf.recipe import recipe_text
    from textclf.run_folder import RunFolder
    from textclf.screen import Screen
    from textclf.training.fit import fit
    from textclf.training.resume import find_place

    args = recipe.fit
    if not args.resume_from_checkpoint:
        args.output_dir = args.output_dir or str(RunFolder.free(recipe.name))
    screen = Screen(quiet=args.process_index > 0)
    find_place(args)  # a folder in use, or nothing to go on with: said before any time is spent, as the next
    check_before_training(recipe.publish)
    with args.main_process_first():
        splits, provenance = load_splits(recipe.data, guarantee=recipe.measure.promises)
    screen.show([*provenance.notes, *allowed(recipe.measure, splits)])
    labels = LabelSpace.from_features(splits["train"].features)
    check_options(recipe.measure, labels)
    set_seed(args.seed)
    model, tokenizer = build(recipe.model, labels)
    recipe.data.dataset_revision = provenance.revision or recipe.data.dataset_revision  # as resolved, for recipe.yaml
    recipe.model.model_revision = model.config._commit_hash or recipe.model.model_revision
    prepare_tokenizer(tokenizer, normalizer(recipe.data.clean))
    limit = longest_input(model.config, tokenizer)
    prepared = prepare(splits, tokenizer, recipe.data, limit=limit, seed=args.seed)
    screen.show(prepared.lines)
    if "text_pair" in prepared.splits["train"].column_names:
        model.config.text_columns = list(provenance.text_columns)  # what the Space calls its two boxes
    train_rows, validation = prepared.splits["train"], prepared.splits["validation"]
    fitted = fit(model, tokenizer, train_rows, validation, args, max_length=prepared.max_length, metrics=quick_metrics)
    if args.process_index > 0:
        return  # what is left is one process's work
    run = RunFolder(fitted.path)
    run.write_text("recipe.yaml", recipe_text(recipe, remarks(provenance)))
    run.write_json("audit.json", prepared.audit)
    remember_texts(run, splits, [*provenance.text_columns, *provenance.label_columns])
    verdict = conclude(run, prepared.splits, Facts(provenance.to_dict(), fitted.training, fitted.selection), recipe)
    draw_figures(run, verdict.evaluation, verdict.test, verdict.validation)
    write_page(run, verdict.evaluation, verdict.test, verdict.validation, validation)
    screen.show(trust_lines(verdict.evaluation))
    show_results(verdict.evaluation, run.path)
    export_if_asked(run, recipe.publish.export)
    publish(run, recipe.publish)


if __name__ == "__main__":
    run_command(main)
