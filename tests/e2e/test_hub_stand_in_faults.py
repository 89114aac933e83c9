"""What the clients make of permissions and faults, and that the stand-in notices what should not happen."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.e2e.client_process import ask, run_client
from tests.hub_stand_in import Answer, CutDownload, CutUpload, Delay, Drop, FlipByte, LoseAnswer, StandInHub

pytestmark = pytest.mark.hub

PERMISSIONS = """
import sys
from huggingface_hub import HfApi
tokens = json.loads(sys.argv[1])
api = {name: HfApi(token=value) for name, value in tokens.items()}
add = dict(path_in_repo="a.bin", path_or_fileobj=b"0\\0" * 600)
bad_card = dict(path_in_repo="README.md", path_or_fileobj=b"---\\ntags: [\\n---\\n")
result = {
    "read token at preupload": refused(lambda: api["read"].upload_file(repo_id="alice/public", **add)),
    "read token, auth_check": refused(lambda: api["read"].auth_check("alice/public", write=True)),
    "read token reads": refused(lambda: api["read"].model_info("alice/private")),
    "expired token": refused(lambda: api["expired"].model_info("alice/public")),
    "expired token, whoami": refused(lambda: api["expired"].whoami()),
    "nobody reads private": refused(lambda: api["nobody"].model_info("alice/private")),
    "nobody downloads private": refused(lambda: api["nobody"].hf_hub_download("alice/private", "a.txt")),
    "nobody reads public": refused(lambda: api["nobody"].hf_hub_download("alice/public", "a.txt")),
    "missing file": refused(lambda: api["nobody"].hf_hub_download("alice/public", "no.txt")),
    "stranger reads private": refused(lambda: api["bob"].model_info("alice/private")),
    "stranger creates": refused(lambda: api["bob"].create_repo("alice/new")),
    "stranger writes": refused(lambda: api["bob"].upload_file(repo_id="alice/public", **add)),
    "stranger proposes": refused(lambda: api["bob"].upload_file(repo_id="alice/public", create_pr=True, **add)),
    "gated": refused(lambda: api["bob"].hf_hub_download("alice/gated", "a.txt")),
    "fine-grained writes": refused(lambda: api["fine"].upload_file(repo_id="alice/public", **add)),
    "fine-grained elsewhere": refused(lambda: api["fine"].upload_file(repo_id="alice/private", **add)),
    "fine-grained creates": refused(lambda: api["fine"].create_repo("alice/new")),
    "reader of the organisation": refused(lambda: api["bob"].upload_file(repo_id="acme/x", **add)),
    "writer of the organisation": refused(lambda: api["write"].upload_file(repo_id="acme/x", **add)),
    "bad card": refused(lambda: api["write"].upload_file(repo_id="alice/public", **bad_card)),
}
api["write"].update_repo_settings("alice/public", visibility="private")
"""


def test_everybody_may_do_what_is_theirs(tmp_path: Path) -> None:
    with StandInHub() as hub:
        tokens: dict[str, object] = {role: hub.token("alice", role) for role in ("write", "read", "expired")}
        tokens |= {"bob": hub.token("bob"), "nobody": False}
        tokens["fine"] = hub.token("alice", "fineGrained", scopes={"alice/public": "write", "alice/private": "read"})
        hub.organisation("acme", {"alice": "write", "bob": "read"})
        public = hub.create("model", "alice/public", files={"a.txt": "a"})
        private = hub.create("model", "alice/private", private=True, files={"a.txt": "a"})
        hub.create("model", "alice/gated", files={"a.txt": "a"}).gated = "manual"
        hub.create("model", "acme/x")
        answer = run_client(hub, tmp_path, PERMISSIONS, json.dumps(tokens))

        assert answer == {
            "read token at preupload": ["HfHubHTTPError", 403],
            "read token, auth_check": ["HfHubHTTPError", 403],
            "read token reads": None,
            "expired token": ["HfHubHTTPError", 401],
            "expired token, whoami": ["HfHubHTTPError", 401],
            "nobody reads private": ["RepositoryNotFoundError", 401],
            "nobody downloads private": ["RepositoryNotFoundError", 401],
            "nobody reads public": None,
            "missing file": ["RemoteEntryNotFoundError", 404],
            "stranger reads private": ["RepositoryNotFoundError", 404],
            "stranger creates": ["HfHubHTTPError", 403],
            "stranger writes": ["HfHubHTTPError", 403],
            "stranger proposes": None,
            "gated": ["GatedRepoError", 403],
            "fine-grained writes": None,
            "fine-grained elsewhere": ["HfHubHTTPError", 403],
            "fine-grained creates": ["HfHubHTTPError", 403],
            "reader of the organisation": ["HfHubHTTPError", 403],
            "writer of the organisation": None,
            "bad card": ["ValueError", None],
        }
        refused = [r for r in hub.asked("POST", "/api/models/alice/public/preupload/main") if r.role == "read"]
        assert [request.status for request in refused] == [403]
        assert [commit.author for commit in public.commits] == ["alice", "alice", "alice"]
        assert public.files("refs/pr/1")["a.bin"] == b"0\0" * 600
        assert public.private
        assert len(private.commits) == 2
        hub.assert_sound()


FAULTS = """
import time
from huggingface_hub import HfApi
api, repo = HfApi(), "alice/x"
add = lambda name, content: api.upload_file(repo_id=repo, path_in_repo=name, path_or_fileobj=content)
started = time.monotonic()
api.whoami()
result = {"waited": time.monotonic() - started}
add("unavailable.txt", b"1")
result["lost"] = refused(lambda: add("lost.txt", b"2"))
with open("new.bin", "wb") as file:
    file.write(bytes.fromhex(open(__import__("sys").argv[1]).read()))
