"""Every number that a decision rests on, in one table: no limit, no level and no default changes unnoticed.

Each has its reason, and most a measurement, beside it in the code; here stands what it is.
"""

import ast
import importlib
import os
import pkgutil
import re
from collections import Counter

import pytest

from tests.approved import APPROVED, check_approved, settled

ROOMS = ("data.labelling", "evaluation", "hub", "metrics.text_classification", "training")
ALONE = {"textclf.hub.contract_process"}  # loading it keeps this project from being imported
OF_THE_MACHINE = {"_PAGE"}
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


def numbers_in(value):
    """Return a constant's numbers, with the names or places that they have; of anything else nothing."""
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return [value]
    if isinstance(value, dict):
        return [(key, found) for key, inner in value.items() if (found := numbers_in(inner))]
    if isinstance(value, set | frozenset):
        return sorted(inner for inner in value if isinstance(inner, int | float))
    if isinstance(value, list | tuple):
        return [found for inner in value if (found := numbers_in(inner))]
    return []


def defaults_in(source):
    """Yield what a function takes, or a class holds, where nobody says: numbers, yes and no."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            named, given = [*node.args.posonlyargs, *node.args.args], node.args.defaults
            pairs = [*zip(named[len(named) - len(given) :], given, strict=True)]
            pairs += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            pairs = [(name.arg, value) for name, value in pairs if value is not None]
        elif isinstance(node, ast.ClassDef):
            pairs = [(each.target.id, each.value) for each in node.body if isinstance(each, ast.AnnAssign)]
        else:
            continue
        for name, value in pairs:
            inside = [each.value for each in ast.walk(value or ast.Constant("")) if isinstance(each, ast.Constant)]
            if numbers := [each for each in inside if isinstance(each, int | float)]:
                yield f"{node.name}({name}={settled(numbers[0] if len(numbers) == 1 else numbers, 9)})"


def numbers_within(source):
    """Yield each function's own numbers, in order, but for 0, 1 and 2, which are in every line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            inside = [each.value for line in node.body for each in ast.walk(line) if isinstance(each, ast.Constant)]
            if numbers := [each for each in inside if type(each) in (int, float) and each not in (0, 1, 2)]:
                yield f"{node.name}: {settled(numbers, 9)}"


@pytest.mark.parametrize("room", ROOMS)
def test_constants_are_those_that_were_looked_at(room):
    package = importlib.import_module(f"textclf.{room}")
    names = sorted(found.name for found in pkgutil.walk_packages(package.__path__, f"textclf.{room}."))
    lines = []
    for name in names:
        if name in ALONE:
            continue
        module = importlib.import_module(name)
        source = module.__loader__.get_source(name)
        lines += [*defaults_in(source), *numbers_within(source)]
        for key, value in vars(module).items():
            own = CONSTANT.fullmatch(key) and re.search(rf"^.*\b{key}\b[^=\n]*=", source, re.MULTILINE)
            if own and key not in OF_THE_MACHINE and (found := numbers_in(value)):
                lines.append(f"{key} = {settled(found[0] if found == [value] else found, 9)}")
    name = f"constants_{room.replace('.', '_')}.txt"
    if not os.environ.get("APPROVE"):  # one that moved is the same; a new one joins the table when it is next written
        known = (APPROVED / name).read_text(encoding="utf-8").splitlines()
        assert sorted((Counter(known) - Counter(lines)).elements()) == []
        return
    check_approved(name, "\n".join(sorted(lines)))
