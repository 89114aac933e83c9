"""One HTML page that shows an exploration by itself: scripts and data are inside, nothing is fetched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from plotly.offline import get_plotlyjs

from ..data.auditing.findings import Finding, percentage
from ..errors import UserError
from ..evaluation.page.interactive import page_style, script_json
from ..run_folder import RunFolder
from .explore import Exploration
from .page_content import MOST_LABELS, MOST_ROWS, drawn

FOLDER = Path(__file__).parent / "page"
SCRIPTS = ("drawing.js", "charts.js", "words.js", "map.js")
RARE = 20  # training texts: below, a label can hardly be learned or measured


def render(found: Exploration) -> str:
    """Return the page as HTML: light and dark, wide and narrow, of about 5 MB (nearly all of it plotly.js)."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percentage"] = lambda share: percentage(share).replace(" ", "\u00a0")
    train = found.counts.per_split["train"]
    return environment.get_template("page.html.j2").render(
        found=found,
        facts=facts(found),
        findings=[each for each in found.audit.findings if each.count and each.worth_a_line],
        clean=[_plain_name(each) for each in found.audit.findings if not (each.count and each.worth_a_line)],
        plain_name=_plain_name,
        rare=int((train < RARE).sum()),
        rare_bound=RARE,
        most_labels=MOST_LABELS,
        most_rows=MOST_ROWS,
        chance=_chance(found),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        data=script_json(drawn(found)),
        style=page_style(FOLDER / "page.css"),
        plotly=get_plotlyjs(),
        scripts=[(FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS],
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


def facts(found: Exploration) -> dict[str, str]:
    """Return what is known about the data set, in the order of interest."""
    provenance = found.provenance
    rows = " · ".join(f"{split}\u00a0{count:,}" for split, count in provenance.sizes.items())
    several = "several labels a text" if found.labels.multi_label else "one label a text"
    given = {
        "rows": rows,
        "labels": f"{len(found.labels)}, {several}",
        "text columns": ", ".join(provenance.text_columns),
        "label columns": ", ".join(provenance.label_columns),
        "scripts": ", ".join(f"{name} {percentage(s)}" for name, s in found.audit.scripts["train"].items()),
        "languages": ", ".join(provenance.origin.languages),
        "licence": provenance.origin.licence or "",
        "source": provenance.origin.source or "",
        "revision": provenance.revision or "",
        "fingerprint": provenance.fingerprint[:16],
        "model": found.model,
    }
    return {name: value for name, value in given.items() if value}


def _chance(found: Exploration) -> float:
    """Return the purity of one single cluster over the texts on the map."""
    carried = found.embedded.carried
    return float(carried.sum(axis=0).max() / max(len(carried), 1)) if carried.size else 0.0


def _plain_name(finding: Finding) -> str:
    return finding.name.replace("_", " ")
