"""Which faults would the tests notice? Small faults are put into a room one at a time; its own tests must fail.

python -m tests.mutate evaluation [--sample 40] [--seed 0] [--only intervals.py] [--list]

Not part of the tests: a sample of 40 takes minutes to an hour. The interpreter loads everything once and forks for
each mutant, which mutmut and cosmic-ray do not: they pay the import of torch again every time. Mutants that change
nothing anybody could see are listed in `mutate_equivalent.txt` by file and by the changed code, not by line.

2026-11-28, seed 0: of 14 mutants of labelling's label_names.py, test_label_reader.py alone caught 8; tests were
written for the other 6, of which one was tried again. The samples of training and of hub are yet to be run.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import io
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
EQUIVALENT = Path(__file__).parent / "mutate_equivalent.txt"
# Room -> its folders, its test files; the tests must pass without mutants. Those that name a mutant's file come first.
ROOMS = {
    "evaluation": (
        "textclf/evaluation metrics/text_classification",
        "metrics report slices label_errors calibration thresholds table intervals scorings decisions baselines "
        "matching page figures abstention label_sets",
    ),
    "inference": ("textclf/inference", "classifier"),
    "training": (
        "textclf/training",
        "batching guards losses machine optimisation outcome plan progress compact_vocabulary settings padding_free "
        "resume fit",
    ),
    "hub": ("textclf/hub", "card leaks published_files space push"),
    "labelling": ("textclf/data/labelling", "label_reader columns odd_layouts dataset_rows loading sources"),
}
_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_COUNTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Pow: ast.Mult,
}  # fmt: skip
_PAIRS = ("any", "all", "min", "max", "argmax", "argmin", "minimum", "maximum", "validation", "test", "low", "high")
_NAMED = {a: b for one, two in zip(_PAIRS[::2], _PAIRS[1::2], strict=True) for a, b in ((one, two), (two, one))}


class Mutant(NamedTuple):
    """One fault: the file, the line, what stood there and what stands there now, the whole new source."""

    path: Path
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """Return what names the mutant in the list of equivalent ones."""
        return f"{self.path.relative_to(ROOT)}: {self.before} -> {self.after}"


def changed(node: ast.AST) -> ast.AST | None:  # noqa: C901, a table
    """Return what a node is replaced by, if anything."""
    new = copy.deepcopy(node)
    match new:
        case ast.Compare(ops=[kind, *_]) if type(kind) in _COMPARED:
            new.ops[0] = _COMPARED[type(kind)]()
        case ast.BinOp(op=kind) | ast.AugAssign(op=kind) if type(kind) in _COUNTED:
            new.op = _COUNTED[type(kind)]()
        case ast.BoolOp(op=kind):
            new.op = ast.And() if isinstance(kind, ast.Or) else ast.Or()
        case ast.UnaryOp(op=ast.Not()):
            return new.operand
        case ast.IfExp():
            new.body, new.orelse = new.orelse, new.body
        case ast.Constant(value=bool(value)):
            new.value = not value
        case ast.Constant(value=int(value)):
            new.value = value + 1
        case ast.Constant(value=float(value)):
            new.value = value * 1.5
        case ast.Attribute(attr=name) if name in _NAMED:
            new.attr = _NAMED[name]
        case ast.Name(id=name) if name in _NAMED:
            new.id = _NAMED[name]
        case ast.If():
            new.test = ast.Constant(False)
        case ast.Raise():
            return ast.Pass()
        case _:
            return None
    return new


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file; annotations, decorators and texts stay as they are."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if field in {"annotation", "returns", "decorator_list", "bases"}:
                continue
            for place, child in enumerate(value if isinstance(value, list) else [value]):
                new = changed(child) if isinstance(child, ast.AST) else None
                if new is not None:
                    before, after = (ast.unparse(each).splitlines()[0] for each in (child, new))
                    _put(parent, field, value, place, new)
                    mutated = ast.unparse(tree)
                    _put(parent, field, value, place, child)
                    yield Mutant(path, getattr(child, "lineno", 0), before, after, mutated)


def _put(parent: ast.AST, field: str, value: object, place: int, node: ast.AST) -> None:
    if isinstance(value, list):
        value[place] = node
    else:
        setattr(parent, field, node)


def caught(mutant: Mutant | None, tests: list[str], seconds: float) -> str:
    """Run tests in a fork with a mutant in place of its module: "caught", "survived" or "time ran out"."""
    child = os.fork()
    if child == 0:
        os.setsid()
        with open(os.devnull, "w", encoding="utf-8") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        os._exit(_tested(mutant, tests))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "survived" if os.waitstatus_to_exitcode(status) == 0 else "caught"
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "time ran out"


def _tested(mutant: Mutant | None, tests: list[str]) -> int:
    """Load the mutant wherever its module's names went, run the tests, return 0 where all pass."""
    import pytest

    class Loader:  # every module of the project is imported anew, that of the mutant from its changed source
        @staticmethod
        def find_spec(name: str, path: object, target: object = None) -> object:
            if mutant is None or name != mutant_name:
                return None
            spec = importlib.util.spec_from_file_location(name, mutant.path)  # type: ignore[attr-defined]
            code = compile(mutant.source, str(mutant.path), "exec")
            spec.loader.get_code = lambda _name: code
            return spec

    mutant_name = "" if mutant is None else ".".join(mutant.path.relative_to(ROOT).with_suffix("").parts)
    for name in [name for name in sys.modules if name.split(".")[0] in {"textclf", "metrics", "tests"}]:
        if name != "tests.mutate":
            del sys.modules[name]
    sys.meta_path.insert(0, Loader)  # type: ignore[arg-type]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header", "-m", "not slow"]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return int(pytest.main([*options, *tests]))
    except BaseException:  # a mutant may raise anything, on import too
        return 1


