"""The Space of a model: the files of `space/`, told by a variable which model to show."""

from __future__ import annotations

import json
import logging
import os
import warnings
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import yaml
from huggingface_hub import HfApi, SpaceHardware, constants, get_token
from huggingface_hub.errors import HfHubHTTPError

from ..errors import UserError, did_you_mean
from ..run_folder import RunFolder
from .card import language_of_run, read_recipe_values
from .commits import Committed, commit_files
from .destination import Destination, check_destination
from .leaks import secrets_in
from .manifest import with_manifest
from .network import patience, persist
from .push import make_ready
from .push_arguments import PushArguments
from .space_folder import FOLDER, INT8, STATIC, describe_run, gradio_files, static_files
from .space_kind import ZERO, Chosen, Kind, choose_kind
from .uploads import Upload

logger = logging.getLogger(__name__)

EXAMPLES = "examples.json"
ZERO_PYTHON = "3.12.12"  # ZeroGPU has this one and 3.10.13
READ_TOKEN = "SPACE_HF_TOKEN"  # the name of an environment variable
_LONGEST_EXAMPLE = 400  # characters of a validation text that is shown as an example


class SpacePushed(NamedTuple):
    """What a Space's update did."""

    space_id: str
    committed: Committed
    kind: Kind
    needs_token: bool  # its model is private and it has no token to read it
    taken_back: bool  # example texts of an earlier push are gone, but for its history


class Reachable(NamedTuple):
    """A Space that may be made or changed, and the kind it is to be."""

    destination: Destination
    chosen: Chosen


def check_space(arguments: PushArguments, run: RunFolder | None = None) -> Reachable | None:
    """Look at everything about a Space that could be refused later; `run` is None before it is trained.

    Raises:
        UserError: unknown hardware, a kind that the account or the model cannot have, a token that should not be
            stored, a Space that cannot be written.
    """
    if not arguments.space:
        return None
    known = [str(hardware.value) for hardware in SpaceHardware]
    if arguments.space_hardware and arguments.space_hardware not in known:
        raise UserError(
            f"Unknown --space_hardware {arguments.space_hardware}.{did_you_mean(arguments.space_hardware, known)} "
            f"Known: {', '.join(known)}."
        )
    destination = check_destination(arguments.space, kind="space", public=arguments.public)
    chosen = choose_kind(arguments, destination, run)
    if chosen.kind == "gradio":
        _check_read_token(arguments.space)
    return Reachable(destination, chosen)


def publish_space(run: RunFolder, arguments: PushArguments) -> SpacePushed:
    """Create or update the Space of a published model, with all that it needs to start.

    The variable and the secret come before the files: the first start finds them.

    Raises:
        UserError: the Space could not be written.
    """
    api, space, model = HfApi(), arguments.space or "", arguments.repo_id or ""
    with patience(arguments.timeout):
        checked = check_space(arguments, run)
        assert checked is not None  # whoever calls this wants a Space
        destination, (kind, _) = checked
        info = persist(lambda: api.repo_info(model, revision=arguments.revision), "looking at the model", model)
        if kind == "static":
            _check_arrived(run, info)
        uploads = space_files(run, arguments, kind, info.sha)
        target = make_ready(destination, arguments, uploads)
        needs_token = False
        if kind == "gradio":
            _set_variable(api, space, model)
            needs_token = bool(info.private) and not _store_token(api, space, model)
        committed = commit_files(target, uploads, f"Show {model}")
        if arguments.space_hardware or arguments.space_sleep:
            _set_hardware(api, space, arguments)
    shown = {upload.path for upload in uploads}
    taken_back = EXAMPLES in destination.ours and EXAMPLES not in shown
    return SpacePushed(space, committed, kind, needs_token, taken_back)


def space_files(
    run: RunFolder, arguments: PushArguments, kind: Kind = "gradio", commit: str | None = None
) -> list[Upload]:
    """Return the files of the Space: the page, its header for this model, the examples if there are any.

    A static page reads the model's files at `commit` of its repo, so that they are always those that it was made for.
    """
    examples = examples_for_space(run, arguments)
    for found in secrets_in(text for row in examples for text in row):
        raise UserError(f"An example text of the Space {found.says}. Choose other --examples.")
    if kind == "static":
        base = f"{constants.ENDPOINT}/{arguments.repo_id}/resolve/{commit or 'main'}/"
        uploads = static_files(run, _about(run, arguments, examples), base)
    else:
        uploads = gradio_files()
        if examples:
            uploads.append(Upload(EXAMPLES, json.dumps(examples, ensure_ascii=False, indent=2).encode()))
    uploads.append(Upload("README.md", _readme(run, arguments, kind).encode()))
    return with_manifest(run, "space", uploads)


def _about(run: RunFolder, arguments: PushArguments, examples: list[list[str]]) -> dict[str, Any]:
    """Return what the page says of a run, under the name that its repo has."""
    about = describe_run(run, language_of_run(run, arguments))
    repo_id = arguments.repo_id or ""
    about |= {"name": repo_id.split("/")[-1], "card": f"{constants.ENDPOINT}/{repo_id}"}
    if arguments.dataset_repo:
        about["data"] = f"{constants.ENDPOINT}/datasets/{arguments.dataset_repo}"
    return about | ({"examples": examples} if examples else {})


