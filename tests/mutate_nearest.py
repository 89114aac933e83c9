"""Which test files stand nearest to a module: without tracing, by who imports whom."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.mutants import ROOT

_MOST = 4  # test files a mutant is tried on
_STEPS = 3  # from the module over those that import it to a test
# What is run by its name, or imported by everybody: the tests that are about it.
_ABOUT = {
    "metrics/": "metrics intervals",
    "textclf/labels.py": "decisions metrics",
    "textclf/data/labelling/": "label_reader columns odd_layouts loading layouts",
    "textclf/evaluation/page/": "page whole_pages",
    "textclf/evaluation/figures/": "figures",
    "textclf/hub/card": "card promises",
    "textclf/hub/wording": "card",
    "textclf/hub/claims/": "claim_reading e2e/test_claims",
    **dict.fromkeys(
        [f"textclf/hub/{name}" for name in ("contract", "staging", "commits", "manifest", "destination")],
        "push e2e/test_publish_checked e2e/test_publish_faults e2e/test_publish",
    ),
    "textclf/hub/dataset_repo": "push e2e/test_publish_dataset",
    "textclf/hub/publish": "push e2e/test_publish e2e/test_publish_space",
    "textclf/hub/push_arguments": "push card e2e/test_publish_space",
    "textclf/hub/push": "push e2e/test_publish_checked e2e/test_publish",
    "textclf/hub/space": "space e2e/test_publish_space static_page",
    "textclf/hub/static_page": "static_page",
    **{f"textclf/hub/{name}": "leaks published_files" for name in ("leaks", "data_texts", "inspection")},
    "textclf/training/trainer": "guards fit resume known_scores",
    "textclf/training/teaching": "teaching chat_teacher",
    "textclf/training/collation": "fit assembly",
    "textclf/training/outcome": "outcome fit",
    "textclf/training/fit_arguments": "settings machine plan",
}
# Whole outputs beside approved files: seconds, and most of what a module computes or says is seen there.
_FIRST = {
    "metrics/": "approved_figures_of_rows approved_refusals",
    "textclf/evaluation/page/": "approved_pages approved_sentences odd_inputs edges",
    "textclf/evaluation/figures/": "approved_figures odd_inputs edges",
    "textclf/evaluation/": "approved_figures_of_rows approved_refusals approved_sentences odd_inputs edges "
    "approved_pages",
    "textclf/training/": "training_parts odd_trainings settings approved_trainings approved_refusals",
    "textclf/data/labelling/": "approved_readings approved_labelling odd_inputs edges",
    "textclf/hub/claims/": "approved_claims",
    "textclf/hub/": "hub_parts commits odd_inputs approved_refusals",
}

_LAST = "approved_constants"  # a table of numbers: what it alone notices, no behaviour shows


def nearest_tests(path: Path) -> list[str]:
    """Return the test files that are about a module, or that import it or what imports it, namesakes first."""
    whole = next((names for start, names in _FIRST.items() if str(path).startswith(start)), "")
    return list(dict.fromkeys([*_files(whole), *_nearest(path), *_files(_LAST)]))


def _files(names: str) -> list[str]:
    return [f"tests/{name if '/' in name else f'test_{name}'}.py" for name in names.split()]


def _nearest(path: Path) -> list[str]:
    importers = _importers()
    for start, names in _ABOUT.items():
        if str(path).startswith(start):
            return _files(names)
    seen, found, ring = {path}, [], [path]
    for _ in range(_STEPS):
        tests = sorted({test for one in ring for test in importers[one] if test.name.startswith("test_")})
        named = [test for test in tests if any(test.stem.removeprefix("test_") == one.stem for one in ring)]
        found += [test for test in [*named, *tests] if test not in found]
        if len(found) >= 2:
            break
        ring = [other for one in ring for other in sorted(importers[one]) if other not in seen]
        seen |= set(ring)
    return [str(test) for test in dict.fromkeys(found)][:_MOST]


@cache
def _importers() -> dict[Path, set[Path]]:
    """Return for each file of the project the files that import it."""
    found: dict[Path, set[Path]] = defaultdict(set)
    for folder in ("textclf", "metrics", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            own = path.relative_to(ROOT)
            for name in _imported(own, ast.parse(path.read_text(encoding="utf-8"))):
                target = Path(*name.split(".")).with_suffix(".py")
                if (ROOT / target).is_file() and target != own:
                    found[target].add(own)
    return found


def _imported(path: Path, tree: ast.AST) -> Iterator[str]:
    """Yield the full names of what a file imports: modules, and what may be a module in a package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = list(path.parent.parts[: len(path.parent.parts) - node.level + 1]) if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{each.name}" for each in node.names)
