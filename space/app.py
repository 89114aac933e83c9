"""A page for a text classifier: type a text, read each label's score. Needs gradio and transformers, nothing else.

python space/app.py --model RUN_OR_HUB_ID [--port 7860]     on this machine
As a Space it reads the variable MODEL_ID, and for a private model the secret HF_TOKEN.
"""

from __future__ import annotations

import argparse
import html
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")  # else a .bin-only model is announced to a third party

import gradio as gr
import yaml
from huggingface_hub import ModelCard, constants, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

if TYPE_CHECKING:
    from transformers import Pipeline

LONGEST_INPUT = 20_000  # characters that a box takes
SHOWN = 12  # labels shown at once; the others fold away
BATCH = 16
# Texts with their pairs ("": none) -> for each its scores by label, and how many tokens it has.
Score = Callable[[list[tuple[str, str]]], list[tuple[dict[str, float], int]]]

HERE = Path(__file__).parent
WORDS: dict[str, dict[str, Any]] = json.loads((HERE / "words.json").read_text(encoding="utf-8"))  # by language
FONTS = [
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Noto Sans KR",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "sans-serif",
]


class Demo(NamedTuple):
    """What scores, and what the page says of the model."""

    score: Score
    name: str
    card: str | None  # the address of its card, None for a folder of this machine
    words: dict[str, Any]  # Any: sentences, and a list of example sentences
    fields: list[str]  # names of the one or two text boxes
    examples: list[list[str]]
    limit: int  # tokens that the model reads
    several: bool
    thresholds: dict[str, float]
    foreign: bool = False  # whether the model was made for other languages than the texts that it learnt from


def load(model: str) -> Demo:
    """Load a run folder or a Hub id.

    Raises:
        OSError: there is no such model, or the token may not see it.
        ValueError: it is no text classifier.
    """
    from transformers import pipeline  # torch: whoever brings a scoring function of their own needs none
    from transformers.utils import logging

    logging.set_verbosity_error()
    classify = pipeline("text-classification", model=model)
    limit = _limit(classify)

    def score(texts: list[tuple[str, str]]) -> list[tuple[dict[str, float], int]]:
        inputs = [{"text": text, "text_pair": pair} if pair.strip() else text for text, pair in texts]
        answers = classify(inputs, top_k=None, truncation=True, max_length=limit, batch_size=len(inputs))
        tokens = [len(classify.tokenizer(text, pair if pair.strip() else None)["input_ids"]) for text, pair in texts]
        found = [{row["label"]: row["score"] for row in answer} for answer in answers]
        return list(zip(found, tokens, strict=True))

    return describe(model, classify.model.config.to_dict(), limit=limit, score=score)


def describe(model: str, config: Mapping[str, Any], *, limit: int, score: Score) -> Demo:
    """Return what the page of a model says, whatever scores its texts.

    Args:
        model: a run folder or a Hub id, for its card and its examples.
        config: the content of its config.json.
        limit: tokens that it reads.
        score: the scoring function.
    """
    columns = list(config.get("text_columns") or [])  # written by the project that trained the model
    several = config.get("problem_type") == "multi_label_classification"
    cuts = config.get("thresholds") or {}
    words = WORDS[language_of(model)]
    fields = columns if len(columns) == 2 else [words["text"]]
    return Demo(
        score=score,
        name=Path(model).resolve().name if Path(model).is_dir() else model.split("/")[-1],
        card=None if Path(model).is_dir() else f"{constants.ENDPOINT}/{model}",
        words=words,
        fields=fields,
        examples=examples_of(model, words, len(fields)),
        limit=limit,
        several=several,
        thresholds={label: cuts.get(label, 0.5) for label in config["label2id"]} if several else {},
        foreign=made_for_others(model),
    )


def made_for_others(model: str) -> bool:
    """Say whether the audit of the model's data found that its tokenizer was made for other languages."""
    try:
        path = Path(model) / "audit.json" if Path(model).is_dir() else Path(hf_hub_download(model, "audit.json"))
        findings = json.loads(path.read_text(encoding="utf-8"))["findings"]
        return bool(findings["made_for_other_languages"]["count"])
    except (OSError, ValueError, KeyError, TypeError, HfHubHTTPError):  # no model of this project, or an older one
        return False


