"""What the clients do with a repository apart from its files, against the stand-in Hub: Spaces, refs, requests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.client_process import ask, run_client
from tests.hub_stand_in import StandInHub

pytestmark = pytest.mark.hub

SPACE = """
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("alice/demo", repo_type="space", space_sdk="gradio",
                space_variables=[{"key": "MODEL", "value": "alice/x"}],
                space_secrets=[{"key": "HF_TOKEN", "value": "secret one"}])
api.add_space_secret("alice/demo", "OTHER", "secret two")
api.add_space_variable("alice/demo", "LANG", "ko")
api.delete_space_variable("alice/demo", "LANG")
before = api.get_space_runtime("alice/demo").stage
api.upload_file(repo_id="alice/demo", repo_type="space", path_in_repo="app.py", path_or_fileobj=b"print()")
api.set_space_sleep_time("alice/demo", 3600)
paid = refused(lambda: api.request_space_hardware("alice/demo", "t4-small"))
runtime = api.restart_space("alice/demo")
info = api.space_info("alice/demo")
result = {"before": before, "stage": runtime.stage, "sleep": runtime.sleep_time, "sdk": info.sdk, "paid": paid,
          "variables": {k: v.value for k, v in api.get_space_variables("alice/demo").items()},
          "secrets": sorted(api.get_space_secrets("alice/demo"))}
"""


def test_a_space_keeps_its_secrets(tmp_path: Path) -> None:
    with StandInHub() as hub:
        token = hub.token("alice")
        answer = run_client(hub, tmp_path, SPACE, token=token)

        assert answer == {
            "before": "NO_APP_FILE", "stage": "RUNNING", "sleep": 3600, "sdk": "gradio",
            "paid": ["HfHubHTTPError", 402], "variables": {"MODEL": "alice/x"}, "secrets": ["HF_TOKEN", "OTHER"],
        }  # fmt: skip
        _, listed = ask(hub.endpoint, "GET", "/api/spaces/alice/demo/secrets", token=token)
        assert b"OTHER" in listed
        assert b"secret" not in listed
        assert hub.repo("space", "alice/demo").variables == {"MODEL": "alice/x"}
        assert hub.repo("space", "alice/demo").secrets == {"HF_TOKEN": "secret one", "OTHER": "secret two"}
        assert {"app.py", "README.md"} <= hub.repo("space", "alice/demo").files().keys()
        hub.assert_sound()


REFS = """
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
api, repo = HfApi(), "alice/x"
start = api.model_info(repo).sha
api.create_tag(repo, tag="v1", tag_message="first")
api.create_branch(repo, branch="try/out")
api.create_commit(repo, [CommitOperationAdd("new.txt", b"new"), CommitOperationDelete("old/"),
                         CommitOperationCopy("weights.bin", "copy.bin")],
                  commit_message="Change", commit_description="At length", revision="try/out", parent_commit=start)
late = refused(lambda: api.create_commit(repo, [CommitOperationAdd("new.txt", b"no")], commit_message="Late",
                                         revision="try/out", parent_commit=start))
twice = refused(lambda: api.create_tag(repo, tag="v1"))
request = api.create_commit(repo, [CommitOperationAdd("README.md", b"better")], commit_message="Better",
                            create_pr=True)
draft = api.create_pull_request(repo, title="Draft")
api.comment_discussion(repo, draft.num, "Not yet")
api.rename_discussion(repo, draft.num, "Sketch")
api.change_discussion_status(repo, draft.num, "closed")
events = [event.type for event in api.get_discussion_details(repo, draft.num).events]
api.merge_pull_request(repo, request.pr_num)
refs = api.list_repo_refs(repo, include_pull_requests=True)
details = api.get_discussion_details(repo, request.pr_num)
changed = api.get_paths_info(repo, ["README.md", "no", "old"], expand=True)
api.delete_branch(repo, branch="try/out")
api.move_repo(repo, "alice/y")
result = {
    "late": late, "twice": twice, "start": start, "url": request.pr_url, "status": details.status,
    "refs": [sorted(ref.ref for ref in rows) for rows in (refs.branches, refs.tags, refs.pull_requests)],
    "titles": [commit.title for commit in api.list_repo_commits("alice/y")],
    "changed": {row.path: row.last_commit.title for row in changed}, "moved": api.model_info(repo).id,
    "discussions": [d.title for d in api.get_repo_discussions("alice/y")],
    "events": events, "rev": refused(lambda: api.model_info("alice/y", revision="no")),
}
api.delete_repo("alice/y")
result["deleted"] = refused(lambda: api.model_info("alice/y"))
"""


def test_branches_tags_and_pull_requests(tmp_path: Path) -> None:
    with StandInHub() as hub:
        random_bytes = os.urandom(1000)
        files: dict[str, bytes | str] = {"README.md": "one", "old/a": "a", "old/b": "b", "weights.bin": random_bytes}
        repository = hub.create("model", "alice/x", files=files)
        seeded = repository.head
        answer = run_client(hub, tmp_path, REFS, token=hub.token("alice"))

        assert answer == {
            "late": ["HfHubHTTPError", 412], "twice": ["HfHubHTTPError", 409], "start": seeded, "status": "merged",
            "url": f"{hub.endpoint}/alice/x/discussions/1", "moved": "alice/y", "discussions": ["Better", "Sketch"],
            "events": ["comment", "comment", "title-change", "status-change"],
            "refs": [["refs/heads/main", "refs/heads/try/out"], ["refs/tags/v1"], ["refs/pr/1", "refs/pr/2"]],
            "titles": ["Better (#1)", "Add files", "initial commit"],
            "changed": {"README.md": "Better (#1)", "old": "Add files"},
            "rev": ["RevisionNotFoundError", 404], "deleted": ["RepositoryNotFoundError", 404],
        }  # fmt: skip
        (branch,) = [commit for commit in repository.objects.values() if commit.title == "Change"]
        assert branch.message == "At length"
        assert branch.files.keys() - {".gitattributes"} == {"README.md", "weights.bin", "new.txt", "copy.bin"}
        assert branch.files["copy.bin"].content == random_bytes
        assert repository.files("v1")["README.md"] == b"one"
        assert repository.files()["README.md"] == b"better"
        hub.assert_sound()
