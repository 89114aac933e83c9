"""The argument groups: a recipe's YAML key, a dataclass field and a command-line flag are one thing.

Imports neither torch nor the Trainer, so that `--help` is quick: its fields join in `training/fit_arguments.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .errors import UserError

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_DATASET = "news_sample"
LENGTH_COVERAGE = 0.99


def _say(help_text: str, default: Any = None) -> Any:  # Any: a dataclass field takes the type of its annotation
    """Declare a field with its line of help (argparse reads % as a format, hence the doubling)."""
    help_text = help_text.replace("%", "%%")
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata={"help": help_text})
    return field(default=default, metadata={"help": help_text})


@dataclass
class DataArguments:
    """Which texts and labels, how they are split, checked, cleaned and cut."""

    _argument_group_name = "data (which texts and labels)"

    dataset: str | None = _say("a dataset script's name, a file (CSV, JSON, Excel, ...), a folder or a Hub id")
    dataset_config: str | None = _say("the configuration of the data set, where it has several")
    dataset_revision: str | None = _say("commit, branch or tag of a Hub data set")
    data_dir: str | None = _say("the folder with the raw files of a dataset script")
    train_file: str | None = _say("training rows (CSV, TSV, JSON, Parquet, Excel; also as gz, zip or zst)")
    validation_file: str | None = _say("validation rows; carved out of the training rows if missing")
    test_file: str | None = _say("test rows; carved out of the training rows if missing")
    unlabelled: str | None = _say("a file of texts without labels, which a --teacher labels for the training alone")
    hand_labels: int = _say("texts put out to be labelled by hand, where nothing is labelled yet", 200)
    text_columns: list[str] = _say("one or two columns of text (title and body, say)", [])
    label_columns: list[str] = _say("one column of label names or ids, or several 0/1 columns", [])
    label_separator: str | None = _say("separates several label names in one cell ('none': each cell is one name)")
    class_names: list[str] = _say("the label names, in the order of integer labels; or for each: 1=one 2=two", [])
    merge_labels: list[str] = _say("joins labels: 'alike' those that differ in spelling only, or old=new pairs", [])
    split_column: str | None = _say("says the split of each row: train, validation or test ('none': no column does)")
    column_names: list[str] = _say("names of all columns, for a file that has none", [])
    no_header: bool | None = _say("the first line is a row, not the columns' names ('false': names; default: found)")
    encoding: str | None = _say("of text files: utf-8, cp949, shift_jis, windows-1252 ... (default: found)")
    quotes: Literal["auto", "csv", "plain"] = _say("what a quote in a CSV file is: of a cell, or a character", "auto")
    group_column: str | None = _say("rows with one value here (author, thread) never straddle two splits")
    source_column: str | None = _say("test figures are also given for each value of this column (outlet, year)")
    validation_share: float = _say("share of the training rows that becomes validation where there is none", 0.15)
    test_share: float = _say("share of all rows that becomes test where there is none", 0.2)
    guarantee_share: float = _say("share of validation that is kept for promises, where one is asked for", 0.5)
    split_seed: int = _say("seed of the splits; apart from --seed so that seeds can be compared on equal rows", 13)
    min_label_count: int = _say("labels with fewer training rows than this are dropped", 0)
    drop_unlabelled: bool = _say("drop rows that are left without any label (multi-label)", False)
    drop_unseen_labels: bool = _say("drop validation and test rows whose label never occurs in train", False)
    on_bad_row: Literal["error", "skip"] = _say("what happens to a row that cannot be read or has no label", "error")
    strict: bool = _say("stop when the audit finds a leak between splits, instead of taking it out of train", False)
    drop_near_duplicates: bool = _say("take near duplicates of validation and test texts out of train", False)
    clean: list[str] = _say(
        "cleaning steps, saved inside the tokenizer: see recipes/README.md ('none' where a recipe has some)", []
    )
    max_length: str = _say("tokens a text may have; 'auto' takes the shortest that covers length_coverage", "auto")
    length_coverage: float = _say("share of the training texts that 'auto' leaves uncut", LENGTH_COVERAGE)
    long_text: Literal["truncate", "windows"] = _say("cut long texts, or score overlapping windows too", "truncate")
    join_text: str | None = _say("encode two columns as one string with this between them")
    augment_crop: float = _say("share of the words cropped from a copy of each training text (0: none)", 0.0)
    augment_drop: float = _say("share of words dropped at random from a copy of each training text (0: none)", 0.0)
    augment_swap: float = _say("share of words swapped with a neighbour in a copy of each training text", 0.0)
    augment_level: int = _say("copies of each training text, the original included, when augmenting", 2)
    resample: Literal["none", "oversample", "undersample"] = _say("even out the classes of the training rows", "none")

    def __post_init__(self) -> None:
        """Check what can be checked without reading data."""
        if self.clean == ["none"]:
            self.clean = []
        if (self.validation_file or self.test_file) and not self.train_file:
            raise UserError("--validation_file and --test_file go with --train_file, which is missing.")
        if not (self.dataset or self.train_file or self.unlabelled):
            self.dataset = DEFAULT_DATASET
        if self.dataset and self.train_file:
            raise UserError("Give either --dataset or --train_file, not both.")
        if len(set(self.column_names)) < len(self.column_names):
            raise UserError(f"--column_names must differ from each other; found {' '.join(self.column_names)}.")
        if len(self.text_columns) > 2:
            raise UserError(f"--text_columns takes one or two columns; found {len(self.text_columns)}.")
        self._check_ranges()

    @property
    def name(self) -> str:
        """Return a short name of the data for folders and titles."""
        return Path(self.train_file or self.dataset or self.unlabelled or DEFAULT_DATASET).name.split(".")[0]

    def _check_ranges(self) -> None:
        for share, most in (
            ("validation_share", 0.9),
            ("test_share", 0.9),
            ("guarantee_share", 0.9),
            ("length_coverage", 1),
        ):
            if not 0 < getattr(self, share) <= most:
                raise UserError(f"--{share} is a share above 0 and up to {most}; found {getattr(self, share)}.")
        if self.hand_labels < 10:
            raise UserError(f"--hand_labels must be 10 or more; found {self.hand_labels}.")
        for number in ("split_seed", "min_label_count"):
            if getattr(self, number) < 0:
                raise UserError(f"--{number} must be 0 or more; found {getattr(self, number)}.")
        if self.max_length != "auto" and not (
            self.max_length.isascii() and self.max_length.isdecimal() and int(self.max_length) >= 4
        ):
            raise UserError(
                f"--max_length takes 'auto' or a whole number of tokens from 4; found {self.max_length!r}."
            )
        if self.max_length != "auto" and self.length_coverage != LENGTH_COVERAGE:
            raise UserError("--length_coverage is for --max_length auto; leave one of the two out.")
        for share in ("augment_crop", "augment_drop", "augment_swap"):
            if not 0 <= getattr(self, share) < 1:
                raise UserError(f"--{share} is a share from 0 to below 1; found {getattr(self, share)}.")


@dataclass
class ModelArguments:
    """Which encoder, and how it is adapted."""

    _argument_group_name = "model (which encoder, and how it is adapted)"

    model: str = _say("a Hub id or a folder: an encoder, a classifier, or one of our runs", DEFAULT_MODEL)
    model_revision: str | None = _say("commit, branch or tag of the model")
    trust_remote_code: bool = _say("run code that comes with the model (read it first)", False)
    head: Literal["auto", "mlp", "linear"] = _say(
        "'mlp': the family's own dense and activation, fresh; 'linear': one linear layer on the first token; "
        "'auto': as the checkpoint has it",
        "auto",
    )
    pooling: Literal["auto", "cls", "mean"] = _say(
        "what the head reads: the first token's state, or the mean over tokens ('auto': as the checkpoint has it; a "
        "linear model as the sentence encoder's own files say, else the mean where the family can)",
        "auto",
    )
    dropout: float | None = _say("dropout everywhere in the model (default: the model's own)")
    attention_dropout: float | None = _say(
        "dropout of attention weights apart; 0 makes long texts quicker on processors (default: as dropout)"
    )
    lora: Literal["none", "lora", "rslora", "dora", "qlora"] = _say(
        "train a low-rank adapter; merged in the end", "none"
    )
    lora_r: int = _say("rank of the adapter", 8)
    lora_alpha: int = _say("scale of the adapter", 16)
    lora_dropout: float = _say("dropout in front of the adapter", 0.1)
    lora_targets: list[str] = _say("modules to adapt (default: known for the family)", [])

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("dropout", "attention_dropout", "lora_dropout"):
            share = getattr(self, name)
            if share is not None and not 0 <= share < 1:
                raise UserError(f"--{name} is a share from 0 to below 1; found {share}.")
        for name in ("lora_r", "lora_alpha"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be 1 or more; found {getattr(self, name)}.")


@dataclass
class TeachingOptions:
    """What else is learned from each training text beside its labels: a teacher's opinion of it, its cluster."""

    teacher: str | None = _say(
        "what the model learns to imitate: a larger classifier of the same labels, or a sentence encoder; with "
        "--teacher_url the model's name there"
    )
    teacher_revision: str | None = _say("commit, branch or tag of the teacher")
    teacher_temperature: float = _say("softens a classifier's opinion: its logits are divided by it", 2.0)
    teacher_url: str | None = _say(
        "the teacher is a chat model behind this address (OpenAI's protocol, up to /v1), which labels the texts of "
        "--unlabelled; a key is read from the environment: TEACHER_API_KEY"
    )
    teacher_labels: list[str] = _say("for --teacher_url: labels and what they mean, name='what it means'", [])
    teacher_price: list[float] = _say("for --teacher_url: price of a million tokens, read and written", [])
    teacher_weight: float = _say("share of the loss that a classifier's opinion has, or weight of an embedding", 0.5)
    cluster_inject: Literal["none", "target", "token", "embedding"] = _say(
        "k-means clusters of the training texts: 'target': learned beside the labels; 'token': written before the "
        "text; 'embedding': added to the first token (both need trust_remote_code to be loaded)",
        "none",
    )
    cluster_k: int = _say("how many clusters", 16)
    cluster_encoder: str = _say("the sentence encoder whose embeddings are clustered", DEFAULT_MODEL)
    cluster_weight: float = _say("how much a text's cluster counts in the loss, its labels being 1", 0.1)
    cluster_control: bool = _say("train the same run without clusters too, and say whether they helped", True)