add("new.bin", "new.bin")
result["dropped"] = refused(lambda: api.hf_hub_download(repo, "a.txt"))
read = lambda name: open(api.hf_hub_download(repo, name), "rb").read().hex()
result["cut"] = read("cut.bin")
result["flipped"] = read("flipped.bin")
result["limited"] = refused(lambda: api.model_info(repo))
"""


def test_each_fault_is_met_and_counted(tmp_path: Path) -> None:
    """The outcomes are the clients' own: some survive, one loses the answer, one takes damaged bytes for good."""
    fresh, cut, flipped = (os.urandom(500_000) for _ in range(3))
    (tmp_path / "fresh").write_text(fresh.hex())
    with StandInHub() as hub:
        seed: dict[str, bytes | str] = {"a.txt": "a", "cut.bin": cut, "flipped.bin": flipped}
        repository = hub.create("model", "alice/x", files=seed)
        objects = {path: f"/lfs/{blob.sha256}" for path, blob in repository.at("main").files.items()}
        commit, limit = "/api/models/alice/x/commit/main", {"ratelimit": '"api";r=0;t=1'}
        faults = [
            hub.fail("GET", "/api/whoami-v2", Delay(0.5)),
            hub.fail("POST", "*/preupload/main", Answer(503, b"Service Unavailable")),
            hub.fail("POST", commit, LoseAnswer(), hits=(2,)),
            hub.fail("PUT", "/lfs/*", CutUpload(100_000)),
            hub.fail("HEAD", "/alice/x/resolve/main/a.txt", Drop()),
            hub.fail("GET", objects["cut.bin"], CutDownload(300_000)),
            hub.fail("GET", objects["flipped.bin"], FlipByte(7)),
            hub.fail("GET", "/api/models/alice/x", Answer(429, b"{}", limit), hits=None),
        ]
        answer = run_client(hub, tmp_path, FAULTS, str(tmp_path / "fresh"), token=hub.token("alice"))

        assert [fault.met for fault in faults] == [1] * len(faults)
        assert answer["waited"] >= 0.5
        assert answer["lost"] == ["RemoteProtocolError", None]
        assert answer["dropped"] == ["RemoteProtocolError", None]
        assert answer["limited"] == ["HfHubHTTPError", 429]
        assert bytes.fromhex(answer["cut"]) == cut
        damaged = bytes.fromhex(answer["flipped"])
        assert [i for i, (a, b) in enumerate(zip(damaged, flipped, strict=True)) if a != b] == [7]
        assert repository.files()["new.bin"] == fresh
        assert repository.files()["lost.txt"] == b"2"
        assert [request.fault for request in hub.asked("PUT", "/lfs/*")] == ["CutUpload", None]
        assert [request.sent for request in hub.asked("GET", objects["cut.bin"])] == [300_000, len(cut)]
        hub.assert_sound()


