"""What README, ARCHITECTURE and recipes/README say is so: links, commands, options, tables."""

import importlib.util
import re

import pytest
import yaml

from tests.test_architecture import ORDER, ROOT
from textclf.arguments import OWN_GROUPS, EvalOptions
from textclf.bulk.bulk_arguments import BulkArguments
from textclf.data.cleaning import STEPS, clean
from textclf.flags import build_parser, flag_names
from textclf.hub.push_arguments import PushArguments
from textclf.serving.serve_arguments import ServeArguments
from textclf.studies.plan import CompareOptions, StudyOptions

PAGES = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not {".venv", "runs", "space", "node_modules", "approved"} & set(path.parts)
]
PAGES = [path for path in PAGES if path.name != "model_card.md"]  # a template
READMES = [ROOT / "README.md", ROOT / "recipes/README.md", ROOT / "README.ko.md", ROOT / "SKILL.md"]
READMES += [ROOT / "docs/tutorial.md", ROOT / "docs/tutorial.ko.md", ROOT / "recipes/jobs/README.md"]
OF_OTHER_PROGRAMS = {"help", "help_all", "key", "config_file", "num_processes", "split", "output"}
OF_OTHER_PROGRAMS |= {"flavor", "secrets", "timeout"}  # of hf jobs
OF_OTHER_PROGRAMS |= {"check", "static"}  # read by predict.py and space/app.py themselves


def text_of(path):
    return path.read_text(encoding="utf-8")


def table(path, column):
    """The rows below the header that begins with `column`: lists of cells."""
    lines = text_of(path).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {column} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_every_command_leads_to_something(path):
    content = text_of(path)
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", content):
        assert (path.parent / target).exists(), target
    for script in re.findall(r"python ([\w/]+\.py)\b", content):
        assert (ROOT / script).is_file(), script
    for module in re.findall(r"python -m ([\w.]+)", content):
        assert importlib.util.find_spec(module), module
    for recipe in re.findall(r"\brecipes/[\w/-]+\.yaml", content):
        assert (ROOT / recipe).is_file(), recipe
    for target in re.findall(r"`make ([\w-]+)`", content):
        assert re.search(rf"^{target}:", text_of(ROOT / "Makefile"), re.MULTILINE), target


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_option_that_is_named_exists(path):
    groups = (OWN_GROUPS, [PushArguments], [EvalOptions], [BulkArguments], [ServeArguments])
    groups += ([StudyOptions], [CompareOptions])
    known = OF_OTHER_PROGRAMS.union(*(flag_names(build_parser(list(group))) for group in groups))
    named = {flag.replace("-", "_") for flag in re.findall(r"(?<![\w-])--([a-z][\w-]*)", text_of(path))}
    assert named - known == set()


def test_every_recipe_and_preset_is_in_the_tables_with_its_settings():
    page = ROOT / "recipes/README.md"
    assert {row[0].strip("`") for row in table(page, "recipe")} == {p.name for p in (ROOT / "recipes").glob("*.yaml")}
    rows = {row[0].strip("`"): row for row in table(page, "preset")}
    presets = {path.stem: yaml.safe_load(text_of(path)) for path in (ROOT / "recipes/presets").glob("*.yaml")}
    assert rows.keys() == presets.keys()
    for name, found in presets.items():
        encoder = rows[name][1].split(",")[0].split()[0].split("/")[-1].lower()
        assert found["model"].split("/")[-1].lower().startswith(encoder), name
        rate, batch, epochs = rows[name][2].split(", ")[:3]
        assert float(rate.split()[0]) == found["learning_rate"], name
        assert (int(batch), int(epochs)) == (found["per_device_train_batch_size"], found["num_train_epochs"]), name
        assert ("stops early" in rows[name][2]) == ("early_stopping_patience" in found), name


def test_every_cleaning_step_does_what_its_example_shows():
    rows = {row[0].strip("`"): row[2] for row in table(ROOT / "recipes/README.md", "step")}
    assert list(rows) == list(STEPS)
    for step, example in rows.items():
        if shown := re.fullmatch(r"`([^`]+)` → `([^`]+)`", example):
            assert list(clean([shown[1]], [step, "collapse_spaces"])) == [shown[2]], step


def test_no_document_holds_what_a_merge_left_behind():
    for path in [*ROOT.glob("*.md"), *(ROOT / "benchmarks").rglob("*.md"), *(ROOT / "recipes").rglob("*.md")]:
        assert not re.search(r"^(<{7} |={7}$|>{7} )", text_of(path), re.MULTILINE), path


def test_the_map_has_the_rooms_in_the_order_that_is_kept():
    (line,) = (line for line in text_of(ROOT / "ARCHITECTURE.md").splitlines() if line.startswith("`house, "))
    assert re.findall(r"\w+", line) == ORDER
