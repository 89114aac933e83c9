"""Sources that are dataset scripts: which there are, what columns they give, and their rows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ...arguments import DEFAULT_DATASET, DataArguments
from ..provenance import Origin, record_files
from .raw_split import RawSplit, from_dataset


def script_names() -> list[str]:
    """Return the names of all dataset scripts."""
    if importlib.util.find_spec("dataset_scripts") is None:  # the package was taken elsewhere without them
        return []
    import dataset_scripts

    return dataset_scripts.names()


def script_name(name: str) -> str | None:
    """Return the dataset script of that name, if there is one ('hate-speech' is understood as 'hate_speech')."""
    return next((known for known in script_names() if known == name.replace("-", "_")), None)


def script_columns(args: DataArguments) -> list[str]:
    """Return the columns that a dataset script gives, without reading its files; none where no script is meant."""
    script = None if args.train_file else script_name(args.dataset or DEFAULT_DATASET)
    if script is None:
        return []
    import dataset_scripts

    return dataset_scripts.columns(script)


def read_script(name: str, args: DataArguments) -> tuple[dict[str, RawSplit], Origin]:
    """Read a dataset script's splits, and say where they come from."""
    import dataset_scripts

    builder = dataset_scripts.generate(name, config=args.dataset_config, data_dir=args.data_dir)
    metadata = dataset_scripts.card_metadata(name, args.dataset_config)
    paths: list[Path] = []
    if builder.config.data_dir:
        by_split = builder.raw_files(Path(builder.config.data_dir), builder.config.name)
        paths = sorted({path for of_split in by_split.values() for path in of_split})
    origin = Origin(
        name=name.replace("-", "_"),
        config=builder.config.name,
        files=record_files(paths, Path(builder.config.data_dir or ".")),
        licence=metadata.licence,
        languages=metadata.languages,
        source=metadata.source,
        known_faults=builder.known_faults(),
        known_faults_in_korean=builder.known_faults("알려진 결함"),
        text_fields=metadata.text_fields,
    )
    return {split: from_dataset(rows, split) for split, rows in builder.as_dataset().items()}, origin
