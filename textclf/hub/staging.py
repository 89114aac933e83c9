"""Holding an upload beside the branch it is for, until it is known to be right; then making it that branch.

A branch of the repo's own is used rather than a pull request: merging one needs the discussions that an owner may have
switched off, leaves a closed proposal for each push, and rewrites the commit. The final commit takes the large files
from the commit that was checked, by their checksums, so nothing is uploaded twice and nothing else can arrive.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from ..errors import UserError
from .commits import Committed, Target, changes, commit_files
from .network import explained, persist
from .uploads import Upload

PREFIX = "textclf-check-"  # a push that was killed leaves such a branch; the same push again goes on with it


class Held(NamedTuple):
    """A commit that nobody meets by accident; `branch` is None where it is in a pull request, or in place already."""

    committed: Committed
    branch: str | None = None


def hold(target: Target, uploads: Sequence[Upload], title: str, fingerprint: str) -> Held:
    """Upload beside the branch, if anything differs from what it holds.

    Raises:
        UserError: the files did not arrive.
    """
    if target.create_pr:
        return Held(commit_files(target, uploads, title))
    api, repo_id = HfApi(), target.repo_id
    if not any(persist(lambda: changes(api, _seen(target), uploads), "comparing the files", repo_id)):
        return Held(Committed(target.head, changed=False))
    branch = PREFIX + fingerprint
    _make_branch(target, branch)
    head = persist(
        lambda: api.repo_info(repo_id, repo_type=target.kind, revision=branch).sha or "", "looking at it", repo_id
    )
    try:
        return Held(commit_files(replace(target, head=head, revision=branch), uploads, title), branch)
    except BaseException:  # Ctrl-C too: it is raised again, with no half-filled branch left behind
        remove_branch(target, Held(Committed(head, changed=False), branch))
        raise


def land(target: Target, held: Held, uploads: Sequence[Upload], title: str) -> Committed:
    """Make what was checked the branch it is for, in one commit.

    Raises:
        UserError: somebody committed or showed the repo to everybody in the meantime; the branch is as it was.
    """
    if target.create_pr:
        return held.committed
    api, repo_id = HfApi(), target.repo_id
    info = persist(lambda: api.repo_info(repo_id, repo_type=target.kind), "looking at the repo again", repo_id)
    if target.private and not info.private:
        raise UserError(f"{repo_id} became public during this push. Add --public if everybody may see it.")
    if not target.has_branch:
        _make_branch(target, target.revision)
    if held.branch is None:
        return held.committed
    committed = commit_files(replace(target, checked=held.committed.commit), uploads, title)
    return Committed(committed.commit, changed=True)


def confirm(target: Target, uploads: Sequence[Upload]) -> None:
    """Compare once more what stands in the branch now.

    Raises:
        UserError: something is missing there, or another than what was checked.
    """
    with explained("comparing the files", target.repo_id):
        differing, gone = changes(HfApi(), target, uploads)
    if differing or gone:
        named = ", ".join(sorted(differing | gone))
        raise UserError(
            f"{target.revision} of {target.repo_id} was written, but for {named}: look at its .gitignore, and run the "
            "same command again."
        )


def withdraw(target: Target, held: Held) -> str:
    """Take an upload that is not to be used out of sight again, and say what is left."""
    remove_branch(target, held)
    number = held.committed.pull_request
    if number is not None:
        with contextlib.suppress(UserError, HfHubHTTPError):
            HfApi().change_discussion_status(
                target.repo_id, number, "closed", comment="The check of this upload failed.", repo_type=target.kind
            )
        return f"The pull request {number} is closed."
    if held.branch is None:
        return f"Nothing of it is new: {target.repo_id} held all of it before, so do not use it until this is settled."
    return f"Nobody else has seen it: {target.revision} of {target.repo_id} is as it was."


def remove_branch(target: Target, held: Held) -> None:
    """Delete the branch that was checked; that it is gone already, or stays, harms nobody."""
    if held.branch is not None:
        with contextlib.suppress(UserError):
            persist(lambda: _delete(target, held.branch or ""), "removing the checked branch", target.repo_id)


def _make_branch(target: Target, branch: str) -> None:
    """Start a branch at the target's head; one that is there already stays as it is."""
    persist(
        lambda: HfApi().create_branch(
            target.repo_id, repo_type=target.kind, branch=branch, revision=target.head, exist_ok=True
        ),
        "making a branch",
        target.repo_id,
    )


def _delete(target: Target, branch: str) -> None:
    try:
        HfApi().delete_branch(target.repo_id, repo_type=target.kind, branch=branch)
    except HfHubHTTPError as error:
        if error.response.status_code != 404:
            raise


def _seen(target: Target) -> Target:
    """Return the target as it can be looked at: a branch that is not there yet starts where its head is."""
    return target if target.has_branch else replace(target, revision=target.head)
