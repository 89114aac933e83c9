"""FSDP2 on processors, which `accelerate` itself leaves out: the launcher file's shards, on gloo, with a tiny model.

    accelerate launch --config_file recipes/accelerate/fsdp2.yaml --num_processes 2 tests/sharded.py TINY_MODEL OUT

Trains in shards, is killed after an epoch, goes on, and leaves OUT/found.json; see test_processes.py.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from accelerate.state import PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor

from tests.launched import train
from textclf.training import fit as fit_module
from textclf.training.trainer import BatchTrainer

OPTIONS = {"per_device_train_batch_size": 16, "gradient_accumulation_steps": 1}


def as_accelerators() -> None:
    """Let `accelerate` take the processes for ones that each have an accelerator: only then does it shard."""
    begin = PartialState.__init__

    def init(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        if self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type = DistributedType.MULTI_GPU

    PartialState.__init__ = init


class KilledError(Exception):
    """Stands for SIGKILL in every process."""


def killed_and_resumed(folder, output, options):
    step, leave = BatchTrainer.training_step, fit_module.interruption.leave_whole

    def until_five(self, *args):
        assert self.is_fsdp_enabled
        assert all(isinstance(part, DTensor) for part in self.model.parameters())
        if self.state.global_step == 5:
            raise KilledError
        return step(self, *args)

    BatchTrainer.training_step, fit_module.interruption.leave_whole = until_five, lambda run: None
    try:
        train(folder, output, False, options)
    except KilledError:
        pass
    finally:
        BatchTrainer.training_step, fit_module.interruption.leave_whole = step, leave
    torch.distributed.barrier()
    return train(folder, output, False, {**options, "resume_from_checkpoint": str(output)})


def main(folder, out):
    as_accelerators()
    found = {
        "one label": train(folder, Path(out) / "one", False, OPTIONS),
        "several labels": train(folder, Path(out) / "several", True, OPTIONS),
        "went on": killed_and_resumed(folder, Path(out) / "resumed", OPTIONS),
    }
    if torch.distributed.get_rank() == 0:
        Path(out, "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