@dataclass
class FitOptions(TeachingOptions):
    """How the model is trained: our own options, and the Trainer's that most people touch, with our defaults."""

    _argument_group_name = "fit (how it is trained)"

    family: Literal["fine_tune", "features", "fine_tuned_features", "few_shot"] = _say(
        "what learns: 'fine_tune' the encoder and its head; 'features' a linear model on the encoder, not trained "
        "(seconds on a processor); 'fine_tuned_features' the encoder, then a linear model on what it gives; "
        "'few_shot' the encoder by contrast between texts, then a linear model: for 8 to some 64 texts a label",
        "fine_tune",
    )
    linear_model: Literal["auto", "svm", "logistic"] = _say(
        "of the families with one; its C is chosen on validation by metric_for_best_model ('auto': logistic for "
        "few_shot, svm for the others)",
        "auto",
    )
    read_label_names: bool = _say(
        "few_shot: a label's name is one more text of it, where there are three labels or more, called by words", True
    )
    own_pieces: bool = _say(
        "few_shot: words that a WordPiece tokenizer spells letter by letter get pieces of their own", True
    )
    learn_validation: bool | None = _say(
        "few_shot, features: once all is chosen, learn the validation texts too (default: few_shot does)"
    )
    residual_scale: float | None = _say(
        "features, few_shot: how much is kept of what the last half of an encoder's layers adds to a token's state "
        "(default: 0.5 for encoders of BERT's kind; all, 1, where few_shot learns more than 48 texts)"
    )
    output_dir: str | None = _say("the run folder (default: runs/<data>-<model>)")
    num_train_epochs: float = _say("passes over the training rows", 4.0)
    per_device_train_batch_size: int = _say("texts a process takes at once in training", 32)
    per_device_eval_batch_size: int = _say("texts a process takes at once in validation", 64)
    gradient_accumulation_steps: int = _say("batches summed before one optimiser step", 1)
    tokens_per_batch: int = _say("budget of real tokens of one optimiser step over all processes (0: fixed size)", 0)
    learning_rate: float = _say("peak learning rate (few_shot: 1e-5)", 5e-5)
    lr_scheduler_type: str = _say("linear, cosine, constant, constant_with_warmup, reduce_lr_on_plateau ...", "linear")
    warmup_steps: float = _say("warm-up: a share of all steps below 1, a number of steps from 1", 0.1)
    weight_decay: float = _say("AdamW's weight decay", 0.01)
    loss: Literal["auto", "cross_entropy", "focal", "bce", "asymmetric", "logit_adjusted"] = _say(
        "'auto': cross_entropy for one label, bce for several", "auto"
    )
    class_weights: list[str] = _say("'balanced' (up to 10), or one positive number a label in label order", [])
    focal_gamma: float = _say("how strongly focal loss discounts easy examples (2: of the paper)", 2.0)
    label_smoothing_factor: float = _say("share of the target mass spread over all labels", 0.0)
    freeze_encoder_epochs: float = _say("epochs in which only the head learns, at the start", 0.0)
    layer_decay: float = _say("learning-rate factor from each layer to the one below (1: none)", 1.0)
    metric_for_best_model: str | None = _say(
        "validation metric that chooses the checkpoint, or C: f0.5_micro, say (default: f1_macro; several labels: "
        "average_precision_micro)"
    )
    early_stopping_patience: int = _say("evaluations without progress before training stops (0: never)", 0)
    keep_last: bool = _say("also keep the last checkpoint, in checkpoints/last", False)
    follow_states: int = _say(
        "validation texts whose [CLS] states the page maps before training and after each epoch (0: none)", 0
    )
    precision: Literal["auto", "bf16", "fp16", "fp32"] = _say("number format while training", "auto")
    threads: int = _say("processor threads a process uses (0: shared out evenly)", 0)
    padding_free: Literal["auto", "on", "off"] = _say(
        "attention without padding tokens, where the family has hooks", "auto"
    )
    compact_vocabulary: bool = _say("train the embeddings of tokens that occur; the others only decay", True)
    guards: bool = _say("stop on NaN or on a loss that does not move in the first 50 steps", True)
    seed: int = _say("decides everything that is random, the new head included", 42)
    report_to: str = _say("trackio, tensorboard, wandb ... (as installed) or none", "none")
    resume_from_checkpoint: str | None = _say(
        "continue a run: its folder, a checkpoint in it, or true (that of --output_dir)"
    )


