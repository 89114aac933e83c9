"""The Gradio page over any scoring function: one text, a file of them, and what is known of the model."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import page_html
from answering import Explain, Score, answer, endpoint, labelled, shown
from batch import MOST_BYTES, MOST_ROWS, Table, TableError, read_table, suggested, write_table
from deciding import decide
from describing import WORDS
from weighing import leave_out

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


def build_page(score: Score, about: Mapping[str, Any], explain: Explain | None = None) -> gr.Blocks:
    """Return the page of a model that `score` stands for; `about` is what `describe` returned.

    Without `explain`, the words that matter are found by leaving each out. Its one public endpoint is /classify,
    typed: a text and its pair in, labels and scores out.
    """
    words = WORDS[about["language"]]
    with gr.Blocks(title=about["name"], analytics_enabled=False, delete_cache=(KEPT, KEPT)) as page:
        # First: others would take its name.
        gr.api(endpoint(score, about), api_name="classify", api_visibility="public")
        gr.Markdown(f"# {_plain_markdown(about['name'])}")
        gr.HTML(f'<p class="promise">{words["server"]}</p>', padding=False)
        if about["foreign"]:
            gr.Markdown(f"⚠️ {words['foreign']}")
        with gr.Tabs():
            with gr.Tab(words["one"]):
                _one_text(score, about, words, explain or partial(leave_out, score))
            with gr.Tab(words["many"]):
                _many_texts(score, about, words)
            with gr.Tab(words["about_model"]):
                gr.HTML(page_html.facts(about, words), padding=False)
        page.load(None, js=_ready_script(about["language"]), api_visibility="private")
    return page.queue(default_concurrency_limit=1, max_size=64)


def build_failure(model: str, error: Exception) -> gr.Blocks:
    """Return a page that says why there is no model, and what to do."""
    words = WORDS["en"]
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = words["missing"].format(model=model, reason=lines[0])
    with gr.Blocks(title=model, analytics_enabled=False) as page:
        gr.Markdown(f"# {_plain_markdown(model)}")
        gr.HTML(page_html.sentence(said) + page_html.sentence(words["private"]))
    return page


def theme() -> gr.themes.Base:
    """Return the look of the page; its fonts are those of the visitor's system, none is fetched."""
    look = gr.themes.Default(primary_hue="indigo", font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"])
    names = ("button_primary_background_fill", "button_primary_background_fill_dark")
    hovered = ("button_primary_background_fill_hover", "button_primary_background_fill_hover_dark")
    # White on the default's indigo has a contrast of 4.47, on these 6.3 and 7.9.
    return look.set(**dict.fromkeys(names, "*primary_600"), **dict.fromkeys(hovered, "*primary_700"))


# The text and the second one, what is answered (null: what is shown stays), and the shaded words.
Fresh = list[str | None]
# Shows an answer if the boxes still hold what it answers.
SHOW = """(fresh, shown, ...given) => {
  const [first, second, answer, shading] = fresh;
  const same = given.every((text, i) => (text ?? "") === ([first, second][i] ?? ""));
  return same ? [answer ?? shown, shading] : %s;
}"""


def _one_text(score: Score, about: Mapping[str, Any], words: Mapping[str, Any], explain: Explain) -> None:
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
            gr.HTML(f'<p class="promise">{words["keys"]}</p>', padding=False)
        with gr.Column(min_width=320):
            result = gr.HTML(page_html.sentence(words["waiting"]), label=words["result"], elem_classes="result")
            why = gr.Button(words["explain"], size="sm")
            shading = gr.HTML("", elem_classes="shading", padding=False)
    inputs = boxes if two else [boxes[0], gr.State("")]
    examples = gr.Examples(
        [list(row) for row in about["examples"]], boxes, label=words["examples"], cache_examples=False
    )

    fresh = gr.JSON(visible=False)  # an answer and the text that it answers, before it is shown

    def classify(texts: list[str], pairs: list[str]) -> tuple[list[Fresh]]:
        answers = answer(score, about, texts, pairs)
        asked = zip(texts, pairs, answers, strict=True)
        return ([[text, pair, shown(each, about), ""] for text, pair, each in asked],)

    def shade(text: str, pair: str) -> Fresh:
        (found,) = answer(score, about, [text], [pair])
        if found.scored is None:
            return [text, pair, None, page_html.sentence(found.refusal)]
        label = decide(about, words, found.scored.scores).bars[0].label
        shades = explain(text or "", pair if (pair or "").strip() else "", label)
        return [text, pair, None, page_html.shaded(shades, words)]

    quietly: dict[str, Any] = {"api_visibility": "private"}
    shows: dict[str, Any] = {"show_progress": "minimal", "show_progress_on": [result], **quietly}
    shows["trigger_mode"] = "always_last"  # Gradio drops a click that comes while an answer is on its way
    batched: dict[str, Any] = {"batch": True, "max_batch_size": BATCH, **shows}
    asked = [
        event(classify, inputs, fresh, **batched)
        for event in (button.click, *(box.submit for box in boxes), examples.load_input_event.then)
    ]
    asked.append(why.click(shade, inputs, fresh, **shows))
    # An answer to another text than the one beside it would mislead, one that comes late too.
    stale = json.dumps([page_html.sentence(words["changed"]), ""])
    for event in asked:
        event.then(None, [fresh, result, *boxes], [result, shading], js=SHOW % stale, **quietly)
    for box in boxes:
        box.input(None, None, [result, shading], js=f"() => {stale}", **quietly)


def _many_texts(score: Score, about: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    limits = words["file"].format(rows=MOST_ROWS, size=f"{MOST_BYTES / 1e6:g}")
    file = gr.File(label=limits, file_types=[".csv", ".tsv", ".txt"], type="binary")
    two = len(about["fields"]) == 2
    with gr.Column(visible=False) as choice:  # until a file is read
        with gr.Row():
            first = gr.Dropdown([], label=words["column"], interactive=True)
            second = gr.Dropdown([], label=words["second_column"], interactive=True, visible=two)
        button = gr.Button(words["run_file"], variant="primary")
    status = gr.HTML("", elem_classes="result")
    saved = gr.DownloadButton(words["download"], visible=False)

    def look(content: bytes | None) -> tuple[Any, Any, str, Any, Any]:  # Any: updates of components
        hidden = gr.DownloadButton(visible=False)
        try:
            if content is None:
                raise TableError("")
            header = read_table(content, words).header
        except TableError as error:
            none = gr.Dropdown(choices=[], value=None)
            said = page_html.sentence(str(error)) if str(error) else ""
            return none, none, said, hidden, gr.Column(visible=False)
        begin = [*suggested(header, about["columns"]), None]
        others = [words["no_column"], *header]
        pair = gr.Dropdown(choices=others, value=begin[1] or words["no_column"])
        return gr.Dropdown(choices=header, value=begin[0]), pair, "", hidden, gr.Column(visible=True)

    def label_file(content: bytes | None, column: str | None, pair: str | None) -> Iterator[tuple[str, Any]]:
        try:
            if content is None:
                raise TableError(words["no_file"])
            table = read_table(content, words)
        except TableError as error:
            yield page_html.sentence(str(error)), gr.DownloadButton(visible=False)
            return
        added: list[list[str]] = []
        places = [table.header.index(name) for name in (column, pair) if name in table.header]
        for start in range(0, len(table.rows), BATCH):
            said = words["progress"].format(done=start, n=len(table.rows))
            yield page_html.progress(said, start, len(table.rows)), gr.DownloadButton(visible=False)
            rows = [[row[place] for place in places] for row in table.rows[start : start + BATCH]]
            added += labelled(score, about, rows)
        with tempfile.TemporaryDirectory() as folder:  # gone once the browser has been told of Gradio's own copy
            path, said = _written(table, added, Path(folder), words)
            yield page_html.sentence(said), gr.DownloadButton(value=path, visible=True)

    quietly = {"api_visibility": "private", "show_progress": "hidden"}
    file.change(look, file, [first, second, status, saved, choice], **quietly)
    button.click(label_file, [file, first, second], [status, saved], **quietly)


def _written(table: Table, added: Sequence[Sequence[str]], folder: Path, words: Mapping[str, Any]) -> tuple[str, str]:
    """Write the labelled file; return its path and what to say of it."""
    text, harmless = write_table(table, added)
    path = folder / "labelled.csv"
    path.write_text(text, encoding="utf-8", newline="")
    said = [words["finished"].format(n=len(table.rows))]
    return str(path), " ".join([*said, words["escaped"].format(n=harmless)] if harmless else said)


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
