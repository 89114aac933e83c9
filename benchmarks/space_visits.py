"""What a visit to each kind of Space costs: bytes and seconds to the first answer, and what later ones take.

python -m benchmarks.space_visits RUN [--chromium /usr/bin/chromium]     RUN has onnx/model_quantized.onnx

Both kinds are served here and visited by a headless Chromium with an empty cache, then with a full one.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = "The rooms were clean, the people kind, and breakfast was better than at home"
ANSWERS = 30


@contextmanager
def served(run: str, kind: str) -> Iterator[str]:
    """Serve one kind by the command that people type, and give its address once the model is there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "space/app.py", "--model", run, "--port", str(port)]
        command += ["--static", f"{folder}/page"] if kind == "static" else []
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, "HF_HUB_OFFLINE": "1"}
        )
        address = f"http://127.0.0.1:{port}/"
        try:
            while not ready(address):
                assert process.poll() is None, "the page ended"
                time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            process.wait()


def ready(address: str) -> bool:
    """Say whether the page itself answers, not the one that tells to wait."""
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return b'id="said"' not in answer.read()
    except OSError:
        return False


def visit(page, address: str) -> dict[str, float]:  # Playwright's page
    """Return megabytes and seconds of one visit up to its first answer."""
    sent: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    loaded: list[int] = []
    page.context.on("requestfinished", lambda request: loaded.append(request.sizes()["responseBodySize"]))
    start = time.perf_counter()
    page.goto(address)
    page.locator("textarea").first.fill(TEXT)
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector(".scores li")
    return {"MB": max(sum(sent), sum(loaded)) / 1e6, "seconds": time.perf_counter() - start}


def later(page) -> float:
    """Return the median seconds of further answers, from the key to the drawn scores."""
    found = []
    for i in range(ANSWERS):
        page.locator("textarea").first.fill(f"{TEXT} {i}")
        page.wait_for_selector(".scores li", state="detached")
        start = time.perf_counter()
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(".scores li")
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def main() -> None:
    """Visit both kinds and print a table."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--kinds", nargs="+", default=["static", "gradio"])
    options = parser.parse_args()
    print("| kind | first visit | second visit | p50 of later answers |\n|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for kind in options.kinds:
            with served(options.run, kind) as address:
                context = browser.new_context()
                first, second = (visit(context.new_page(), address) for _ in range(2))
                shown = [f"{each['MB']:.1f} MB, {each['seconds']:.1f} s" for each in (first, second)]
                page = context.pages[-1]
                print(f"| {kind} | {' | '.join(shown)} | {1000 * later(page):.0f} ms (n = {ANSWERS}) |", flush=True)
                context.close()
    print(f"\n{platform.machine()}, {os.cpu_count()} processors, {time.strftime('%Y-%m-%d')}")


if __name__ == "__main__":
    main()
