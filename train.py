"""Train a text classifier, measure it honestly, leave a run folder that `pipeline()` can load.

python train.py [RECIPE.yaml] [--key value ...]     no arguments: the embedded default
accelerate launch train.py ...                      several processes (accelerate_config.yaml)
"""

from textclf.errors import run_command
from textclf.recipe import Recipe, read_recipe, recipe_text, show_help

USAGE = "python train.py [RECIPE.yaml] [--key value ...]"


def main(argv: list[str]) -> None:
    """Read the recipe and follow it."""
    if not show_help(argv, USAGE):
        train(read_recipe(argv))


def train(recipe: Recipe) -> None:
    """Go the whole way: load, build, check, fit, conclude, tell, and publish where --push says so."""
    # torch and the stages: only once --help and faulty recipes are out of the way
    from transformers import set_seed

    from textclf.data.loading import load_splits
    from textclf.data.preparation import prepare
    from textclf.evaluation.report import quick_metrics
    from textclf.evaluation.verdict import Facts, conclude
    from textclf.hub.publish import check_before_training, publish
    from textclf.labels import LabelSpace
    from textclf.models.encoder import build
    from textclf.models.limits import longest_input
    from textclf.run_folder import RunFolder
    from textclf.screen import Screen
    from textclf.training.fit import fit

    options = recipe.fit
    options.output_dir = options.output_dir or str(RunFolder.free(recipe.name))
    screen = Screen(quiet=options.process_index > 0)
    check_before_training(recipe.publish)
    with options.main_process_first():
        splits, provenance = load_splits(recipe.data)
    screen.show(provenance.notes)
    labels = LabelSpace.from_features(splits["train"].features)
    set_seed(options.seed)
    model, tokenizer = build(recipe.model, labels, clean=recipe.data.clean)
    limit = longest_input(model.config, tokenizer)
    splits, max_length, audit, findings = prepare(splits, tokenizer, recipe.data, limit=limit, seed=options.seed)
    screen.show(findings)
    fitted = fit(
        model, tokenizer, splits["train"], splits["validation"], options, max_length=max_length, metrics=quick_metrics
    )
    if options.process_index > 0:
        return  # the rest is one process's work
    run = RunFolder(fitted.path)
    run.write_text("recipe.yaml", recipe_text(recipe, provenance.remarks()))
    run.write_json("audit.json", audit)
    facts = Facts(provenance.to_dict(), fitted.training, fitted.selection)
    verdict = conclude(run, splits, facts, recipe.measure, long_text=recipe.data.long_text)
    publish(run, recipe.publish)
    screen.finish(run, verdict.evaluation)


if __name__ == "__main__":
    run_command(main)
