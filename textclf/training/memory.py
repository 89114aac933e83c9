"""A processor's memory, kept by training from step to step."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..inference.memory import free_memory

# glibc's malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
# What glibc's own adjustment ends at once large blocks were freed (mallopt(3)).
_USUAL = {_TRIM_THRESHOLD: 64 * 2**20, _TOP_PAD: 128 * 2**10, _MMAP_MAX: 65_536}
_KEEPING = {_TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 64 * 2**20, _MMAP_MAX: 0}

_GROWN = 1.5  # times what a step by itself has taken: what is held lies in pieces
_WORTH = 2**30  # bytes held; below, nothing is lost by leaving them

_RESIDENT = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

# oneDNN compiles a product for every shape of bf16 and keeps a thousand, and PyTorch keeps as many beside it. Each
# step of real tokens alone has shapes of its own: a step's are enough. Megabytes a step, strewn between the
# activations, hold those apart. Both are read once, at first use
# (https://uxlfoundation.github.io/oneDNN/dev_guide_primitive_cache.html, https://github.com/intel/ideep/issues/14).
# The latter alone took 2 MB a step of MiniLM on an Intel Xeon with amx_bf16.
_SHAPES_KEPT = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64", "LRU_CACHE_CAPACITY": "64"}


def keep_few_shapes() -> None:
    """Let the compiled products of few shapes stay, unless the environment says how many (before they begin)."""
    for name, count in _SHAPES_KEPT.items():
        os.environ.setdefault(name, count)


@contextmanager
def kept_memory(use: bool) -> Iterator[None]:
    """Let freed memory stay with the process inside the context (glibc only; elsewhere nothing changes).

    Gradients and activations are freed and asked for again in every step, and large blocks would go through the system
    each time: MiniLM at 24 tokens a text spends 10 % of its time there. The peak stays what it was.
    """
    if not use or platform.libc_ver()[0] != "glibc":
        yield
        return
    _set(_KEEPING)
    try:
        yield
    finally:
        _set(_USUAL)
        give_back()


class HeldMemory:
    """What training holds of freed memory: given back where it has grown, or where the next step needs what is free.

    Blocks of short batches leave gaps that a long one does not fit into, so that the process goes on growing: from 3.7
    to 9.9 GB in 420 steps of 128 Korean comments of 10 to 125 tokens (MiniLM, bf16). Giving back costs a second or two
    there, as every page is asked for again.
    """

    def __init__(self, worth: int = _WORTH, grown: float = _GROWN) -> None:
        """Begin with what the process has now; so many bytes, and so many times what a step takes, may be held."""
        self._worth, self._grown = worth, grown
        self._begun, self._most, self._steps_since = _resident(), 0, 0

    def make_room(self) -> None:
        """Before a step: give the system what is held, if that is far more than one takes or little else is free."""
        held, free = _resident(), free_memory()
        if self._steps_since == 1:  # what one step takes from the system
            self._most = max(self._most, held)
        self._steps_since += 1
        short = free is not None and free < self._most - self._begun
        if held - self._begun > self._worth and self._steps_since > 1 and (short or held > self._grown * self._most):
            give_back()
            self._steps_since = 1


def _resident() -> int:
    """Return the bytes of memory that this process holds; 0 where that is not told."""
    try:
        return int(_RESIDENT.read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0


def give_back() -> None:
    """Give the system what was freed and is still held (glibc only)."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def _set(options: dict[int, int]) -> None:
    library = ctypes.CDLL(None)
    for option, value in options.items():
        library.mallopt(option, value)
