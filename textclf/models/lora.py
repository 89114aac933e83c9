"""Low-rank adapters through PEFT: put in for training, merged into a plain model, saved beside it for reuse."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model, prepare_model_for_kbit_training
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import BitsAndBytesConfig, PreTrainedModel
from transformers.pytorch_utils import Conv1D

from ..arguments import ModelArguments
from ..errors import UserError, did_you_mean
from .families import FAMILIES, head_modules

ADAPTER = "default"  # PEFT's name for the only adapter


def check_lora(args: ModelArguments) -> None:
    """Refuse adapter settings that would be ignored, and what this machine or PEFT cannot do, before any loading.

    Raises:
        UserError: see there.
    """
    if args.lora == "none":
        own = [field for field in fields(ModelArguments) if field.name.startswith("lora_")]
        given = [field.name for field in own if getattr(args, field.name) not in (field.default, [])]
        if given:
            raise UserError(f"--{given[0]} does nothing without an adapter; add --lora lora, or leave it out.")
        return
    if args.head == "linear":
        raise UserError("--lora keeps the family's own head; choose --head mlp or auto with it.")
    if args.lora == "qlora":
        missing = [
            what
            for what, there in (
                ("a CUDA GPU", torch.cuda.is_available()),
                ("the package bitsandbytes", importlib.util.find_spec("bitsandbytes") is not None),
            )
            if not there
        ]
        if missing:
            raise UserError(f"--lora qlora needs {' and '.join(missing)}, not found here; use --lora lora.")


def adapt(model: PreTrainedModel, args: ModelArguments, fresh: Collection[str]) -> PeftModel:
    """Freeze a model and put adapters into all linear layers of its encoder; the head is trained in full.

    LoRA (Hu et al. 2022, all linear layers as in Dettmers et al. 2023, section 4), rsLoRA (Kalajdzievski 2023, scale
    alpha / sqrt(r)), DoRA (Liu et al. 2024) or QLoRA (Dettmers et al. 2023, an encoder in four bits). `fresh` names
    the parameters that the checkpoint lacked: a pooler inside the encoder is trained with the head only if among them.

    Raises:
        UserError: `--lora_targets` names no linear layer of the encoder.
    """
    family = FAMILIES.get(model.config.model_type)
    targets = args.lora_targets or (family.adapted if family else "all-linear")
    heads = [
        name for name in head_modules(model) if not name.endswith(".pooler") or any("pooler" in key for key in fresh)
    ]
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=args.lora_r,
        lora_alpha=args.lora_alpha,
        lora_dropout=args.lora_dropout,
        target_modules=targets,
        modules_to_save=[name.rsplit(".", 1)[-1] for name in heads],
        use_rslora=args.lora == "rslora",
        use_dora=args.lora == "dora",
    )
    if args.lora_targets:
        _check_targets(model, args.lora_targets, heads)
    if is_quantised(model):
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    adapted = get_peft_model(model, config)
    # PEFT would look up the base on the Hub at every checkpoint; save_adapter fills it in.
    adapted.peft_config[ADAPTER].base_model_name_or_path = None
    return adapted


def _check_targets(model: PreTrainedModel, targets: Collection[str], heads: Collection[str]) -> None:
    linear = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and not any(f"{name}.".startswith(f"{head}.") for head in heads)
    ]
    known = sorted({name.rsplit(".", 1)[-1] for name in linear})
    for target in targets:
        if not any(name == target or name.endswith(f".{target}") for name in linear):
            raise UserError(
                f"--lora_targets {target} is no linear layer of this model's encoder.{did_you_mean(target, known)} "
                f"Known: {', '.join(known)}."
            )


def four_bits() -> BitsAndBytesConfig:
    """Return how `--lora qlora` holds the frozen encoder: NF4, quantised twice (Dettmers et al. 2023, section 3)."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32,
        llm_int8_skip_modules=sorted({name.rsplit(".", 1)[-1] for row in FAMILIES.values() for name in row.head}),
    )


def merge(model: PeftModel, adapter: Path) -> PreTrainedModel:
    """Add the adapters to the weights they adapt and return the plain model in float32; `model` is used up.

    `adapter` is where `save_adapter` wrote them. An encoder in four bits is first brought back to float32, as it was
    while the adapter learned, i.e. rounded: that is what the adapter fits.

    Raises:
        ValueError: an adapter holds NaN.
    """
    if is_quantised(model):
        base = model.unload().dequantize(dtype=torch.float32).float()
        model = PeftModel.from_pretrained(base, adapter)
    plain = model.merge_and_unload(safe_merge=True)
    assert isinstance(plain, PreTrainedModel)
    return plain


def is_quantised(model: PreTrainedModel) -> bool:
    """Say whether the model's encoder is held in four bits."""
    return getattr(model.config, "quantization_config", None) is not None  # a field that only such configs have


def save_adapter(model: PeftModel, folder: Path, base: str, revision: str | None) -> None:
    """Write the adapter and the trained head, with the base model's id and commit, and a README how to load them.

    `base` is a Hub id or a folder, of which only the name is written: a path of this machine helps nobody. Call it
    before `merge`.
    """
    config = model.peft_config[ADAPTER]
    config.base_model_name_or_path = Path(base).name if Path(base).is_dir() else base
    config.revision = revision
    try:
        model.save_pretrained(folder, save_embedding_layers=False)
    finally:
        config.base_model_name_or_path = None
    names = [model.config.id2label[label] for label in range(model.config.num_labels)]
    (folder / "README.md").write_text(_readme(config, base, revision, names), encoding="utf-8")


def keep_adapter(folder: Path, model: PreTrainedModel) -> None:
    """Give the adapter of the checkpoint in `folder` the head of `model`, which is about to replace that checkpoint.

    Calibration changes the head alone, and adapter and checkpoint go on giving the same scores. An adapter that was
    merged into other weights than the model's is removed.
    """
    path = folder / "adapter" / "adapter_model.safetensors"
    if not path.is_file():
        return
    tensors, saved = load_file(path), load_file(folder / "model.safetensors")
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    head = {key: key.removeprefix("base_model.model.") for key in tensors if ".lora_" not in key}
    encoder = saved.keys() - set(head.values())
    if not all(name in state and torch.equal(saved[name], state[name]) for name in encoder):
        shutil.rmtree(folder / "adapter")
        return
    unfinished = path.with_name(".unfinished")
    save_file(tensors | {key: state[name].clone() for key, name in head.items()}, unfinished, {"format": "pt"})
    unfinished.replace(path)


def _readme(config: LoraConfig, base: str, revision: str | None, names: list[str]) -> str:
    """Return how to load the adapter; PEFT's own template is a page of '[More Information Needed]'."""
    name = Path(base).name if Path(base).is_dir() else base
    commit = f', revision="{revision}"' if revision else ""
    header = f"base_model: {base}\n" if not Path(base).is_dir() else ""
    return f"""---
library_name: peft
{header}---

# Adapter

Rank {config.r}, alpha {config.lora_alpha}, for `{name}`. The folder above holds the same model with the adapter merged
in; load that one with `pipeline("text-classification")`. The adapter alone needs its base:

```python
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

base = AutoModelForSequenceClassification.from_pretrained("{name}"{commit}, num_labels={len(names)})
model = PeftModel.from_pretrained(base, "adapter").eval()  # labels: {", ".join(names)}
```
"""
