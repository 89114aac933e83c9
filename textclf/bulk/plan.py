"""The plan of a labelling: which rows, which model, how they are cut into shards. Equal plans give equal output.

Rows are scored in blocks that the plan fixes (a block never crosses files), and a shard is a stretch of whole blocks:
however the work is cut, the same texts are scored together, so that scores are equal to the last bit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import UserError
from .sources import Source

ROWS_A_SHARD = 16_384  # what a kill costs at most, where nobody says how many shards
MOST_SHARDS = 1_000


class Stretch(NamedTuple):
    """Consecutive rows of one source, with the number of their first block over all sources."""

    source: int
    first: int
    rows: int
    block: int


@dataclass(frozen=True)
class Plan:
    """What is to be done; everything that changes the output is in `content`."""

    content: dict[str, Any]

    @property
    def identity(self) -> str:
        """Return a hash of the plan, 16 digits."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def rows(self) -> int:
        """Return the number of rows that can be read."""
        return sum(self.sizes)

    @property
    def sizes(self) -> list[int]:
        """Return the rows of each source."""
        return [int(each["rows"]) for each in self.content["inputs"]]

    @property
    def shards(self) -> int:
        """Return the number of shards."""
        return int(self.content["shards"])

    def first_row(self, shard: int) -> int:
        """Return the number, over all sources, of a shard's first row."""
        first = next(iter(self.stretches(shard)))
        return sum(self.sizes[: first.source]) + first.first

    def stretches(self, shard: int) -> list[Stretch]:
        """Return the rows of a shard: its even part of all blocks."""
        size = int(self.content["block_rows"])
        counts = [-(-rows // size) for rows in self.sizes]
        begin, end = (k * sum(counts) // self.shards for k in (shard, shard + 1))
        found, passed = [], 0
        for source, (count, rows) in enumerate(zip(counts, self.sizes, strict=True)):
            low, high = max(begin - passed, 0), min(end - passed, count)
            if low < high:
                first = low * size
                found.append(Stretch(source, first, min(high * size, rows) - first, passed + low))
            passed += count
        return found

    def differs_in(self, other: dict[str, Any]) -> str:
        """Say in words what another plan's content has otherwise."""
        names = {
            "inputs": "the input",
            "model": "the model",
            "engine": "the engine",
            "shards": "the number of shards",
            "text_columns": "the text columns",
        }
        differing = [names.get(key, key) for key in self.content if self.content[key] != other.get(key)]
        return ", ".join(differing) or "its version"


def make_plan(sources: Sequence[Source], options: dict[str, Any], shards: int | None) -> Plan:
    """Plan the labelling of sources.

    Args:
        sources: what is read, in order.
        options: everything else that changes the output; `block_rows` is among them.
        shards: how many; None takes some 16,000 rows each.

    Raises:
        UserError: there are no rows.
    """
    rows, size = sum(source.rows for source in sources), int(options["block_rows"])
    if rows == 0:
        raise UserError(f"There are no rows to label in {', '.join(source.name for source in sources)}.")
    blocks = sum(-(-source.rows // size) for source in sources)
    wanted = min(-(-rows // ROWS_A_SHARD), MOST_SHARDS) if shards is None else shards
    if shards is not None and shards > blocks:
        raise UserError(
            f"{rows:,} rows make {blocks:,} blocks of {size:,}, too few for {shards:,} shards. "
            f"Take --shards {blocks}, or smaller blocks: --block_rows {max(1, rows // shards)}."
        )
    inputs = [{"name": source.name, "identity": source.identity, "rows": source.rows} for source in sources]
    return Plan({"version": 1, "inputs": inputs, **options, "shards": min(wanted, blocks)})


def tables_of(
    sources: Sequence[Source], stretches: Sequence[Stretch], block_rows: int, blocks: int
) -> Iterator[tuple[Stretch, Any]]:
    """Yield the rows of a shard, some blocks at a time: where they stand, and the rows as a table."""
    size = block_rows * blocks
    for stretch in stretches:
        source = sources[stretch.source]
        tables = source.read(stretch.first, stretch.rows, size)
        for number, table in enumerate(tables):
            first, block = stretch.first + number * size, stretch.block + number * blocks
            yield Stretch(stretch.source, first, len(table), block), table
