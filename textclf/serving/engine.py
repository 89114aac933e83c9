"""The model in a process of its own: started, asked one batch at a time, and started anew when it dies."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from .faults import CallError, broken, unavailable

if TYPE_CHECKING:  # numpy and the Hub's client are loaded while the model's process starts
    from ..inference.answers import Text
    from .batching import Computed
    from .facts import Ready

logger = logging.getLogger(__name__)

HUNG_SECONDS = 120.0  # a batch that takes longer will not come back
ROOT = Path(__file__).parent.parent.parent  # of the package, for a process that starts elsewhere
DIED = "The model's process died twice over this call; it is being started anew."


class ModelProcess:
    """Holds a model in another process. Its methods block, and may be called from several threads: one at a time."""

    def __init__(
        self, model: str, engine: str = "auto", *, revision: str | None = None, trust_code: bool = False
    ) -> None:
        """Start the process at once; `ready()` waits until it holds the model."""
        self._words = [model, engine, revision or "", "yes" if trust_code else "no"]
        self._lock = threading.Lock()
        self._ready: Ready | None = None
        self.restarts = 0
        self._start()

    def ready(self) -> Ready:
        """Wait for the model, and say what was loaded.

        Raises:
            UserError: it cannot be loaded, and why.
        """
        if self._ready is None:
            try:
                said = self._connection.recv()
            except (EOFError, OSError):
                code = self._process.wait()
                reason = "most likely there is not enough memory" if code < 0 else "the lines above say why"
                raise UserError(
                    f"The process that loads {self._words[0]} ended (exit code {code}): {reason}."
                ) from None
            if isinstance(said, str):
                raise UserError(said)
            self._ready = said
        return self._ready

    @property
    def pid(self) -> int:
        """Return the id of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Say whether the process runs and holds the model."""
        return self._ready is not None and self._process.poll() is None

    def logits(self, texts: list[Text]) -> Computed:
        """Return logits float32 [N, L], and for rows without them why; a dead process is replaced and asked again.

        Raises:
            CallError: the model failed, or its process died twice.
        """
        computed: Computed = self._ask(("logits", texts))
        return computed

    def attributions(self, text: Text, label: str | None) -> dict[str, Any]:
        """Return `Attribution.to_dict()` of one text.

        Raises:
            CallError: the model failed, or its process died twice.
        """
        first, pair = (text, None) if isinstance(text, str) else text
        found: dict[str, Any] = self._ask(("attributions", (first, pair, label)))
        return found

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, request: tuple[str, Any]) -> Any:  # Any: what the kind of request gives
        with self._lock:
            for _ in range(2):
                try:
                    if not self.alive:
                        self._replace()
                    outcome, content = self._exchange(request)
                except (EOFError, OSError):
                    self._ready = None  # died, or hung and was killed
                    continue
                except UserError as error:
                    raise unavailable(f"There is no model at the moment: {error}") from error
                if outcome == "ok":
                    return content
                raise broken(content)
            raise unavailable(DIED)

    def _exchange(self, request: tuple[str, Any]) -> tuple[str, Any]:
        self._connection.send(request)
        if not self._connection.poll(HUNG_SECONDS):
            self._process.kill()
            raise EOFError
        answered: tuple[str, Any] = self._connection.recv()
        return answered

    def _replace(self) -> None:
        self._process.kill()
        logger.warning("The model's process ended (exit code %s); starting another one.", self._process.wait())
        self._connection.close()
        self._ready = None
        self.restarts += 1
        self._start()
        self.ready()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "textclf.serving.worker", str(theirs.fileno()), *self._words],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": path, "TQDM_DISABLE": "1"},  # no bars between the lines of a log
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the server, which lets this process finish its batch
            )
        self._connection = Connection(ours.detach())


class ModelHere:
    """Holds a classifier in this process: for an app around a model that is loaded already."""

    restarts = 0
    alive = True

    def __init__(self, classifier: Any, ready: Ready) -> None:  # Any: the classifier of any engine
        """Take the classifier and what is known of it."""
        from .worker import answer

        self._classifier, self._ready = classifier, ready
        self._answer: Callable[[Any, tuple[str, Any]], tuple[str, Any]] = answer
        self._lock = threading.Lock()

    def ready(self) -> Ready:
        """Say what was loaded."""
        return self._ready

    def logits(self, texts: list[Text]) -> Computed:
        """Return logits float32 [N, L], and for rows without them why."""
        computed: Computed = self._ask(("logits", texts))
        return computed

    def attributions(self, text: Text, label: str | None) -> dict[str, Any]:
        """Return `Attribution.to_dict()` of one text."""
        first, pair = (text, None) if isinstance(text, str) else text
        found: dict[str, Any] = self._ask(("attributions", (first, pair, label)))
        return found

    def close(self) -> None:
        """Leave the classifier to whoever loaded it."""

    def _ask(self, request: tuple[str, Any]) -> Any:  # Any: what the kind of request gives
        with self._lock:
            outcome, content = self._answer(self._classifier, request)
        if outcome != "ok":
            raise CallError(500, "Backend", content)
        return content
