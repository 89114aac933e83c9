"""A page for a text classifier: type a text, read each label's score. Needs this folder and its requirements, no more.

python space/app.py --model RUN_OR_HUB_ID [--engine torch|onnx|onnx-int8] [--port 7860]     on this machine
python space/app.py --model RUN --static FOLDER      the page without a server, written and served
As a Space it reads the variable MODEL_ID, and for a private model the secret HF_TOKEN.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from typing import Any, NamedTuple

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported
os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")  # else a .bin-only model is announced to a third party
ZERO = bool(os.environ.get("SPACES_ZERO_GPU"))
if ZERO:
    import spaces  # before torch, which it changes

import gradio as gr  # noqa: E402
from answering import Explain, Score  # noqa: E402
from describing import HERE, WORDS, copy_of, describe, read_json  # noqa: E402
from page import build_failure, build_page, theme  # noqa: E402
from scoring import ENGINES, FILES, GATE, choose, on_onnx, on_torch  # noqa: E402
from waiting import Download, waiting_page  # noqa: E402

FIRST_PORT, PORTS = 7860, 100
SECONDS_OF_GPU = 60  # that one call may take on ZeroGPU


class Loaded(NamedTuple):
    """A model and what its page says."""

    score: Score
    about: dict[str, Any]
    explain: Explain | None


def load(model: str, download: Download | None = None, engine: str = "auto") -> Loaded:
    """Load a run folder or a Hub id for an engine of `scoring.ENGINES`.

    Raises:
        OSError: there is no such model, or the token may not see it.
        ValueError: it is no text classifier, or not one that this engine can run.
    """
    chosen = choose(model, engine, gpu=ZERO)
    folder = (download or Download()).fetch(model, FILES.get(chosen))
    config = read_json(folder, "config.json") or {}
    made_as = config.get("architectures") or ["unknown"]
    if not any(name.endswith("ForSequenceClassification") for name in made_as):
        raise ValueError(WORDS["en"]["other_task"].format(model=model, found=", ".join(made_as)))
    opened = on_torch(folder, config, gpu=ZERO) if chosen == "torch" else on_onnx(folder, config, chosen)
    about = describe(model, opened.config, read_json(folder, "evaluation.json"), limit=opened.limit)
    about["copy"] = copy_of(read_json(folder, GATE), chosen)
    return Loaded(_on_gpu(opened.score), about, opened.explain and _on_gpu(opened.explain))


def _on_gpu(function: Any) -> Any:  # Any: a function, and one that does the same elsewhere
    """Let ZeroGPU lend a GPU for the calls of a function; anywhere else it stays as it is."""
    return spaces.GPU(duration=SECONDS_OF_GPU)(function) if ZERO else function


def main() -> None:
    """Load the model that the flag or MODEL_ID names, and serve its page."""
    parser = argparse.ArgumentParser(description="Serve a page for a text classifier.")
    parser.add_argument("--model", default=os.environ.get("MODEL_ID"), help="a run folder or a Hub id")
    parser.add_argument("--engine", choices=ENGINES, default="auto", help="default: onnx where it is torch's equal")
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
    page = _load_page(parser, arguments, (host, port))
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


def _load_page(parser: argparse.ArgumentParser, arguments: argparse.Namespace, address: tuple[str, int]) -> gr.Blocks:
    """Return the model's page, or as a Space one that says why there is none; meanwhile a page tells how far it is."""
    download, model = Download(), arguments.model
    try:
        with waiting_page(model, download, WORDS["en"], address):
            loaded = load(model, download, arguments.engine)
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
