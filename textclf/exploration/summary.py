"""What `explore.py` shows on the screen: the main figures, and where the page is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .explore import Exploration

MOST_LABELS = 12  # rows of a table that is still read
WORDS = 6


def show_summary(found: Exploration, page: Path) -> None:
    """Print labels with their words, lengths, clusters and findings."""
    console = Console()
    hidden = len(found.labels) - MOST_LABELS
    more = f" (the {MOST_LABELS} most frequent; {hidden} more on the page)" if hidden > 0 else ""
    _show(console, f"Labels, and the words that set them apart{more}", label_table(found))
    _show(console, f"Lengths; suggested max_length: {found.lengths.max_length} tokens", length_table(found))
    if found.embedded.clusters:
        texts = f"{len(found.embedded.texts):,} training texts"
        _show(console, f"k-means clusters of the embeddings against the labels, {texts}", cluster_table(found))
    for line in found.audit.lines or ["The audit found nothing that would need attention."]:
        console.print(Text(line), soft_wrap=True)
    megabytes = page.stat().st_size / 1e6
    console.print(Text(f"\nThe page: {page} ({megabytes:.1f} MB, opens in any browser)"), soft_wrap=True)


def _show(console: Console, title: str, table: Table) -> None:
    """Print a table under its title; rich would break the title to the width of the table."""
    console.print(Text(f"\n{title}", style="bold"), table, sep="\n")


def label_table(found: Exploration) -> Table:
    """Return the most frequent labels: texts in each split, and what their training texts say and others do not."""
    table = Table()
    table.add_column("label", overflow="fold")
    for split in found.counts.per_split:
        table.add_column(split, justify="right", no_wrap=True)
    table.add_column("words")
    for label in found.counts.by_frequency()[:MOST_LABELS]:
        counts = [f"{counts[label]:,}" for counts in found.counts.per_split.values()]
        words = ", ".join(ranked.ngram for ranked in found.words[1][label].distinctive[:WORDS])
        table.add_row(Text(found.labels.names[label]), *counts, Text(words))
    return table


def length_table(found: Exploration) -> Table:
    """Return the lengths that cover shares of the training texts."""
    lengths = found.lengths
    table = Table()
    table.add_column("covers")
    for share in lengths.tokens.covering:
        table.add_column(f"{float(share):.0%}".replace("%", " %"), justify="right")
    for unit, measured in (("characters", lengths.characters), ("tokens", lengths.tokens)):
        table.add_row(unit, *(f"{length:,}" for length in measured.covering.values()))
    return table


def cluster_table(found: Exploration) -> Table:
    """Return how well k-means clusters of the embeddings agree with the labels."""
    table = Table()
    for name in ("k", "purity", "NMI", "AMI"):
        table.add_column(name, justify="right")
    for each in found.embedded.clusters:
        figures = (each.purity, each.nmi, each.ami)
        table.add_row(str(each.k), *("–" if figure is None else f"{figure:.4f}" for figure in figures))
    return table
