"""What a study is: runs that share a data set, each a recipe of its own, in one folder. Loads no torch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError
from ..flags import build_parser
from ..run_folder import RunFolder
from .space import search_settings

PLAN = "study.yaml"  # in the study's folder: what it was begun with
Words = dict[str, Any]  # a run's own settings as words: {key: word, or list of words}


@dataclass
class StudyOptions:
    """Several runs in one call; at most one of the first five."""

    _argument_group_name = "study (several runs that share a data set, at most one kind a call)"

    study: str | None = field(
        default=None, metadata={"help": "a file of recipes: lists of values are tried in all combinations"}
    )
    folds: int | None = field(
        default=None, metadata={"help": "cross-validate over so many folds of the training rows, then train on all"}
    )
    seeds: str | None = field(default=None, metadata={"help": "the same recipe with each of these seeds: 1,2,3"})
    trials: int | None = field(default=None, metadata={"help": "search for the best settings in so many trials"})
    learning_curve: bool = field(
        default=False, metadata={"help": "train on 5, 10, 25, 50 and 100 %% of the rows: what would more labels give?"}
    )
    shard: str | None = field(
        default=None, metadata={"help": "do only every N-th run, I/N with I from 0; machines share a folder so"}
    )

    def __post_init__(self) -> None:
        """Check what can be checked without reading anything."""
        kinds = [name for name in KINDS if getattr(self, name)]
        if len(kinds) > 1:
            raise UserError(f"One call takes one kind of study; found --{' and --'.join(kinds)}. Leave one out.")
        if self.shard and not kinds:
            raise UserError("--shard is for a study; add --study FILE, --folds K, --seeds 1,2,3 or --trials N.")
        for name, least in (("folds", 2), ("trials", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UserError(f"--{name} takes a whole number from {least}; found {value}.")
        self.share, self.seed_list = _share(self.shard), _seeds(self.seeds)


@dataclass
class CompareOptions:
    """How `compare.py` compares."""

    _argument_group_name = "compare (what is compared, where it goes)"

    metric: str | None = field(
        default=None, metadata={"help": "the figure that is tested (default: the one that chose the checkpoints)"}
    )
    output: str | None = field(
        default=None, metadata={"help": "also write the comparison: a file ending in .html, .md or .txt"}
    )
    bootstrap_draws: int = field(default=1000, metadata={"help": "draws behind each 95 % interval".replace("%", "%%")})


KINDS = ("study", "folds", "seeds", "trials", "learning_curve")
_NAMES = {each.name for each in fields(StudyOptions)}


@dataclass(frozen=True)
class Study:
    """What is to be run: a kind, a folder, and the words of `train.py` for each run, behind those that all share."""

    kind: str  # grid, folds, seeds, trials or learning_curve
    words: list[str]  # what all runs share: the recipe's path, if any, and flags
    options: StudyOptions
    runs: dict[str, Words] = field(default_factory=dict)  # name -> own settings; grids and seeds
    settings: dict[str, Any] = field(default_factory=dict)  # of the kind itself: the search space, say

    def argv(self, name: str) -> list[str]:
        """Return the words of `train.py` for one run."""
        return [*self.words, *as_flags(self.runs[name])]

    def mine(self, number: int) -> bool:
        """Say whether run `number`, counted from 0, is done by this call."""
        share = self.options.share
        return share is None or number % share[1] == share[0]


def take_study(argv: Sequence[str]) -> Study | None:
    """Return the study that a command line of `train.py` asks for, or None where it is a single run.

    Raises:
        UserError: two kinds at once, values that cannot be, a study file that cannot be read.
    """
    named = [word[2:].split("=")[0].replace("-", "_") for word in argv if word.startswith("--")]
    if not _NAMES & set(named):
        return None
    parser = build_parser((StudyOptions,))
    (options,), rest = parser.parse_groups(argv)
    if options.study:
        from .study_file import read_study

        return read_study(Path(options.study), options, rest)
    kind = next((name for name in KINDS if getattr(options, name)), None)
    if kind is None:
        return None  # --learning_curve false
    runs: dict[str, Words] = {f"seed-{seed}": {"seed": seed} for seed in options.seed_list}
    return Study(kind, rest, options, runs, search_settings({}) if kind == "trials" else {})


def begin(study: Study, folder: Path) -> None:
    """Note what a study is in its folder, or see that the folder holds the same one.

    Raises:
        UserError: the folder is in use by something else, or by another study.
    """
    content = {"kind": study.kind, "words": study.words, "settings": study.settings, "runs": study.runs}
    content |= {name: getattr(study.options, name) for name in ("folds", "trials") if getattr(study.options, name)}
    noted = folder / PLAN
    if noted.exists():
        begun = yaml.safe_load(noted.read_text(encoding="utf-8"))
        if begun != content:
            other = [key for key in {**begun, **content} if begun.get(key) != content.get(key)]
            raise UserError(
                f"{folder} holds a study that was begun with other {' and '.join(sorted(other))} (see {noted}). Type "
                "the command that began it to go on with it, or choose another --output_dir."
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise UserError(
            f"The folder {folder} is in use and holds no study. Choose another --output_dir, or delete the folder."
        )
    RunFolder(folder).write_text(PLAN, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


def as_flags(words: Mapping[str, Any]) -> list[str]:
    """Return settings as words of a command line."""
    found: list[str] = []
    for key, value in words.items():
        found += [f"--{key}", *value] if isinstance(value, list) else [f"--{key}={value}"]
    return found


def _share(shard: str | None) -> tuple[int, int] | None:
    if shard is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", shard)
    if not found or int(found[1]) >= int(found[2]):
        raise UserError(f"--shard takes I/N, from 0/N to one below N/N (0/4 ... 3/4); found {shard!r}.")
    return int(found[1]), int(found[2])


def _seeds(words: str | None) -> list[int]:
    if words is None:
        return []
    parts = words.split(",")
    if not all(re.fullmatch(r"\s*\d+\s*", part) for part in parts) or len(set(map(int, parts))) < max(2, len(parts)):
        raise UserError(f"--seeds takes two different whole numbers or more, as 1,2,3; found {words!r}.")
    return [int(part) for part in parts]
