"""The layout is a rule: a room imports only from rooms before it, and training cannot reach the test split."""

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = [
    "house",
    "errors",
    "labels",
    "arguments",
    "dataclass_parser",
    "flags",
    "recipe",
    "run_folder",
    "screen",
    "metrics",
    "data",
    "models",
    "inference",
    "evaluation",
]
ORDER += ["exploration", "training", "hub", "studies", "bulk", "serving", "commands", "__main__"]
# The one arrow against the order: reading a recipe builds the Trainer's own fields, when it is really run.
ALLOWED = {("recipe", "training.fit_arguments")}
MODULES = sorted((ROOT / "textclf").rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    """Names of modules of this package that a file imports, anywhere in it, relative to the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    package = parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name.removeprefix("textclf.") for name in found if name.startswith("textclf.")}


def reachable(start: str) -> set[str]:
    """Modules of this package that importing `start` can ever lead to."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        path = ROOT / "textclf" / (name.replace(".", "/") + ".py")
        if name in seen or not path.exists():
            continue
        seen.add(name)
        waiting += imported_modules(path)
    return seen


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_from_rooms_before_it(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT / "textclf").with_suffix("").parts)
    room = module.split(".")[0]
    if room == "__init__":
        return
    for name in imported_modules(path):
        other = name.split(".")[0]
        if other in (room, "__version__") or (room, ".".join(name.split(".")[:2])) in ALLOWED:
            continue
        assert other in ORDER, f"{module} imports {name}, which is in no known room"
        assert ORDER.index(other) < ORDER.index(room), f"{module} imports {name}: an arrow against the order"


@pytest.mark.parametrize("path", sorted((ROOT / "textclf/training").glob("*.py")), ids=lambda p: p.name)
def test_training_cannot_reach_the_code_that_scores_test(path: Path) -> None:
    modules = reachable(f"training.{path.stem}")
    assert "evaluation.verdict" not in modules
    assert "data.loading" not in modules, "the loader knows the test split; training is handed train and validation"


def test_fit_has_no_parameter_for_a_test_split() -> None:
    tree = ast.parse((ROOT / "textclf/training/fit.py").read_text(encoding="utf-8"))
    (fit,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "fit")
    names = [argument.arg for argument in fit.args.args + fit.args.kwonlyargs]
    assert {"train", "validation"} <= set(names)
    assert not [name for name in names if "test" in name or "splits" in name]
    assert fit.args.vararg is None
    assert fit.args.kwarg is None


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, textclf, textclf.recipe, textclf.labels, textclf.errors, textclf.serving.engine;"
        "print([m for m in ('torch', 'transformers', 'datasets', 'huggingface_hub', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# The last two for benchmarks: browsers, and what is compared with.
PINS = ("requirements.txt", "requirements-ray.txt", "requirements-dev.txt", "requirements-setfit.txt")


@pytest.mark.parametrize("folder", ["textclf", "dataset_scripts", "benchmarks", "space"])
def test_what_is_imported_is_pinned(folder: str) -> None:
    """A package that only comes with another one could be another version tomorrow, or gone."""
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in PINS]
    pinned = re.findall(r"^([\w-]+)(?:\[\w+\])?==", "\n".join(texts), re.MULTILINE)
    packages = packages_distributions()
    for path in (ROOT / folder).rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
        modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names = {str(module).split(".")[0] for module in modules} - sys.stdlib_module_names
        beside = {each.stem for each in path.parent.glob("*.py")} if folder == "space" else set()  # it stands alone
        ours = {each.stem for each in ROOT.iterdir()}  # a folder, or a command
        for name in names - beside - ours - {"spaces"}:  # ZeroGPU brings it
            # an extra that is not installed here goes by its own name
            assert {normal(each) for each in packages.get(name, [name])} & {normal(each) for each in pinned}, (
                f"{path}: {name}"
            )


def normal(name: str) -> str:
    """A package's name as PyPI compares it."""
    return name.lower().replace("_", "-")


def test_the_public_surface_is_what_it_says() -> None:
    import textclf

    assert textclf.__all__ == dir(textclf)
    for name in textclf.__all__:
        assert getattr(textclf, name).__name__ == name


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc"}
    assert not [p for p in ROOT.rglob("*.py") if p.stem in drawers and ".venv" not in p.parts]


def prose_lines(path: Path) -> int:
    """Lines of a command that do something: no imports, no docstrings, no comments."""
    text = path.read_text(encoding="utf-8")
    silent: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        docstring = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        if docstring or isinstance(node, ast.Import | ast.ImportFrom):
            silent |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), start=1)
    return sum(
        1 for number, line in lines if number not in silent and line.strip() and not line.strip().startswith("#")
    )


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.py")), ids=lambda p: p.name)
def test_a_command_reads_like_prose(path: Path) -> None:
    assert prose_lines(path) <= 45
