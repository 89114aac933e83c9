"""Pushing a run: where it may go, found out before anything is uploaded, and all of it in one commit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from huggingface_hub import HfApi, RepoCard, constants

from ..errors import UserError
from ..run_folder import RunFolder
from .card import render_card
from .commits import Committed, Target, commit_files, differing, refusal_explained
from .destination import Destination, check_destination
from .network import explained, patience, persist
from .push_arguments import PushArguments
from .uploads import Upload, collect, is_listed


class Pushed(NamedTuple):
    """What a push did."""

    repo_id: str
    address: str
    committed: Committed


def model_files(run: RunFolder, arguments: PushArguments) -> list[Upload]:
    """Return what goes up of a run, card and recipe written for the repo; contacts nobody.

    Raises:
        UserError: something that should stay at home was found.
    """
    return collect(run, {"README.md": str(render_card(run, arguments))}, arguments.allow)


def push(run: RunFolder, arguments: PushArguments, uploads: Sequence[Upload] | None = None) -> Pushed:
    """Publish a run in its model repo, in one commit; all checks come before the upload.

    `uploads` are what `model_files` returned, where it was asked before.

    Raises:
        UserError: the repo could not be written to; what it held before is unchanged.
    """
    uploads = model_files(run, arguments) if uploads is None else uploads
    repo_id = arguments.repo_id or ""
    with patience(arguments.timeout):
        destination = check_destination(repo_id, public=arguments.public, create_pr=arguments.create_pr)
        target = make_ready(destination, arguments, uploads)
        if arguments.tag:
            _check_tag(target, arguments.tag, uploads)
        committed = commit_files(target, uploads, title(run, uploads), is_listed)
        if arguments.tag:
            _tag(target, arguments.tag, committed.commit)
    address = committed.pull_request or f"{constants.ENDPOINT}/{repo_id}"
    return Pushed(repo_id, address, committed)


def title(run: RunFolder, uploads: Sequence[Upload]) -> str:
    """Return the commit's title: the run's name and a fingerprint, equal for equal content."""
    content = "".join(f"{upload.path}\0{upload.sha256}\n" for upload in uploads)
    return f"Publish {run.path.resolve().name} ({hashlib.sha256(content.encode()).hexdigest()[:8]})"


def make_ready(destination: Destination, arguments: PushArguments, uploads: Sequence[Upload]) -> Target:
    """Make the repo and the branch that are not there yet, once the Hub has accepted the card."""
    api, repo_id, kind = HfApi(), destination.repo_id, destination.kind
    head = destination.head
    _check_card(uploads, repo_id, kind)
    if not destination.exists:
        persist(
            lambda: api.create_repo(
                repo_id,
                repo_type=kind,
                private=not arguments.public,
                exist_ok=True,
                space_sdk="gradio" if kind == "space" else None,
            ),
            "making the repo",
            repo_id,
        )
        head = persist(lambda: api.repo_info(repo_id, repo_type=kind).sha or "", "looking at the new repo", repo_id)
    if not arguments.revision or arguments.revision == "main" or kind != "model":
        return Target(repo_id, kind, head, create_pr=arguments.create_pr and kind == "model")
    branch = arguments.revision
    refs = persist(lambda: api.list_repo_refs(repo_id), "listing the branches", repo_id)
    there = {ref.name: ref.target_commit for ref in refs.branches}
    if branch not in there:
        persist(lambda: api.create_branch(repo_id, branch=branch, exist_ok=True), "making the branch", repo_id)
    return Target(repo_id, kind, there.get(branch, head), branch)


def _check_card(uploads: Sequence[Upload], repo_id: str, kind: str) -> None:
    """Let the Hub look at the card's metadata before there is an empty repo without a card."""
    (card,) = (RepoCard(upload.data().decode()) for upload in uploads if upload.path == "README.md")
    with refusal_explained():
        persist(lambda: card.validate(repo_type=kind), "checking the card", repo_id)


def _check_tag(target: Target, tag: str, uploads: Sequence[Upload]) -> None:
    """Refuse a tag that stands at another commit, before anything is uploaded."""
    api = HfApi()
    refs = persist(lambda: api.list_repo_refs(target.repo_id), "listing the tags", target.repo_id)
    at = {ref.name: ref.target_commit for ref in refs.tags}.get(tag)
    if at is None:
        return
    with explained("comparing the files", target.repo_id):
        if at != target.head or differing(api, target, uploads):
            raise UserError(
                f"The tag {tag} is there already, at another commit ({at[:8]}). Choose another --tag, or delete it."
            )


def _tag(target: Target, tag: str, commit: str) -> None:
    api = HfApi()
    persist(
        lambda: api.create_tag(target.repo_id, tag=tag, revision=commit, exist_ok=True),
        "tagging the commit (which is there)",
        target.repo_id,
    )
