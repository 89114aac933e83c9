"""The arguments of `push_to_hub.py`; `train.py --push` fills in the few that a recipe knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..arguments import PublishArguments
from ..errors import UserError

TIMEOUT = 120.0  # seconds of silence; the Hub answers a commit of our twenty files within a few

_REF = re.compile(
    r"(?!refs/|.*\.\.|.*\.lock$)[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*", re.ASCII
)  # git check-ref-format
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*|multilingual|code")  # what the Hub takes: ISO 639, BCP 47


def _say(help_text: str, default: Any = None) -> Any:  # Any: a dataclass field takes the type of its annotation
    """Declare a field with its line of help."""
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata={"help": help_text})
    return field(default=default, metadata={"help": help_text})


@dataclass
class PushArguments:
    """Where a finished run goes on the Hub, and how."""

    repo_id: str | None = _say("the model repo (NS/NAME); made private if it is not there")
    public: bool = _say("make new repos public (private otherwise)", False)
    create_pr: bool = _say("open a pull request instead of committing to the branch", False)
    revision: str | None = _say("commit to this branch, made if it is not there (default: main)")
    tag: str | None = _say("tag the commit")
    license: str | None = _say("licence of the model, for the card; never guessed")
    language: str | None = _say("language of the texts (en, ko, ...), for the card; found from the texts otherwise")
    dry_run: bool = _say("print what would go up, with sizes, and contact nobody", False)
    allow: list[str] = _say("files of the run to upload although something was found in them", [])
    timeout: float = _say("seconds without any sign of the Hub after which the push gives up", TIMEOUT)
    space: str | None = _say("also create or update this Gradio Space for the model (NS/NAME)")
    space_hardware: str | None = _say("hardware of the Space (cpu-basic is free)")
    space_sleep: int | None = _say("seconds without a visitor after which the Space goes to sleep")
    examples: list[str] = _say("example texts for the Space and the card; of two fields each has a line", [])
    examples_from_validation: bool = _say("let the Space show three validation texts as examples", False)
    dataset_repo: str | None = _say("also publish the data set itself in this data set repo (NS/NAME)")
    data_dir: str | None = _say("where the data set's files lie, if not where the recipe names them")
    data_license: str | None = _say("licence of the data set, where its source does not say")
    data_source: str | None = _say("where the data set comes from, where its source does not say")
    i_have_the_right: bool = _say("publish the data set although its licence does not plainly allow it", False)

    def __post_init__(self) -> None:
        """Check what can be checked without the run and without the Hub."""
        if self.timeout <= 0:
            raise UserError(f"--timeout is a number of seconds above 0; found {self.timeout:g}.")
        for flag, name in (("--tag", self.tag), ("--revision", self.revision)):
            if name and not _REF.fullmatch(name):
                raise UserError(
                    f"{flag} is a name in letters, digits, '-', '_', '.' and '/', without 'refs/' before it; "
                    f"found {name!r}."
                )
        for code in self.language.split(",") if self.language else ():
            if not _LANGUAGE.fullmatch(code.strip()):
                raise UserError(f"--language is a code, or several: en, ko, or ko,en say; found {code.strip()!r}.")
        if self.space_sleep is not None and self.space_sleep != -1 and self.space_sleep <= 0:
            raise UserError(
                f"--space-sleep is a number of seconds above 0, or -1 for never; found {self.space_sleep}."
            )
        if self.create_pr and self.tag:
            raise UserError("--tag needs a commit on a branch; --create-pr makes none. Tag after the merge.")
        if self.create_pr and self.revision:
            raise UserError("--create-pr opens its own branch; leave out --revision.")

    @classmethod
    def from_recipe(cls, publish: PublishArguments) -> PushArguments:
        """Return what a recipe says about publishing."""
        return cls(
            repo_id=publish.push,
            public=publish.public,
            license=publish.license,
            language=publish.language,
            space=publish.space,
            examples=publish.examples,
            examples_from_validation=publish.examples_from_validation,
        )
