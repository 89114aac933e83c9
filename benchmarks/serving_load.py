"""Requests a second and latencies of serve.py beside one text a request through `pipeline()`, at several numbers of
clients, all arms in one run, in turn.

    python -m benchmarks.serving_load RUN --texts TEXTS.csv [--clients 1 8 32 128] [--seconds 5] [--engines torch]
    python -m benchmarks.serving_load RUN --texts TEXTS.csv --requests 100000 --engines onnx-int8 --no_pipeline

Every answer is compared with the scores that the engine gives without a server. The clients share the machine with the
server, in every arm alike.
"""

import argparse
import asyncio
import csv
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.load_client import percentile, request, run

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A server in a process of its own."""

    def __init__(self, words, port, **environment):
        self.began = time.monotonic()
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, *map(str, words)], cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1)
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if self.process.poll() is not None:
                    raise SystemExit(f"{' '.join(map(str, words))} ended with {self.process.returncode}") from None
                time.sleep(0.02)
        self.ready_seconds = time.monotonic() - self.began

    def close(self):
        """End it."""
        self.process.terminate()
        self.process.wait()


def resident_megabytes(pid):
    """Return the resident memory of a process and its children, in MB."""
    total, waiting = 0, [pid]
    while waiting:
        pid = waiting.pop()
        children = Path(f"/proc/{pid}/task/{pid}/children")
        waiting += map(int, children.read_text().split()) if children.exists() else []
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return total / 1024


def start(arm, model):
    port = free_port()
    if arm == "pipeline":
        words = ["-m", "uvicorn", "benchmarks.one_text_server:app", "--port", port, "--log-level", "error"]
        return Server(words, port, MODEL=str(model))
    return Server(["serve.py", model, "--port", port, "--engine", arm, "--no-ui", "--max_waiting", "4096"], port)


def body_of(arm, text):
    return request("/predict", {"text": text} if arm == "pipeline" else {"inputs": text, "truncate": True})


def expected_scores(model, engine, texts):
    """Return what the engine gives without a server, in a process of its own: its memory goes again."""
    code = (
        "import json, sys; from textclf.bulk.scorers import load_scorer\n"
        "scorer = load_scorer(sys.argv[1], sys.argv[2], None, False); texts = json.load(sys.stdin)\n"
        "rows = [dict(zip(scorer.labels.names, map(float, row))) for t in texts for row in scorer.scores([t])]\n"
        "print(json.dumps(rows))"
    )
    words = [sys.executable, "-c", code, str(model), engine]
    done = subprocess.run(words, input=json.dumps(texts), cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def import_seconds(modules):
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", f"import {modules}"], check=True)
    return time.monotonic() - began


def measure(arm, args, texts):
    expected = expected_scores(args.model, "torch" if arm == "pipeline" else arm, texts)
    bare = import_seconds("onnxruntime, tokenizers" if arm.startswith("onnx") else "torch, transformers.pipelines")
    server = start(arm, args.model)
    bodies = [body_of(arm, text) for text in texts]
    rows = []
    try:
        asyncio.run(run(server.port, bodies, expected, 8, seconds=1.0))  # warm
        before = resident_megabytes(server.process.pid)
        for clients in args.clients:
            found = asyncio.run(
                run(server.port, bodies, expected, clients, seconds=args.seconds or 3600.0, requests=args.requests)
            )
            rows.append(
                {
                    "clients": clients,
                    "requests": len(found.seconds),
                    "per_second": len(found.seconds) / found.wall,
                    **{f"p{p}_ms": 1000 * percentile(found.seconds, p / 100) for p in (50, 95, 99)},
                    "lost": found.lost,
                    "wrong": found.wrong,
                }
            )
            print(arm, json.dumps(rows[-1]), flush=True)
        memory = {"before_mb": before, "after_mb": resident_megabytes(server.process.pid)}
    finally:
        server.close()
    return {"arm": arm, "ready_seconds": server.ready_seconds, "bare_imports_seconds": bare, **memory, "rows": rows}


def table(found):
    head = "| clients | arm | requests/s | x pipeline | p50 ms | p95 ms | p99 ms | p99 / p50 | lost, wrong |"
    lines = [head, "|---" * 9 + "|"]
    base = {row["clients"]: row["per_second"] for arm in found if arm["arm"] == "pipeline" for row in arm["rows"]}
    for place, row in enumerate(found[0]["rows"]):
        for arm in found:
            row = arm["rows"][place]
            ratio = f"{row['per_second'] / base[row['clients']]:.2f}" if row["clients"] in base else ""
            times = " | ".join(f"{row[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
            lines.append(
                f"| {row['clients']} | {arm['arm']} | {row['per_second']:.1f} | {ratio} | {times} | "
                f"{row['p99_ms'] / row['p50_ms']:.2f} | {row['lost']}, {row['wrong']} |"
            )
    lines += [
        "",
        "| arm | ready after, s | of that bare imports, s | resident before, after, MB |",
        "|---|---|---|---|",
    ]
    for arm in found:
        memory = f"{arm['before_mb']:.0f}, {arm['after_mb']:.0f}"
        lines.append(f"| {arm['arm']} | {arm['ready_seconds']:.1f} | {arm['bare_imports_seconds']:.1f} | {memory} |")
    return "\n".join(lines)


def read_texts(path, column, most):
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = [row[column] for row in csv.DictReader(file)]
    return [text for text in rows if text.strip()][:most]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("--texts", required=True)
    parser.add_argument("--column", default="text")
    parser.add_argument("--most", type=int, default=478)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--requests", type=int)
    parser.add_argument("--engines", nargs="+", default=["torch", "onnx-int8"])
    parser.add_argument("--no_pipeline", action="store_true")
    parser.add_argument("--name", help="write benchmarks/results/NAME.json and .md")
    args = parser.parse_args()
    args.model = Path(args.model).absolute()
    if args.requests:
        args.seconds = 0
    texts = read_texts(args.texts, args.column, args.most)
    lengths = statistics.median(len(text.split()) for text in texts)
    print(f"{len(texts)} texts, median {lengths} words; {platform.machine()}, {os.cpu_count()} cores")
    arms = ([] if args.no_pipeline else ["pipeline"]) + args.engines
    found = [measure(arm, args, texts) for arm in arms]
    print(table(found))
    if args.name:
        (RESULTS / f"{args.name}.json").write_text(json.dumps({"n": len(texts), "arms": found}, indent=1) + "\n")
        (RESULTS / f"{args.name}.md").write_text(table(found) + "\n")


if __name__ == "__main__":
    main()
