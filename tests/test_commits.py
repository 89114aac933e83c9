"""Commits to a repo, call by call, against a Hub in memory: what is sent where, and what is left after a failure."""

import hashlib
from types import SimpleNamespace

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile

from textclf.errors import UserError
from textclf.hub import commits, network, push, staging
from textclf.hub.commits import Committed, Target, address_of, changes, commit_files, refusal_explained
from textclf.hub.contract import Agreement
from textclf.hub.staging import Held, confirm, hold, land, withdraw
from textclf.hub.uploads import Upload, shown_size

CARD, WEIGHTS = Upload("README.md", b"# card"), Upload("model.safetensors", b"w" * 9)


def failed(status):
    request = httpx2.Request("POST", "https://hub/api")
    return HfHubHTTPError("no", response=httpx2.Response(status, request=request), server_message="server says no")


def git_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub:
    """One repo: {revision: {path: content}}; `.safetensors` lie outside git. `troubles` meet `create_commit` first."""

    def __init__(self, **branches):
        self.branches = {"main": {}, **branches}
        self.heads = {name: f"{name}-0" for name in self.branches}
        self.private, self.troubles, self.calls, self.requests, self.tags = True, [], [], [], []
        self.meanwhile = lambda: None

    def files(self, revision):
        return self.branches[next(name for name, head in self.heads.items() if revision in (name, head))]

    def get_paths_info(self, repo_id, paths, repo_type, revision):
        held = {path: content for path, content in self.files(revision).items() if path in paths}
        return [self.row(path, content) for path, content in held.items()]

    def row(self, path, content):
        large = path.endswith(".safetensors")
        sha256 = hashlib.sha256(content).hexdigest()
        lfs = {"size": len(content), "oid": sha256, "pointerSize": 9} if large else None
        return RepoFile(path=path, size=len(content), oid="pointer" if large else git_id(content), lfs=lfs)

    def list_repo_files(self, repo_id, repo_type, revision):
        return list(self.files(revision))

    def repo_info(self, repo_id, repo_type, revision="main"):
        return SimpleNamespace(sha=self.heads[revision], private=self.private)

    def preupload_lfs_files(self, repo_id, additions, **options):
        self.calls.append(("preupload", [each.path_in_repo for each in additions], options["revision"]))
        assert options["free_memory"] is False

    def create_commit(self, repo_id, operations, commit_message, parent_commit, repo_type, revision, create_pr):
        named = [getattr(each, "src_revision", None) or each.path_in_repo for each in operations]
        told = [
            (type(each).__name__[len("CommitOperation") :], of) for each, of in zip(operations, named, strict=True)
        ]
        self.calls.append(("commit", told, parent_commit, revision, create_pr, commit_message))
        if self.troubles:
            trouble = self.troubles.pop(0)
            self.meanwhile()
            raise trouble
        if create_pr:
            self.branches["refs/pr/7"], self.heads["refs/pr/7"] = dict(self.branches[revision]), "pr-0"
            self.requests.append(SimpleNamespace(num=7, title=commit_message, author="me", status="open"))
            revision = "refs/pr/7"
        for each in operations:
            if isinstance(each, CommitOperationDelete):
                del self.branches[revision][each.path_in_repo]
            elif isinstance(each, CommitOperationAdd):
                with each.as_file() as file:
                    self.branches[revision][each.path_in_repo] = file.read()
            else:
                self.branches[revision][each.path_in_repo] = self.files(each.src_revision)[each.src_path_in_repo]
        self.heads[revision] = self.heads[revision][:-1] + str(int(self.heads[revision][-1]) + 1)
        return SimpleNamespace(oid=self.heads[revision], pr_num=7 if create_pr else None)

    def create_branch(self, repo_id, repo_type, branch, revision, exist_ok):
        self.calls.append(("branch", branch, revision, exist_ok))
        self.branches.setdefault(branch, dict(self.files(revision)))
        self.heads.setdefault(branch, f"{branch}-0")

    def delete_branch(self, repo_id, repo_type, branch):
        self.calls.append(("delete", branch))
        if branch not in self.branches:
            raise failed(404)
        del self.branches[branch], self.heads[branch]

    def whoami(self):
        return {"name": "me"}

    def get_repo_discussions(self, repo_id, **asked):
        assert asked == {"author": "me", "discussion_type": "pull_request", "discussion_status": "open",
                         "repo_type": "model"}  # fmt: skip
        return self.requests

    def change_discussion_status(self, repo_id, number, status, comment, repo_type):
        self.calls.append(("status", number, status))

    def list_repo_refs(self, repo_id):
        return SimpleNamespace(tags=self.tags)

    def create_tag(self, repo_id, tag, revision, exist_ok):
        self.calls.append(("tag", tag, revision, exist_ok))


