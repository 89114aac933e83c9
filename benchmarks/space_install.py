"""What a Gradio Space takes up from its own requirements.txt alone: megabytes, seconds to the page, memory.

    python -m benchmarks.space_install RUN [--rounds 3] [--keep FOLDER]

RUN is an exported run. For each engine: a fresh environment, nothing but the Space's files, the model beside them.
What pip finds is this machine's matter: torch's wheel of PyPI for Linux brings CUDA, so this says which torch it was.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.space_visits import ready
from benchmarks.speed_machine import machine_line
from textclf.hub.space_folder import gradio_files

WHICH = "import importlib.metadata as m; print(', '.join(f'{{n}} {{m.version(n)}}' for n in {names}))"
SHOWN = {"torch": ("torch", "transformers"), "onnx": ("onnxruntime", "tokenizers")}


def installed(folder: Path, engine: str) -> tuple[Path, float, float]:
    """Write the Space's files, install what they ask for, and return the interpreter, seconds and megabytes."""
    (folder / "space").mkdir(parents=True)
    for upload in gradio_files(engine):
        (folder / "space" / upload.path).write_bytes(upload.data())
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", folder / "space" / "requirements.txt"], check=True)
    seconds = time.perf_counter() - start
    size = sum(path.stat().st_size for path in (folder / "venv" / "lib").rglob("*") if path.is_file())
    return python, seconds, size / 1e6


def started(python: Path, space: Path, run: Path) -> tuple[float, float]:
    """Start the page, and return the seconds until it answers and the megabytes that it then holds."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | {"HF_HUB_OFFLINE": "1", "MODEL_ID": str(run.resolve()), "GRADIO_SERVER_PORT": str(port)}
    start = time.perf_counter()
    process = subprocess.Popen([python, "app.py"], cwd=space, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not ready(f"http://127.0.0.1:{port}/"):
            assert process.poll() is None, "the page ended"
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
        return seconds, resident / 1024
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Install and start both, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="leave the environments here; what is there already is used again")
    options = parser.parse_args()
    place = options.keep or Path(tempfile.mkdtemp())
    print("| engine | installed | installing | page after (median) | memory |\n|---|---|---|---|---|")
    for engine in ("torch", "onnx"):
        folder = place / engine
        if (folder / "venv").is_dir():
            python, size, took = folder / "venv" / "bin" / "python", None, None
        else:
            python, took, size = installed(folder, engine)
        rows = [started(python, folder / "space", options.run) for _ in range(options.rounds)]
        which = subprocess.run(
            [python, "-c", WHICH.format(names=SHOWN[engine])], capture_output=True, text=True, check=True
        )
        first = "-" if size is None else f"{size:,.0f} MB"
        second = "-" if took is None else f"{took:.0f} s"
        seconds, resident = (statistics.median(each) for each in zip(*rows, strict=True))
        name = f"{engine} ({which.stdout.strip()})"
        print(f"| {name} | {first} | {second} | {seconds:.1f} s (n = {len(rows)}) | {resident:.0f} MB |", flush=True)
    print(f"\n{machine_line()}")
    if not options.keep:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
