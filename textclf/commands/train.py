"""What `train.py` and `textclf train` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..data.first_look import look_first

if TYPE_CHECKING:
    from ..recipe import Recipe

USAGE = "python train.py [RECIPE.yaml] [--key value ...]"


def main(argv: list[str]) -> None:
    """Look at the data, read the recipe and follow it; of a study, read all its recipes and follow each."""
    look_first(argv)  # before anything is loaded: what is wrong with a file is said at once
    from ..arguments import OWN_GROUPS
    from ..recipe import read_recipe, show_help
    from ..studies.plan import StudyOptions, take_study

    if show_help(argv, USAGE, (*OWN_GROUPS, StudyOptions)):
        return
    study = take_study(argv)
    if study is None:
        train(read_recipe(argv))
    else:
        from ..studies.command import follow

        follow(study)


def train(recipe: Recipe) -> None:
    """Go the whole way: load, build, check, fit, conclude, tell, and publish where --push says so."""
    # torch and the stages: only once --help and faulty recipes are out of the way
    from ..hub.publish import check_before_training
    from ..run_folder import RunFolder
    from ..screen import Screen
    from ..studies.control import train_control
    from ..studies.hand_labels import put_out_sample
    from ..studies.one_run import illustrate, load, make_ready, measure_run, tell, train_ready
    from ..training.resume import find_place

    args, screen = recipe.fit, Screen(quiet=recipe.fit.process_index > 0)
    if put_out_sample(recipe, screen):
        return  # no labels yet: they come first
    if not args.resume_from_checkpoint:
        args.output_dir = args.output_dir or str(RunFolder.free(recipe.name))
    find_place(args)  # a folder in use, or nothing to go on with: said before any time is spent, as the next
    check_before_training(recipe.publish)
    loaded = load(recipe, screen)
    ready = make_ready(recipe, loaded, screen)
    fitted = train_ready(recipe, ready)
    train_control(recipe, loaded, fitted.path)
    if args.process_index > 0:
        return  # what is left is one process's work
    run = RunFolder(fitted.path)
    illustrate(run, measure_run(recipe, ready, fitted), ready.validation)
    tell(recipe, run, screen)
