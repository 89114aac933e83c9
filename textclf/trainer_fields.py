"""The Trainer's own fields that are not set here, or go by another name today: what to type instead."""

from __future__ import annotations

# Trainer fields that this project decides itself, and what to type instead.
OWNED = {
    "push_to_hub": "use --push NS/NAME",
    "hub_model_id": "use --push NS/NAME",
    "hub_token": "set the environment variable HF_TOKEN or run `hf auth login`",
    "hub_strategy": "use --push NS/NAME: the finished run goes up in one commit",
    "hub_private_repo": "new repos are private; use --public for the other way",
    "hub_always_push": "use --push NS/NAME",
    "hub_revision": "use push_to_hub.py RUN --revision",
    "remove_unused_columns": "the loader keeps just the columns that the model reads",
    "label_names": "the label column is always 'labels'",
    "load_best_model_at_end": "the best checkpoint on validation is always the one that is saved",
    "greater_is_better": "it follows from --metric_for_best_model",
    "train_sampling_strategy": "batches of similar length are always composed; --tokens_per_batch sets a token budget",
    "length_column_name": "lengths are counted by the tokenizer",
    "bf16": "use --precision bf16",
    "fp16": "use --precision fp16",
    "bf16_full_eval": "figures are always computed in fp32 from the saved folder",
    "fp16_full_eval": "figures are always computed in fp32 from the saved folder",
    "include_for_metrics": "metrics always read scores and labels",
    "eval_do_concat_batches": "metrics always read the whole validation split",
    "batch_eval_metrics": "metrics always read the whole validation split",
    "prediction_loss_only": "validation metrics choose the checkpoint, so scores are needed",
    "do_train": "train.py always trains",
    "do_eval": "train.py always evaluates",
    "do_predict": "the test split is always scored once, at the end",
    "auto_find_batch_size": "running out of memory halves the batch by itself",
    "gradient_checkpointing": "use --activation_checkpointing",
    "gradient_checkpointing_kwargs": "use --activation_checkpointing_kwargs",
    "save_strategy": "checkpoints are kept where validation happens; use --eval_strategy and --eval_steps",
    "save_steps": "checkpoints are kept where validation happens; use --eval_strategy and --eval_steps",
    "save_only_model": "the optimiser's state is what lets a run go on",
    "dataloader_drop_last": "every row is seen exactly once an epoch",
    "data_seed": "use --seed: it decides the order of the rows too",
    "ignore_data_skip": "a resumed run sees the batches that it would have seen",
    "accelerator_config": "batches are composed for all processes at once and dealt out",
    "parallelism_config": "use `accelerate launch` with a file like those of recipes/accelerate",
    "average_tokens_across_devices": "losses are always averaged over all processes",
    "logging_nan_inf_filter": "a loss that is not a number is always shown; --guards stops on it",
}
# Trainer fields that hold a mapping, written as JSON in a flag.
JSON_FIELDS = frozenset({"lr_scheduler_kwargs", "activation_checkpointing_kwargs", "liger_kernel_config"})
# Fields that transformers 5 took away, and today's names.
RENAMED = {
    "warmup_ratio": "warmup_steps (below 1 it is a share)",
    "evaluation_strategy": "eval_strategy",
    "no_cuda": "use_cpu",
    "group_by_length": "nothing: batches of similar length are always composed",
    "logging_dir": "the environment variable TENSORBOARD_LOGGING_DIR",
    "overwrite_output_dir": "another --output_dir, or delete the old folder",
    "half_precision_backend": "precision",
    "save_safetensors": "nothing: safetensors is the only format",
}
