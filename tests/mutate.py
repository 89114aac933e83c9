"""Which faults would the tests notice? Small faults are put into a room one at a time; a test must fail.

python -m tests.mutate evaluation [--sample 40] [--seed 0] [--only intervals.py] [--list]
python -m tests.mutate evaluation --nearest                     # without tracing: the test files that import it
python -m tests.mutate named                                    # the faults of mutate_named.py, chosen by hand

Not part of the tests. The room's tests run once, traced; of a mutant then only those that execute its statement, the
quickest first, in a copy of the project, in a fork of an interpreter that has loaded the libraries: seconds a mutant,
where mutmut and cosmic-ray pay for the import of torch each time. Tests that start processes (LATER) cannot be traced
and come last. Mutants that change nothing anybody could see are listed in `mutate_equivalent.txt` by file, by the
changed code and by the text of its line. What samples came to stands in benchmarks/results/mutation.md.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.mutants import ROOT, Mutant, mutants_of
from tests.mutate_named import NAMED
from tests.mutate_nearest import nearest_tests

EQUIVALENT = Path(__file__).parent / "mutate_equivalent.txt"
ROOMS = {  # room -> its folders, its test files
    "evaluation": (
        "textclf/evaluation metrics/text_classification",
        "metrics report slices label_errors calibration thresholds table intervals scorings decisions baselines "
        "matching page figures abstention label_sets promises verdict known_scores gate attribution outcome",
    ),
    "training": (
        "textclf/training",
        "batching guards losses machine optimisation outcome plan progress compact_vocabulary settings padding_free "
        "resume fit memory assembly",
    ),
    "hub": (
        "textclf/hub",
        "card leaks published_files space push claim_reading static_page",
    ),
    "labelling": ("textclf/data/labelling", "label_reader columns odd_layouts dataset_rows loading sources documents"),
    "exploration": ("textclf/exploration", "exploration_embeddings exploration_samples exploration_words"),
}
LATER = {
    "hub": "e2e/test_publish e2e/test_publish_checked e2e/test_publish_faults e2e/test_publish_space e2e/test_claims"
}
SHARED_MODELS = "tiny_model"  # a fixture that every test has; it runs nothing of the rooms
NOTHING_RUN = (4, 5)  # exit codes of pytest: no such test, no test
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "runs", "node_modules", "__pycache__", ".*_cache", ".cache")


class Traced(NamedTuple):
    """What a run of the tests executed: of each file and line the tests, how long they ran and on what fixtures."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]
    fixtures: dict[str, frozenset[str]]  # those that several tests share
    failed: list[str]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that execute the mutant's statement, then those that share what these were given."""
        of_file = self.lines.get(str(mutant.path), {})
        first, last = mutant.lines
        found = {test for line in range(first, last + 1) for test in of_file.get(line, ())}
        if not found - {""}:
            found = {test for tests in of_file.values() for test in tests} if "" in found else set()
        found &= set(self.seconds)
        shared = {name for test in found for name in self.fixtures[test]}
        beside = {test for test, names in self.fixtures.items() if names & shared} - found
        return [*sorted(found, key=self.seconds.__getitem__), *sorted(beside, key=self.seconds.__getitem__)]


class Tracing:
    """A pytest plugin that notes which test executes which line."""

    def __init__(self, place: Path) -> None:
        import coverage

        self.place = place
        rooms = [f"{place}/textclf/*", f"{place}/metrics/*"]
        self.coverage = coverage.Coverage(data_file=None, include=rooms, config_file=False)
        self.seconds: dict[str, float] = {}
        self.fixtures: dict[str, frozenset[str]] = {}
        self.failed: list[str] = []
        self.coverage.start()

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtest_setup(self, item: Any) -> None:
        self.coverage.switch_context(item.nodeid)
        known = item._fixtureinfo.name2fixturedefs.items()
        wide = {name for name, found in known if found[-1].scope != "function" and found[-1].baseid}
        self.fixtures[item.nodeid] = frozenset(wide - {SHARED_MODELS})

    def found(self) -> Traced:
        self.coverage.stop()
        data = self.coverage.get_data()
        lines = {
            str(Path(file).relative_to(self.place)): data.contexts_by_lineno(file) for file in data.measured_files()
        }
        return Traced(lines, self.seconds, self.fixtures, self.failed)


def in_fork(work: Callable[[], Any], seconds: float) -> Any:
    """Return what `work` returns in a fork; None where it takes longer, or ends otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer")
        child = os.fork()
        if child == 0:
            os.setsid()
            with open(os.environ.get("MUTATE_LOG", os.devnull), "a", encoding="utf-8") as nothing:
                os.dup2(nothing.fileno(), 1)
                os.dup2(nothing.fileno(), 2)
            try:
                answer.write_bytes(pickle.dumps(work()))
            finally:
                os._exit(0)
        until, ended = time.monotonic() + seconds, 0
        while not ended and time.monotonic() < until:
            time.sleep(0.05)
            ended = os.waitpid(child, os.WNOHANG)[0]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests started, too
        if not ended:
            os.waitpid(child, 0)
        return pickle.loads(answer.read_bytes()) if answer.exists() else None


def run_tests(place: Path, tests: Sequence[str], plugins: Sequence[object] = (), stop: bool = True) -> int:
    """Run tests of the copy in this process, everything of the project imported anew; return pytest's exit code."""
    import pytest

    for name in [
        name for name in sys.modules if (ROOT / name.split(".")[0]).exists() or (ROOT / f"{name}.py").exists()
    ]:
        del sys.modules[name]
    os.chdir(place)
    sys.path[:] = [str(place), *(path for path in sys.path if path not in ("", str(ROOT)))]
    options = ["-q", "-p", "no:cacheprovider", "--no-header", "-m", "not slow and not browser"]
    return int(pytest.main([*options, *(["-x"] if stop else []), f"--rootdir={place}", *tests], list(plugins)))


