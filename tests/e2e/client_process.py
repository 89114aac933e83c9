"""Run a script of the real Hub clients in a fresh process with an empty HF_HOME; or ask without any client."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.hub_stand_in import StandInHub

HANGING = 1800  # seconds, against what never ends: a machine ten times slower than ours has to get there
MISSING = 240  # seconds until an element of a page that is open counts as missing: all come within 20 on ours
# What every script has at hand: `refused(action)` tells how the client refused to do it.
_BEFORE = """
import json
def refused(action):
    try:
        action()
    except Exception as error:
        response = getattr(error, "response", None)
        return [type(error).__name__, response.status_code if response is not None else None]
    return None
"""
_AFTER = "\nprint(json.dumps(result))\n"


def run_client(hub: StandInHub, folder: Path, script: str, *arguments: str, token: str | None = None) -> Any:
    """Run a script and return the JSON value that it left in `result`.

    Each run has a HF_HOME and a working directory of its own below `folder`, so that nothing it loads can come from
    an earlier run. The script gets `arguments` as `sys.argv[1:]`.
    """
    home = Path(tempfile.mkdtemp(dir=folder, prefix="home-"))
    work = Path(tempfile.mkdtemp(dir=folder, prefix="work-"))
    environment = {**hub.environment(home, token=token), "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, "-c", _BEFORE + script + _AFTER, *arguments]
    done = subprocess.run(
        command, env=environment, cwd=work, capture_output=True, text=True, timeout=HANGING, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])


def ask(
    address: str,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: str = "",
    headers: Mapping[str, str] | None = None,
) -> tuple[http.client.HTTPResponse, bytes]:
    """Make one plain request and return the response with its body."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=HANGING)
    sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, path, body.encode(), sent)
    response = connection.getresponse()
    return response, response.read()
