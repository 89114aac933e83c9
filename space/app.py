"""A page for a text classifier: type a text, read each label's score. Needs this folder and its requirements, no more.

python space/app.py --model RUN_OR_HUB_ID [--port 7860]              on this machine
python space/app.py --model RUN --static FOLDER                      the page without a server, written and served
As a Space it reads the variable MODEL_ID, and for a private model the secret HF_TOKEN.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")  # else a .bin-only model is announced to a third party
ZERO = bool(os.environ.get("SPACES_ZERO_GPU"))
if ZERO:
    import spaces  # before torch, which it changes

import gradio as gr  # noqa: E402
from describing import HERE, WORDS, describe, read_json  # noqa: E402
from page import Score, Scored, build_failure, build_page, theme  # noqa: E402
from waiting import Download, waiting_page  # noqa: E402

FIRST_PORT, PORTS = 7860, 100
SECONDS_OF_GPU = 60  # that one call may take on ZeroGPU


class Loaded(NamedTuple):
    """A model and what its page says."""

    score: Score
    about: dict[str, Any]
    explain: Callable[[str, str], dict[str, Any]] | None


def load(model: str, download: Download | None = None) -> Loaded:
    """Load a run folder or a Hub id.

    Raises:
        OSError: there is no such model, or the token may not see it.
        ValueError: it is no text classifier.
    """
    from transformers import AutoConfig, pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    folder = (download or Download()).fetch(model)
    config = AutoConfig.from_pretrained(folder)
    made_as = ", ".join(config.architectures or ["unknown"])
    if not any(name.endswith("ForSequenceClassification") for name in config.architectures or []):
        raise ValueError(WORDS["en"]["other_task"].format(model=model, found=made_as))
    classify = pipeline("text-classification", model=folder, device="cuda" if ZERO else None)
    tokenizer = classify.tokenizer
    limit = _limit(tokenizer.model_max_length, config)

    def score(texts: Sequence[tuple[str, str]]) -> list[Scored]:
        inputs = [{"text": text, "text_pair": pair} if pair else text for text, pair in texts]
        answers = classify(inputs, top_k=None, truncation=True, max_length=limit, batch_size=len(inputs))
        found = []
        for (text, pair), answer in zip(texts, answers, strict=True):
            ids = tokenizer(text, pair or None, verbose=False)["input_ids"]
            own = len(ids) - tokenizer.num_special_tokens_to_add(pair=bool(pair))
            unknown = 0 if tokenizer.unk_token_id is None else ids.count(tokenizer.unk_token_id)
            scores = {row["label"]: row["score"] for row in answer}
            found.append(Scored(scores, len(ids), unknown / own if own > 0 else 0.0))
        return found

    def explain(text: str, pair: str) -> dict[str, Any]:
        return dict(_attribution().attribute(classify.model, tokenizer, text, pair or None).to_dict())

    about = describe(model, config.to_dict(), read_json(folder, "evaluation.json"), limit=limit)
    possible = tokenizer.is_fast and tokenizer.pad_token_id is not None
    return Loaded(_on_gpu(score), about, _on_gpu(explain) if possible else None)


def _attribution() -> ModuleType:
    """Return the module of the word scores: a Space has a copy beside this file, the project has it in its package."""
    beside, ours = HERE / "attribution.py", HERE.parent / "textclf" / "evaluation" / "attribution.py"
    found = importlib.util.spec_from_file_location("attribution", beside if beside.exists() else ours)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["attribution"] = module  # dataclasses look themselves up there
    found.loader.exec_module(module)
    return module


def _on_gpu(function: Any) -> Any:  # Any: a function, and one that does the same elsewhere
    """Let ZeroGPU lend a GPU for the calls of a function; anywhere else it stays as it is."""
    return spaces.GPU(duration=SECONDS_OF_GPU)(function) if ZERO else function


def _limit(known: float, config: Any) -> int:  # Any: a configuration of any model
    """Return the tokens that the model reads; tokenizers of other people's models may not know it."""
    if known < 1_000_000:
        return int(known)
    return int(getattr(config, "max_position_embeddings", None) or 512) - 2


def main() -> None:
    """Load the model that the flag or MODEL_ID names, and serve its page."""
    parser = argparse.ArgumentParser(description="Serve a page for a text classifier.")
    parser.add_argument("--model", default=os.environ.get("MODEL_ID"), help="a run folder or a Hub id")
    parser.add_argument("--port", type=int, help="the port (default: 7860, or the next free one)")
    parser.add_argument("--static", metavar="FOLDER", help="write the page that needs no server there, and serve it")
    arguments = parser.parse_args()
    if not arguments.model:
        parser.error("give --model RUN_OR_HUB_ID, or set MODEL_ID")
    host = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    try:
        port = _free_port(host, arguments.port or int(os.environ.get("GRADIO_SERVER_PORT", 0)) or None)
    except OSError as error:
        parser.error(f"the port is in use; choose another one with --port ({error})")
    if arguments.static:
        sys.path.append(str(HERE.parent))
        from textclf.hub.static_page import write_and_serve  # only in the project itself

        raise SystemExit(write_and_serve(arguments.model, arguments.static, (host, port)))
    page = _load_page(parser, arguments.model, (host, port))
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        theme=theme(),
        css_paths=HERE / "style.css",
        footer_links=[],
        run_history=False,  # or the visitors' texts would be kept in their browsers
        max_file_size="20mb",
        ssr_mode=False,
        quiet=True,  # or it advertises public links
        prevent_thread_lock=True,
    )
    print(f"The page is at {address} (Ctrl-C ends it).", flush=True)
    page.block_thread()


def _load_page(parser: argparse.ArgumentParser, model: str, address: tuple[str, int]) -> gr.Blocks:
    """Return the model's page, or as a Space one that says why there is none; meanwhile a page tells how far it is."""
    download = Download()
    try:
        with waiting_page(model, download, WORDS["en"], address):
            loaded = load(model, download)
        return build_page(*loaded)
    except (OSError, ValueError) as error:
        if not os.environ.get("SPACE_ID"):
            reason = (str(error).strip() or type(error).__name__).split("\n")[0]
            parser.error(WORDS["en"]["missing"].format(model=model, reason=reason))
        return build_failure(model, error)


def _free_port(host: str, asked: int | None) -> int:
    """Return the port that was asked for, or the first free one."""
    for port in [asked] if asked else range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((host, port))
                return port
            except OSError:
                if asked or port == FIRST_PORT + PORTS - 1:
                    raise
    raise AssertionError("the last port was free, or raised")


if __name__ == "__main__":
    main()
