"""Everything that a data set is asked before training, in one value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from ..arguments import DEFAULT_MODEL, DataArguments
from ..data.auditing.audit import Audit, audit
from ..data.auditing.sampling import read_texts
from ..data.cleaning import normalizer
from ..data.loading import LoadedData
from ..data.model_text import join_columns
from ..data.provenance import Provenance
from ..labels import LabelSpace
from ..models.checkpoint import prepare_tokenizer
from ..models.encoder import load_config
from ..models.limits import longest_input
from ..models.tokenization import load_tokenizer
from ..models.weights import locate
from .content_words import ContentWords
from .embedded import Embedded, embed
from .embeddings import Embedder
from .explore_options import MOST_POINTS, ExploreOptions
from .label_counts import LabelCounts, count_labels, indicator
from .stratified_sample import stratified_rows
from .text_lengths import TextLengths, measure_lengths
from .word_ranking import LabelWords, rank_words

MOST_TEXTS = 50_000  # texts whose words are counted
# Characters whose words are counted: the morphological analyser reads some 130,000 a second, a regular expression 20
# times as many.
MOST_CHARACTERS = {True: 5_000_000, False: 40_000_000}  # mostly Korean or not
KOREAN = 0.3  # share of Hangul among the letters from which a data set counts as Korean


@dataclass(frozen=True)
class Exploration:
    """What was found out about a data set; words, map, clusters and isotropy are of training texts only."""

    provenance: Provenance
    labels: LabelSpace
    counts: LabelCounts
    lengths: TextLengths
    words: dict[int, list[LabelWords]]
    audit: Audit
    embedded: Embedded
    model: str
    notes: list[str]
    """What was sampled, and what to keep in mind when reading the page."""


def explore(data: LoadedData, args: DataArguments, options: ExploreOptions) -> Exploration:
    """Count, measure, audit, embed and cluster a loaded data set.

    Test texts are counted and audited, and never shown as words or on the map: what is seen there would steer
    choices that the test figures are to judge.

    Raises:
        UserError: the model cannot be found or read, or options that do not fit the data.
    """
    located = locate(options.model, options.model_revision)
    config = load_config(located, options.trust_remote_code)
    tokenizer = load_tokenizer(located, config, options.trust_remote_code)
    tokenizer = prepare_tokenizer(tokenizer, normalizer(args.clean))
    embedder = Embedder(located, options.trust_remote_code)
    splits = join_columns(data.splits, args.join_text)
    labels = LabelSpace.from_features(splits["train"].features)
    train, carried = splits["train"], indicator(splits["train"], labels)
    lengths = measure_lengths(train, carried, tokenizer, args, longest_input(config, tokenizer))
    found = audit(splits, clean=args.clean, seed=options.seed)
    korean = found.scripts["train"].get("Hangul", 0.0) >= KOREAN
    rows = _rows_for_words(train, carried, korean, options.seed)
    words = rank_words(ContentWords()(read_texts(train, rows)), carried[rows])
    fields = ("text", "text_pair") if "text_pair" in train.column_names else ("text",)
    most = options.map_points or min(MOST_POINTS, embedder.affordable(lengths.mean_tokens, len(fields)))
    points = stratified_rows(carried, most, options.seed)
    notes = [note for note in (located.note,) if note]
    if korean and options.model == DEFAULT_MODEL:
        notes.append(_KOREAN_NOTE)
    notes += _sampled("The words are", rows, train)
    notes += _sampled("The map, the clusters and the isotropy are", points, train)
    return Exploration(
        provenance=data.provenance,
        labels=labels,
        counts=count_labels(splits, labels),
        lengths=lengths,
        words=words,
        audit=found,
        embedded=embed(train, points, carried[points], embedder, options.seed),
        model=options.model,
        notes=notes,
    )


_KOREAN_NOTE = (
    f"The texts are Korean, and the default model ({DEFAULT_MODEL.split('/')[-1]}) was made for English: it reads "
    "Hangul only as single letters (jamo). Token counts are high, and map, clusters and isotropy say little. "
    "--model ID takes another one, for instance klue/roberta-base or a multilingual sentence encoder."
)


def _rows_for_words(train: Dataset, carried: NDArray[np.int64], korean: bool, seed: int) -> NDArray[np.int64]:
    """Choose the texts whose words are counted: all, or a stratified sample that is read in a minute or two."""
    probe = np.sort(np.random.default_rng(seed).permutation(len(train))[:1_000])
    mean = float(np.mean([len(text) for text in read_texts(train, probe)]))
    affordable = int(MOST_CHARACTERS[korean] / max(mean, 1.0))
    return stratified_rows(carried, min(MOST_TEXTS, affordable), seed)


def _sampled(what: str, rows: NDArray[np.int64], train: Dataset) -> list[str]:
    if len(rows) == len(train):
        return []
    return [f"{what} of a stratified sample: {len(rows):,} of {len(train):,} training texts."]
