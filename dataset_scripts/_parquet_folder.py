"""Writes generated splits as a folder of parquet files with a data card: what the Hub and `load_dataset` read."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import datasets
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCard, DatasetCardData

from textclf.errors import UserError

from ._builder import TextBuilder
from ._metadata import DatasetMetadata

SplitsByConfig = Mapping[str, datasets.DatasetDict]
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_MOST_LISTED = 20


def label_counts(rows: datasets.Dataset) -> dict[str, int]:
    """Return how many rows carry each label, in label order, absent labels included."""
    feature = rows.features["labels"]
    multi_label = isinstance(feature, datasets.List)
    names = feature.feature.names if multi_label else feature.names
    counts = dict.fromkeys(names, 0)
    for value in list(rows["labels"]):
        for label in value if multi_label else [value]:
            counts[names[label]] += 1
    return counts


def summary_lines(config_name: str, splits: datasets.DatasetDict) -> Iterator[str]:
    """Yield one line a split: rows, then the count of each label; of a long label list the most frequent."""
    for split, rows in splits.items():
        counts = label_counts(rows)
        order = sorted(counts, key=lambda name: -counts[name]) if len(counts) > _MOST_LISTED else list(counts)
        shown = ", ".join(f"{name} {counts[name]:,}" for name in order[:_MOST_LISTED])
        rest = f", and {len(order) - _MOST_LISTED} more labels" if len(order) > _MOST_LISTED else ""
        yield f"{config_name}  {split}  {len(rows):,} rows: {shown}{rest}"


def check_output(output: Path, name: str) -> None:
    """Refuse an output folder that holds anything but an earlier output of the same data set.

    Raises:
        UserError: If it does.
    """
    if not output.exists():
        return
    if not output.is_dir():
        raise UserError(f"Expected a folder at {output}; found a file. Pass another --output.")
    entries = sorted(path for path in output.rglob("*") if not path.is_dir())
    if not entries:
        return
    readme = output / "README.md"
    ours = readme.is_file() and _mark(name) in readme.read_text(encoding="utf-8", errors="replace")
    foreign = [path for path in entries if not ours or not (path == readme or path.match("*-00000-of-00001.parquet"))]
    if foreign:
        raise UserError(
            f"Expected an empty folder or an earlier output of {name} at {output}; "
            f"found {foreign[0].relative_to(output)}. Pass another --output, or empty the folder."
        )


def write_folder(name: str, builders: Sequence[TextBuilder], output: Path, *, about: str) -> None:
    """Write `<config>/<split>-00000-of-00001.parquet` and README.md of one data set in place of an earlier output.

    Args:
        name: The data set's name in this package.
        builders: One prepared builder a configuration.
        output: The folder; see `check_output`.
        about: The data set's documentation, printed in the card.
    """
    check_output(output, name)
    _replace_folder(output.resolve(), lambda folder: _fill(folder, name, builders, about))


def _fill(folder: Path, name: str, builders: Sequence[TextBuilder], about: str) -> None:
    default = builders[0].DEFAULT_CONFIG_NAME or builders[0].config.name
    configs, infos, all_splits = [], {}, {}
    for builder in builders:
        config_name = builder.config.name
        splits = all_splits[config_name] = builder.as_dataset()
        (folder / config_name).mkdir()
        content = hashlib.sha256()
        files = {split: folder / config_name / f"{split}-00000-of-00001.parquet" for split in splits}
        for split, path in files.items():
            splits[split].to_parquet(path)
            content.update(path.read_bytes())
        info = infos[config_name] = next(iter(splits.values())).info.copy()
        info.splits = builder.info.splits
        info.download_size = sum(path.stat().st_size for path in files.values())
        info.dataset_size = sum(split.num_bytes for split in builder.info.splits.values())
        entry = {
            "config_name": config_name,
            # The cache of `load_dataset` sees this file and the patterns, not the content behind them: without the
            # content's name, rows written anew would be served stale.
            "description": f"{builder.METADATA.description} Content {content.hexdigest()[:16]}.",
            "data_files": [{"split": split, "path": f"{config_name}/{split}-*"} for split in splits],
        }
        configs.append(entry | {"default": True} if config_name == default else entry)
    card_data = _card_data(builders[0].METADATA, configs, all_splits)
    DatasetInfosDict(infos).to_dataset_card_data(card_data)
    body = _card_body(name, builders[0].METADATA, all_splits, about)
    DatasetCard(f"---\n{card_data.to_yaml()}\n---\n{body}").save(folder / "README.md")


def _card_data(
    metadata: DatasetMetadata, configs: Sequence[Mapping[str, object]], all_splits: SplitsByConfig
) -> DatasetCardData:
    rows = max(sum(map(len, splits.values())) for splits in all_splits.values())
    card_data = DatasetCardData(
        pretty_name=metadata.pretty_name,
        license=metadata.licence,
        language=list(metadata.languages),
        task_categories=["text-classification"],
        task_ids=list(metadata.task_ids),
        size_categories=[next((label for limit, label in _SIZES if rows < limit), "n>1M")],
        configs=list(configs),
    )
    if metadata.licence_name is not None:  # the Hub asks for both where the licence is "other"
        card_data["license_name"], card_data["license_link"] = metadata.licence_name, metadata.licence_link
    return card_data


def _card_body(name: str, metadata: DatasetMetadata, all_splits: SplitsByConfig, about: str) -> str:
    lines = [f"# {metadata.pretty_name}", "", _mark(name), "", about.strip(), ""]
    for config_name, splits in all_splits.items():
        counts = {split: label_counts(rows) for split, rows in splits.items()}
        lines += [f"## Configuration `{config_name}`", "", f"| label | {' | '.join(splits)} |"]
        lines += ["|---|" + "---:|" * len(splits)]
        lines += [f"| rows | {' | '.join(f'{len(rows):,}' for rows in splits.values())} |"]
        for label in next(iter(counts.values())):
            lines.append(f"| {label} | {' | '.join(f'{counts[split][label]:,}' for split in splits)} |")
        lines.append("")
    return "\n".join(lines)


def _mark(name: str) -> str:
    return f"<!-- Written by `python -m dataset_scripts {name}`, which replaces this folder as a whole. -->"


def _replace_folder(output: Path, fill: Callable[[Path], None]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as scratch:
        written, former = Path(scratch) / "written", Path(scratch) / "former"
        written.mkdir()
        fill(written)
        if output.exists():
            output.rename(former)
        try:
            written.rename(output)
        except OSError:
            if former.exists():
                former.rename(output)
            raise
