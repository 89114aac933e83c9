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
from ..evaluation.names import Words
from ..labels import LabelSpace
from ..models.checkpoint import prepare_tokenizer
from ..models.encoder import load_config
from ..models.limits import longest_input
from ..models.tokenization import load_tokenizer
from ..models.weights import locate
from .browsing import Browsed, browse
from .content_words import ContentWords
from .contexts import Contexts, contexts
from .embedded import Embedded, embed
from .embeddings import Embedder
from .explore_options import MOST_POINTS, ExploreOptions
from .label_counts import LabelCounts, count_labels, indicator
from .stratified_sample import stratified_rows
from .text_lengths import TextLengths, measure_lengths
from .word_ranking import LabelWords, rank_words
from .wording import exploration_words

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
    contexts: Contexts
    audit: Audit
    embedded: Embedded
    cluster_words: list[list[LabelWords]]
    """Of each clustering, what sets each cluster apart: single words."""
    browsed: Browsed
    model: str
    language: str
    """"ko" where the page is to be in Korean, else "en"."""
    notes: list[str]
    """What to keep in mind when reading the page."""
    remarks: list[str]
    """How it was made: what was sampled, where the model came from."""


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
    say = exploration_words("ko" if korean else "en")
    reader, rows = ContentWords(), _rows_for_words(train, carried, korean, options.seed)
    read = reader(read_texts(train, rows))
    words = rank_words(read, carried[rows])
    points = _points_of_map(train, carried, lengths, embedder, options)
    embedded = embed(train, points, carried[points], embedder, options.seed)
    sampled = [_sampled(say["sampled_words"], rows, train, say), _sampled(say["sampled_map"], points, train, say)]
    foreign = korean and options.model == DEFAULT_MODEL
    return Exploration(
        provenance=data.provenance,
        labels=labels,
        counts=count_labels(splits, labels),
        lengths=lengths,
        words=words,
        contexts=contexts(words, read, carried[rows], rows, train, reader),
        audit=found,
        embedded=embedded,
        cluster_words=_cluster_words(embedded, points, dict(zip(rows.tolist(), read, strict=True)), train, reader),
        browsed=browse(train, points, carried, options.seed),
        model=options.model,
        language="ko" if korean else "en",
        notes=[say["english_model"].format(model=DEFAULT_MODEL.split("/")[-1])] if foreign else [],
        remarks=[*filter(None, [located.note, *sampled])],
    )


def _points_of_map(
    train: Dataset, carried: NDArray[np.int64], lengths: TextLengths, embedder: Embedder, options: ExploreOptions
) -> NDArray[np.int64]:
    """Choose the rows on the map: as many as asked for, or as embed in a few minutes."""
    passes = 2 if "text_pair" in train.column_names else 1
    most = options.map_points or min(MOST_POINTS, embedder.affordable(lengths.mean_tokens, passes))
    return stratified_rows(carried, most, options.seed)


def _cluster_words(
    embedded: Embedded,
    points: NDArray[np.int64],
    read: dict[int, list[list[str]]],
    train: Dataset,
    reader: ContentWords,
) -> list[list[LabelWords]]:
    """Return what sets the clusters of each clustering apart; `read` are the content words of rows, by row."""
    missing = np.array([row for row in points if row not in read], dtype=np.int64)
    if len(missing):
        read = read | dict(zip(missing.tolist(), reader(read_texts(train, missing)), strict=True))
    runs = [read[row] for row in points.tolist()]
    return [
        rank_words(runs, np.eye(each.k, dtype=np.int64)[each.ids], longest=1)[1] if runs else []
        for each in embedded.clusters
    ]


def _rows_for_words(train: Dataset, carried: NDArray[np.int64], korean: bool, seed: int) -> NDArray[np.int64]:
    """Choose the texts whose words are counted: all, or a stratified sample that is read in a minute or two."""
    probe = np.sort(np.random.default_rng(seed).permutation(len(train))[:1_000])
    mean = float(np.mean([len(text) for text in read_texts(train, probe)]))
    affordable = int(MOST_CHARACTERS[korean] / max(mean, 1.0))
    return stratified_rows(carried, min(MOST_TEXTS, affordable), seed)


def _sampled(what: str, rows: NDArray[np.int64], train: Dataset, say: Words) -> str | None:
    if len(rows) == len(train):
        return None
    return say["sampled"].format(what=what, n=f"{len(rows):,}", of=f"{len(train):,}")
