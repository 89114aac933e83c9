"""Small faults to put into the code: every place where a room's code can be changed by rule (see mutate.py)."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
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
NO_CODE = {"annotation", "returns", "decorator_list", "bases"}


class Mutant(NamedTuple):
    """One fault: the file (from the root), the lines of its statement, what stood there and stands there now."""

    path: Path
    lines: tuple[int, int]  # first and last of the statement's own: of a block its head
    before: str
    after: str
    source: str  # of the whole file, with the fault
    line: str = ""  # the text of the line that was changed: `0 -> 1` alone may be anywhere in a file

    @property
    def key(self) -> str:
        """Return what names the mutant in the list of equivalent ones."""
        return f"{self.path}: {self.before} -> {self.after} | {self.line}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file; annotations, decorators and texts stay as they are."""
    text = (ROOT / path).read_text(encoding="utf-8")
    tree, shown = ast.parse(text), ["", *text.splitlines()]
    lines = _statements(tree)
    for parent in _code(tree):
        for field, value in ast.iter_fields(parent):
            if field in NO_CODE:
                continue
            for place, child in enumerate(value if isinstance(value, list) else [value]):
                new = _changed(child) if isinstance(child, ast.AST) else None
                if new is not None:
                    before, after = (ast.unparse(each).splitlines()[0] for each in (child, new))
                    _put(parent, field, value, place, new)
                    mutated = ast.unparse(tree)
                    _put(parent, field, value, place, child)
                    at = getattr(child, "lineno", 0)
                    yield Mutant(path, lines.get(at, (at, at)), before, after, mutated, shown[at].strip())


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it but for what no run computes: annotations and the like."""
    yield node
    for field, value in ast.iter_fields(node):
        if field not in NO_CODE:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _code(child)


def _statements(tree: ast.AST) -> dict[int, tuple[int, int]]:
    """Return for each line the first and last line of the innermost statement there, of a block those of its head."""
    found: dict[int, tuple[int, int]] = {}
    for node in ast.walk(tree):  # outer ones come first, so that inner ones stay
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
            found |= dict.fromkeys(range(node.lineno, last + 1), (node.lineno, last))
    return found


def _put(parent: ast.AST, field: str, value: object, place: int, node: ast.AST) -> None:
    if isinstance(value, list):
        value[place] = node
    else:
        setattr(parent, field, node)


def _changed(node: ast.AST) -> ast.AST | None:  # noqa: C901, a table
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
            new.value = value * 1.5 or 1.0
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