@dataclass
class MeasureArguments:
    """What is decided on validation after training, and what the test figures are compared with."""

    _argument_group_name = "measure (what is decided on validation, and compared)"

    calibrate: bool = _say("fit a temperature (or Platt scales) on validation and fold it into the last layer", True)
    threshold_aim: str = _say(
        "several labels: f1, f0.5, precision>=P or recall>=R for each label's cut, own: where the logit is 0 before "
        "calibration ('auto': own with a linear SVM, else f1)",
        "auto",
    )
    bake_thresholds: bool = _say(
        "shift the biases so that 0.5 is each label's cut (scores stop being probabilities)", False
    )
    abstain_risk: float | None = _say(
        "answer only where at most this share of the answers is wrong (0.05, say); tested on a guarantee part"
    )
    abstain_confidence: float = _say("confidence of that promise", 0.95)
    set_coverage: float | None = _say(
        "give label sets that hold the true label this often (0.9, say); fitted on a guarantee part"
    )
    set_by_label: bool = _say("label sets keep their coverage for each label, not on average", False)
    baselines: list[str] = _say("measured on the same rows beside the model", ["majority", "prior", "tfidf_svm"])
    bootstrap_draws: int = _say("draws behind each 95 % interval", 1000)

    @property
    def promises(self) -> bool:
        """Say whether a promise is asked for, which takes rows that nothing else sees."""
        return self.abstain_risk is not None or self.set_coverage is not None