@pytest.fixture
def hub(monkeypatch):
    """Return `hub(**branches)`: an empty repo, or one that holds this, in the place of the Hub."""

    def make(**branches):
        made = Hub(**branches)
        for module in (commits, staging, push):
            monkeypatch.setattr(module, "HfApi", lambda: made)
        monkeypatch.setattr(network.time, "sleep", lambda seconds: made.calls.append(("wait", seconds)))
        return made

    return make


def target(**more):
    return Target("a/b", "model", **{"head": "main-0", **more})


def test_what_differs_goes_up_and_what_an_earlier_push_left_goes_away_in_one_commit(hub):
    made = hub(main={"README.md": b"old", "model.safetensors": WEIGHTS.content, "eval.json": b"{}", "mine": b"x"})
    to = target(ours=frozenset({"eval.json", "gone.json", "README.md"}))
    assert changes(made, to, [CARD, WEIGHTS]) == ({"README.md"}, {"eval.json"})
    found = commit_files(to, [CARD, WEIGHTS], "Publish it")
    assert found == Committed("main-1", changed=True, pull_request=None)
    assert made.calls == [
        ("preupload", ["README.md"], "main"),
        ("commit", [("Add", "README.md"), ("Delete", "eval.json")], "main-0", "main", False, "Publish it"),
    ]
    assert made.branches["main"] == {"README.md": b"# card", "model.safetensors": WEIGHTS.content, "mine": b"x"}
    made.calls.clear()
    assert commit_files(target(head="main-1"), [CARD, WEIGHTS], "Again") == Committed("main-1", changed=False)
    assert made.calls == []


@pytest.mark.parametrize(
    ("held", "differs"),
    [
        ({"README.md": b"# card"}, False),
        ({"README.md": b"# cart"}, True),
        ({"README.md": b"# card "}, True),
        ({"model.safetensors": b"w" * 9}, False),
        ({"model.safetensors": b"v" * 9}, True),
        ({}, True),
    ],
)
def test_files_are_compared_by_the_hubs_own_checksums(hub, held, differs):
    upload = WEIGHTS if "model.safetensors" in held else CARD
    assert changes(hub(main=held), target(), [upload]) == ({upload.path} if differs else set(), set())


def test_only_files_that_an_earlier_push_put_there_are_looked_for(hub):
    made = hub(main={"a": b"1"})
    made.list_repo_files = None  # not asked where nothing may go
    assert changes(made, target(ours=frozenset({"README.md"})), [CARD]) == ({"README.md"}, set())


def test_a_commit_of_somebody_else_ends_the_push_unless_it_brought_the_same(hub):
    made = hub()
    made.troubles = [failed(412)]
    with pytest.raises(UserError, match=r"Somebody else committed to a/b in the meantime \(412\)"):
        commit_files(target(), [CARD], "Publish")
    made.troubles = [failed(412)]
    made.meanwhile = lambda: made.branches["main"].update({"README.md": b"# card"})
    assert commit_files(target(), [CARD], "Publish") == Committed("main-0", changed=False)
    made = hub()
    made.troubles = [failed(403)]
    made.meanwhile = lambda: made.branches["main"].update({"README.md": b"# card"})
    with pytest.raises(UserError, match="403"):
        commit_files(target(), [CARD], "Publish")


def test_a_lost_answer_is_asked_for_again(hub):
    made = hub()
    made.troubles = [failed(503)] * 3
    assert commit_files(target(), [CARD], "Publish").commit == "main-1"
    assert [call[1] for call in made.calls if call[0] == "wait"] == list(network.WAITS)
    made.troubles = [failed(503)] * 4
    with pytest.raises(UserError, match=r"uploading the files .*503"):
        commit_files(target(head="main-1"), [Upload("README.md", b"new")], "Publish")


def test_a_pull_request_of_ours_is_used_again_and_of_nobody_else(hub):
    made = hub()
    first = commit_files(target(create_pr=True), [CARD], "Publish x")
    assert first == Committed("pr-1", changed=True, pull_request=7)
    assert commit_files(target(create_pr=True), [CARD], "Publish x") == Committed("pr-1", False, 7)
    again = commit_files(target(create_pr=True), [Upload("README.md", b"new")], "Publish x")
    assert again == Committed("pr-2", changed=True, pull_request=7)
    assert made.calls[-1] == ("commit", [("Add", "README.md")], "pr-1", "refs/pr/7", False, "Publish x")
    for changed in ({"title": "Publish y"}, {"author": "you"}, {"status": "closed"}):
        made.requests[0].__dict__.update({"title": "Publish x", "author": "me", "status": "open"} | changed)
        assert commits._own_pull_request(made, target(), "Publish x") is None
    assert address_of(target(), 7).endswith("/a/b/discussions/7")
    assert address_of(target()).endswith("co/a/b")
    assert address_of(Target("a/b", "space", "x")).endswith("co/spaces/a/b")


