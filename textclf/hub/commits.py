"""One commit with all files of an upload, safe to try again: what is there already makes no second commit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, RepoFile
from huggingface_hub.errors import HfHubHTTPError

from ..errors import UserError
from .network import explained, persist
from .uploads import Upload

DOING = "uploading the files"


@dataclass(frozen=True)
class Target:
    """Where a commit goes: a repo, a branch of it, and the commit that the branch is expected to be at."""

    repo_id: str
    kind: str  # "model", "dataset" or "space"
    head: str
    revision: str = "main"
    create_pr: bool = False


class Committed(NamedTuple):
    """What the repo holds afterwards; `changed` is False when all of it was there before."""

    commit: str
    changed: bool
    pull_request: str | None = None  # its address
    revision: str = "main"


def commit_files(
    target: Target, uploads: Sequence[Upload], title: str, is_ours: Callable[[str], bool] = lambda path: False
) -> Committed:
    """Bring all files to the branch in one commit, or none of them.

    Files of the repo that `is_ours` but not in the upload any more are deleted in the same commit. A commit of
    somebody else since `target.head` ends the push. `create_commit` is used rather than `upload_folder`, which with
    hf_xet makes several commits of a large upload, and two when an answer is lost.

    Raises:
        UserError: the files did not arrive; the branch is as it was.
    """
    api = HfApi()

    def attempt() -> Committed:
        try:
            return _attempt(api, target, uploads, title, is_ours)
        except HfHubHTTPError as error:
            # The same run pushed twice at once: the other one has brought all that there is to bring.
            if error.response.status_code != 412 or differing(api, target, uploads):
                raise
            return _attempt(api, target, uploads, title, is_ours)

    return persist(attempt, DOING, target.repo_id)


def _attempt(
    api: HfApi, target: Target, uploads: Sequence[Upload], title: str, is_ours: Callable[[str], bool]
) -> Committed:
    """Commit what differs, if anything does; safe to do again after any failure."""
    place = _open_pull_request(api, target, title) if target.create_pr else target
    repo_id, kind, revision = place.repo_id, place.kind, place.revision
    changes = differing(api, place, uploads)
    present = set(api.list_repo_files(repo_id, repo_type=kind, revision=revision))
    gone = sorted(path for path in present - {upload.path for upload in uploads} if is_ours(path))
    if not changes and not gone:
        head = api.repo_info(repo_id, repo_type=kind, revision=revision).sha
        return Committed(head or "", changed=False, revision=revision)
    additions = [_addition(upload) for upload in uploads if upload.path in changes]
    with refusal_explained():
        with explained(DOING, repo_id):  # the client makes its own retries here
            api.preupload_lfs_files(
                repo_id,
                additions,
                repo_type=kind,
                revision=revision,
                create_pr=place.create_pr,
                free_memory=False,
            )
        info = api.create_commit(
            repo_id,
            [*additions, *(CommitOperationDelete(path) for path in gone)],
            commit_message=title,
            parent_commit=place.head,
            repo_type=kind,
            revision=revision,
            create_pr=place.create_pr,
        )
    return Committed(info.oid, changed=True, pull_request=info.pr_url, revision=info.pr_revision or revision)


def differing(api: HfApi, target: Target, uploads: Sequence[Upload]) -> set[str]:
    """Return the paths whose content in the repo is missing or another; compared by the Hub's own checksums."""
    paths = [upload.path for upload in uploads]
    rows = api.get_paths_info(target.repo_id, paths, repo_type=target.kind, revision=target.revision)
    there = {row.path: row for row in rows if isinstance(row, RepoFile)}
    return {upload.path for upload in uploads if not _same(there.get(upload.path), upload)}


def git_blob_id(upload: Upload) -> str:
    """Return git's name of a file's content, as the Hub gives it for files outside LFS."""
    name = hashlib.sha1(b"blob %d\0" % upload.size, usedforsecurity=False)
    name.update(upload.data())
    return name.hexdigest()


def _same(row: RepoFile | None, upload: Upload) -> bool:
    if row is None or row.size != upload.size:
        return False
    if row.lfs is not None:
        return bool(row.lfs.sha256 == upload.sha256)
    return bool(row.blob_id == git_blob_id(upload))


def _addition(upload: Upload) -> CommitOperationAdd:
    content = upload.content if isinstance(upload.content, bytes) else str(upload.content.resolve())
    return CommitOperationAdd(path_in_repo=upload.path, path_or_fileobj=content)


def _open_pull_request(api: HfApi, target: Target, title: str) -> Target:
    """Return the branch of our own open pull request of this title, if any: only its answer may have been lost."""
    me = api.whoami()["name"]
    found = api.get_repo_discussions(
        target.repo_id,
        author=me,
        discussion_type="pull_request",
        discussion_status="open",
        repo_type=target.kind,
    )
    for discussion in found:
        if discussion.title == title and discussion.git_reference and discussion.author == me:
            revision = discussion.git_reference
            head = api.repo_info(target.repo_id, repo_type=target.kind, revision=revision).sha
            return Target(target.repo_id, target.kind, head or "", revision)
    return target


@contextmanager
def refusal_explained() -> Iterator[None]:
    """Turn the client's plain ValueErrors, about the card's metadata and the LFS batch, into sentences."""
    try:
        yield
    except ValueError as error:
        if isinstance(error, (HfHubHTTPError, UserError, json.JSONDecodeError)):
            raise
        raise UserError(
            f"The Hub refused the upload, which changed nothing: {' '.join(str(error).split())}"
        ) from error
