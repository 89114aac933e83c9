"""The arguments of `push_to_hub.py`; `train.py --push` fills in the few that a recipe knows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..arguments import PublishArguments, _say
from ..errors import UserError, did_you_mean

TIMEOUT = 120.0  # seconds of silence; the Hub answers a commit of our twenty files within a few
SPACE_KINDS = ("auto", "gradio", "static")

_REF = re.compile(
    r"(?!refs/|.*\.\.|.*\.lock$)[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*", re.ASCII
)  # git check-ref-format
_NO_LANGUAGE = ("multilingual", "code")  # what the Hub takes beside ISO 639-1, 639-2 and 639-3


def check_language(code: str) -> None:
    """Refuse a code that the Hub refuses in a card: unknown ones, and those with a region or a script.

    Raises:
        UserError: with the code that is meant, where that is plain.
    """
    import pycountry  # a table of thousands of names: only for those who name a language

    languages = pycountry.languages
    if code in _NO_LANGUAGE or (re.fullmatch("[a-z]{2}", code) and languages.get(alpha_2=code)):
        return
    if re.fullmatch("[a-z]{3}", code) and (languages.get(alpha_3=code) or languages.get(bibliographic=code)):
        return
    start = re.match("[a-z]{2,3}(?=$|[-_])", code.lower())
    kind = {"alpha_2" if start and len(start[0]) == 2 else "alpha_3": start[0]} if start else {"name": code.title()}
    found = languages.get(**kind)
    known = "" if found is None else f" Did you mean {getattr(found, 'alpha_2', found.alpha_3)}?"  # not all have two
    raise UserError(
        f"--language is a code of ISO 639 without region or script, or several: en, ko, or ko,en say; found {code!r}."
        f"{known}"
    )


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
    allow: list[str] = _say("findings that may go up all the same, by the names that the refusal prints", [])
    timeout: float = _say("seconds without any sign of the Hub after which the push gives up", TIMEOUT)
    space: str | None = _say("also create or update this Space for the model (NS/NAME)")
    space_kind: str = _say(
        "gradio (a server runs it), static (the visitor's browser does, free), auto (by plan)", "auto"
    )
    space_hardware: str | None = _say("hardware of a Gradio Space (zero-a10g: two are free)")
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
        if self.space_kind not in SPACE_KINDS:
            raise UserError(
                f"--space-kind is {', '.join(SPACE_KINDS)}; found {self.space_kind!r}."
                f"{did_you_mean(self.space_kind, SPACE_KINDS)}"
            )
        for flag, name in (("--tag", self.tag), ("--revision", self.revision)):
            if name and not _REF.fullmatch(name):
                raise UserError(
                    f"{flag} is a name in letters, digits, '-', '_', '.' and '/', without 'refs/' before it; "
                    f"found {name!r}."
                )
        for code in self.languages:
            check_language(code)
        if self.space_sleep is not None and self.space_sleep != -1 and self.space_sleep <= 0:
            raise UserError(
                f"--space-sleep is a number of seconds above 0, or -1 for never; found {self.space_sleep}."
            )
        if self.create_pr and self.tag:
            raise UserError("--tag needs a commit on a branch; --create-pr makes none. Tag after the merge.")
        if self.create_pr and self.revision:
            raise UserError("--create-pr opens its own branch; leave out --revision.")

    @property
    def languages(self) -> list[str]:
        """Return the codes that --language names."""
        return [code.strip() for code in self.language.split(",")] if self.language else []

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
