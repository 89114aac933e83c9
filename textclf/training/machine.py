"""What the machine is good at: accelerator, number format and processor threads, chosen when the user says nothing."""

from __future__ import annotations

import math
import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ..errors import UserError

# Families whose activations leave the range of float16: trained in bfloat16, or reported with NaN losses.
BREAK_IN_FP16 = {"deberta", "deberta-v2", "t5", "mt5", "umt5", "modernbert", "gemma", "gemma2", "gemma3_text"}
_NATIVE_BF16 = ("avx512_bf16", "amx_bf16", "bf16")  # x86, x86, Arm: names of torch.cpu.get_capabilities
_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def accelerator_found() -> bool:
    """Say whether PyTorch sees an accelerator of any make (CUDA, ROCm, XPU, MPS, NPU ...)."""
    return bool(torch.accelerator.is_available())


def bf16_is_fast(use_cpu: bool) -> bool:
    """Say whether bfloat16 matrix products are native here: avx512_bf16, AMX or Arm's bf16; Ampere and later.

    Measured on a processor with avx512_bf16: training steps take 0.4 of their time in float32. With AVX-512 alone,
    where oneDNN calls bfloat16 supported too, a product takes 1.3 times its time in float32.
    """
    if use_cpu:
        found = torch.cpu.get_capabilities()
        native = any(found.get(name) for name in _NATIVE_BF16)
        return native and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    if torch.cuda.is_available():
        return torch.version.hip is not None or torch.cuda.get_device_capability()[0] >= 8
    return torch.accelerator.current_accelerator().type == "xpu"  # type: ignore[union-attr]


def choose_precision(wanted: str, use_cpu: bool) -> str:
    """Return `bf16`, `fp16` or `fp32` for training; `auto` takes bf16 where it is fast and never fp16.

    Raises:
        UserError: the wanted format does not exist here, or changes nothing.
    """
    if wanted == "auto":
        return "bf16" if bf16_is_fast(use_cpu) else "fp32"
    if wanted == "fp16" and use_cpu:
        raise UserError(
            "--precision fp16 needs an accelerator; found a processor only. Type --precision auto "
            f"(here: {choose_precision('auto', use_cpu)})."
        )
    if wanted == "bf16" and not use_cpu and not bf16_is_fast(use_cpu):
        raise UserError("--precision bf16 needs an NVIDIA GPU from Ampere on. Type --precision fp32, or fp16.")
    return wanted


def check_precision(precision: str, model_type: str) -> None:
    """Refuse float16 for families that are known to overflow in it.

    Raises:
        UserError: such a family with fp16.
    """
    if precision == "fp16" and model_type in BREAK_IN_FP16:
        raise UserError(
            f"{model_type} models overflow in fp16 (the loss becomes NaN). Type --precision bf16, or fp32."
        )


def available_cores() -> int:
    """Return the physical cores that this process may use: affinity, hardware threads and a container's quota seen.

    Two hardware threads of one core share its multipliers, so that a second thread on it only costs.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = {_read(Path(_TOPOLOGY.format(cpu))) or str(cpu) for cpu in allowed}
    quota = (_read(_QUOTA) or "max").split()
    limit = math.ceil(int(quota[0]) / int(quota[1])) if len(quota) == 2 and quota[0] != "max" else len(siblings)
    return max(1, min(len(siblings), limit))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:  # not Linux, or hidden by the container
        return None


def share_threads(wanted: int) -> int:
    """Return the threads for this process: what is wanted, or the cores shared out over the processes of this machine.

    `accelerate launch` and `torchrun` set OMP_NUM_THREADS=1 when the user has not, so a 1 counts only where no
    launcher is at work.
    """
    if wanted > 0:
        return wanted
    launched = "LOCAL_WORLD_SIZE" in os.environ or "ACCELERATE_DYNAMO_BACKEND" in os.environ
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdigit() and int(said) > (1 if launched else 0):
        return int(said)
    return max(1, available_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def device_name(device: torch.device) -> str:
    """Return the accelerator's or the processor's model, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type != "cpu":
        return device.type
    lines = (_read(Path("/proc/cpuinfo")) or "").splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def library_versions() -> dict[str, str]:
    """Return the versions of what decides on the results of a run, as far as it is installed."""
    found = {"python": platform.python_version()}
    for name in ("torch", "transformers", "accelerate", "datasets", "tokenizers", "peft"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
