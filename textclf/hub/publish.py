"""Publishing from the first check to the last: model repo, what a stranger gets from it, Space, data set repo."""

from __future__ import annotations

import shlex
from dataclasses import replace
from importlib.util import find_spec

from huggingface_hub import constants
from rich.console import Console

from ..arguments import PublishArguments
from ..errors import UserError
from ..house import as_typed
from ..run_folder import RunFolder, refuse_clustered
from .card import card_example, language_of_run, read_recipe_values, render_card
from .card_sample import remember_sample
from .dataset_repo import check_dataset, publish_dataset, reload_splits
from .destination import check_destination, stays_private
from .inspection import staying_home
from .network import patience
from .push import Pushed, check_terms, model_files, push
from .push_arguments import PushArguments
from .space import READ_TOKEN, SpacePushed, check_space, publish_space
from .space_content import Form, engine_for, space_files
from .space_kind import Kind
from .uploads import Upload, shown_size


def check_before_training(options: PublishArguments) -> None:
    """Find out before the first second of training whether `--push`, `--space` and `--export` can work.

    Nothing is changed.

    Raises:
        UserError: they cannot.
        ModuleNotFoundError: a package that `--export` wants is not installed.
    """
    if options.export == "onnx":
        for package in ("onnx", "onnxscript", "onnxruntime"):
            if find_spec(package) is None:
                raise ModuleNotFoundError(name=package)
    if options.space and not options.push:
        raise UserError("--space shows a model of the Hub; add --push NS/NAME.")
    arguments = PushArguments.from_recipe(options)
    if options.push:
        check_all(arguments)


def publish(run: RunFolder, options: PublishArguments) -> None:
    """Write the run's card, and publish the run if the recipe says where.

    Raises:
        UserError: it could not be published; the run is finished all the same.
    """
    arguments = PushArguments.from_recipe(options)
    write_card(run, arguments)
    if not options.push:
        return
    try:
        publish_run(run, arguments)
    except UserError as error:  # what it says about the same command is said to those who type this one
        raise UserError(f"{error} The run is finished; without training again: {command(run, arguments)}") from error


def write_card(run: RunFolder, arguments: PushArguments | None = None) -> None:
    """Write the run's card anew, as its files now say, with what the model answers to its example."""
    remember_sample(run, card_example(run, arguments or PushArguments()))
    run.write_text("README.md", str(render_card(run, arguments)))


def command(run: RunFolder, arguments: PushArguments) -> str:
    """Return what to type to push a run again, whichever command pushed it first."""
    words = ["python", "push_to_hub.py", str(run.path), "--repo-id", arguments.repo_id or "NAMESPACE/NAME"]
    for name, usual in vars(PushArguments()).items():
        value = getattr(arguments, name)
        if value != usual and name not in {"repo_id", "dry_run"}:
            given = [] if value is True else value if isinstance(value, list) else [str(value)]
            words += [f"--{name.replace('_', '-')}", *given]
    return shlex.join(words)


def check_all(arguments: PushArguments, run: RunFolder | None = None) -> None:
    """Look at every repo that is to be written, before any of them is; `run` is None before it is trained.

    Raises:
        UserError: one of them cannot be written.
    """
    if not arguments.repo_id:
        raise UserError("Give the model repo by --repo-id NAMESPACE/NAME.")
    with patience(arguments.timeout):
        found = [
            check_destination(
                arguments.repo_id,
                public=arguments.public,
                create_pr=arguments.create_pr,
                revision=arguments.revision or "main",
            )
        ]
        if checked := check_space(arguments, run):
            found.append(checked.destination)
        if arguments.dataset_repo:
            found.append(check_destination(arguments.dataset_repo, kind="dataset", public=arguments.public))
        check_terms(arguments)
    if checked and checked.chosen.remark:
        _say(checked.chosen.remark)
    for destination in found:
        if remark := stays_private(destination, arguments.public):
            _say(remark)