def test_a_file_that_changed_since_it_was_looked_through_is_not_sent(hub, tmp_path):
    hub()
    (tmp_path / "config.json").write_text("{}")
    upload = Upload("config.json", tmp_path / "config.json")
    assert upload.sha256 == hashlib.sha256(b"{}").hexdigest()
    assert upload.git_id == git_id(b"{}")
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(UserError, match=r"^config\.json changed while the run was pushed\."):
        commit_files(target(), [upload], "Publish")


def test_what_was_checked_beside_the_branch_is_taken_from_there(hub):
    """Large files are copied on the Hub; a file in git is sent once more, for the Hub copies none."""
    made = hub()
    to = target(private=True)
    held = hold(to, [CARD, WEIGHTS], "Publish", "abcd")
    assert held == Held(Committed(f"{staging.PREFIX}abcd-1", changed=True), f"{staging.PREFIX}abcd")
    assert made.calls[0] == ("branch", f"{staging.PREFIX}abcd", "main-0", True)
    assert made.branches["main"] == {}
    made.calls.clear()
    assert land(to, held, [CARD, WEIGHTS], "Publish") == Committed("main-1", changed=True)
    assert made.calls == [
        ("preupload", ["README.md"], "main"),
        ("commit", [("Add", "README.md"), ("Copy", held.committed.commit)], "main-0", "main", False, "Publish"),
    ]
    assert made.branches["main"] == {"README.md": b"# card", "model.safetensors": b"w" * 9}
    confirm(to, [CARD, WEIGHTS])
    del made.branches["main"]["README.md"]
    with pytest.raises(UserError, match=r"^main of a/b was written, but for README\.md: look at its \.gitignore"):
        confirm(to, [CARD, WEIGHTS])


def test_nothing_is_held_where_all_is_there_and_a_missing_branch_is_made(hub):
    made = hub(main={"README.md": b"# card"})
    held = hold(target(), [CARD], "Publish", "abcd")
    assert (held, made.calls) == (Held(Committed("main-0", changed=False)), [])
    assert land(target(), held, [CARD], "Publish") == held.committed
    new = target(revision="next", has_branch=False)
    assert hold(new, [CARD], "Publish", "abcd") == held, "what the branch would begin with is compared"
    assert land(new, held, [CARD], "Publish") == held.committed
    assert made.calls == [("branch", "next", "main-0", True)]


def test_a_push_that_fails_leaves_no_branch_behind(hub):
    made = hub()
    made.troubles = [failed(403)]
    with pytest.raises(UserError):
        hold(target(), [CARD], "Publish", "abcd")
    assert set(made.branches) == {"main"}
    made.troubles = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        hold(target(), [CARD], "Publish", "abcd")
    assert set(made.branches) == {"main"}


def test_a_repo_that_became_public_gets_nothing(hub):
    made = hub()
    held = hold(target(private=True), [CARD], "Publish", "abcd")
    made.private = False
    with pytest.raises(UserError, match=r"^a/b became public during this push\. Add --public"):
        land(target(private=True), held, [CARD], "Publish")
    assert land(target(private=False), held, [CARD], "Publish").changed
    made = hub()
    assert land(target(private=True, create_pr=True), held, [CARD], "Publish") == held.committed, "nothing to do"
    assert made.calls == []


def test_a_failed_check_takes_its_upload_out_of_sight(hub):
    made = hub()
    held = hold(target(), [CARD], "Publish", "abcd")
    assert withdraw(target(), held) == "Nobody else has seen it: main of a/b is as it was."
    assert set(made.branches) == {"main"}
    assert withdraw(target(), held) == "Nobody else has seen it: main of a/b is as it was.", "gone already"
    asked = Held(Committed("pr-1", True, 7))
    made.calls.clear()
    assert withdraw(target(create_pr=True), asked) == "The pull request 7 is closed."
    assert made.calls == [("status", 7, "closed")]
    made.change_discussion_status = lambda *args, **options: (_ for _ in ()).throw(failed(500))
    assert withdraw(target(create_pr=True), asked) == "The pull request 7 is closed."
    there = Held(Committed("main-0", changed=False))
    assert withdraw(target(), there).startswith("Nothing of it is new: a/b held all of it before")


def test_a_branch_that_cannot_be_deleted_harms_nobody(hub):
    made = hub()
    held = hold(target(), [CARD], "Publish", "abcd")
    asked = []

    def refuse(repo_id, repo_type, branch):
        asked.append(branch)
        raise failed(403)

    made.delete_branch = refuse
    staging.remove_branch(target(), held)
    staging.remove_branch(target(), Held(Committed("x", changed=False)))
    assert asked == [f"{staging.PREFIX}abcd"]


