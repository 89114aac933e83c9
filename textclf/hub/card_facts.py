"""The lists of a model card: what is known of the data, its faults and the training; nothing empty, nothing more."""

from __future__ import annotations

from collections.abc import Container, Mapping

from ..evaluation.data_words import finding_words
from ..evaluation.names import Words
from .card_tables import Figures, escaped

OF_THE_MODEL = frozenset(
    {"longer_than_max_length", "cleaned_to_nothing", "made_for_other_languages"}
)  # findings about how it reads, not about the data


def audit_lines(audit: Figures, say: Words, but: Container[str] = ()) -> list[str]:
    """Return what the audit of the data found, a line each; what it had no words for was fine.

    It has English words; of findings that `say` has words for, those are taken.
    """
    findings = (audit.get("findings") or {}).items()
    return [
        escaped(finding_words(name, found, say)) for name, found in findings if found.get("says") and name not in but
    ]


def faults_of_data(data: Figures, korean: bool = False) -> list[str]:
    """Return what is known of the data's faults beside the audit, one line or none, in Korean where it was said so."""
    said = (data.get("known_faults_in_korean") if korean else None) or data.get("known_faults")
    return [escaped(said)] if said else []


def facts(rows: Mapping[str, object]) -> str:
    """Return a list of what is known; empty and missing values are left out."""
    known = {name: value for name, value in rows.items() if value not in (None, "", [], {}, ())}
    return "\n".join(f"- {name}: {escaped(_plain(value))}" for name, value in known.items())


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
