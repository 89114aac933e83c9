"""A page that says how far the model is, served by the standard library alone until there is one."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from describing import WORDS
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.file_download import repo_folder_name

WANTED = ("*.json", "*.txt", "*.model", "README.md")  # of a model's repo, beside its weights
WEIGHTS = "model*.safetensors"
GATE = "onnx/gate.json"
LEFT_OUT = ("adapter/*", "checkpoints/*")  # `*` of a pattern reaches into folders
# Asks again each second, and goes where it is once something else than this page answers there.
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>:root {{color-scheme: light dark}} body {{font: 1.05rem/1.5 system-ui, sans-serif; max-width: 34rem;
margin: 18vh auto; padding: 0 1rem}} progress {{width: 100%; height: 1rem}}</style>
<h1>{title}</h1><p role="status" id="said">{said}</p><progress id="bar" aria-labelledby="said"{value}></progress>
<script>
setInterval(async () => {{
  try {{
    const text = await (await fetch(location.href, {{cache: "no-store"}})).text();
    if (!text.includes('id="said"')) return location.reload();
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const id of ["said", "bar"]) document.getElementById(id).replaceWith(page.getElementById(id));
  }} catch {{ /* the other server is not up yet */ }}
}}, 1000);
</script></html>"""


class Download:
    """How much of a model's files is here."""

    def __init__(self) -> None:
        self.done, self.total = 0, 0  # bytes

    def fetch(self, model: str, exported: str | None = None) -> str:
        """Return the folder of a model of the Hub, downloaded; a folder of this machine is returned as it is.

        `exported` is the file of onnx/ that is wanted instead of the weights.

        Raises:
            OSError: there is no such model, or the token may not see it.
        """
        if Path(model).is_dir():
            return model
        wanted = [*WANTED, *([GATE, exported, f"{exported}_data"] if exported else [WEIGHTS])]
        try:
            info = HfApi().model_info(model, files_metadata=True)
            kept = [row for row in info.siblings or [] if _is_wanted(row.rfilename, wanted)]
            self.total = sum(row.size or 0 for row in kept)
        except (OSError, HfHubHTTPError):  # offline: the cache may hold it; a refusal is said below
            pass
        place = Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=model, repo_type="model"), "blobs")
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(place, ended), daemon=True)
        watcher.start()
        try:
            return str(snapshot_download(model, allow_patterns=wanted, ignore_patterns=list(LEFT_OUT)))
        except (HfHubHTTPError, LocalEntryNotFoundError) as error:
            raise OSError(_reason(error)) from error
        finally:
            ended.set()

    def _watch(self, place: Path, ended: threading.Event) -> None:
        while not ended.wait(0.5):
            sizes = [_size(path) for path in place.glob("*")] if place.is_dir() else []
            self.done = min(sum(sizes), self.total)

    def said(self, words: Mapping[str, Any]) -> str:
        """Return a sentence on how far it is."""
        if not self.total or self.done >= self.total:
            return str(words["starting"])
        return str(words["loading"].format(done=f"{self.done / 1e6:.0f}", n=f"{self.total / 1e6:.0f}"))


@contextmanager
def waiting_page(title: str, download: Download, words: Mapping[str, Any], address: tuple[str, int]) -> Iterator[None]:
    """Serve the page at (host, port) as long as the block lasts.

    Raises:
        OSError: the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            share = f' value="{download.done / download.total:.3f}"' if download.total else ""
            page = _PAGE.format(title=html.escape(title), said=html.escape(download.said(words)), value=share).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Keep no record of visitors."""

    with ThreadingHTTPServer(address, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _reason(error: Exception) -> str:
    """Return why a repo could not be read, as one sentence without addresses and numbers of requests."""
    words = WORDS["en"]
    if isinstance(error, GatedRepoError):
        return str(words["gated"])
    if isinstance(error, RepositoryNotFoundError):  # the Hub tells nobody which of the two it is
        return str(words["not_found"])
    return str(words["unreachable"] if isinstance(error, LocalEntryNotFoundError) else str(error).split("\n")[0])


def _is_wanted(name: str, wanted: list[str]) -> bool:
    return any(fnmatch(name, each) for each in wanted) and not any(fnmatch(name, each) for each in LEFT_OUT)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # renamed in this moment
        return 0
