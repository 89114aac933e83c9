"""The options of `explore.py` beyond those of the data."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..arguments import DEFAULT_MODEL, DataArguments
from ..errors import UserError

MOST_POINTS = 5_000  # texts on the map: more can neither be told apart nor drawn quickly

# Options of the data that change what is trained on, not what is there: they would do nothing here.
FOR_TRAINING = (
    "strict",
    "drop_near_duplicates",
    "long_text",
    "augment_crop",
    "augment_drop",
    "augment_swap",
    "augment_level",
    "resample",
)


@dataclass
class ExploreOptions:
    """What the page is called, and which model embeds the texts and counts their tokens."""

    output: str | None = field(default=None, metadata={"help": "the page to write (default: <data>.html)"})
    model: str = field(
        default=DEFAULT_MODEL, metadata={"help": "embeds the texts and counts tokens: a Hub id or a folder"}
    )
    model_revision: str | None = field(default=None, metadata={"help": "commit, branch or tag of the model"})
    trust_remote_code: bool = field(
        default=False, metadata={"help": "run code that comes with the model (read it first)"}
    )
    map_points: int | None = field(
        default=None,
        metadata={"help": f"texts on the map, at most {MOST_POINTS} (default: as many as embed in a few minutes)"},
    )
    seed: int = field(default=0, metadata={"help": "decides samples, t-SNE and k-means"})

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.map_points is not None and not 2 <= self.map_points <= MOST_POINTS:
            raise UserError(f"--map_points takes a number from 2 to {MOST_POINTS}; found {self.map_points}.")


def refuse_training_options(args: DataArguments) -> None:
    """Refuse options that are read in training only, rather than ignore them.

    Raises:
        UserError: one of them is given.
    """
    untouched = DataArguments()
    for name in FOR_TRAINING:
        if getattr(args, name) != getattr(untouched, name):
            raise UserError(f"--{name} changes what is trained on, and explore.py shows what is there; leave it out.")
