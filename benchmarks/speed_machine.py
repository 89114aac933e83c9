"""The machine that figures hold for: processor, instruction set, cores, memory, accelerator; never its name."""

from __future__ import annotations

import os
from typing import Any

import torch

from textclf.training import machine


def describe_machine() -> dict[str, Any]:
    """Return processor and its instruction set, cores, memory and accelerator."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    bf16 = "native bf16" if machine.bf16_is_fast(use_cpu=True) else "no native bf16"
    vnni = (
        "VNNI" if any("vnni" in name and there for name, there in torch.cpu.get_capabilities().items()) else "no VNNI"
    )
    return {
        "processor": machine.device_name(torch.device("cpu")),
        "instruction_set": f"{torch.backends.cpu.get_cpu_capability()} ({bf16}, {vnni})",
        "cores": machine.available_cores(),
        "threads": torch.get_num_threads(),
        "memory_gigabytes": round(memory, 1),
        "accelerator": accelerator,
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def processor() -> str:
    """Name the processor and the cores that this process may use."""
    return f"{machine.device_name(torch.device('cpu'))}, {machine.available_cores()} cores"


def machine_line() -> str:
    """Return the machine in one sentence."""
    known = {key.replace("_", " "): value for key, value in describe_machine().items() if value is not None}
    return ", ".join(f"{key} {value}" for key, value in known.items()) + f"; torch {torch.__version__}."
