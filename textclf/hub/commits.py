"""One commit with all files of an upload, safe to try again: what is there already makes no second commit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, RepoFile, constants
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
    ours: frozenset[str] = frozenset()  # paths that an earlier push put there, and this one may take away
    has_branch: bool = True
    private: bool = False  # whether only its owners could see it when the push began, and that is to stay
    checked: str | None = None  # a commit that holds the same files: large ones are taken from there


class Committed(NamedTuple):
    """What the repo holds afterwards; `changed` is False when all of it was there before."""

    commit: str
    changed: bool
    pull_request: int | None = None  # its number


def commit_files(target: Target, uploads: Sequence[Upload], title: str) -> Committed:
    """Bring all files to the branch in one commit, or none of them.

    Files that an earlier push brought and this one does not are deleted in the same commit. A commit of somebody
    else since `target.head` ends the push. `create_commit` is used rather than `upload_folder`, which with hf_xet
    makes several commits of a large upload, and two when an answer is lost.

    Raises:
        UserError: the files did not arrive; the branch is as it was.
    """
    api = HfApi()

    def attempt() -> Committed:
        try:
            return _attempt(api, target, uploads, title)
        except HfHubHTTPError as error:
            # The same run pushed twice at once: the other one has brought all that there is to bring.
            if error.response.status_code != 412 or any(changes(api, target, uploads)):
                raise
            return _attempt(api, target, uploads, title)

    return persist(attempt, DOING, target.repo_id)


def _attempt(api: HfApi, target: Target, uploads: Sequence[Upload], title: str) -> Committed:
    """Commit what differs, if anything does; safe to do again after any failure."""
    number = _own_pull_request(api, target, title) if target.create_pr else None
    place = target
    if number is not None:
        revision = f"refs/pr/{number}"
        head = api.repo_info(target.repo_id, repo_type=target.kind, revision=revision).sha or ""
        place = replace(target, head=head, revision=revision, create_pr=False)
    differing, gone = changes(api, place, uploads)
    if not differing and not gone:
        present = api.repo_info(place.repo_id, repo_type=place.kind, revision=place.revision).sha
        return Committed(present or "", changed=False, pull_request=number)
    with refusal_explained():
        operations = _operations(api, place, [upload for upload in uploads if upload.path in differing])
        info = api.create_commit(
            place.repo_id,
            [*operations, *(CommitOperationDelete(path) for path in sorted(gone))],
            commit_message=title,
            parent_commit=place.head,
            repo_type=place.kind,
            revision=place.revision,
            create_pr=place.create_pr,
        )
    return Committed(info.oid, True, info.pr_num if place.create_pr else number)


def _operations(
    api: HfApi, place: Target, uploads: Sequence[Upload]
) -> list[CommitOperationAdd | CommitOperationCopy]:
    """Return what brings the files: those outside git from the checked commit, where there is one, else uploaded."""
    held = {}
    if place.checked is not None:
        held = _rows(api, replace(place, revision=place.checked), uploads)
    outside_git = {path for path, row in held.items() if row.lfs is not None}
    additions = [_addition(upload) for upload in uploads if upload.path not in outside_git]
    with explained(DOING, place.repo_id):  # the client makes its own retries here
        api.preupload_lfs_files(
            place.repo_id,
            additions,
            repo_type=place.kind,
            revision=place.revision,
            create_pr=place.create_pr,
            free_memory=False,
        )
    copies = [CommitOperationCopy(path, path, src_revision=place.checked) for path in sorted(outside_git)]
    return [*additions, *copies]


def changes(api: HfApi, target: Target, uploads: Sequence[Upload]) -> tuple[set[str], set[str]]:
    """Return the paths whose content in the repo is missing or another, and those that an earlier push left there.

    Contents are compared by the Hub's own checksums.
    """
    there = _rows(api, target, uploads)
    differing = {upload.path for upload in uploads if not _same(there.get(upload.path), upload)}
    unwanted = set(target.ours) - {upload.path for upload in uploads}
    if not unwanted:
        return differing, set()
    present = api.list_repo_files(target.repo_id, repo_type=target.kind, revision=target.revision)
    return differing, unwanted & set(present)


def _rows(api: HfApi, target: Target, uploads: Sequence[Upload]) -> dict[str, RepoFile]:
    paths = [upload.path for upload in uploads]
    rows = api.get_paths_info(target.repo_id, paths, repo_type=target.kind, revision=target.revision)
    return {row.path: row for row in rows if isinstance(row, RepoFile)}


def _same(row: RepoFile | None, upload: Upload) -> bool:
    if row is None or row.size != upload.size:
        return False
    if row.lfs is not None:
        return bool(row.lfs.sha256 == upload.sha256)
    return bool(row.blob_id == upload.git_id)


def _addition(upload: Upload) -> CommitOperationAdd:
    """Return what brings a file: that which was looked through, and checked where this is the second commit."""
    content = upload.content if isinstance(upload.content, bytes) else str(upload.content.resolve())
    addition = CommitOperationAdd(path_in_repo=upload.path, path_or_fileobj=content)
    if addition.upload_info.sha256.hex() != upload.sha256:
        raise UserError(
            f"{upload.path} changed while the run was pushed. Run the same command again when nothing writes into it."
        )
    return addition


def _own_pull_request(api: HfApi, target: Target, title: str) -> int | None:
    """Return the number of our own open pull request of this title, if any: only its answer may have been lost."""
    me = api.whoami()["name"]
    found = api.get_repo_discussions(
        target.repo_id,
        author=me,
        discussion_type="pull_request",
        discussion_status="open",
        repo_type=target.kind,
    )
    return next((row.num for row in found if (row.title, row.author, row.status) == (title, me, "open")), None)


def address_of(target: Target, pull_request: int | None = None) -> str:
    """Return the address of a repo's page, or of one of its pull requests."""
    page = target.repo_id if target.kind == "model" else f"{target.kind}s/{target.repo_id}"
    return f"{constants.ENDPOINT}/{page}" + (f"/discussions/{pull_request}" if pull_request is not None else "")


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