def language_of(model: str) -> str:
    """Return the language of the page: that of the model's card, English where it names none of ours."""
    try:
        card = ModelCard.load(Path(model) / "README.md" if Path(model).is_dir() else model)
    except (OSError, ValueError):  # no card, or one that is no card
        return "en"
    stated = card.data.get("language") or "en"
    first = stated[0] if isinstance(stated, list) else stated
    return first if first in WORDS else "en"


def examples_of(model: str, words: dict[str, Any], fields: int) -> list[list[str]]:
    """Return rows of example texts: those beside this file, those of the run's recipe, else neutral sentences."""
    beside, recipe = HERE / "examples.json", Path(model) / "recipe.yaml"
    found: list[Any] = []  # Any: whatever the files hold
    if beside.exists():
        found = json.loads(beside.read_text(encoding="utf-8"))
    elif recipe.exists():
        texts = (yaml.safe_load(recipe.read_text(encoding="utf-8")) or {}).get("examples") or []
        found = [text.split("\n", 1) if fields == 2 else text for text in texts]  # of two fields each has a line
    if not found:
        sentences = words["sentences"]
        found = [[text, sentences[(i + 1) % len(sentences)]] for i, text in enumerate(sentences)]
    rows = [row if isinstance(row, list) else [row, ""] for row in found]
    return [[*row, ""][:fields] for row in rows]


def score(demo: Demo, texts: list[str], pairs: list[str]) -> tuple[list[str], list[dict[str, float]]]:
    """Return, for a batch of texts, what the page shows and the scores as {label: score}."""
    shown = [_refusal(demo, text, pair) for text, pair in zip(texts, pairs, strict=True)]
    scores: list[dict[str, float]] = [{} for _ in texts]
    asked = [i for i, refusal in enumerate(shown) if not refusal]
    if asked:
        answers = demo.score([(texts[i], pairs[i] if pairs[i].strip() else "") for i in asked])
        for i, (found, tokens) in zip(asked, answers, strict=True):
            scores[i] = found
            shown[i] = render(demo, found, tokens)
    return shown, scores


def render(demo: Demo, scores: dict[str, float], tokens: int) -> str:
    """Return the scores as bars: the chosen labels, then the others, best first."""
    order = sorted(scores, key=lambda label: -scores[label])
    chosen = [label for label in order if scores[label] >= demo.thresholds[label]] if demo.several else order[:1]
    order = chosen + [label for label in order if label not in chosen]
    title = ", ".join(chosen) if chosen else demo.words["none"]
    parts = [f"<h2>{html.escape(title)}</h2>"]
    if tokens > demo.limit:
        notice = demo.words["cut"].format(limit=demo.limit, n=tokens)
        parts.insert(0, f'<p class="cut-off">{html.escape(notice)}</p>')
    bars = [_bar(demo, label, scores[label], label in chosen) for label in order]
    parts.append(f"<ul>{''.join(bars[:SHOWN])}</ul>")
    if bars[SHOWN:]:
        more = html.escape(demo.words["more"].format(n=len(bars) - SHOWN))
        parts.append(f"<details><summary>{more}</summary><ul>{''.join(bars[SHOWN:])}</ul></details>")
    if demo.several:
        parts.append(f'<p class="note">{html.escape(demo.words["about"])}</p>')
    return f'<div class="scores">{"".join(parts)}</div>'


def build_page(demo: Demo) -> gr.Blocks:
    """Return the page; its texts go to `demo.score`."""
    words, two = demo.words, len(demo.fields) == 2
    with gr.Blocks(title=demo.name, analytics_enabled=False) as page:
        gr.Markdown(f"# {demo.name}" + (f"\n{words['card'].format(address=demo.card)}" if demo.card else ""))
        if demo.foreign:
            gr.Markdown(f"⚠️ {words['foreign']}")
        with gr.Row():
            with gr.Column(min_width=320):
                first = _box(demo.fields[0], words["type"], lines=2 if two else 6)
                second = _box(demo.fields[1], "", lines=5) if two else gr.State("")
                button = gr.Button(words["run"], variant="primary")
            with gr.Column(min_width=320):
                shown = gr.HTML(_plain(words["waiting"]), label=words["result"], elem_classes="result")
                scores = gr.JSON(visible=False)
        boxes = [first, second] if two else [first]
        examples = gr.Examples(demo.examples, boxes, label=words["examples"], cache_examples=False)

        def classify(texts: list[str], pairs: list[str] | None = None) -> tuple[list[str], list[dict[str, float]]]:
            given = [pair or "" for pair in pairs] if pairs else [""] * len(texts)
            return score(demo, [text or "" for text in texts], given)

        for event, name in ((button.click, "classify"), (first.submit, None), (examples.load_input_event.then, None)):
            event(
                classify,
                boxes,
                [shown, scores],
                batch=True,
                max_batch_size=BATCH,
                api_name=name,
                api_visibility="public" if name else "private",
                show_progress="minimal",
            )
    return page.queue(default_concurrency_limit=1, max_size=64)


