"""Pushing a run: uploaded beside main, checked there, and only then made main and tagged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from huggingface_hub import HfApi, ModelCardData, RepoCard, SpaceHardware

from ..errors import UserError
from ..inference.onnx_folder import check_folder
from ..run_folder import RunFolder
from .card import render_card
from .commits import Committed, Target, address_of, changes, refusal_explained
from .contract import Agreement, check_contract
from .destination import Destination, check_destination, check_not_overwritten
from .inspection import collect
from .manifest import with_manifest
from .network import explained, patience, persist
from .push_arguments import PushArguments
from .staging import confirm, hold, land, remove_branch, withdraw
from .uploads import Upload

Check = Callable[[RunFolder, str, str, Sequence[Upload]], Agreement]


class Pushed(NamedTuple):
    """What a push did."""

    repo_id: str
    address: str
    committed: Committed
    agreement: Agreement


def model_files(run: RunFolder, arguments: PushArguments) -> list[Upload]:
    """Return what goes up of a run, card and recipe written for the repo; contacts nobody.

    Raises:
        UserError: something that should stay at home was found, or exported files of another training.
    """
    check_folder(run.path)
    found = collect(run, {"README.md": str(render_card(run, arguments))}, arguments.allow)
    return with_manifest(run, "model", found)


def push(
    run: RunFolder, arguments: PushArguments, uploads: Sequence[Upload] | None = None, check: Check = check_contract
) -> Pushed:
    """Publish a run in its model repo: upload it beside the branch, check it there, then make it the branch.

    `uploads` are what `model_files` returned, where it was asked before.

    Raises:
        UserError: the repo could not be written to, or what arrived fails the check; the branch that was to be
            written, and all tags, are as they were.
    """
    uploads = model_files(run, arguments) if uploads is None else uploads
    fingerprint = _fingerprint(uploads)
    title = f"Publish {run.path.resolve().name} ({fingerprint})"  # equal for equal content
    with patience(arguments.timeout):
        target = make_ready(_destination(arguments), arguments, uploads)
        if arguments.tag:
            _check_tag(target, arguments.tag, uploads)
        held = hold(target, uploads, title, fingerprint)
    try:
        agreement = check(run, target.repo_id, held.committed.commit, uploads)
        with patience(arguments.timeout):
            committed = land(target, held, uploads, title)
    except BaseException as error:  # Ctrl-C too: nothing unchecked may stay in sight
        with patience(arguments.timeout):
            left = withdraw(target, held)
        if isinstance(error, UserError):
            raise UserError(f"{error} {left}") from error
        raise
    with patience(arguments.timeout):
        remove_branch(target, held)
        if committed.changed and not target.create_pr:
            confirm(target, uploads)
        if arguments.tag:
            _tag(target, arguments.tag, committed.commit)
    return Pushed(target.repo_id, address_of(target, committed.pull_request), committed, agreement)


def _destination(arguments: PushArguments) -> Destination:
    return check_destination(
        arguments.repo_id or "",
        public=arguments.public,
        create_pr=arguments.create_pr,
        revision=arguments.revision or "main",
    )


def _fingerprint(uploads: Sequence[Upload]) -> str:
    content = "".join(f"{upload.path}\0{upload.sha256}\n" for upload in uploads)
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def make_ready(destination: Destination, arguments: PushArguments, uploads: Sequence[Upload]) -> Target:
    """Make the repo that is not there yet, once the Hub has accepted the card, and say where the commit goes.

    Raises:
        UserError: the card is refused, or files of somebody else would be overwritten.
    """
    api, repo_id, kind = HfApi(), destination.repo_id, destination.kind
    card = _checked_card(uploads, repo_id, kind)
    proposal = arguments.create_pr and kind == "model"
    if not proposal:
        check_not_overwritten(destination, (upload.path for upload in uploads))
    head = destination.head
    if not destination.exists:
        persist(
            lambda: api.create_repo(
                repo_id,
                repo_type=kind,
                private=not arguments.public,
                exist_ok=True,
                space_sdk=card.data.get("sdk") if kind == "space" else None,
                space_hardware=_hardware(arguments) if kind == "space" else None,  # the Hub decides by it, too
            ),
            "making the repo",
            repo_id,
        )
        head = persist(lambda: api.repo_info(repo_id, repo_type=kind).sha or "", "looking at the new repo", repo_id)
    return Target(
        repo_id,
        kind,
        head,
        arguments.revision or "main" if kind == "model" else "main",
        create_pr=proposal,
        ours=destination.ours,
        has_branch=destination.has_branch,
        private=not arguments.public,
    )


def _hardware(arguments: PushArguments) -> SpaceHardware | None:
    return SpaceHardware(arguments.space_hardware) if arguments.space_hardware else None


def check_terms(arguments: PushArguments) -> None:
    """Let the Hub look at licence and language alone, before there is a run or a repo.

    Raises:
        UserError: it does not know one of them.
    """
    data = ModelCardData(license=arguments.license, language=arguments.languages or None)
    if arguments.license or arguments.languages:
        with refusal_explained():
            card = RepoCard(f"---\n{data.to_yaml()}\n---\n")
            persist(lambda: card.validate(repo_type="model"), "checking the licence", arguments.repo_id or "")


def _checked_card(uploads: Sequence[Upload], repo_id: str, kind: str) -> RepoCard:
    """Let the Hub look at the card's metadata before there is an empty repo without a card."""
    (card,) = (RepoCard(upload.data().decode()) for upload in uploads if upload.path == "README.md")
    with refusal_explained():
        persist(lambda: card.validate(repo_type=kind), "checking the card", repo_id)
    return card


def _check_tag(target: Target, tag: str, uploads: Sequence[Upload]) -> None:
    """Refuse a tag that stands at another commit, before anything is uploaded."""
    api = HfApi()
    refs = persist(lambda: api.list_repo_refs(target.repo_id), "listing the tags", target.repo_id)
    at = {ref.name: ref.target_commit for ref in refs.tags}.get(tag)
    if at is None:
        return
    with explained("comparing the files", target.repo_id):
        if at != target.head or any(changes(api, target, uploads)):
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
