"""Data sets on the Hub: a quick look whether they are there, then `load_dataset`; one sentence for each failure."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import datasets
import httpx2
from datasets.naming import camelcase_to_snakecase
from huggingface_hub import DatasetInfo, HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from ...errors import UserError, did_you_mean
from .raw_split import RawSplit, from_dataset
from .repository_names import read_by_own_names

logger = logging.getLogger(__name__)

# One short look before `load_dataset`, whose own retries take most of a minute when the Hub is away.
PROBE_SECONDS = 5.0


class HubDataset(NamedTuple):
    """A data set from the Hub and the commit it was read at (None when it came from the cache of an absent Hub)."""

    splits: datasets.DatasetDict
    revision: str | None
    licence: str | None = None
    languages: tuple[str, ...] = ()


def load_from_hub(repo_id: str, config: str | None, revision: str | None, known_here: Iterable[str]) -> HubDataset:
    """Load a Hub data set, private ones with the token of the environment; absent the Hub, from the local cache.

    `known_here` are names that would have been understood without the Hub, for "did you mean".

    Raises:
        UserError: there is no such data set, revision or configuration, or the Hub is away and nothing is cached.
    """
    nearest = did_you_mean(repo_id, known_here)
    info = _look(repo_id, revision, nearest)
    if info is None and not _is_cached(repo_id):
        raise UserError(_away(repo_id, nearest))
    commit = info.sha if info else None
    try:
        splits = datasets.load_dataset(repo_id, config, revision=commit or revision)
    except (ConnectionError, httpx2.HTTPError, FileNotFoundError) as error:
        raise UserError(_away(repo_id, nearest)) from error
    except datasets.exceptions.DatasetNotFoundError as error:
        raise UserError(f"{error}{nearest}") from error
    except RuntimeError as error:
        if "scripts are no longer supported" not in str(error):
            raise
        raise UserError(
            f"The Hub data set {repo_id} is a loading script, which `datasets` no longer runs; "
            "try --dataset_revision refs/convert/parquet, or download its files and give those."
        ) from error
    except ValueError as error:
        _explain_config(repo_id, config, str(error))
        raise
    card = info.card_data.to_dict() if info and info.card_data else {}
    languages, licence = card.get("language") or [], card.get("license")
    return HubDataset(
        splits,
        commit,
        licence if isinstance(licence, str) else None,
        (languages,) if isinstance(languages, str) else tuple(map(str, languages)),
    )


def raw_splits(loaded: HubDataset, repo_id: str, config: str | None) -> dict[str, RawSplit]:
    """Return the splits as raw ones, label ids by the names of the files that they come from."""
    own = {}
    if loaded.revision:  # else its files cannot be looked at
        builder = datasets.load_dataset_builder(repo_id, config, revision=loaded.revision)
        own = read_by_own_names(builder, loaded.splits)
    return own or {split: from_dataset(rows, split) for split, rows in loaded.splits.items()}


def _look(repo_id: str, revision: str | None, nearest: str) -> DatasetInfo | None:
    """Return what the Hub says about a data set, or None when it is away and only a cached copy can help."""
    try:
        return HfApi().dataset_info(repo_id, revision=revision, timeout=PROBE_SECONDS)
    except GatedRepoError as error:
        raise UserError(
            f"The Hub data set {repo_id} is gated: accept its terms on its page, then run `hf auth login`."
        ) from error
    except RevisionNotFoundError as error:
        raise UserError(f"The Hub data set {repo_id} has no revision {revision!r}.") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise UserError(
            f"{repo_id!r} is no dataset script, no file or folder here, and no data set on the Hub that you can read."
            f"{nearest} A private one needs `hf auth login` or HF_TOKEN."
        ) from error
    except HfHubHTTPError as error:
        if error.response.status_code < 500 and error.response.status_code != 429:
            raise UserError(f"The Hub refused {repo_id}: {error.server_message or error}") from error
        return None
    except (OfflineModeIsEnabled, ConnectionError, httpx2.HTTPError):
        return None


def _is_cached(repo_id: str) -> bool:
    """Say whether `load_dataset` has ever prepared this data set here (`NS/NAME` is kept as `NS___name`)."""
    namespace, _, name = repo_id.rpartition("/")
    folder = "___".join([*([namespace] if namespace else []), camelcase_to_snakecase(name)])
    return any(Path(datasets.config.HF_DATASETS_CACHE, folder).glob("*/*/*"))


def _away(repo_id: str, nearest: str) -> str:
    return (
        f"{repo_id!r} is no dataset script and no file or folder here, and the Hub cannot be reached to look for it."
        f"{nearest} Check the connection (and HF_HUB_OFFLINE), or give a file."
    )


def _explain_config(repo_id: str, config: str | None, message: str) -> None:
    """Turn the `ValueError` of a missing or unknown configuration into a sentence."""
    if "Config name is missing" in message or "BuilderConfig" in message:
        available = message[message.find("[") + 1 : message.find("]")].replace("'", "")
        found = f"has no configuration {config!r}" if config else "has several configurations"
        near = did_you_mean(config or "", available.split(", "))
        raise UserError(f"The data set {repo_id} {found}; choose one with --dataset_config: {available}.{near}")
