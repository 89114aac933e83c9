"""Files of a repository that name their labels in orders of their own: `datasets` reads all by the first one's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import datasets
import pyarrow.parquet as pq

from .declared_names import label_names
from .joining import from_files
from .raw_split import RawSplit


def read_by_own_names(builder: datasets.DatasetBuilder, loaded: Mapping[str, datasets.Dataset]) -> dict[str, RawSplit]:
    """Return the splits read file by file, each by its own names, where these are not those loaded; else none.

    The files are those that `loaded` was read from, and lie in the cache of `datasets` or on this machine.
    """
    places = {str(split): list(map(str, files)) for split, files in (builder.config.data_files or {}).items()}
    known = {split: {name: label_names(each) for name, each in loaded[split].features.items()} for split in loaded}
    if (
        not any(names for of_split in known.values() for names in of_split.values())
        or not places.keys() <= known.keys()
    ):
        return {}
    manager = datasets.DownloadManager()
    files = {split: [Path(path) for path in manager.download(urls)] for split, urls in places.items()}
    if not any(_differ(path, known[split]) for split, paths in files.items() for path in paths):
        return {}
    return {
        split: from_files(paths, [place.rpartition("/")[2] for place in places[split]], False)
        for split, paths in files.items()
    }


def _differ(path: Path, known: Mapping[str, list[str] | None]) -> bool:
    """Say whether a Parquet file declares other names, or the same in another order, than are known of its columns."""
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return False
    schema = pq.read_schema(path)
    if b"huggingface" not in (schema.metadata or {}):
        return False
    declared = datasets.Features.from_arrow_schema(schema)
    own = {name: label_names(feature) for name, feature in declared.items()}
    return any(names is not None and names != known.get(name) for name, names in own.items())
