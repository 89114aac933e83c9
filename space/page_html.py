"""The Gradio page's HTML: scores as bars, shaded words, the model's facts. Everything is escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from deciding import Bar, Decision, number

STRONGEST = 0.55  # opacity of the word that matters most; text stays readable on it


def render(decision: Decision, words: Mapping[str, Any], warnings: Sequence[str] = ()) -> str:
    """Return a text's scores as bars: the chosen labels, then the others, best first."""
    parts = [f'<p class="warning">{html.escape(warning)}</p>' for warning in warnings]
    parts.append(f"<h2{' class=unsure' if decision.unsure else ''}>{html.escape(decision.heading)}</h2>")
    bars = [_bar(bar, decision.top, words) for bar in decision.bars]
    parts.append(f'<ul class="bars">{"".join(bars[: decision.shown])}</ul>')
    if bars[decision.shown :]:
        more = html.escape(words["more"].format(n=len(bars) - decision.shown))
        rest = "".join(bars[decision.shown :])
        parts.append(f'<details><summary>{more}</summary><ul class="bars">{rest}</ul></details>')
    parts += [f'<p class="note">{html.escape(note)}</p>' for note in decision.notes]
    return f'<div class="scores">{"".join(parts)}</div>'


def sentence(text: str) -> str:
    """Return a sentence in the place of scores."""
    return f'<div class="scores"><p class="plain">{html.escape(text)}</p></div>'


def progress(text: str, done: int, n: int) -> str:
    """Return a sentence on how far something is, over a bar."""
    said = html.escape(text)
    bar = f'<progress value="{done}" max="{n}" aria-label="{said}"></progress>'
    return f'<div class="scores"><p class="plain">{said}</p>{bar}</div>'


def shaded(found: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """Return a text with its words shaded by what they do: of `leave_out`, or of `Attribution.to_dict()`."""
    largest = max((abs(word["score"]) for word in found["words"]), default=0.0) or 1.0
    lines = []
    for part, text in enumerate(found["texts"]):
        pieces, place = [], 0
        for word in (each for each in found["words"] if each["part"] == part):
            pieces += [html.escape(text[place : word["start"]]), _word(word, largest)]
            place = word["end"]
        lines.append(f'<p dir="auto">{"".join(pieces)}{html.escape(text[place:])}</p>')
    notes = [words["explained_by_leaving_out" if "grouped" in found else "explained"]]
    notes += [words["explained_in_groups"]] if found.get("grouped") else []
    notes += [words["unread"]] if not all(word["read"] for word in found["words"]) else []
    towards = html.escape(words["towards"].format(label=found["label"]))
    against = html.escape(words["against"])
    key = f'<span class="towards">{towards}</span> <span class="against">{against}</span>'
    return f'<div class="words">{"".join(lines)}<p class="note">{key} {html.escape(" ".join(notes))}</p></div>'


def facts(about: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """Return what is known of the model: figures with intervals beside the best baseline, its labels, its links."""
    found = about["facts"]
    parts = [f"<p>{html.escape(words['no_facts'])}</p>"]
    if found:
        heads = [words["metric"], words["model"]]
        heads += [words["baseline"].format(name=found["baseline"])] if found["baseline"] else []
        head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in heads)
        rows = "".join(
            f'<tr><th scope="row">{html.escape(row[0])}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1 : len(heads)])
            + "</tr>"
            for row in found["rows"]
        )
        caption = html.escape(words["facts"].format(n=found["n"]))
        parts = [f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"]
    if about.get("copy"):
        parts.append(f"<p>{html.escape(_copied(about['copy'], words))}</p>")
    labels = words["label_count"].format(n=len(about["labels"]), labels=", ".join(about["labels"]))
    parts += [f"<p>{html.escape(line)}</p>" for line in (labels, words["reads"].format(limit=about["limit"]))]
    links = [
        f'<a href="{html.escape(about[key])}" target="_blank" rel="noopener noreferrer">{html.escape(words[key])}</a>'
        for key in ("card", "data")
        if about[key]
    ]
    return f'<div class="facts">{"".join(parts)}<p>{" · ".join(links)}</p></div>'


def _copied(copy: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    share, low = (f"{100 * copy[key]:.1f} %" for key in ("value", "low"))
    sentence = words["copy_cells" if copy["of"] == "label cells" else "copy_texts"]
    return str(sentence.format(n=copy["n"], share=share, low=low))


def _bar(bar: Bar, top: float, words: Mapping[str, Any]) -> str:
    mark, said = "", ""
    if bar.cut is not None:
        cut = html.escape(words["threshold"].format(cut=number(bar.cut)))
        mark = f'<span class="cut" style="left:{min(bar.cut / top, 1):.2%}"></span>'
        said = f'<span class="said">{cut}</span>'
    chosen, width = ' class="chosen"' if bar.chosen else "", min(bar.score / top, 1)
    return (
        f'<li{chosen}><span class="name" dir="auto">{"✓ " if bar.chosen else ""}{html.escape(bar.label)}</span>'
        f'<span class="track" aria-hidden="true"><span class="fill" style="width:{width:.2%}"></span>'
        f'{mark}</span><span class="figures"><span class="score">{number(bar.score)}</span>{said}</span></li>'
    )


def _word(word: Mapping[str, Any], largest: float) -> str:
    text = html.escape(word["text"])
    if not word["read"]:
        return f'<span class="unread">{text}</span>'
    kind = "towards" if word["score"] > 0 else "against" if -word["score"] >= largest / 4 else "against slight"
    strength = STRONGEST * abs(word["score"]) / largest
    return f'<span class="{kind}" style="--strength:{strength:.3f}" title="{word["score"]:+.3f}">{text}</span>'
