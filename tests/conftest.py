"""Fixtures for all tests: no network, one thread, nothing of this machine's, and tiny models made once a session."""

import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# Tokens, caches, launchers and proxies of whoever runs the tests decide nothing; nothing is left in a cache of theirs.
OF_OTHERS = ("HF_", "HUGGING_FACE_", "TRANSFORMERS_", "ACCELERATE_", "GRADIO_", "FSDP_", "LOCAL_", "XDG_CACHE_HOME")
for name in [name for name in os.environ if name.startswith(OF_OTHERS) or name.lower().endswith("_proxy")]:
    del os.environ[name]
CACHES = tempfile.TemporaryDirectory(prefix="textclf-tests-")
os.environ["HF_HOME"] = CACHES.name
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_UPDATE_CHECK"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["TERM"] = "xterm"  # rich gives every other screen's width up where it is called dumb, as on a build server
for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

ENVIRONMENT = os.environ

# An example that takes long says something about the machine and what else it does, nothing about the code.
# Examples are drawn anew by whoever runs the tests, and the same ones each time by what gates a change.
GATE = bool(os.environ.get("CI"))
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("patient", settings(), derandomize=GATE, **PATIENT)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def one_environment():
    """Put back the object that libraries hold: `datasets` leaves a copy in its place where several processes map."""
    os.environ = ENVIRONMENT  # noqa: B003, it holds what it held
    yield
    os.environ = ENVIRONMENT  # noqa: B003


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """Return `make(family, labels=None, cased=True) -> Path`: a folder made once; copy it before changing it."""
    from tests.tiny_models import make_tiny

    made = {}

    def make(family, labels=None, cased=True):
        key = (family, tuple(labels or ()), cased)
        if key not in made:
            folder = tmp_path_factory.mktemp(family, numbered=True) / "tiny"
            made[key] = make_tiny(family, folder, labels=labels, cased=cased)
        return made[key]

    return make


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """Return the folder that all processes of this test session share: pytest-xdist gives each a base of its own."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def trained(tiny_model, shared_folder):
    """Return `trained(name) -> Trained`: a run of train.py from tests/trained_runs.py, made once; read only."""
    from tests.trained_runs import train_once

    made, verdicts = {}, {}

    def verdict(name):
        return (made[name].run.path / "evaluation.json").read_bytes()

    def make(name):
        if name not in made:
            made[name] = train_once(name, shared_folder / "trained" / name, tiny_model)
            verdicts[name] = verdict(name)
        return made[name]

    yield make
    changed = [name for name in made if verdict(name) != verdicts[name]]
    assert not changed, f"A test wrote into the shared runs {changed}: copy the run's folder first (shutil.copytree)."
