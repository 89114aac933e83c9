"""The Gradio page over any scoring function: one text, a file of them, and what is known of the model."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import page_html
from batch import MOST_BYTES, MOST_ROWS, Table, TableError, read_table, suggested, write_table
from deciding import decide
from describing import WORDS, strange

LONGEST_INPUT = 20_000  # characters that a box takes
BATCH = 16
KEPT = 600  # seconds that a visitor's file stays, and between looks for older ones
FONTS = [
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Noto Sans KR",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "sans-serif",
]


class Scored(NamedTuple):
    """What a scoring function returns of a text."""

    scores: dict[str, float]  # by label, in [0, 1]
    tokens: int  # of the whole text, special ones included; 0: not known
    unknown: float  # share of them that the tokenizer does not know


# Texts with their pairs ("": none) -> for each its scores and size.
Score = Callable[[Sequence[tuple[str, str]]], list[Scored]]
Explain = Callable[[str, str], dict[str, Any]]  # a text and its pair -> `Attribution.to_dict()` of the best label


class Answer(NamedTuple):
    """What the page says of one text: a refusal, or scores with warnings."""

    refusal: str = ""
    scored: Scored | None = None
    warnings: tuple[str, ...] = ()


def build_page(score: Score, about: Mapping[str, Any], explain: Explain | None = None) -> gr.Blocks:
    """Return the page of a model that `score` stands for; `about` is what `describe` returned.

    Its one public endpoint is /classify, typed: a text and its pair in, labels and scores out.
    """
    words = WORDS[about["language"]]
    with gr.Blocks(title=about["name"], analytics_enabled=False, delete_cache=(KEPT, KEPT)) as page:
        gr.api(
            _endpoint(score, about, words), api_name="classify", api_visibility="public"
        )  # first: others would take its name
        gr.Markdown(f"# {_plain_markdown(about['name'])}")
        gr.HTML(f'<p class="promise">{words["server"]}</p>')
        if about["foreign"]:
            gr.Markdown(f"⚠️ {words['foreign']}")
        with gr.Tabs():
            with gr.Tab(words["one"]):
                _one_text(score, about, words, explain)
            with gr.Tab(words["many"]):
                _many_texts(score, about, words)
            with gr.Tab(words["about_model"]):
                gr.HTML(page_html.facts(about, words))
        page.load(None, js=_ready_script(about["language"]), api_visibility="private")
    return page.queue(default_concurrency_limit=1, max_size=64)


def answer(score: Score, about: Mapping[str, Any], texts: Sequence[str], pairs: Sequence[str]) -> list[Answer]:
    """Return what to say of each text: those that can be are scored in one batch."""
    words = WORDS[about["language"]]
    given = [(text or "", pair if (pair or "").strip() else "") for text, pair in zip(texts, pairs, strict=True)]
    found = [Answer(refusal=_refusal(words, text, pair)) for text, pair in given]
    asked = [i for i, each in enumerate(found) if not each.refusal]
    if asked:
        for i, scored in zip(asked, score([given[i] for i in asked]), strict=True):
            warnings = []
            if scored.tokens > about["limit"]:
                warnings.append(words["cut"].format(limit=about["limit"], n=scored.tokens))
            if odd := strange(about, "\n".join(given[i]), scored.unknown):
                warnings.append(words[odd].format(share=f"{scored.unknown:.0%}"))
            found[i] = Answer(scored=scored, warnings=tuple(warnings))
    return found


def shown(found: Answer, about: Mapping[str, Any]) -> str:
    """Return an answer as HTML."""
    words = WORDS[about["language"]]
    if found.scored is None:
        return page_html.plain(found.refusal)
    return page_html.render(decide(about, words, found.scored.scores), words, found.warnings)


def build_failure(model: str, error: Exception) -> gr.Blocks:
    """Return a page that says why there is no model, and what to do."""
    words = WORDS["en"]
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = words["missing"].format(model=model, reason=lines[0])
    with gr.Blocks(title=model, analytics_enabled=False) as page:
        gr.Markdown(f"# {_plain_markdown(model)}")
        gr.HTML(page_html.plain(said) + page_html.plain(words["private"]))
    return page


def theme() -> gr.themes.Base:
    """Return the look of the page; its fonts are those of the visitor's system, none is fetched."""
    return gr.themes.Default(primary_hue="indigo", font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"])


def _one_text(score: Score, about: Mapping[str, Any], words: Mapping[str, Any], explain: Explain | None) -> None:
    two = len(about["fields"]) == 2
    with gr.Row():
        with gr.Column(min_width=320):
            boxes = [
                gr.Textbox(
                    label=name,
                    placeholder=words["type"] if place == 0 else "",
                    lines=(2 if place == 0 else 5) if two else 6,
                    max_lines=14,
                    autofocus=place == 0,
                    rtl=False,
                )
                for place, name in enumerate(about["fields"])
            ]
            button = gr.Button(words["run"], variant="primary")
            gr.HTML(f'<p class="promise">{words["keys"]}</p>')
        with gr.Column(min_width=320):
            result = gr.HTML(page_html.plain(words["waiting"]), label=words["result"], elem_classes="result")
            why = gr.Button(words["explain"], size="sm", visible=explain is not None)
            shading = gr.HTML("", elem_classes="shading")
    inputs = boxes if two else [boxes[0], gr.State("")]
    examples = gr.Examples(
        [list(row) for row in about["examples"]], boxes, label=words["examples"], cache_examples=False
    )

    def classify(texts: list[str], pairs: list[str]) -> tuple[list[str], list[str]]:
        answers = answer(score, about, texts, pairs)
        return [shown(each, about) for each in answers], ["" for _ in answers]

    for event in (button.click, *(box.submit for box in boxes), examples.load_input_event.then):
        event(
            classify,
            inputs,
            [result, shading],
            batch=True,
            max_batch_size=BATCH,
            api_visibility="private",
            show_progress="minimal",
        )
    stale = json.dumps([page_html.plain(words["changed"]), ""])
    for box in boxes:  # an answer to another text than the one beside it would mislead
        box.input(None, None, [result, shading], js=f"() => {stale}", api_visibility="private")

    def shade(text: str, pair: str) -> str:
        refusal = _refusal(words, text or "", pair or "")
        if refusal or explain is None:
            return page_html.plain(refusal)
        return page_html.shaded(explain(text, pair if pair.strip() else ""), words)

    why.click(shade, inputs, shading, api_visibility="private", show_progress="minimal")


def _many_texts(score: Score, about: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    limits = words["file"].format(rows=MOST_ROWS, size=f"{MOST_BYTES / 1e6:g}")
    file = gr.File(label=limits, file_types=[".csv", ".tsv", ".txt"], type="binary")
    two = len(about["fields"]) == 2
    with gr.Row():
        first = gr.Dropdown([], label=words["column"], interactive=True)
        second = gr.Dropdown([], label=words["second_column"], interactive=True, visible=two)
    button = gr.Button(words["run_file"], variant="primary")
    status = gr.HTML("", elem_classes="result")
    saved = gr.DownloadButton(words["download"], visible=False)

    def look(content: bytes | None) -> tuple[Any, Any, str, Any]:  # Any: updates of components
        hidden = gr.DownloadButton(visible=False)
        try:
            if content is None:
                raise TableError("")
            header = read_table(content, words).header
        except TableError as error:
            none = gr.Dropdown(choices=[], value=None)
            return none, none, page_html.plain(str(error)) if str(error) else "", hidden
        begin = [*suggested(header, about["columns"]), None]
        others = [words["no_column"], *header]
        pair = gr.Dropdown(choices=others, value=begin[1] or words["no_column"])
        return gr.Dropdown(choices=header, value=begin[0]), pair, "", hidden

    def label_file(content: bytes | None, column: str | None, pair: str | None) -> Iterator[tuple[str, Any]]:
        try:
            if content is None:
                raise TableError(words["no_file"])
            table = read_table(content, words)
        except TableError as error:
            yield page_html.plain(str(error)), gr.DownloadButton(visible=False)
            return
        added: list[list[str]] = []
        places = [table.header.index(name) for name in (column, pair) if name in table.header]
        for start in range(0, len(table.rows), BATCH):
            said = words["progress"].format(done=start, n=len(table.rows))
            yield page_html.plain(said), gr.DownloadButton(visible=False)
            rows = [[row[place] for place in places] for row in table.rows[start : start + BATCH]]
            added += labelled(score, about, rows)
        with tempfile.TemporaryDirectory() as folder:  # gone once the browser has been told of Gradio's own copy
            path, said = _written(table, added, Path(folder), words)
            yield page_html.plain(said), gr.DownloadButton(value=path, visible=True)

    file.change(look, file, [first, second, status, saved], api_visibility="private", show_progress="hidden")
    button.click(label_file, [file, first, second], [status, saved], api_visibility="private", show_progress="hidden")


def labelled(score: Score, about: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return label, score and note of rows of one or two texts."""
    words = WORDS[about["language"]]
    found = []
    for each in answer(score, about, [row[0] for row in rows], [[*row, ""][1] for row in rows]):
        if each.scored is None:
            found.append(["", "", words["row_empty"] if each.refusal == words["empty"] else words["row_too_long"]])
            continue
        decision = decide(about, words, each.scored.scores)
        notes = [words["row_unsure"]] if decision.unsure else []
        notes += [words["row_cut"]] if each.scored.tokens > about["limit"] else []
        best = max(each.scored.scores.values())
        found.append(["; ".join(decision.chosen), f"{best:.4f}", ", ".join(notes)])
    return found


def _written(table: Table, added: Sequence[Sequence[str]], folder: Path, words: Mapping[str, Any]) -> tuple[str, str]:
    """Write the labelled file; return its path and what to say of it."""
    text, harmless = write_table(table, added)
    path = folder / "labelled.csv"
    path.write_text(text, encoding="utf-8", newline="")
    said = [words["finished"].format(n=len(table.rows))]
    return str(path), " ".join([*said, words["escaped"].format(n=harmless)] if harmless else said)


def _endpoint(score: Score, about: Mapping[str, Any], words: Mapping[str, Any]) -> Callable[..., dict[str, Any]]:
    """Return the function behind /classify, whose signature and docstring are what clients and agents read."""

    def classify(text: str, text_pair: str = "") -> dict[str, Any]:
        """Classify a text: labels are chosen by the model's own thresholds; scores are in [0, 1].

        Args:
            text: the text, or the first of the model's two fields.
            text_pair: the second field; empty if there is none.

        Returns:
            A dict: `labels` (the chosen names), `scores` (a number for every label), `unsure` (the model's promise
            does not cover this answer), `warnings` (sentences, such as that the text was cut) and `error`
            (why there are no scores, else null).
        """
        (found,) = answer(score, about, [text], [text_pair])
        if found.scored is None:
            return {"labels": [], "scores": {}, "unsure": False, "warnings": [], "error": found.refusal}
        decision = decide(about, words, found.scored.scores)
        return {
            "labels": decision.chosen,
            "scores": found.scored.scores,
            "unsure": decision.unsure,
            "warnings": list(found.warnings),
            "error": None,
        }

    return classify


def _refusal(words: Mapping[str, Any], text: str, pair: str) -> str:
    """Return why a text cannot be scored, nothing if it can."""
    if not text.strip() and not pair.strip():
        return str(words["empty"])
    if len(text) + len(pair) > LONGEST_INPUT:
        return str(words["too_long"].format(n=len(text) + len(pair), most=LONGEST_INPUT))
    return ""


def _plain_markdown(text: str) -> str:
    """Return a name that Markdown and HTML leave as it is."""
    return "".join(f"&#{ord(each)};" if each in "\\`*_{}[]()<>#+-!|&~$" else each for each in text)


def _ready_script(language: str) -> str:
    """Return what the browser does once the page is there: its language, and results that screen readers announce."""
    return f"""() => {{
      document.documentElement.lang = {json.dumps(language)};
      for (const each of document.querySelectorAll(".result, .shading")) {{
        each.setAttribute("role", "status");
        each.setAttribute("aria-live", "polite");
      }}
    }}"""