@dataclass
class PublishArguments:
    """What happens with the finished run on the Hub."""

    _argument_group_name = "publish (what happens with the finished run on the Hub)"

    export: Literal["none", "onnx"] = _say(
        "also write onnx/ for ONNX Runtime, browsers and servers: fp32 and int8, each behind its gate", "none"
    )
    push: str | None = _say("publish the finished run to this Hub repo (NS/NAME)")
    public: bool = _say("make the new repo public (private otherwise)", False)
    space: str | None = _say("create or update this Gradio Space for the model (NS/NAME)")
    license: str | None = _say("licence of the model, for the card; never guessed")
    language: str | None = _say("language of the texts (en, ko, ...), for the card; found from the script otherwise")
    examples: list[str] = _say("example texts for the Space and the card; two fields stand on two lines", [])
    examples_from_validation: bool = _say("let the Space show three validation texts as examples", False)

    def __post_init__(self) -> None:
        """Refuse what would do nothing."""
        if self.public and not self.push:
            raise UserError("--public is for the repo that --push NS/NAME makes; add that, or leave it out.")


@dataclass
class ExportOptions:
    """What `export.py` writes."""

    _argument_group_name = "export (for which engine)"

    engine: Literal["all", "onnx", "onnx-int8"] = _say(
        "onnx: the fp32 file alone; onnx-int8: the int8 file alone; all: both", "all"
    )


@dataclass
class EvalOptions:
    """How `eval.py` measures."""

    engine: Literal["torch", "onnx", "onnx-int8", "auto"] = _say(
        "what computes the scores; auto: the quickest that passed its gate (export.py)", "torch"
    )

    split: str | None = _say("the split to measure on (default: the given test split, or all rows of a single split)")
    output: str | None = _say("a folder for evaluation.json and the predictions")
    bootstrap_draws: int = _say("draws behind each 95 % interval", 1000)
    claims: bool = _say("check the figures that the model's card claims, on the data that it names", False)
    trust_remote_code: bool = _say("run code that comes with the model (read it first)", False)


OWN_GROUPS = (DataArguments, ModelArguments, FitOptions, MeasureArguments, PublishArguments)
