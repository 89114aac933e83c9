"""The lists of a model card: what is known of the data, its faults and the training; nothing empty, nothing more."""

from __future__ import annotations

from collections.abc import Mapping

from .card_tables import Figures, Words


def audit_lines(audit: Figures) -> list[str]:
    """Return what the audit of the data found, a line each; what it had no words for was fine."""
    findings = (audit.get("findings") or {}).values()
    lines = [f"{finding['count']} {finding['says']}" for finding in findings if finding.get("says")]
    removed = sum((audit.get("removed_from_train") or {}).values())
    return [*lines, f"{removed} of these rows left train before training"] if removed else lines


def facts(rows: Mapping[str, object]) -> str:
    """Return a list of what is known; empty and missing values are left out."""
    known = {name: value for name, value in rows.items() if value not in (None, "", [], {}, ())}
    return "\n".join(f"- {name}: {_plain(value)}" for name, value in known.items())


def training_facts(training: Figures, say: Words) -> str:
    """Return how long the training took, on what, with which versions; unknown entries go by their own names."""
    known = {name: value for name, value in training.items() if not isinstance(value, (list, bool))}
    return facts({say.get(f"training_{name}", name.replace("_", " ")): value for name, value in known.items()})


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    return f"{value:.1f}" if isinstance(value, float) else str(value)
