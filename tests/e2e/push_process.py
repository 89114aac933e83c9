"""A process with the real client libraries in which one command after the other is run against the stand-in Hub.

Starting Python with its libraries takes seconds; the faults of a push are many. The process reads a command a line
and answers with its exit code and what it printed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.e2e.client_process import HANGING
from tests.hub_stand_in import StandInHub

ROOT = Path(__file__).parents[2]
_DRIVER = """
import contextlib, io, json, os, sys
from textclf.commands import push as push_to_hub
from textclf.arguments import PublishArguments
from textclf.errors import UserError, run_command
from textclf.hub import browser_runtime, contract, dataset_repo, network, publish, push, space, space_folder
from textclf.hub.contract import Agreement
from textclf.hub.push_arguments import PushArguments
from textclf.flags import build_parser, parse
from textclf.hub.uploads import Upload
from textclf.run_folder import RunFolder

network.WAITS = (0.05, 0.1, 0.2)
space_folder.runtime_files = lambda: [Upload(name, name.encode()) for name in browser_runtime.NAMES]  # 15 MB else

def refused(*_):
    raise UserError("It is not what was measured.")

def refused_push(words):
    (arguments,) = parse(build_parser([PushArguments]), words[1:])
    push.push(RunFolder.open(words[0]), arguments, check=refused)

def meddled_push(words):
    (arguments,) = parse(build_parser([PushArguments]), words[1:])
    run = RunFolder.open(words[0])

    def check(*_):
        (run.path / "evaluation.json").write_text("{}")
        return Agreement(0, 0.0)

    push.push(run, arguments, check=check)

def only_check(words):
    run = RunFolder.open(words[0])
    uploads = [*push.model_files(run, PushArguments(repo_id=words[1])), Upload("absent.md", b"x")]
    contract.check_contract(run, words[1], "main", uploads)

def only_push(words):
    (arguments,) = parse(build_parser([PushArguments]), words[1:])
    print(push.push(RunFolder.open(words[0]), arguments, check=lambda *_: Agreement(0, 0.0)))

def only_space(words):
    (arguments,) = parse(build_parser([PushArguments]), words[1:])
    run = RunFolder.open(words[0])
    publish.show_space(space.publish_space(run, arguments), run, arguments)

def only_dataset(words):
    (arguments,) = parse(build_parser([PushArguments]), words[1:])
    print(dataset_repo.publish_dataset(RunFolder.open(words[0]), arguments))

def before_training(words):
    publish.check_before_training(PublishArguments(push=words[0], space=words[1] if words[1:] else None))

commands = {"command": push_to_hub.main, "push": only_push, "space": only_space, "dataset": only_dataset}
def before_public_training(words):
    publish.check_before_training(PublishArguments(push=words[0], public=True))

commands["before_training_public"] = before_public_training
commands |= {"refused": refused_push, "meddled": meddled_push, "check": only_check}
commands["before_training"] = before_training
for line in sys.stdin:
    asked = json.loads(line)
    for name in ("HF_TOKEN", "SPACE_HF_TOKEN"):
        os.environ.pop(name, None)
    os.environ.update(asked["environment"])
    out, err, code = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run_command(commands[asked["how"]], asked["words"])
        except SystemExit as stop:
            code = stop.code
        except Exception:
            import traceback
            traceback.print_exc(file=err)
    answer = {"code": code, "out": out.getvalue(), "err": err.getvalue()}
    print(json.dumps(answer), file=sys.__stdout__, flush=True)
"""


class Outcome(NamedTuple):
    """What a command left: its exit code (None: a traceback) and what it printed."""

    code: int | None
    out: str
    err: str


class PushProcess:
    """Use it as a context manager; every token that was given is looked for in all that comes back."""

    def __init__(self, hub: StandInHub, folder: Path) -> None:
        home = Path(tempfile.mkdtemp(dir=folder, prefix="home-"))
        environment = {
            **hub.environment(home),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        self._errors = (home / "stderr.txt").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _DRIVER],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> PushProcess:
        return self

    def kill(self) -> None:
        """End the process in the middle of what it does."""
        self._process.kill()
        self._process.wait(timeout=HANGING)

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=HANGING)
        self._errors.close()

    def run(self, *words: str, token: str | None, how: str = "push", space_token: str | None = None) -> Outcome:
        """Run one of the driver's `commands`; the check of a "push" always agrees, that of a "refused" one never."""
        self.start(*words, token=token, how=how, space_token=space_token)
        return self.finish()

    def start(self, *words: str, token: str | None, how: str = "push", space_token: str | None = None) -> None:
        """Start a command; `finish` waits for it."""
        environment = {"HF_TOKEN": token, "SPACE_HF_TOKEN": space_token}
        self._tokens = [value for value in environment.values() if value]
        asked = {"how": how, "words": words, "environment": {k: v for k, v in environment.items() if v}}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def finish(self) -> Outcome:
        """Wait for the command that was started."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise AssertionError(f"the process ended: {self._errors.read()}")
        outcome = Outcome(**json.loads(line))
        for token in self._tokens:
            assert token not in outcome.out + outcome.err, "a token was shown"
        return outcome
