"""Requests a second and latencies of serve.py beside one text a request through `pipeline()`, at several numbers of
clients, all arms in one run, in turn.

    python -m benchmarks.serving_load RUN --texts TEXTS.csv [--clients 1 8 32 128] [--rounds 3] [--seconds 5]
    python -m benchmarks.serving_load RUN --texts TEXTS.csv --requests 100000 --rounds 1 --clients 32 --no_pipeline

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
import threading
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
        for children in Path(f"/proc/{pid}/task").glob("*/children"):  # of whichever thread started them
            waiting += map(int, children.read_text().split())
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return total / 1024


class Watch(threading.Thread):
    """Notes a server's resident memory every second, in MB, until it is `done`."""

    def __init__(self, pid):
        self.seen, self.done = [resident_megabytes(pid)], threading.Event()
        super().__init__(target=self._look, args=[pid], daemon=True)

    def _look(self, pid):
        while not self.done.wait(1.0):
            self.seen.append(resident_megabytes(pid))

    def figures(self):
        """Return the medians of the first and of the last tenth, and the highest."""
        tenth = max(1, len(self.seen) // 10)
        first, last = (statistics.median(part) for part in (self.seen[:tenth], self.seen[-tenth:]))
        return {"first": first, "last": last, "most": max(self.seen)}


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


class Arm:
    """A running server, what is sent to it and what it should answer, and what was found."""

    def __init__(self, name, model, texts):
        self.name = name
        self.expected = expected_scores(model, "torch" if name == "pipeline" else name, texts)
        modules = "onnxruntime, tokenizers" if name.startswith("onnx") else "torch, transformers.pipelines"
        self.bare = import_seconds(modules)
        self.server = start(name, model)
        self.bodies = [body_of(name, text) for text in texts]
        self.found = {}
        asyncio.run(run(self.server.port, self.bodies, self.expected, 8, seconds=1.0))  # warm
        self.watch = Watch(self.server.process.pid)
        self.watch.start()

    def round(self, clients, seconds, requests):
        """Load the server once with so many clients."""
        found = asyncio.run(
            run(self.server.port, self.bodies, self.expected, clients, seconds=seconds, requests=requests)
        )
        self.found.setdefault(clients, []).append(found)
        print(f"{self.name}, {clients} clients: {len(found.seconds) / found.wall:.1f} requests/s", flush=True)

    def close(self):
        """Stop looking, and end the server."""
        self.watch.done.set()
        self.watch.join()
        self.server.close()

    def row(self, clients):
        """Return the figures of one number of clients: the median round's speed, the times of all rounds."""
        rounds = self.found[clients]
        seconds = [each for found in rounds for each in found.seconds]
        return {
            "clients": clients,
            "requests": len(seconds),
            "per_second": statistics.median(len(found.seconds) / found.wall for found in rounds),
            **{f"p{p}_ms": 1000 * percentile(seconds, p / 100) for p in (50, 95, 99)},
            "lost": sum(found.lost for found in rounds),
            "wrong": sum(found.wrong for found in rounds),
        }

    def figures(self):
        """Return everything that was found."""
        return {
            "arm": self.name,
            "ready_seconds": self.server.ready_seconds,
            "bare_imports_seconds": self.bare,
            "resident_mb": self.watch.figures(),
            "rows": [self.row(clients) for clients in self.found],
        }


def table(found):
    head = "| clients | arm | requests/s | x pipeline | p50 ms | p95 ms | p99 ms | p99 / p50 | answers | lost, wrong |"
    lines = [head, "|---" * 10 + "|"]
    base = {row["clients"]: row["per_second"] for arm in found if arm["arm"] == "pipeline" for row in arm["rows"]}
    for place in range(len(found[0]["rows"])):
        for arm in found:
            row = arm["rows"][place]
            ratio = f"{row['per_second'] / base[row['clients']]:.2f}" if row["clients"] in base else ""
            times = " | ".join(f"{row[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
            lines.append(
                f"| {row['clients']} | {arm['arm']} | {row['per_second']:.1f} | {ratio} | {times} | "
                f"{row['p99_ms'] / row['p50_ms']:.2f} | {row['requests']} | {row['lost']}, {row['wrong']} |"
            )
    lines += [
        "",
        "| arm | ready after, s | of that bare imports, s | resident MB: first tenth, last tenth, most |",
        "|---|---|---|---|",
    ]
    for arm in found:
        memory = ", ".join(f"{arm['resident_mb'][key]:.0f}" for key in ("first", "last", "most"))
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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a round")
    parser.add_argument("--requests", type=int, help="of a round, however long it takes")
    parser.add_argument("--engines", nargs="+", default=["torch", "onnx-int8"])
    parser.add_argument("--no_pipeline", action="store_true")
    parser.add_argument("--name", help="write benchmarks/results/NAME.json and .md")
    args = parser.parse_args()
    args.model = Path(args.model).absolute()
    texts = read_texts(args.texts, args.column, args.most)
    lengths = statistics.median(len(text.split()) for text in texts)
    print(f"{len(texts)} texts, median {lengths} words; {platform.machine()}, {os.cpu_count()} cores")
    names = ([] if args.no_pipeline else ["pipeline"]) + args.engines
    arms = [Arm(name, args.model, texts) for name in names]
    for _ in range(args.rounds):
        for clients in args.clients:
            for arm in arms:
                arm.round(clients, 1e6 if args.requests else args.seconds, args.requests)
    for arm in arms:
        arm.close()
    found = [arm.figures() for arm in arms]
    print(table(found))
    if args.name:
        (RESULTS / f"{args.name}.json").write_text(json.dumps({"n": len(texts), "arms": found}, indent=1) + "\n")
        (RESULTS / f"{args.name}.md").write_text(table(found) + "\n")


if __name__ == "__main__":
    main()