def publish_run(run: RunFolder, arguments: PushArguments) -> None:
    """Publish a finished run where the arguments say, check what arrived, and tell.

    Raises:
        UserError: something could not be published, or what arrived is not what was measured.
    """
    if arguments.space:
        refuse_clustered(run.path, "--space")
    uploads = model_files(run, arguments)
    if arguments.dataset_repo:
        check_dataset(run, arguments)
    if arguments.dry_run:
        show_plan(run, arguments, uploads)
        return
    check_all(arguments, run)
    splits = reload_splits(run, arguments) if arguments.dataset_repo else None
    pushed = push(run, arguments, uploads)
    show_push(pushed, uploads)
    if arguments.dataset_repo:
        publish_dataset(run, arguments, splits)
        _say(f"The data set is at {constants.ENDPOINT}/datasets/{arguments.dataset_repo}.")
    for hint in hints(run, arguments):
        _say(hint)
    if arguments.space:
        show_space(publish_space(run, arguments), run, arguments)


def show_plan(run: RunFolder, arguments: PushArguments, uploads: list[Upload]) -> None:
    """Print what would go up and what stays at home."""
    _say(f"Would go to {arguments.repo_id or 'NAMESPACE/NAME'} ({'public' if arguments.public else 'private'}):")
    width = max(len(upload.path) for upload in uploads)
    for upload in uploads:
        _say(f"  {upload.path:<{width}}  {shown_size(upload.size):>9}")
    _say(f"  {len(uploads)} files, {shown_size(sum(upload.size for upload in uploads))} in one commit")
    if arguments.space:
        kind: Kind = "static" if arguments.space_kind == "static" else "gradio"
        engine = engine_for(run, arguments.space_hardware, {upload.path for upload in uploads})
        files = space_files(run, arguments, Form(kind, engine, arguments.space_hardware))
        _say(f"Would go to the Space {arguments.space}: {', '.join(upload.path for upload in files)}")
    if arguments.dataset_repo:
        _say(f"Would go to the data set repo {arguments.dataset_repo}: the three splits and a card")
    if home := staying_home(run, uploads):
        _say(f"Stays at home: {', '.join(home)}")
    for hint in hints(run, arguments):
        _say(hint)


def show_push(pushed: Pushed, uploads: list[Upload]) -> None:
    """Print what a push did."""
    size = shown_size(sum(upload.size for upload in uploads))
    _say(
        f"Checked: loaded by its id in a fresh process, it gives the measured labels and scores of "
        f"{pushed.agreement.rows} test texts (largest difference {pushed.agreement.largest_difference:.1e}), and all "
        "checksums agree."
    )
    if pushed.committed.pull_request:
        _say(f"Proposed {len(uploads)} files ({size}) to {pushed.repo_id} in a pull request.")
    elif pushed.committed.changed:
        _say(f"Pushed {len(uploads)} files ({size}) to {pushed.repo_id} in commit {pushed.committed.commit[:8]}.")
    else:
        _say(f"{pushed.repo_id} holds all {len(uploads)} files already, so there is no new commit.")
    _say(pushed.address)


def hints(run: RunFolder, arguments: PushArguments) -> list[str]:
    """Return what the card lacks because only the user can know it."""
    recipe = read_recipe_values(run)
    found, again = [], replace(arguments, tag=None)  # which is set already
    if not (arguments.license or recipe.get("license")):
        again = replace(again, license="apache-2.0")
        found.append(f"The card names no licence. To name one: {command(run, again)}")
    if not language_of_run(run, arguments):
        again = replace(again, language="en")
        found.append(f"The card names no language. To name it: {command(run, again)}")
    return found


def show_space(pushed: SpacePushed, run: RunFolder, arguments: PushArguments) -> None:
    """Print where the Space is, and what it still lacks."""
    done = "shows the model" if pushed.committed.changed else "is as it was"
    by = " by Gradio" if pushed.kind == "gradio" else " in the visitor's browser"
    _say(f"The Space {done}{by if pushed.committed.changed else ''}: {constants.ENDPOINT}/spaces/{pushed.space_id}")
    if pushed.taken_back:
        _say(
            "Examples of an earlier push are gone from it; its older commits still hold them. To take them out of "
            f'those too: python -c "from huggingface_hub import HfApi; HfApi().super_squash_history('
            f"'{pushed.space_id}', repo_type='space')\""
        )
    if pushed.token_removed:
        _say("Its secret HF_TOKEN is removed: a static Space reads no secrets.")
    if pushed.needs_token:
        _say(
            f"{arguments.repo_id} is private, so the Space needs a token that may read it: set {READ_TOKEN} to a "
            f"read-only token and type {command(run, arguments)}, or add it as the secret HF_TOKEN in the Space's "
            "settings."
        )


def _say(line: str) -> None:
    Console(soft_wrap=True).print(as_typed(line), markup=False, highlight=False)
