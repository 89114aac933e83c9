"""One HTML page that shows an exploration by itself: scripts and data are inside, nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ..data.auditing.findings import Finding, percentage
from ..errors import UserError
from ..evaluation.data_words import finding_words, in_korean
from ..evaluation.names import Words, script_name, split_word
from ..evaluation.page.interactive import page_script, page_style, script_json
from ..run_folder import RunFolder
from .explore import Exploration
from .page_content import MOST_LABELS, drawn
from .wording import exploration_words

FOLDER = Path(__file__).parent / "page"
SCRIPTS = ("lengths.js", "texts.js", "words.js", "map.js", "page.js")
RARE = 20  # training texts: below, a label can hardly be learned or measured
SHOWN_LABELS = 30  # rows of a table of labels before "show all"
TAIL_FROM = 12  # labels from which the long tail is drawn


class _Said(NamedTuple):
    """A line of the page; foreign where it is in English on a Korean page."""

    says: str
    foreign: bool


def render(found: Exploration) -> str:
    """Return the page as HTML: light and dark, wide and narrow, in Korean for Korean data.

    It holds at most `browsing.MOST_CHARACTERS` characters of texts, and 0.1 MB beside what it shows.
    """
    say = exploration_words(found.language)
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": "{:,}".format, "split": lambda name: split_word(name, say)}
    worth_telling = [each for each in found.audit.findings if each.count and each.worth_a_line]
    return environment.get_template("page.html.j2").render(
        say=say,
        found=found,
        facts=facts(found, say),
        read_notes=_said(found.provenance.notes, say),
        remarks=_said(found.remarks, say),
        findings=[{"says": _finding(each, say), "examples": each.examples} for each in worth_telling],
        clean=[say[f"check_{each.name}"] for each in found.audit.findings if each not in worth_telling],
        label_rows=_label_rows(found),
        shown_labels=SHOWN_LABELS,
        tail_from=TAIL_FROM,
        rare=int((found.counts.per_split["train"] < RARE).sum()),
        rare_bound=RARE,
        most_labels=MOST_LABELS,
        chance=percentage(_chance(found)).replace(" ", "\u00a0"),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        data=script_json({"say": say, **drawn(found)}),
        style=page_style(FOLDER / "page.css"),
        script=page_script(FOLDER / name for name in SCRIPTS),
    )


def page_path(output: str | None, name: str) -> Path:
    """Return where the page goes: `output`, or <name>.html in the current folder.

    Raises:
        UserError: it is a folder, or not an HTML file.
    """
    path = Path(output or f"{name}.html").expanduser()
    if path.is_dir() or path.suffix.lower() not in {".html", ".htm"}:
        raise UserError(f"--output names the HTML page to write; found {output}. Type --output {name}.html, say.")
    return path


def write_page(found: Exploration, path: Path) -> None:
    """Write the page whole or not at all; missing folders are made, an older page of that name is replaced."""
    RunFolder(path.parent).write_text(path.name, render(found))


def facts(found: Exploration, say: Words) -> dict[str, str]:
    """Return what is known about the data set, in the order of interest."""
    provenance = found.provenance
    several = say["labels_several" if found.labels.multi_label else "labels_one"]
    given = {
        "rows": " · ".join(f"{split_word(split, say)}\u00a0{count:,}" for split, count in provenance.sizes.items()),
        "labels": several.format(n=len(found.labels)),
        "text_columns": ", ".join(provenance.text_columns),
        "label_columns": ", ".join(provenance.label_columns),
        "scripts": ", ".join(
            f"{script_name(name, say)} {percentage(s)}" for name, s in found.audit.scripts["train"].items()
        ),
        "languages": ", ".join(provenance.origin.languages),
        "licence": provenance.origin.licence or "",
        "source": provenance.origin.source or "",
        "revision": provenance.revision or "",
        "fingerprint": provenance.fingerprint[:16],
        "model": found.model,
    }
    return {say[f"fact_{name}"]: value for name, value in given.items() if value}


def _said(lines: Iterable[str], say: Words) -> list[_Said]:
    if say["lang"] == "en":
        return [_Said(line, False) for line in lines]
    turned = [(line, in_korean(line, say)) for line in lines]
    return [_Said(korean or line, korean is None and line.isascii()) for line, korean in turned]


def _finding(found: Finding, say: Words) -> str:
    if say["lang"] == "en":
        return found.line
    return f"{finding_words(found.name, found.to_dict(), say)} ({percentage(found.share)})"


def _label_rows(found: Exploration) -> list[dict[str, Any]]:
    """Return name, counts by split and the widths of their bars in percent of the longest, most frequent first."""
    total = found.counts.total
    most = max(int(total.max()), 1)
    rows = []
    for label in found.counts.by_frequency():
        counts = [int(row[label]) for row in found.counts.per_split.values()]
        widths = [round(100 * count / most, 2) for count in counts]
        rows.append(
            {"name": found.labels.names[label], "total": int(total[label]), "counts": counts, "widths": widths}
        )
    return rows


def _chance(found: Exploration) -> float:
    """Return the purity of one single cluster over the texts on the map."""
    carried = found.embedded.carried
    return float(carried.sum(axis=0).max() / max(len(carried), 1)) if carried.size else 0.0
