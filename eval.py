"""Measure any classifier on any labelled data: a run folder, or somebody else's model on the Hub.

python eval.py MODEL --dataset D [--split S] [--output FOLDER] ...     every data option of train.py is understood
"""

from textclf.arguments import DataArguments, EvalOptions
from textclf.errors import UserError, run_command
from textclf.flags import build_parser, parse
from textclf.recipe import show_help

USAGE = "python eval.py MODEL --dataset D [--split S] [--output FOLDER] [--key value ...]"
GROUPS = (DataArguments, EvalOptions)


def main(argv: list[str]) -> None:
    """Read the options and measure."""
    if show_help(argv, USAGE, GROUPS):
        return
    if not argv or argv[0].startswith("-"):
        raise UserError(f"Give a run folder or a Hub id first: {USAGE}")
    evaluate(argv[0], *parse(build_parser(GROUPS), argv[1:]))


def evaluate(model: str, data: DataArguments, options: EvalOptions) -> None:
    """Load the model and the split, match their labels, measure, show and write the figures."""
    # torch and the rooms: only once --help and faulty options are out of the way
    from pathlib import Path

    from textclf.data.splits_to_measure import split_to_measure
    from textclf.evaluation.held_out import recorded_data, training_note
    from textclf.evaluation.matching import match_labels
    from textclf.evaluation.predictions import write_predictions
    from textclf.evaluation.report import measure
    from textclf.evaluation.table import show_report
    from textclf.inference.classifier import Classifier
    from textclf.run_folder import RunFolder
    from textclf.screen import Screen

    screen = Screen()
    classifier = Classifier.load(model, trust_code=options.trust_remote_code)
    chosen = split_to_measure(data, options.split)
    matched = match_labels(chosen.rows, classifier.labels)
    notes = [*chosen.notes, *filter(None, [matched.note, training_note(recorded_data(model), chosen)])]
    screen.show(notes)
    report = measure(classifier, matched.split, draws=options.bootstrap_draws)
    found = {
        "model": model,
        "task": classifier.labels.problem_type,
        "split": chosen.name,
        "labels": list(classifier.labels.names),
        "data": chosen.provenance.to_dict(),
        "notes": notes,
        **report.to_dict(),
    }
    show_report(found)
    if options.output:
        folder = RunFolder(Path(options.output))
        folder.write_json("evaluation.json", found)
        write_predictions(folder, chosen.name, matched.split, report)


if __name__ == "__main__":
    run_command(main)