def test_a_tag_stays_at_its_commit(hub):
    made = hub(main={"README.md": b"# card"})
    push._check_tag(target(), "v1", [CARD])
    made.tags = [SimpleNamespace(name="v1", target_commit="main-0"), SimpleNamespace(name="v2", target_commit="x" * 9)]
    push._check_tag(target(), "v1", [CARD])
    push._check_tag(target(), "v3", [CARD])
    told = r"^The tag {} is there already, at another commit \({}\)\. Choose another --tag, or delete it\.$"
    with pytest.raises(UserError, match=told.format("v2", "x" * 8)):
        push._check_tag(target(), "v2", [CARD])
    with pytest.raises(UserError, match=told.format("v1", "main-0")):
        push._check_tag(target(), "v1", [Upload("README.md", b"new")])
    push._tag(target(), "v1", "main-1")
    assert made.calls == [("tag", "v1", "main-1", True)]


@pytest.fixture
def pushed(hub, monkeypatch, tmp_path):
    """Return `pushed(check, hub, **target) -> (found, hub)`: a push of two files with this check."""

    def make(check, made=None, tag=None, **more):
        made = made or hub()
        monkeypatch.setattr(push, "_destination", lambda arguments: arguments)
        monkeypatch.setattr(push, "make_ready", lambda destination, arguments, uploads: target(**more))
        arguments = SimpleNamespace(timeout=30.0, tag=tag)
        found = push.push(SimpleNamespace(path=tmp_path / "x"), arguments, [CARD, WEIGHTS], check)
        return found, made

    return make


def test_a_push_is_checked_beside_the_branch_before_it_becomes_the_branch(pushed):
    seen = []

    def check(run, repo_id, commit, uploads):
        seen.append((repo_id, commit, [upload.path for upload in uploads]))
        return Agreement(3, 0.0)

    found, made = pushed(check, tag="v1")
    digest = hashlib.sha256("".join(f"{each.path}\0{each.sha256}\n" for each in (CARD, WEIGHTS)).encode()).hexdigest()
    assert seen == [("a/b", f"{staging.PREFIX}{digest[:8]}-1", ["README.md", "model.safetensors"])]
    assert found.committed == Committed("main-1", changed=True)
    assert (found.repo_id, found.agreement) == ("a/b", Agreement(3, 0.0))
    assert set(made.branches) == {"main"}, "the branch that was checked is gone"
    assert made.calls[-1] == ("tag", "v1", "main-1", True)
    assert [call[-1] for call in made.calls if call[0] == "commit"] == [f"Publish x ({digest[:8]})"] * 2
    made.calls.clear()
    again, _ = pushed(check, made, head="main-1")
    assert again.committed == Committed("main-1", changed=False)
    assert made.calls == []


@pytest.mark.parametrize("error", [UserError("The scores differ."), KeyboardInterrupt()])
def test_a_push_that_is_not_confirmed_leaves_nothing(pushed, hub, error):
    def check(*_):
        raise error

    made = hub()
    told = "The scores differ. Nobody else has seen it: main of a/b is as it was." if str(error) else ""
    with pytest.raises(type(error)) as met:
        pushed(check, made, tag="v1")
    assert str(met.value) == told
    assert (made.branches, made.heads) == ({"main": {}}, {"main": "main-0"})
    assert "tag" not in {call[0] for call in made.calls}


def test_a_pull_request_is_told_by_its_address_and_compared_with_nothing(pushed):
    found, made = pushed(lambda *_: Agreement(3, 0.0), create_pr=True)
    assert found.address.endswith("/a/b/discussions/7")
    assert found.committed.pull_request == 7
    assert made.branches["main"] == {}


def test_a_file_that_main_does_not_keep_is_missed(pushed, hub):
    made = hub()
    kept = made.create_commit

    def commit(*args, **options):
        info = kept(*args, **options)
        if options["revision"] == "main":
            del made.branches["main"]["README.md"]
        return info

    made.create_commit = commit
    with pytest.raises(UserError, match=r"^main of a/b was written, but for README\.md"):
        pushed(lambda *_: Agreement(3, 0.0), made)


def test_plain_errors_of_the_client_become_sentences():
    told = r"^The Hub refused the upload, which changed nothing: bad card$"
    with pytest.raises(UserError, match=told), refusal_explained():
        raise ValueError("bad \n card")
    for error in (UserError("as it is"), failed(404)):
        with pytest.raises(type(error)) as met, refusal_explained():
            raise error
        assert met.value is error


def test_sizes_are_told_for_people():
    sizes = (0, 999, 1000, 999_949, 1_000_000, 91_049_000, 1_000_000_000, 2_540_000_000_000)
    assert [shown_size(size) for size in sizes] == [
        "0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "91.0 MB", "1.0 GB", "2540.0 GB",
    ]  # fmt: skip