def build_failure(model: str, error: Exception) -> gr.Blocks:
    """Return a page that says why there is no model, and what to do."""
    words = WORDS["en"]
    lines = str(error).strip().splitlines() or [type(error).__name__]
    with gr.Blocks(title=model, analytics_enabled=False) as page:
        gr.Markdown(f"# {model}\n{words['missing'].format(model=model, reason=lines[0])}\n\n{words['private']}")
    return page


def _box(label: str, placeholder: str, lines: int) -> gr.Textbox:
    return gr.Textbox(label=label, placeholder=placeholder, lines=lines, max_lines=14, autofocus=bool(placeholder))


def _bar(demo: Demo, label: str, value: float, chosen: bool) -> str:
    cut = demo.thresholds.get(label)
    mark = ""
    if cut is not None:
        hint = html.escape(demo.words["threshold"].format(cut=f"{cut:.3f}"))
        mark = f'<span class="cut" style="left:{min(cut, 1):.2%}" title="{hint}"></span>'
    return (
        f'<li class="{"chosen" if chosen else ""}"><span class="name">{html.escape(label)}</span>'
        f'<span class="track"><span class="fill" style="width:{value:.2%}"></span>{mark}</span>'
        f'<span class="score">{value:.3f}</span></li>'
    )


def _plain(text: str) -> str:
    return f'<div class="scores"><p class="plain">{html.escape(text)}</p></div>'


def _refusal(demo: Demo, text: str, pair: str) -> str:
    """Return what the page shows instead of scores, nothing if the text can be scored."""
    if not text.strip():
        return _plain(demo.words["empty"])
    if len(text) + len(pair) > LONGEST_INPUT:
        return _plain(demo.words["too_long"].format(n=len(text) + len(pair), most=LONGEST_INPUT))
    return ""


def _limit(classify: Pipeline) -> int:
    """Return the tokens that the model reads; tokenizers of other people's models may not know it."""
    known = classify.tokenizer.model_max_length
    if known < 1_000_000:
        return int(known)
    return int(getattr(classify.model.config, "max_position_embeddings", None) or 512) - 2


def theme() -> gr.themes.Base:
    """Return the look of the page; its fonts are those of the visitor's system, none is fetched."""
    return gr.themes.Default(primary_hue="indigo", font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"])


def main() -> None:
    """Load the model that the flag or MODEL_ID names, and serve its page."""
    parser = argparse.ArgumentParser(description="Serve a page for a text classifier.")
    parser.add_argument("--model", default=os.environ.get("MODEL_ID"), help="a run folder or a Hub id")
    parser.add_argument("--port", type=int, help="the port (default: 7860, or the next free one)")
    arguments = parser.parse_args()
    if not arguments.model:
        parser.error("give --model RUN_OR_HUB_ID, or set MODEL_ID")
    try:
        page = build_page(load(arguments.model))
    except (OSError, ValueError) as error:
        if not os.environ.get("SPACE_ID"):
            parser.error(
                WORDS["en"]["missing"].format(model=arguments.model, reason=str(error).strip().split("\n")[0])
            )
        page = build_failure(arguments.model, error)
    try:
        _, address, _ = page.launch(
            server_port=arguments.port,
            theme=theme(),
            css_paths=HERE / "style.css",
            footer_links=[],
            run_history=False,  # or the visitors' texts would be kept in their browsers
            ssr_mode=False,
            quiet=True,  # or it advertises public links
            prevent_thread_lock=True,
        )
    except OSError as error:
        parser.error(f"the port is in use; choose another one with --port ({error})")
    print(f"The page is at {address} (Ctrl-C ends it).", flush=True)
    page.block_thread()


if __name__ == "__main__":
    main()
