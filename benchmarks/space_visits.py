"""What a visit to each kind of Space costs: bytes and seconds to the first answer, and what later ones take.

python -m benchmarks.space_visits RUN [--rounds 5] [--chromium /usr/bin/chromium]     RUN has both files of onnx/

Both kinds are served here and visited by a headless Chromium with an empty cache, then with a full one.
"""

from __future__ import annotations

import argparse
import os
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

from .speed_machine import machine_line

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
    """Return megabytes and seconds of one visit up to its first answer, and up to the first word of progress."""
    loaded: list[int] = []
    page.context.on("requestfinished", lambda request: loaded.append(max(0, request.sizes()["responseBodySize"])))
    start = time.perf_counter()
    page.goto(address)
    page.locator("textarea").first.fill(TEXT)
    drawn = time.perf_counter() - start
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector(".scores li")
    return {"MB": sum(loaded) / 1e6, "drawn": drawn, "answer": time.perf_counter() - start}


def later(page) -> list[float]:
    """Return the seconds of further answers, from the key to the drawn scores."""
    found = []
    for i in range(ANSWERS):
        page.locator("textarea").first.press("End")
        page.keyboard.type("?" if i % 10 else " and")  # as people type: Gradio does not notice text that is put in
        page.wait_for_selector(".scores li", state="detached")
        start = time.perf_counter()
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(".scores li")
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    """Visit each kind and print a table of medians."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--kinds", nargs="+", default=["static", "gradio"])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| kind | visit | MB | page drawn, s | first answer, s | later answers, p50 |\n|---|---|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for kind in options.kinds:
            rows: dict[str, list[dict[str, float]]] = {"first": [], "second": []}
            answers: list[float] = []
            with served(options.run, kind) as address:
                for _ in range(options.rounds):  # each with an empty cache, then with what the first visit left
                    context = browser.new_context()
                    for found in rows.values():
                        page = context.new_page()
                        found.append(visit(page, address))
                        if found is rows["second"]:
                            answers += later(page)
                        page.close()
                        time.sleep(1)  # what it leaves running is no part of the next visit
                    context.close()
            for name, found in rows.items():
                shown = [statistics.median(each[key] for each in found) for key in ("MB", "drawn", "answer")]
                p50 = f"{1000 * statistics.median(answers):.0f} ms (n = {len(answers)})" if name == "second" else ""
                print(f"| {kind} | {name} | {shown[0]:.2f} | {shown[1]:.2f} | {shown[2]:.2f} | {p50} |", flush=True)
    print(f"\nMedians of {options.rounds} rounds. {machine_line()} {time.strftime('%Y-%m-%d')}")


if __name__ == "__main__":
    main()