def test_what_the_clients_read_from_the_headers_of_a_file() -> None:
    with StandInHub() as hub:
        repository = hub.create("model", "alice/x", files={"hello.txt": "hello\n", "w.bin": "0123456789"})
        small, body = ask(hub.endpoint, "GET", "/alice/x/resolve/main/hello.txt")
        head, nothing = ask(hub.endpoint, "HEAD", "/alice/x/resolve/main/hello.txt")
        large, _ = ask(hub.endpoint, "HEAD", "/alice/x/resolve/main/w.bin")
        place = large.headers["Location"].removeprefix(hub.cdn)
        part, some = ask(hub.cdn, "GET", place, headers={"Range": "bytes=7-"})
        past, _ = ask(hub.cdn, "GET", place, headers={"Range": "bytes=10-"})
        unsigned, _ = ask(hub.cdn, "GET", place.partition("?")[0])

        assert (small.status, body, head.status, nothing) == (200, b"hello\n", 200, b"")
        assert head.headers["Content-Length"] == "6"
        assert head.headers["ETag"] == '"ce013625030ba8dba906f756967f9e9ca394464a"'  # echo hello | git hash-object
        assert head.headers["X-Repo-Commit"] == repository.head
        assert (large.status, large.headers["X-Linked-Size"]) == (302, "10")
        # sha256sum of 0123456789
        assert large.headers["X-Linked-Etag"] == '"84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"'
        assert (part.status, some, part.headers["Content-Range"]) == (206, b"789", "bytes 7-9/10")
        assert (past.status, unsigned.status) == (416, 403)
        hub.assert_sound()


def test_a_commit_without_its_lfs_object_changes_nothing() -> None:
    with StandInHub() as hub:
        repository = hub.create("model", "alice/x")
        lines = [
            {"key": "header", "value": {"summary": "Add", "description": ""}},
            {"key": "file", "value": {"path": "a.txt", "content": "YQ==", "encoding": "base64"}},
            {"key": "lfsFile", "value": {"path": "w.bin", "algo": "sha256", "oid": "0" * 64}},
        ]
        body = "\n".join(json.dumps(line) for line in lines)
        answer, _ = ask(hub.endpoint, "POST", "/api/models/alice/x/commit/main", token=hub.token("alice"), body=body)

        assert answer.status == 400
        assert repository.files().keys() == {".gitattributes"}
        hub.assert_sound()


def test_a_token_at_the_cdn_and_an_unknown_route_are_noticed() -> None:
    with StandInHub() as hub:
        token = hub.token("alice")
        leak, _ = ask(hub.cdn, "GET", "/lfs/" + "0" * 64, token=token)
        unknown, _ = ask(hub.endpoint, "GET", "/api/no-such-thing")

        assert (leak.status, unknown.status) == (400, 404)
        assert [(request.user, request.origin) for request in hub.leaks] == [("alice", "cdn")]
        assert hub.unknown_routes == ["api: GET /api/no-such-thing"]
        assert token not in repr(hub.requests)
        with pytest.raises(AssertionError, match="unknown routes"):
            hub.assert_sound()


def test_a_subprocess_gets_nothing_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HUGGING_FACE_HUB_TOKEN", "TRANSFORMERS_CACHE", "https_proxy"):
        monkeypatch.setenv(name, "mine")
    hub = StandInHub(uploads="inline")
    environment = hub.environment(tmp_path)
    hub.stop()

    assert "mine" not in environment.values()
    assert "HF_TOKEN" not in environment
    assert "HF_HUB_DISABLE_XET" not in environment
    assert environment["HF_ENDPOINT"] == hub.endpoint
