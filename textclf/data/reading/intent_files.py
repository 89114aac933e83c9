"""Folders of a chat bot's intents, a JSON file each: Dialogflow's export, and SNIPS' way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...errors import UserError
from .class_folders import with_labels
from .files_by_split import FilesBySplit
from .other_kinds import in_shell
from .raw_split import RawSplit, composed
from .side_files import speaks_of_split

ONE_INTENT = re.compile(r'\{\s*"[^"]+"\s*:\s*\[\s*\{\s*"data"\s*:\s*\[\s*\{')
USER_SAYS = re.compile(r"(.+)_usersays_([A-Za-z-]+)")


def read_intents(files: Sequence[Path], tables: FilesBySplit) -> dict[str, RawSplit]:
    """Read what users say, labelled by its intent; nothing where the files are something else.

    Raises:
        UserError: Dialogflow's files are in several languages.
    """
    found = [path for path in files if path.suffix.lower() == ".json"]
    says = {path: match for path in found if (match := USER_SAYS.fullmatch(path.stem))}
    if says:
        return _of_dialogflow(says, tables)
    if len(found) < 2 or not all(map(_of_one_intent, found)):
        return {}
    drawn = [path for path in found if path.with_stem(f"{path.stem}_full") in found]
    if drawn:
        tables.notes.append(f"Left out, for their rows stand in the files called _full too: {len(drawn)} files.")
    by_split: dict[str, list[Path]] = {}
    for path in (path for path in found if path not in drawn):
        by_split.setdefault(speaks_of_split(path, tables.root) or "train", []).append(path)
    return {split: tables.files(paths) for split, paths in by_split.items()}


def _of_dialogflow(says: dict[Path, re.Match[str]], tables: FilesBySplit) -> dict[str, RawSplit]:
    languages = sorted({match[2] for match in says.values()})
    if len(languages) > 1:
        raise UserError(
            f"{tables.folder} holds a chat bot's intents in several languages ({', '.join(languages)}). Keep those "
            f"of one in a folder of their own: `mkdir {languages[0]} && cp {in_shell(tables.folder)}/intents/"
            f"*_usersays_{languages[0]}.json {languages[0]}`, then --dataset {languages[0]}."
        )
    paths = [path for path in says if path.stat().st_size > len("[]\n")]
    tables.notes.append("Each file of Dialogflow's export lists what users say; its name is the intent.")
    return {"train": with_labels(tables.files(paths), [composed(says[path][1]) for path in paths])}


def _of_one_intent(path: Path) -> bool:
    """Say whether a file begins as an object of one key, the intent, above texts in pieces; it may be large."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return ONE_INTENT.match(file.read(1 << 12)) is not None
