"""A count of something among something, as a share with its exact interval."""

from __future__ import annotations

from typing import Any

from scipy.stats import binomtest


def share(count: int, of: int) -> dict[str, Any]:
    """Return count / of with its exact 95 % interval (Clopper & Pearson 1934), or nulls of nothing."""
    if not of:
        return {"value": None, "low": None, "high": None, "count": count, "of": of}
    low, high = binomtest(count, of).proportion_ci(0.95, method="exact")
    return {"value": count / of, "low": float(low), "high": float(high), "count": count, "of": of}
