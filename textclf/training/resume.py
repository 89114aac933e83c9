"""Where a run is written, from which checkpoint it goes on, and whether it is still the same run.

What decides the weights is noted as a plan when a run begins: it goes on as what it was, or not at all.
"""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import xxhash
from accelerate.utils import broadcast_object_list
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ..errors import UserError
from ..labels import LabelSpace
from ..run_folder import RunFolder
from .interruption import CHECKPOINTS, is_complete, newest_checkpoint

if TYPE_CHECKING:
    from .encoding import EncodedTexts
    from .fit_arguments import FitArguments

FINISHED = "checkpoints/training.json"  # written last: what is known about a finished training
PLAN = "checkpoints/plan.json"
MOST_TOLD = 6  # differences in a message
_IN_USE = ("config.json", "model.safetensors", "evaluation.json", CHECKPOINTS)

# All that may change on the way; every other setting decides, one that is new tomorrow included. It is where things
# are written, told and kept; number format, device, threads, loaders; and how a step's texts are cut up.
_MAY_CHANGE = """
    output_dir resume_from_checkpoint report_to run_name project trackio_space_id trackio_bucket_id
    trackio_static_space_id log_level log_level_replica log_on_each_node logging_strategy logging_steps
    logging_first_step logging_nan_inf_filter include_num_input_tokens_seen disable_tqdm debug skip_memory_metrics
    cluster_control teacher_price save_total_limit save_steps save_on_each_node keep_last follow_states guards
    precision bf16 fp16 tf32 use_cpu threads padding_free torch_empty_cache_steps local_rank
    activation_checkpointing activation_checkpointing_kwargs
    dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor
    dataloader_multiprocessing_context dataloader_in_order
    ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers ddp_static_graph ddp_backend ddp_timeout
    per_device_train_batch_size gradient_accumulation_steps per_device_eval_batch_size eval_accumulation_steps
"""
FREE = frozenset(_MAY_CHANGE.split())
# Of a model's config: where it came from, what our labels say already, and who wrote it.
_NOT_OF_THE_MODEL = {"_name_or_path", "_commit_hash", "transformers_version", "id2label", "label2id", "architectures"}
_NOT_OF_THE_MODEL |= {"base_model_name_or_path", "revision", "peft_version"}
_DIGESTS = {
    **{name: f"other {name}" for name in ("training rows", "validation rows", "initial weights")},
    "tokenizer": "another tokenizer or cleaning",
}


class Place(NamedTuple):
    """Where a run is written, and the checkpoint it goes on from (None: from the start)."""

    run: Path
    checkpoint: Path | None
    resuming: bool


def find_place(args: FitArguments) -> Place:
    """Return the run folder and where to go on; looks once, and touches nothing.

    `--resume_from_checkpoint true` means the folder of `--output_dir`.

    Raises:
        UserError: the folder cannot be made, or is in use and not to be resumed, or there is nothing to resume.
    """
    if args.place is None:
        args.place = _where_to_go_on(args) if args.resume_from_checkpoint else _where_to_begin(args.output_dir)
    return args.place


