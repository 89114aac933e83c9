"""The container: linted, holding what the server imports, with the versions that everything else is tested with."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from textclf.errors import UserError
from textclf.serving.serve_arguments import ServeArguments, from_environment

ROOT = Path(__file__).parent.parent


def pins(name):
    return dict(
        re.findall(r"^([\w-]+)(?:\[\w+\])?==([^\s;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_hadolint_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_its_requirements_are_those_of_the_project():
    everything, own = pins("requirements.txt"), pins("requirements-rest.txt")
    assert {package: everything.get(package, version) for package, version in own.items()} == own
    assert not {"torch", "transformers", "datasets"} & own.keys()


def test_what_it_copies_is_let_in_and_nothing_else_is():
    copied = {
        word
        for line in re.findall(r"^COPY (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        for word in line.split()[:-1]
    }
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_variables_are_options():
    given = {
        "TEXTCLF_MODEL": "me/reviews",
        "TEXTCLF_MAX_TEXTS": "64",
        "TEXTCLF_UI": "false",
        "TEXTCLF_BODY_SECONDS": "2.5",
    }
    assert from_environment(given) == ("me/reviews", ServeArguments(max_texts=64, ui=False, body_seconds=2.5))
    with pytest.raises(UserError, match="Set TEXTCLF_MODEL"):
        from_environment({})
    with pytest.raises(UserError, match="TEXTCLF_PORT takes a whole number; found 'http'"):
        from_environment({"TEXTCLF_MODEL": "x", "TEXTCLF_PORT": "http"})
    with pytest.raises(UserError, match="TEXTCLF_UI takes true or false; found 'maybe'"):
        from_environment({"TEXTCLF_MODEL": "x", "TEXTCLF_UI": "maybe"})
