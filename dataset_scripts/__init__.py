"""Builders that turn published raw files into the columns `text`, `text_pair` and `labels`, one data set a file.

Modules that start with an underscore are shared by them and are no data sets. Importing this package is light:
`datasets` is loaded with the first builder.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from textclf.errors import UserError, did_you_mean

from ._metadata import DatasetMetadata
from ._raw_files import MissingDataError, RawDataError, content_hash

if TYPE_CHECKING:
    from datasets import DatasetDict

    from ._builder import TextBuilder

__all__ = [
    "DatasetMetadata",
    "MissingDataError",
    "RawDataError",
    "build",
    "builder_class",
    "card_metadata",
    "columns",
    "generate",
    "names",
]

_FOLDER = Path(__file__).parent
_SHARED_SOURCES = (_FOLDER / "_builder.py", _FOLDER / "_raw_files.py")


def names() -> list[str]:
    """Return the names of the data sets, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))


def builder_class(name: str) -> type[TextBuilder]:
    """Return the builder class of a data set; 'hate-speech' is understood as 'hate_speech'.

    Raises:
        UserError: If there is no such data set.
    """
    from ._builder import TextBuilder

    module_name = name.replace("-", "_")
    if module_name not in names():
        hint = did_you_mean(module_name, names())
        raise UserError(f"Unknown data set {name!r}; known: {', '.join(names())}.{hint}")
    module = importlib.import_module(f"{__name__}.{module_name}")
    candidates = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, TextBuilder) and value.__module__ == module.__name__
    ]
    if len(candidates) != 1:
        raise TypeError(f"Expected one builder in dataset_scripts/{module_name}.py; found {len(candidates)}.")
    return candidates[0]


def columns(name: str) -> list[str]:
    """Return the columns of a data set, without reading its files."""
    return builder_class(name).columns()


def card_metadata(name: str, config: str | None = None) -> DatasetMetadata:
    """Return licence, languages, source and description of a data set, or of one of its configurations."""
    return builder_class(name).metadata_of(config)


def generate(
    name: str,
    *,
    config: str | None = None,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
) -> TextBuilder:
    """Return the builder of a data set with its rows generated, or found in the cache under the same content.

    Raises:
        UserError: If the name or the configuration is unknown.
        MissingDataError: If raw files are missing and cannot be downloaded; also a `FileNotFoundError`.
        RawDataError: If the raw files are not as published.
    """
    import datasets

    builder_type = builder_class(name)
    folder = Path(data_dir).expanduser().resolve() if data_dir is not None else builder_type.BUNDLED_FOLDER
    config_name = _config_name(builder_type, config)
    raw = builder_type.raw_files(folder, config_name) if folder is not None else {}
    module = builder_type.__module__.rpartition(".")[2]
    sources = [_FOLDER / f"{module}.py", *_SHARED_SOURCES]
    builder = builder_type(
        config_name=config_name,
        data_dir=str(folder) if folder is not None else None,
        cache_dir=str(cache_dir) if cache_dir is not None else None,
        dataset_name=module,
        # Without a hash an edited raw file or builder is served from the old cache.
        hash=content_hash([*sources, *(path for paths in raw.values() for path in paths)]),
    )
    try:
        builder.download_and_prepare()
    except datasets.exceptions.DatasetGenerationError as error:
        # `datasets` hides the sentence that helps behind "An error occurred while generating the dataset".
        if isinstance(error.__cause__, RawDataError):
            raise error.__cause__ from None
        raise
    return builder


def build(
    name: str,
    *,
    config: str | None = None,
    data_dir: str | Path | None = None,
    cache_dir: str | Path | None = None,
) -> DatasetDict:
    """Return the splits of a data set that its publisher gives; errors as in `generate`."""
    return generate(name, config=config, data_dir=data_dir, cache_dir=cache_dir).as_dataset()


def _config_name(builder_type: type[TextBuilder], config: str | None) -> str:
    known: list[str] = [each.name for each in builder_type.BUILDER_CONFIGS]
    if config is None:
        return str(builder_type.DEFAULT_CONFIG_NAME or known[0])
    if config not in known:
        name = builder_type.__module__.rpartition(".")[2]
        hint = did_you_mean(config, known)
        raise UserError(f"Unknown configuration {config!r} of {name}; known: {', '.join(known)}.{hint}")
    return config