def main() -> None:
    """Draw a sample of mutants and say which survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("--sample", type=int, default=40, help="mutants that are drawn (0: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only files whose path holds this")
    parser.add_argument("--tests", nargs="*", help="test files in place of the room's own")
    parser.add_argument("--seconds", type=float, default=600, help="the longest that the tests of a mutant may take")
    parser.add_argument("--list", action="store_true", help="show the sample and run nothing")
    options = parser.parse_args()
    folders, names = ROOMS[options.room]
    files = [p for folder in folders.split() for p in sorted((ROOT / folder).rglob("*.py")) if options.only in str(p)]
    tests = options.tests or [
        f"tests/test_{name}.py" for name in names.split() if (ROOT / f"tests/test_{name}.py").exists()
    ]
    equivalent = {line.strip() for line in EQUIVALENT.read_text(encoding="utf-8").splitlines() if line[:1] != "#"}
    every = [mutant for path in files for mutant in mutants_of(path) if mutant.key not in equivalent]
    drawn = random.Random(options.seed).sample(every, min(options.sample or len(every), len(every)))
    print(f"{len(drawn)} of {len(every)} mutants of {options.room}, seed {options.seed}; tests: {' '.join(tests)}")
    if options.list:
        print("\n".join(f"{mutant.line:4} {mutant.key}" for mutant in drawn))
        return
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    for name in ("torch", "transformers", "datasets", "evaluate", "sklearn.metrics", "scipy.stats", "hypothesis"):
        importlib.import_module(name)  # once, for every fork
    if caught(None, tests, options.seconds) != "caught":
        survived = []
        for number, mutant in enumerate(drawn, 1):
            first = sorted(tests, key=lambda name: mutant.path.stem not in (ROOT / name).read_text(encoding="utf-8"))
            came_to = caught(mutant, first, options.seconds)
            print(
                f"{number:4} {came_to:12} {mutant.path.name}:{mutant.line} {mutant.before} -> {mutant.after}",
                flush=True,
            )
            survived += [mutant] if came_to == "survived" else []
        print(f"\n{len(drawn) - len(survived)} of {len(drawn)} caught ({1 - len(survived) / len(drawn):.0%}).")
        return
    print("The tests fail without any mutant: mend them first.")
    sys.exit(1)


if __name__ == "__main__":
    main()
