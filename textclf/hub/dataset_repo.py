"""The data set repo of a run: its three splits as Parquet, and a card that says where they come from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCard, DatasetCardData

from ..arguments import DataArguments
from ..data.loading import load_splits
from ..errors import UserError
from ..labels import LabelSpace
from ..run_folder import RunFolder
from .card import language_of_run, read_recipe_values
from .card_facts import OF_THE_MODEL, audit_lines, faults_of_data
from .card_tables import escaped, table
from .commits import Committed, commit_files
from .destination import check_destination
from .manifest import with_manifest
from .network import patience
from .push import make_ready
from .push_arguments import PushArguments
from .uploads import Upload
from .wording_english import ENGLISH

# The Hub's identifiers of licences that let anybody pass the texts on, changed (split, cleaned) as they are here.
OPEN_LICENCES = frozenset(
    {
        *("cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
        *("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
        *("pddl", "odc-by", "odbl", "cdla-permissive-1.0", "cdla-permissive-2.0", "cdla-sharing-1.0"),
        *("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "etalab-2.0"),
    }
)
_FILES = ("train_file", "validation_file", "test_file", "dataset")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def check_dataset(run: RunFolder, arguments: PushArguments) -> None:
    """Make sure that the data may be passed on and that its card can say so.

    Raises:
        UserError: licence or source are not known, or the licence does not plainly allow it.
    """
    licence, source = _terms(run, arguments)
    if not licence:
        raise UserError("A data set repo needs the licence of the data: add --data_license, cc-by-4.0 say.")
    if not source:
        raise UserError("A data set repo needs the source of the data: add --data_source, an address or a sentence.")
    if licence not in OPEN_LICENCES and not arguments.i_have_the_right:
        raise UserError(
            f"The licence of the data, {licence}, is none that lets everybody pass it on. If you may nevertheless, "
            "add --i-have-the-right."
        )


def publish_dataset(run: RunFolder, arguments: PushArguments, splits: DatasetDict | None = None) -> Committed:
    """Publish the splits that a run was made with, reloaded from where the recipe (or `--data_dir`) says.

    `splits` are what `reload_splits` returned, where it was asked before.

    Raises:
        UserError: it may not be published, cannot be loaded, or is no longer what the run was made with.
    """
    check_dataset(run, arguments)
    splits = reload_splits(run, arguments) if splits is None else splits
    repo_id = arguments.dataset_repo or ""
    with tempfile.TemporaryDirectory(prefix="textclf-dataset-") as folder, patience(arguments.timeout):
        uploads = with_manifest(run, "dataset", list(_files(run, arguments, splits, Path(folder))))
        target = make_ready(check_destination(repo_id, kind="dataset", public=arguments.public), arguments, uploads)
        return commit_files(target, uploads, f"Publish {repo_id.split('/')[-1]}")


def reload_splits(run: RunFolder, arguments: PushArguments) -> DatasetDict:
    """Load the data of a run again and compare its fingerprint.

    Raises:
        UserError: it is not where the recipe names it, or it has changed.
    """
    recipe = read_recipe_values(run)
    values = {field.name: recipe[field.name] for field in fields(DataArguments) if field.name in recipe}
    if arguments.data_dir and values.get("data_dir"):
        values["data_dir"] = arguments.data_dir  # the raw files of a dataset script
    elif arguments.data_dir:
        values |= {name: str(Path(arguments.data_dir) / values[name]) for name in _FILES if values.get(name)}
    try:
        splits, provenance = load_splits(DataArguments(**values))
    except UserError as error:
        raise UserError(f"{error} (The data of a run is loaded again; --data_dir says where its files lie.)") from None
    known = run.read_json("evaluation.json")["data"].get("fingerprint")
    if known and provenance.fingerprint != known:
        raise UserError(
            f"The data has changed since {run.path} was made: its fingerprint is {provenance.fingerprint[:12]}, "
            f"expected {known[:12]}. Publish the data that the run was made with, or train again."
        )
    kept = [name for name in splits["train"].column_names if name != "source"]  # for figures by slice only
    return splits.select_columns(kept)


def dataset_card(run: RunFolder, arguments: PushArguments, splits: DatasetDict) -> DatasetCard:
    """Return the card: licence, source, files, features, label counts, and what the audit found."""
    licence, source = _terms(run, arguments)
    data = run.read_json("evaluation.json")["data"]
    languages = language_of_run(run, arguments)
    rows = sum(map(len, splits.values()))
    card_data = DatasetCardData(
        pretty_name=(arguments.dataset_repo or data["name"]).split("/")[-1],
        license=licence,
        language=languages or None,
        task_categories=["text-classification"],
        size_categories=[next((name for limit, name in _SIZES if rows < limit), "n>1M")],
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}-*"} for split in splits],
            }
        ],
    )
    DatasetInfosDict({"default": splits["train"].info.copy()}).to_dataset_card_data(card_data)
    lines = [
        f"# {escaped(str(card_data.pretty_name))}",
        f"Source: {escaped(str(source))}. Licence: {escaped(str(licence))}.",
        f"Columns: `text`, {'`text_pair`, ' if 'text_pair' in splits['train'].column_names else ''}`labels`. "
        f"Splits: {escaped(str(data['how_split']).rstrip('.'))}.",
        _label_table(splits),
        *_known_faults(run, data),
    ]
    return DatasetCard(f"---\n{card_data.to_yaml()}\n---\n\n" + "\n\n".join(lines) + "\n")


def _terms(run: RunFolder, arguments: PushArguments) -> tuple[str | None, str | None]:
    """Return the licence and the source of the data; what the user says goes before what the source says."""
    data = run.read_json("evaluation.json")["data"]
    return arguments.data_license or data.get("licence"), arguments.data_source or data.get("source")


def _files(run: RunFolder, arguments: PushArguments, splits: DatasetDict, folder: Path) -> Iterable[Upload]:
    yield Upload("README.md", str(dataset_card(run, arguments, splits)).encode())
    yield Upload("audit.json", run.path / "audit.json")
    for split, rows in splits.items():
        name = f"{split}-00000-of-00001.parquet"
        rows.to_parquet(folder / name)
        yield Upload(f"data/{name}", folder / name)


def _label_table(splits: DatasetDict) -> str:
    labels = LabelSpace.from_features(splits["train"].features)
    counts = {split: _counts(rows, labels) for split, rows in splits.items()}
    body = [[escaped(name), *(str(counts[split][k]) for split in splits)] for k, name in enumerate(labels.names)]
    return table(["label", *splits], [["all texts", *(str(len(rows)) for rows in splits.values())], *body])


def _counts(rows: Dataset, labels: LabelSpace) -> list[int]:
    gold = labels.gold(rows)
    return [int((gold[:, k] if labels.multi_label else gold == k).sum()) for k in range(len(labels))]


def _known_faults(run: RunFolder, data: dict[str, Any]) -> list[str]:
    found = faults_of_data(data) + audit_lines(run.read_json("audit.json"), ENGLISH, but=OF_THE_MODEL)
    found += [f"{escaped(reason)}: {count} rows left out" for reason, count in (data.get("removed") or {}).items()]
    if not found:
        return []
    return ["## Known faults", "\n".join(f"- {line}" for line in found), "`audit.json` names the rows."]
