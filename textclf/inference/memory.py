"""How much of the machine's memory is free, and how many tokens a model may score at once for it to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from torch import nn
from transformers import PreTrainedModel

from ..errors import UserError
from ..models.padding_free import HOOKED

logger = logging.getLogger(__name__)

# Of what a forward pass takes by arithmetic, that much more is needed for a moment, and lost between blocks.
SLACK = 1.5
_CONTAINERS = Path("/sys/fs/cgroup")
_MEMBERSHIPS = Path("/proc/self/cgroup")


def fitting_tokens(model: PreTrainedModel, wanted: int, longest: int) -> int:
    """Return how many tokens, at most `wanted`, fit into a processor's free memory in texts of `longest` tokens.

    Raises:
        UserError: a single text does not fit.
    """
    free = free_memory()
    if model.device.type != "cpu" or free is None:
        return wanted
    fitting = int(free / _bytes_a_token(model, longest))
    if fitting < longest:
        need = size(longest * _bytes_a_token(model, longest))
        raise UserError(
            f"A single text of {longest} tokens needs about {need} of memory to be scored; {size(free)} are free. "
            "Choose a smaller model, or cut texts."
        )
    if fitting < wanted:
        logger.warning("%s of memory are free: batches of %d tokens are scored.", size(free), fitting)
    return min(wanted, fitting)


def _bytes_a_token(model: PreTrainedModel, longest: int) -> float:
    """Return what a token of the widest layer takes."""
    widest = max(part.in_features + part.out_features for part in model.modules() if isinstance(part, nn.Linear))
    heads = 0 if model.config.model_type in HOOKED else getattr(model.config, "num_attention_heads", 1)
    return 4.0 * SLACK * (2 * widest + 4 * heads * longest)


def size(count: float) -> str:
    """Return bytes in words."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def free_memory() -> int | None:
    """Return the bytes that a process can still take, of the machine's and of its containers'; None: not known."""
    known = [_free_in_container(*container) for container in _containers()]
    lines = (_read(Path("/proc/meminfo")) or "").splitlines()
    known += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return min((each for each in known if each is not None), default=None)


def _containers() -> Iterator[tuple[Path, str, str]]:
    """Yield the control groups that this process is in, and those above: folder, file of the limit, of the usage.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files, and cgroup-v1/memory.html. Inside of a
    container the path is the outside's; what is seen of it lies at the root.
    """
    for line in (_read(_MEMBERSHIPS) or "0::/").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            root, files = _CONTAINERS, ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            root, files = _CONTAINERS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        below = Path(path.lstrip("/"))
        for folder in (root / below, *(root / parent for parent in below.parents)):
            yield folder, *files


def _free_in_container(folder: Path, limit_file: str, usage_file: str) -> int | None:
    limit, usage = _read(folder / limit_file), _read(folder / usage_file)
    if not (limit and usage) or not limit.isdigit():  # `max`: no limit
        return None
    statistics = (line.split() for line in (_read(folder / "memory.stat") or "").splitlines())
    files = [int(value) for name, value in statistics if name in {"inactive_file", "total_inactive_file"}]
    return max(0, int(limit) - int(usage) + max(files, default=0))  # pages of files are given back when asked for


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:  # not Linux, or hidden
        return None
