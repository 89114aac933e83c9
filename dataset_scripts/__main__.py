"""Writes a data set as parquet with a data card; without a name, lists the data sets.

Usage: python -m dataset_scripts NAME [--dataset_config C] [--data_dir D] --output O
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from textclf.errors import run_command

from . import builder_class, card_metadata, generate, names


def main(argv: list[str]) -> int:
    """Run the command; returns its exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.name is None:
        for name in names():
            print(f"{name:<20}{card_metadata(name).description}")
        return 0
    if arguments.output is None:
        parser.error("Expected --output FOLDER, the folder to write; found none.")
    _write(arguments)
    return 0


def _write(arguments: argparse.Namespace) -> None:
    # Here, not above: the list of options needs neither datasets nor huggingface_hub.
    import datasets

    from ._parquet_folder import check_output, summary_lines, write_folder

    datasets.disable_progress_bars()  # a dozen of them for a few seconds' work
    builder_type = builder_class(arguments.name)
    name = builder_type.__module__.rpartition(".")[2]
    check_output(arguments.output, name)
    configs = [each.name for each in builder_type.BUILDER_CONFIGS]
    if arguments.dataset_config is not None:
        configs = [arguments.dataset_config]
    builders = [
        generate(name, config=config, data_dir=arguments.data_dir, cache_dir=arguments.cache_dir) for config in configs
    ]
    write_folder(name, builders, arguments.output, about=sys.modules[builder_type.__module__].__doc__ or "")
    for builder in builders:
        for line in summary_lines(builder.config.name, builder.as_dataset()):
            print(line)
    print(f"Written to {arguments.output}: load_dataset({str(arguments.output)!r}) reads it.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dataset_scripts",
        description="Write a data set as parquet with a data card; without NAME, list the data sets.",
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="one of: " + ", ".join(names()))
    parser.add_argument(
        "--dataset_config", "--dataset-config", metavar="C", help="write this configuration alone (default: all)"
    )
    parser.add_argument(
        "--data_dir", "--data-dir", type=Path, metavar="D", help="folder of the raw files (default: download them)"
    )
    parser.add_argument("--output", type=Path, metavar="O", help="folder to write; an earlier output is replaced")
    parser.add_argument(
        "--cache_dir", "--cache-dir", type=Path, metavar="FOLDER", help="where `datasets` keeps generated rows"
    )
    return parser


if __name__ == "__main__":
    run_command(main)