def _check_arrived(run: RunFolder, info: Any) -> None:  # Any: ModelInfo
    """Refuse to show a model whose int8 file is not on the Hub, in a pull request that nobody merged say."""
    if INT8 not in {row.rfilename for row in info.siblings or ()}:
        raise UserError(
            f"{info.id} has no {INT8} on the Hub yet, which its static Space would run. Push {run.path} to its main "
            "branch, or merge the pull request, then run the same command again."
        )


def examples_for_space(run: RunFolder, arguments: PushArguments) -> list[list[str]]:
    """Return rows of one or two texts: the user's; or three of validation, if the user wants them shown; or none."""
    given = arguments.examples or read_recipe_values(run).get("examples")
    if given:
        pair = len(run.read_json("evaluation.json")["data"].get("text_columns") or []) == 2
        return [str(text).split("\n", 1) if pair else [str(text)] for text in given]  # of two fields each has a line
    if not arguments.examples_from_validation:
        return []
    rows = pq.read_table(run.path / "predictions" / "validation.parquet").to_pylist()
    chosen: dict[str, list[str]] = {}  # one of each label first, as the page should show different answers
    for row in rows:
        texts = [row["text"], *([row["text_pair"]] if row["text_pair"] else [])]
        if sum(map(len, texts)) <= _LONGEST_EXAMPLE and not any(secrets_in(texts)):
            chosen.setdefault(str(row["labels"]), texts)
    return list(chosen.values())[:3]


def _readme(run: RunFolder, arguments: PushArguments, kind: Kind) -> str:
    """Return the header of `space/README.md` or that of the static page, filled in for this model."""
    folder = STATIC if kind == "static" else FOLDER
    _, header, body = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    values: dict[str, Any] = yaml.safe_load(header)  # Any: whatever the header holds
    values["title"] = (arguments.repo_id or "").split("/")[-1].replace("-", " ").replace("_", " ").strip()
    values["models"] = [arguments.repo_id]
    if arguments.dataset_repo:
        values["datasets"] = [arguments.dataset_repo]
    licence = arguments.license or read_recipe_values(run).get("license")
    if licence:
        values["license"] = licence
    if kind == "gradio" and arguments.space_hardware == ZERO:
        values |= {"python_version": ZERO_PYTHON, "suggested_hardware": ZERO}
    return f"---\n{yaml.safe_dump(values, allow_unicode=True, sort_keys=False)}---\n{body}"


def _set_variable(api: HfApi, space: str, model: str) -> None:
    def action() -> None:
        present = api.get_space_variables(space).get("MODEL_ID")
        if present is None or present.value != model:
            api.add_space_variable(space, "MODEL_ID", model)

    persist(action, "setting the variable MODEL_ID", space)


def _set_hardware(api: HfApi, space: str, arguments: PushArguments) -> None:
    """Ask for hardware and sleep time; what the client warns of (free hardware sleeps when it likes) is a line."""

    def action() -> None:
        if arguments.space_hardware:
            api.request_space_hardware(
                space, SpaceHardware(arguments.space_hardware), sleep_time=arguments.space_sleep
            )
        elif arguments.space_sleep:
            api.set_space_sleep_time(space, arguments.space_sleep)

    with warnings.catch_warnings(record=True, action="always", category=UserWarning) as remarks:
        persist(action, "setting the hardware", space)
    for remark in remarks:
        logger.warning("%s", remark.message)


def _check_read_token(space: str) -> None:
    """Refuse to store a token that can do more than read."""
    token = os.environ.get(READ_TOKEN)
    if not token:
        return
    if token == get_token():
        raise UserError(
            f"{READ_TOKEN} is the token that pushes; a Space must not hold that. Make a read-only token at "
            "https://huggingface.co/settings/tokens."
        )
    try:
        account = persist(lambda: HfApi(token=token).whoami(), f"looking at {READ_TOKEN}", space)
    except UserError as error:
        raise UserError(str(error).replace(token, "***").replace("HF_TOKEN or", f"{READ_TOKEN} or")) from None
    access = account["auth"]["accessToken"]
    scopes = access.get("fineGrained", {})
    granted = {name for scope in scopes.get("scoped", []) for name in scope["permissions"]} | set(
        scopes.get("global", [])
    )
    if access["role"] == "write" or any(name.endswith("write") for name in granted):
        raise UserError(f"{READ_TOKEN} may write; a Space needs a token that can only read. Make a read-only one.")


def _store_token(api: HfApi, space: str, model: str) -> bool:
    """Give the Space the read token, if there is one and it can read the model; say if it has one now."""
    token = os.environ.get(READ_TOKEN)
    if not token:
        return "HF_TOKEN" in persist(lambda: api.get_space_secrets(space), "listing the secrets", space)

    def may_read() -> bool:
        try:
            HfApi(token=token).auth_check(model)
        except HfHubHTTPError as error:
            if error.response.status_code in (401, 403, 404):
                return False
            raise
        return True

    if not persist(may_read, f"trying {READ_TOKEN}", model):
        raise UserError(f"{READ_TOKEN} cannot read {model}. Make a read-only token of an account that may.")
    persist(lambda: api.add_space_secret(space, "HF_TOKEN", token), "storing the read token", space)
    return True
