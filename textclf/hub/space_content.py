"""What a Space of a run holds: the page, its header for this model, the examples, what is to be installed."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Literal, NamedTuple

import pyarrow.parquet as pq
import yaml
from huggingface_hub import constants

from ..errors import UserError
from ..inference.onnx_folder import GATE
from ..run_folder import RunFolder
from .card import language_of_run, read_recipe_values
from .leaks import secrets_in
from .manifest import with_manifest
from .push_arguments import PushArguments
from .space_folder import FOLDER, FULL, STATIC, describe_run, gradio_files, static_files
from .space_kind import ZERO, Kind
from .uploads import Upload

EXAMPLES = "examples.json"
ZERO_PYTHON = "3.12.12"  # ZeroGPU has this one and 3.10.13
_LONGEST_EXAMPLE = 400  # characters of a validation text that is shown as an example


class Form(NamedTuple):
    """How a Space shows its model."""

    kind: Kind = "gradio"
    engine: Literal["torch", "onnx"] = "torch"  # what a Gradio Space installs
    hardware: str | None = None  # None: what the Hub gives by itself
    commit: str = "main"  # of the model, whose files a static page reads: always those that it was made for


def engine_for(run: RunFolder, hardware: str | None, arrived: Collection[str]) -> Literal["torch", "onnx"]:
    """Return what a Gradio Space scores with: ONNX Runtime where it gives torch's scores, and no GPU waits for torch.

    `arrived`: the files of the model on the Hub.
    """
    on_cpu = hardware is None or hardware.startswith("cpu-")
    if not on_cpu or not {FULL, GATE} <= set(arrived) or not (run.path / GATE).is_file():
        return "torch"
    outcome = run.read_json(GATE).get("engines", {}).get("onnx", {}).get("outcome")
    return "onnx" if outcome == "passed" else "torch"


def space_files(run: RunFolder, arguments: PushArguments, form: Form) -> list[Upload]:
    """Return the files of the Space: the page, its header for this model, the examples if there are any."""
    examples = examples_for_space(run, arguments)
    for found in secrets_in(text for row in examples for text in row):
        raise UserError(f"An example text of the Space {found.says}. Choose other --examples.")
    if form.kind == "static":
        base = f"{constants.ENDPOINT}/{arguments.repo_id}/resolve/{form.commit}/"
        uploads = static_files(run, _about(run, arguments, examples), base)
    else:
        uploads = gradio_files(form.engine)
        if examples:
            uploads.append(Upload(EXAMPLES, json.dumps(examples, ensure_ascii=False, indent=2).encode()))
    uploads.append(Upload("README.md", _readme(run, arguments, form).encode()))
    return with_manifest(run, "space", uploads)


def _about(run: RunFolder, arguments: PushArguments, examples: list[list[str]]) -> dict[str, Any]:
    """Return what the page says of a run, under the name that its repo has."""
    about = describe_run(run, language_of_run(run, arguments))
    repo_id = arguments.repo_id or ""
    about |= {"name": repo_id.split("/")[-1], "card": f"{constants.ENDPOINT}/{repo_id}"}
    if arguments.dataset_repo:
        about["data"] = f"{constants.ENDPOINT}/datasets/{arguments.dataset_repo}"
    return about | ({"examples": examples} if examples else {})


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


def examples_in(name: str, content: bytes) -> list[list[str]]:
    """Return the example rows in a Space's file of that name; none where its owner made something else of it."""
    try:
        found = json.loads(content)
    except ValueError:
        return []
    rows = found if name == EXAMPLES else found.get("examples") if isinstance(found, dict) else None
    return rows if isinstance(rows, list) else []


def _readme(run: RunFolder, arguments: PushArguments, form: Form) -> str:
    """Return the header of `space/README.md` or that of the static page, filled in for this model."""
    folder = STATIC if form.kind == "static" else FOLDER
    _, header, body = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    values: dict[str, Any] = yaml.safe_load(header)  # Any: whatever the header holds
    values["title"] = (arguments.repo_id or "").split("/")[-1].replace("-", " ").replace("_", " ").strip()
    values["models"] = [arguments.repo_id]
    if arguments.dataset_repo:
        values["datasets"] = [arguments.dataset_repo]
    licence = arguments.license or read_recipe_values(run).get("license")
    if licence:
        values["license"] = licence
    if form.hardware == ZERO:
        values |= {"python_version": ZERO_PYTHON, "suggested_hardware": ZERO}
    return f"---\n{yaml.safe_dump(values, allow_unicode=True, sort_keys=False)}---\n{body}"
