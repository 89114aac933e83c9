"""What a check of claims comes to: the screen's table, and a short Markdown comment that a person may post."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ..card_tables import code, number, table, with_interval
from .figures import FAILS, HOLDS, NOISE, UNCHECKED

Found = dict[str, Any]  # what claims.json holds
_SIGNS = {HOLDS: "✓ holds", NOISE: "≈ within noise", FAILS: "✗ does not hold", UNCHECKED: "– cannot be checked"}


def show_claims(found: Found) -> None:
    """Print the claims beside what was measured, and every finding."""
    console = Console()
    shown = Table("claim", "on", "claimed", "measured, 95 % interval", "n", "verdict")
    for row in found["claims"]:
        shown.add_row(*_cells(row))
    if found["claims"]:
        console.print(shown)
    for line in (*found["notes"], summary(found["claims"]), *_remarks(found)):
        console.print(line, highlight=False, markup=False)


def comment(found: Found) -> str:
    """Return the comment: a table and a line for each finding; every word of the card stands in it as code."""
    lines = [f"### The figures of {code(found['model'])}, measured again", "", summary(found["claims"]), ""]
    if found["claims"]:
        head = ["claim", "on", "claimed", "measured, 95 % interval", "n", "verdict"]
        rows = [[_safe(metric), _safe(on), _safe(claimed), *rest] for metric, on, claimed, *rest in _all_cells(found)]
        lines += [table(head, rows), ""]
    lines += [f"- {_harmless(remark)}" for remark in (*_remarks(found), *found["notes"])]
    command = f"python eval.py {found['model']} --claims"
    made = f"Commit {code(found['revision'])}, by {code(command)} (textclf {found['version']}); "
    lines += ["", f"{made}every figure was computed in fp32 from the checkpoint."]
    return "\n".join(lines).strip() + "\n"


def summary(claims: Sequence[Found]) -> str:
    """Return one sentence on how many claims there are and what became of them."""
    if not claims:
        return "The card makes no claim that could be read."
    counts = Counter(row["verdict"] for row in claims)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in (HOLDS, NOISE, FAILS, UNCHECKED) if counts[verdict])
    return f"{len(claims)} claim{'s' * (len(claims) > 1)} checked: {told}."


def _all_cells(found: Found) -> list[list[str]]:
    return [_cells(row) for row in found["claims"]]


def _cells(row: Found) -> list[str]:
    claimed, measured = row["claimed"], row["measured"]
    average = claimed.get("average")
    metric = claimed["metric"] + (f" ({average})" if average and average not in claimed["metric"].lower() else "")
    parts = (claimed.get("dataset"), claimed.get("config"), claimed.get("split") or (measured or {}).get("split"))
    on = " / ".join(filter(None, parts)) or "–"
    if measured is None:
        return [metric, on, claimed["written"], "–", "–", _SIGNS[row["verdict"]]]
    return [metric, on, claimed["written"], with_interval(measured), f"{measured['n']:,}", _SIGNS[row["verdict"]]]


def _remarks(found: Found) -> list[str]:
    """Return the findings and reasons, each once, with how many claims it is about."""
    said: Counter[str] = Counter()
    for row in found["claims"]:
        findings = [finding["says"] for finding in row["findings"]]
        about = f"{row['claimed']['metric']} {number(row['claimed']['value'])}: "
        said.update(about + one if row["verdict"] == FAILS else one for one in dict.fromkeys([*findings, *row["why"]]))
    lines = [line + (f" ({count} claims)" if count > 1 else "") for line, count in said.items()]
    return [*(finding["says"] for finding in found["findings"]), *lines]


def _safe(words: str) -> str:
    """Return words of a card so that nothing in them is a link, a mention, markup or the end of a table's cell."""
    return code(words.replace("|", "/")) if words.strip("–") else "–"


def _harmless(line: str) -> str:
    """Return a sentence that quotes a card so that nothing in it does anything: mentions, links, images, HTML."""
    broken = "".join(f"\\{sign}" if sign in "\\`*_[]<>|#!" else sign for sign in line)
    return broken.replace("@", "@\u200b").replace("://", ":\u200b//")
