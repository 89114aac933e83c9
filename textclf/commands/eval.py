"""What `eval.py` and `textclf eval` do."""

from pathlib import Path

from ..arguments import DataArguments, EvalOptions
from ..data.first_look import look_first
from ..errors import UserError
from ..flags import build_parser, parse
from ..recipe import show_help

USAGE = "python eval.py MODEL --dataset D [--split S] [--output FOLDER] [--key value ...], or MODEL --claims"
GROUPS = (DataArguments, EvalOptions)


def main(argv: list[str]) -> None:
    """Read the options and measure."""
    if show_help(argv, USAGE, GROUPS):
        return
    if not argv or argv[0].startswith("-"):
        raise UserError(f"Give a run folder or a Hub id first: {USAGE}.")
    data, options = parse(build_parser(GROUPS), argv[1:])
    named = any(word.split("=")[0].replace("-", "_") in {"__dataset", "__train_file"} for word in argv)
    if options.claims:
        from ..hub.claims.command import check_card

        check_card(argv[0], data, options, replaced=named)
        return
    if not named:
        raise UserError(f"Say what to measure it on, with --dataset: {USAGE}")
    look_first(argv[1:], model=argv[0])
    evaluate(argv[0], data, options)


def evaluate(model: str, data: DataArguments, options: EvalOptions) -> None:
    """Load the model and the split, match their labels, measure, show and write the figures."""
    # torch and the rooms: only once --help and faulty options are out of the way
    from ..data.splits_to_measure import split_to_measure
    from ..evaluation.held_out import label_reading, recorded_data, training_note
    from ..evaluation.intervals import check_draws
    from ..evaluation.likeness import new_text_lines, on_new_texts
    from ..evaluation.matching import fields_note, match_labels
    from ..evaluation.predictions import check_place, write_predictions
    from ..evaluation.report import measure
    from ..evaluation.scorings import count_if_own
    from ..evaluation.slices import slice_figures
    from ..evaluation.table import show_report
    from ..inference.engines import load
    from ..run_folder import RunFolder
    from ..screen import Screen

    screen = Screen()
    check_draws(options.bootstrap_draws)
    check_place(options.output)
    classifier = load(model, options.engine, trust_code=options.trust_remote_code)
    recorded = recorded_data(model)
    chosen = split_to_measure(data, options.split, label_reading(recorded))
    matched = match_labels(chosen.rows, classifier.labels)
    said = [matched.note, fields_note(classifier.text_columns, recorded, chosen.rows), training_note(recorded, chosen)]
    notes = [*chosen.notes, *filter(None, [*said, count_if_own(model, matched.split)])]
    screen.show(notes)
    report = measure(classifier, matched.split, draws=options.bootstrap_draws)
    task = classifier.labels.problem_type
    found = {
        **{"model": model, "engine": classifier.engine, "task": task, "split": chosen.name},
        "labels": list(classifier.labels.names),
        "data": chosen.provenance.to_dict(),
        **report.to_dict(),
        "notes": [*notes, *report.notes],
        "slices": slice_figures(report, matched.split),
        **on_new_texts(model, classifier, matched.split, report),
    }
    show_report(found)
    screen.show(new_text_lines(found, chosen.name))
    if options.output:
        RunFolder(Path(options.output)).write_json("evaluation.json", found)
        write_predictions(RunFolder(Path(options.output)), chosen.name, matched.split, report)
