"""What a scorer takes up: seconds to the first answer, resident memory, installed size; each engine a fresh process.

    python -m benchmarks.footprint RUN [--rounds 5]

RUN is a finished, exported run. Writes results/footprint.md. The seconds go from the command to the end of its
process, Python's own start included; the engines take turns.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from argparse import ArgumentParser
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from statistics import median

from .speed_machine import machine_line

ROOT = Path(__file__).parent.parent
ENGINES = ("torch", "onnx", "onnx-int8")
NEEDS = {
    "torch": ("torch", "transformers", "datasets", "tqdm"),
    "onnx": (),
    "onnx-int8": (),
}  # `()`: requirements-serve
ONE_ANSWER = """
import json, sys
from textclf import load
load(sys.argv[1], sys.argv[2]).predict(["How quick is the first answer?"])
lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"resident": int(lines["VmRSS"].split()[0]) / 1024,
                  "peak": int(lines["VmHWM"].split()[0]) / 1024, "torch": "torch" in sys.modules}))
"""


def main(argv: list[str] | None = None) -> None:
    """Measure every engine and write the table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args(argv)
    lines = [
        "# Footprint",
        "",
        f"`python -m benchmarks.footprint {args.run.name}`, {date.today().isoformat()}. {machine_line()} Medians of "
        f"{args.rounds} fresh processes an engine, in turn. The weights take {weights(args.run):.0f} MB in fp32.",
        "",
        "| engine | ready in (s) | resident (MB) | peak (MB) | installed (MB) |",
        "|---|---:|---:|---:|---:|",
    ]
    answers = [{engine: answer(args.run, engine) for engine in ENGINES} for _ in range(args.rounds)]
    for engine in ENGINES:
        found = [each[engine] for each in answers]
        assert all(each["torch"] == (engine == "torch") for each in found), "only torch's engine loads torch"
        seconds, resident, peak = (median(each[key] for each in found) for key in ("seconds", "resident", "peak"))
        lines.append(f"| {engine} | {seconds:.2f} | {resident:.0f} | {peak:.0f} | {installed(engine):.0f} |")
    text = "\n".join(lines) + "\n"
    (ROOT / "benchmarks" / "results" / "footprint.md").write_text(text, encoding="utf-8")
    print(text)


def answer(run: Path, engine: str) -> dict[str, float]:
    """Load a run in a fresh process and let it answer once."""
    command = [sys.executable, "-c", ONE_ANSWER, str(run.resolve()), engine]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {"seconds": time.perf_counter() - began, **json.loads(done.stdout.splitlines()[-1])}


def weights(run: Path) -> float:
    """Return the size of a run's weights in MB."""
    return sum(path.stat().st_size for path in run.glob("model*.safetensors")) / 1e6


def installed(engine: str) -> float:
    """Return the size in MB of the packages that an engine needs, with all that these need."""
    serve = re.findall(r"^([\w-]+)==", (ROOT / "requirements-serve.txt").read_text(encoding="utf-8"), re.MULTILINE)
    waiting, seen, size = [*(NEEDS[engine] or serve)], set(), 0
    while waiting:
        name = waiting.pop()
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform, or optional
        if (key := package.metadata["Name"].lower().replace("_", "-")) in seen:
            continue
        seen.add(key)
        size += sum(
            Path(file.locate()).stat().st_size for file in package.files or [] if Path(file.locate()).is_file()
        )
        waiting += [re.split(r"[\s;<>=!~\[(]", need)[0] for need in package.requires or [] if "extra ==" not in need]
    return size / 1e6


if __name__ == "__main__":
    main()
