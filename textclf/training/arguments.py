"""The fit group of a recipe: our own options over the Trainer's, with the machine's own choices filled in."""

from dataclasses import dataclass

from transformers import TrainingArguments

from ..arguments import FitOptions


@dataclass
class FitArguments(FitOptions, TrainingArguments):
    """Every `TrainingArguments` field, ours and our defaults in front."""
