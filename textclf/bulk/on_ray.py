"""Shards handed to a Ray cluster: a worker loads the model once and labels shard after shard; the dead are replaced.

Every machine has to see the input, the model and the output under the same paths (a shared file system), as with any
of the other ways to hand shards out.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from .bulk_arguments import BulkArguments
from .shards import label_shard, read_receipt

if TYPE_CHECKING:
    from .labelling import Labelling

MOST_DEATHS = 10
ROOT = str(Path(__file__).parent.parent.parent)


class Worker:
    """Holds the model and knows the rows; Ray makes one for each GPU, or else for each processor core."""

    def __init__(self, model: str, inputs: Sequence[str], options: BulkArguments, plan: str) -> None:
        """Load the model and find the rows: the very plan, or nothing is written."""
        from .labelling import set_up

        self._work = set_up(model, inputs, options)
        if self._work.job.plan.identity != plan:
            raise UserError(f"This machine sees other rows or another model under {', '.join(inputs)} and {model}.")

    def loaded(self) -> int:
        """Answer once the model is loaded; no row is labelled by that."""
        return 0

    def label(self, shard: int) -> int:
        """Label a shard, unless it is done; returns its rows."""
        return int(label_shard(self._work.job, shard, self._work.scorer, lambda rows: None)["rows"])


def label_on_ray(work: Labelling, shards: Sequence[int]) -> None:
    """Label shards on a cluster; what dies is started anew, and its shard is done again.

    Raises:
        UserError: ray is not installed, the cluster cannot be reached, or a shard failed for a reason of its own.
    """
    try:
        import ray
    except ImportError:
        raise UserError("--on ray needs ray: `pip install -r requirements-ray.txt`.") from None

    address = (work.options.on or "").partition(":")[2] or None
    todo = [shard for shard in shards if read_receipt(work.job.folder, work.job.plan, shard) is None]
    if not todo:
        return
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, runtime_env=_environment())
    except ConnectionError as error:
        raise UserError(f"There is no Ray cluster at {address}. `ray start --head` begins one here.") from error
    try:
        _hand_out(ray, work, shards, todo)
    finally:
        ray.shutdown()


def _hand_out(ray: Any, work: Labelling, shards: Sequence[int], todo: list[int]) -> None:  # Any: ray has no types
    """Keep every worker busy with one shard until none is left.

    A worker that dies is replaced by a new one, which starts when and where the cluster has room for it; its shard
    goes to whichever worker is free first. Nothing waits for the dead.
    """
    from .labelling import progress

    resources = ray.cluster_resources()
    gpus, cores = int(resources.get("GPU", 0)), int(resources.get("CPU", 1))
    starting = {}  # call -> worker that loads the model
    for _ in range(max(1, min(gpus or cores, len(todo)))):
        worker = _start_worker(ray, work, gpus)
        starting[worker.loaded.remote()] = worker
    deaths = 0  # of workers in a row that never held the model
    busy: dict[Any, tuple[Any, int]] = {}  # call -> worker and its shard
    with progress(work.job, shards) as bar:
        while todo or busy:
            (done,), _ = ray.wait([*starting, *busy], num_returns=1)
            worker, shard = busy.pop(done) if done in busy else (starting.pop(done), None)
            try:
                bar.update(ray.get(done))
            except ray.exceptions.RayActorError as error:
                if (cause := _own_fault(error)) is not None:
                    raise cause from None
                deaths = deaths + 1 if shard is None else 0
                if deaths > MOST_DEATHS:
                    raise UserError(f"Workers die while they load {work.model}: {_first_line(error)}") from error
                todo += [] if shard is None else [shard]
                worker = _start_worker(ray, work, gpus)
                starting[worker.loaded.remote()] = worker
                continue
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, UserError):
                    raise error.cause from None
                raise
            if todo:
                following = todo.pop(0)
                busy[worker.label.remote(following)] = (worker, following)


def _own_fault(error: Any) -> UserError | None:  # Any: ray has no types
    """Return why a worker could not begin, where that is no matter of machines: it would fail anywhere."""
    found = re.search(r"UserError: (.+)", str(error))
    return UserError(found[1]) if found else None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _start_worker(ray: Any, work: Labelling, gpus: int) -> Any:  # Any: ray has no types
    options = replace(
        work.options, engine=work.job.plan.content["engine"], output=str(work.output.absolute()), on=None
    )
    inputs = [str(Path(name).absolute()) if Path(name).exists() else name for name in work.inputs]
    model = str(Path(work.model).absolute()) if Path(work.model).is_dir() else work.model
    actor = ray.remote(Worker).options(num_cpus=1, num_gpus=int(gpus > 0), scheduling_strategy="SPREAD")
    return actor.remote(model, inputs, options, work.job.plan.identity)


def _environment() -> dict[str, Any]:
    """Return what workers need of this process's surroundings: where the package lies, and one thread each."""
    path = os.pathsep.join([ROOT, *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"env_vars": {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}}
