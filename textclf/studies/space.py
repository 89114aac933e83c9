"""The space of a search: for each setting a range, or values to choose from; read from a study file's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UserError, did_you_mean

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

# What `--trials N` alone searches: the settings that matter most, within what the presets of all families span.
DEFAULTS: dict[str, Any] = {
    "search": {
        "learning_rate": {"low": "1e-5", "high": "5e-4", "log": "true"},
        "num_train_epochs": {"low": "2", "high": "8"},
        "per_device_train_batch_size": ["16", "32", "64"],
    },
    "sampler": "tpe",
    "pruner": "median",
}
NAMES = {"sampler": ("tpe", "random"), "pruner": ("median", "hyperband", "none")}
_OF_A_RANGE = {"low", "high", "log"}


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included; whole ones where both are written as such."""

    low: float
    high: float
    log: bool
    whole: bool


Choices = list[str]


@dataclass(frozen=True)
class Space:
    """What is searched: {setting: range or choices}."""

    parts: dict[str, Range | Choices]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Space:
        """Read the words of a study file's `search`.

        Raises:
            UserError: what is no range and no list.
        """
        return cls({key: _part(key, value) for key, value in settings["search"].items()})

    def suggest(self, trial: BaseTrial) -> dict[str, str]:
        """Let a trial choose every setting; returns them as words."""
        for key, part in self.parts.items():
            if isinstance(part, list):
                trial.suggest_categorical(key, part)
            elif part.whole:
                trial.suggest_int(key, int(part.low), int(part.high), log=part.log)
            else:
                trial.suggest_float(key, part.low, part.high, log=part.log)
        return self.words(trial.params)

    def words(self, chosen: Mapping[str, Any]) -> dict[str, str]:
        """Return chosen settings as words of a command line."""
        return {key: repr(chosen[key]) if isinstance(chosen[key], float) else str(chosen[key]) for key in self.parts}

    def check(self, read: Callable[[dict[str, str]], object]) -> None:
        """Let `read` read the ends of all ranges and all choices, so that what cannot be is said before any trial."""
        usual = {key: part[0] if isinstance(part, list) else _word(part, part.low) for key, part in self.parts.items()}
        for key, part in self.parts.items():
            for value in part if isinstance(part, list) else (_word(part, part.low), _word(part, part.high)):
                read({**usual, key: value})


def search_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a search, those that are not given by DEFAULTS; all are noted with the study.

    Raises:
        UserError: an unknown sampler or pruner, or a space that is none.
    """
    found = {**DEFAULTS, **{key: value for key, value in given.items() if value is not None}}
    for kind, names in NAMES.items():
        if found[kind] not in names:
            near = did_you_mean(str(found[kind]), names)
            raise UserError(f"`{kind}` takes {', '.join(names)}; found {found[kind]!r}.{near}")
    if not isinstance(found["search"], dict) or not found["search"]:
        raise UserError(
            "`search` takes settings with their ranges: `learning_rate: {low: 1e-5, high: 1e-4, log: true}`."
        )
    Space.of(found)
    return found


def _word(part: Range, value: float) -> str:
    return str(int(value)) if part.whole else repr(value)


def _part(key: str, value: Any) -> Range | Choices:  # Any: words of the file
    if isinstance(value, list) and len(value) > 1 and all(isinstance(each, str) for each in value):
        return list(value)
    if isinstance(value, dict) and {"low", "high"} <= set(value) <= _OF_A_RANGE:
        return _range(key, value)
    raise UserError(
        f"`search: {key}` takes two values or more, or {{low: 1e-5, high: 1e-4, log: true}}; found {value!r}."
    )


def _range(key: str, value: Mapping[str, str]) -> Range:
    try:
        low, high = float(value["low"]), float(value["high"])
    except (ValueError, TypeError):
        raise UserError(f"`search: {key}` takes numbers as low and high; found {dict(value)!r}.") from None
    log = str(value.get("log", "false")).lower()
    if log not in {"true", "false"} or not low < high or (log == "true" and low <= 0):
        raise UserError(
            f"`search: {key}` takes low below high, and log: true or false (then low above 0); found {dict(value)!r}."
        )
    whole = all(word.lstrip("+-").isdecimal() for word in (value["low"], value["high"]))
    return Range(low, high, log == "true", whole)