def _where_to_begin(output_dir: str | None) -> Place:
    if not output_dir:
        raise UserError("--output_dir is missing: the folder that the run is written to.")
    run = Path(output_dir).expanduser()
    used = [name for name in _IN_USE if (run / name).exists()]
    if used or run.is_file():
        raise UserError(
            f"The output folder {run} is in use (it holds {used[0] if used else 'a file'}). Choose another "
            f"--output_dir, delete the folder, or type --resume_from_checkpoint {shlex.quote(str(run))} to go on "
            "with that run."
        )
    above = next(path for path in (run, *run.absolute().parents) if path.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        fault = "nothing may be written in it" if above.is_dir() else "it is a file"
        raise UserError(f"The output folder {run} cannot be made in {above}: {fault}. Choose another --output_dir.")
    return Place(run, None, resuming=False)


def _where_to_go_on(args: FitArguments) -> Place:
    wanted, output_dir = str(args.resume_from_checkpoint), args.output_dir
    if wanted.lower() == "true":
        if not output_dir:
            raise UserError(
                "--resume_from_checkpoint true goes on in the folder of --output_dir, which is missing. Add it, or "
                "type --resume_from_checkpoint RUN."
            )
        wanted = output_dir
    given = Path(wanted).expanduser()
    chosen = given if given.name.startswith("checkpoint-") else None
    run = given.parent.parent if chosen else given
    if not run.is_dir():
        raise UserError(f"There is no run to go on with in {given}: the folder does not exist.")
    if output_dir and Path(output_dir).expanduser().resolve() != run.resolve():
        raise UserError(f"A run goes on in its own folder. Leave --output_dir {output_dir} out, or type {run}.")
    if chosen and not is_complete(chosen):
        raise UserError(
            f"{chosen} is not a complete checkpoint. Type --resume_from_checkpoint {shlex.quote(str(run))} for the "
            "newest one."
        )
    return Place(run, chosen or newest_checkpoint(run), resuming=True)


def plan_of(
    args: FitArguments, labels: LabelSpace, model: PreTrainedModel, splits: tuple[EncodedTexts, EncodedTexts]
) -> dict[str, Any]:
    """Return what the weights follow from: settings by their names, rows and the model's weights by their digests.

    Every process gets what process 0 found: with weights in shards it alone may hold them at the start.
    """
    found: dict[str, Any] = {
        f"--{f.name}": getattr(args, f.name) for f in fields(args) if f.init and f.name not in FREE
    }
    if not args.tokens_per_batch:
        found["texts in a step"] = (
            args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size
        )
    found["shards"] = args.sharded
    settings = model.config.to_dict()
    if isinstance(model, PeftModel):
        settings |= {f"adapter {key}": value for key, value in model.peft_config["default"].to_dict().items()}
    own = {key: value for key, value in settings.items() if key.split()[-1] not in _NOT_OF_THE_MODEL}
    found |= {f"the model's {key}": value for key, value in own.items()}
    train, validation = splits
    rows = {"training rows": train.digest(), "validation rows": validation.digest()}
    found |= {"labels": labels.names, "initial weights": weights_digest(model), **rows}
    plain = json.loads(
        json.dumps(found, default=lambda value: sorted(value) if isinstance(value, set) else str(value))
    )
    shared = [plain]
    broadcast_object_list(shared)
    return dict(shared[0])


def weights_digest(model: PreTrainedModel) -> str:
    """Return 32 hexadecimal digits of all parameters and buffers, in training form: 1 GB takes some 0.5 s."""
    digest = xxhash.xxh3_128()
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype} {name in learning}\n".encode())
        if not tensor.is_meta:
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def tokenizer_digest(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return 32 hexadecimal digits of a tokenizer's rules, cleaning included, but for where it cuts and pads."""
    rules = json.loads(tokenizer.backend_tokenizer.to_str()) | {"truncation": None, "padding": None}
    return xxhash.xxh3_128(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def keep_to(place: Place, wanted: dict[str, Any]) -> None:
    """Refuse to go on with a run that was begun with another plan; touches nothing.

    Raises:
        UserError: naming each difference, or that nothing says what the run was.
    """
    folder = RunFolder(place.run)
    if not place.resuming:
        return
    again = f"begin anew with another --output_dir than {place.run}"
    if not (folder.path / PLAN).exists():
        if place.checkpoint or (folder.path / FINISHED).exists():
            raise UserError(f"{folder.path / PLAN} is missing, which says what the run was begun with: {again}.")
        return
    begun = folder.read_json(PLAN)
    differing = [name for name in {**wanted, **begun} if begun.get(name) != wanted.get(name)]
    names = [name for name in differing if name.split()[-1] not in _NOT_OF_THE_MODEL]  # which older plans had, too
    if names:
        told = [_difference(name, begun.get(name), wanted.get(name)) for name in sorted(names, key=_is_of_the_model)]
        if len(told) > MOST_TOLD + 1:
            told[MOST_TOLD:] = [f"and {len(told) - MOST_TOLD} more differences"]
        raise UserError(
            f"{place.run} was begun with {', '.join(told)}. A run goes on as what it was: type the command "
            f"that began it and --resume_from_checkpoint {shlex.quote(str(place.run))}, or {again}."
        )


def _is_of_the_model(name: str) -> bool:
    return name.startswith("the model's ")


def _difference(name: str, begun: object, now: object) -> str:
    if name in _DIGESTS:
        return _DIGESTS[name]
    return f"{name} {begun} (now {now})"


def note(place: Place, begun: dict[str, Any]) -> None:
    """Write down the plan of a run that begins; on process 0 only."""
    if not (place.run / PLAN).exists():
        RunFolder(place.run).write_json(PLAN, begun)
