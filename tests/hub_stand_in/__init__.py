"""A stand-in for the Hugging Face Hub that the real clients can talk to without internet.

    with StandInHub() as hub:
        environment = hub.environment(tmp_path / "home", token=hub.token("alice"))
        lost = hub.fail("POST", "/api/models/alice/x/commit/*", LoseAnswer())
        subprocess.run([...], env=environment)
        assert lost.met == 1
        assert "model.safetensors" in hub.repo("model", "alice/x").files()
        hub.assert_sound()

It keeps everything in memory and speaks the protocol as huggingface_hub 2.4 asks for it; it has no xet store.
"""

from .faults import Answer, CutDownload, CutUpload, Delay, Drop, Effect, Fault, FlipByte, LoseAnswer, Wait
from .hub import StandInHub
from .journal import Request
from .repository import Blob, Commit, Discussion, Repository, Space

__all__ = [
    "Answer",
    "Blob",
    "Commit",
    "CutDownload",
    "CutUpload",
    "Delay",
    "Discussion",
    "Drop",
    "Effect",
    "Fault",
    "FlipByte",
    "LoseAnswer",
    "Repository",
    "Request",
    "Space",
    "StandInHub",
    "Wait",
]