def traced(place: Path, tests: Sequence[str]) -> Traced:
    """Run all tests once."""
    tracing = Tracing(place)
    run_tests(place, tests, [tracing], stop=False)
    return tracing.found()


def fate(
    mutant: Mutant, place: Path, runs: Sequence[Sequence[str]], seconds: float, sound: dict[tuple[str, ...], bool]
) -> str:
    """Put a mutant into the copy, run sets of tests one after the other, and say what it came to.

    What fails counts only if it passes without the mutant: `sound` remembers of which sets that is so.
    """
    file = place / mutant.path
    whole = file.read_text(encoding="utf-8")
    file.write_text(mutant.source, encoding="utf-8")
    try:
        for tests in runs:
            code = in_fork(lambda tests=tests: run_tests(place, tests), seconds)  # type: ignore[misc]
            if code not in (0, *NOTHING_RUN):
                file.write_text(whole, encoding="utf-8")
                if tuple(tests) not in sound:
                    sound[tuple(tests)] = in_fork(lambda tests=tests: run_tests(place, tests), seconds) == 0  # type: ignore[misc]
                if not sound[tuple(tests)]:
                    sys.exit(f"{' '.join(tests)} fails without any mutant: mend it first.")
                told = Path(tests[0]).stem.removeprefix("test_") if len(tests) == 1 else ""
                return f"caught {told}".strip() if code is not None else "time ran out"
        return "survived"
    finally:
        file.write_text(whole, encoding="utf-8")


def drawn(options: argparse.Namespace) -> Iterator[Mutant]:
    """Yield the mutants that are asked for."""
    if options.room == "named":
        yield from (each.mutant() for each in NAMED if options.only in str(each.path))
        return
    folders = ROOMS[options.room][0].split()
    files = [path.relative_to(ROOT) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    equivalent = {line.strip() for line in EQUIVALENT.read_text(encoding="utf-8").splitlines() if line[:1] != "#"}
    every = [m for path in files if options.only in str(path) for m in mutants_of(path) if m.key not in equivalent]
    yield from random.Random(options.seed).sample(every, min(options.sample or len(every), len(every)))


def main() -> None:
    """Draw a sample of mutants and say which survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("room", choices=[*ROOMS, "named"])
    parser.add_argument("--sample", type=int, default=40, help="mutants that are drawn (0: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only files whose path holds this")
    parser.add_argument("--tests", nargs="*", help="test files in place of the room's own")
    parser.add_argument("--seconds", type=float, default=600, help="the longest that the tests of a mutant may take")
    parser.add_argument(
        "--nearest", action="store_true", help="trace nothing: try the test files that import the file"
    )
    parser.add_argument("--list", action="store_true", help="show the sample and run nothing")
    options = parser.parse_args()
    mutants = list(drawn(options))
    if options.list:
        print("\n".join(f"{mutant.lines[0]:4} {mutant.key}" for mutant in mutants))
        return
    rooms = list(ROOMS) if options.room == "named" else [options.room]
    names = [name for room in rooms for name in ROOMS[room][1].split()]
    tests = options.tests or [f"tests/test_{name}.py" for name in names if (ROOT / f"tests/test_{name}.py").exists()]
    later = [f"tests/{name}.py" for room in rooms for name in LATER.get(room, "").split()]
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    for name in (
        "torch",
        "transformers",
        "datasets",
        "evaluate",
        "peft",
        "sklearn.metrics",
        "scipy.stats",
        "hypothesis",
    ):
        importlib.import_module(name)  # once, for every fork
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve() / "copy"
        shutil.copytree(ROOT, place, ignore=LEFT_OUT, symlinks=True)
        (place / ".venv").symlink_to(Path(sys.prefix))
        found = None if options.nearest else in_fork(lambda: traced(place, tests), 3600)
        if not options.nearest and (found is None or found.failed):
            sys.exit(f"The tests fail without any mutant: mend them first: {found and found.failed}")
        print(f"{len(mutants)} mutants of {options.room}, seed {options.seed}", flush=True)
        survived = 0
        sound: dict[tuple[str, ...], bool] = {}
        for number, mutant in enumerate(mutants, 1):
            own = [found.tests_of(mutant)] if found else [[file] for file in nearest_tests(mutant.path)]
            began = time.monotonic()
            came_to = fate(
                mutant, place, [each for each in (*own, later if found else []) if each], options.seconds, sound
            )
            survived += not came_to.startswith("caught")
            print(f"{number:4} {came_to:32} {time.monotonic() - began:4.0f} s ", end="")
            print(f"{mutant.path.name}:{mutant.lines[0]} {mutant.before} -> {mutant.after}", flush=True)
    print(f"\n{len(mutants) - survived} of {len(mutants)} caught ({1 - survived / len(mutants):.0%}).")


if __name__ == "__main__":
    main()
