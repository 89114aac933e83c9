"""Where a push may go: everything that would refuse it later, found out before training or uploading."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils._validators import validate_repo_id

from ..errors import UserError, did_you_mean
from .manifest import NAME, read_manifest
from .network import persist

# Files of a repo that count as empty: what the Hub makes itself, and what people write before they push.
_BLANK = frozenset({".gitattributes", "README.md", "LICENSE", ".gitignore"})


class Destination(NamedTuple):
    """A repo that the token may write to, or make."""

    repo_id: str
    kind: str
    exists: bool
    private: bool | None  # None when it does not exist
    head: str  # newest commit of the branch, of main where there is no such branch, "" when there is no repo
    ours: frozenset[str]  # files that an earlier push put there
    others: frozenset[str]  # files of somebody else, but for those that count as none
    has_branch: bool


def check_destination(
    repo_id: str, *, kind: str = "model", public: bool = False, create_pr: bool = False, revision: str = "main"
) -> Destination:
    """Make sure that the token may write to a repo, or make it; nothing is changed.

    `create_repo(exist_ok=True)` would not tell: it succeeds for whoever can see the repo.

    Raises:
        UserError: no token, a wrong, expired or read-only one; a namespace of somebody else; a repo that holds
            other things, or that is public although `public` was not asked for; the Hub is away.
    """
    _check_name(repo_id, kind)
    if not get_token():
        raise UserError("There is no Hub token. Set HF_TOKEN, or run `hf auth login`, with a token that may write.")
    api = HfApi()
    account = persist(api.whoami, "asking who the token belongs to", repo_id)
    if account["auth"]["accessToken"]["role"] == "read":
        raise UserError(
            f"The token of {account['name']} can only read. Make one with write permission at "
            "https://huggingface.co/settings/tokens, then set HF_TOKEN or run `hf auth login`."
        )
    info = _information(api, repo_id, kind)
    if info is None:
        _check_namespace(account, repo_id)
        return Destination(repo_id, kind, False, None, "", frozenset(), frozenset(), revision == "main")
    branch = info if revision == "main" else _information(api, repo_id, kind, revision)
    at = branch or info
    files = frozenset(row.rfilename for row in at.siblings or ())
    ours = _our_files(repo_id, kind, at.sha, files)
    if not create_pr:
        _check_permission(api, account, repo_id, kind)
        _check_not_taken(repo_id, kind, files, ours)
    if not info.private and not public:
        raise UserError(
            f"{repo_id} is a public repo. Add --public if everybody may see this push, or choose another name."
        )
    others = files - _BLANK - (ours or frozenset())
    return Destination(repo_id, kind, True, info.private, at.sha, ours or frozenset(), others, branch is not None)


def stays_private(destination: Destination, public: bool) -> str | None:
    """Return what to say where `--public` meets a repo that is private: only its owner may show its history."""
    if not public or not destination.private:
        return None
    kind = "" if destination.kind == "model" else f" --repo-type {destination.kind}"
    return (
        f"{destination.repo_id} is private and stays so: --public is for new repos, as with an old one everything in "
        f"its history would be seen. If that may be: hf repos settings {destination.repo_id}{kind} --public"
    )


def _our_files(repo_id: str, kind: str, revision: str, files: frozenset[str]) -> frozenset[str] | None:
    """Return what an earlier push put into a repo; None where none of ours ever did."""
    if NAME not in files:
        return None
    return persist(lambda: read_manifest(repo_id, kind, revision), "looking at what an earlier push left", repo_id)


def _check_name(repo_id: str, kind: str) -> None:
    try:
        validate_repo_id(repo_id)
        if repo_id.count("/") != 1:
            raise HFValidationError("the namespace is missing")
    except HFValidationError as error:
        raise UserError(
            f"A {kind} repo is named NAMESPACE/NAME in letters, digits, '-', '_' and '.'; found {repo_id!r}."
        ) from error


def _information(
    api: HfApi, repo_id: str, kind: str, revision: str | None = None
) -> Any:  # Any: ModelInfo, DatasetInfo or SpaceInfo
    """Return what the Hub tells about a repo, None if the token sees none, or it has no such branch."""

    def ask() -> Any:
        try:
            return api.repo_info(repo_id, repo_type=kind, revision=revision)
        except (RepositoryNotFoundError, RevisionNotFoundError):
            return None

    return persist(ask, "looking for the repo", repo_id)


def _check_namespace(account: dict[str, Any], repo_id: str) -> None:
    """Refuse a namespace in which the token cannot make a repo."""
    namespace = repo_id.split("/")[0]
    organisations = {row["name"]: row.get("roleInOrg") for row in account.get("orgs", [])}
    own = [account["name"], *(name for name, role in organisations.items() if role != "read")]
    if namespace not in own:
        raise UserError(
            f"The token of {account['name']} cannot make {repo_id}: expected a name that starts with "
            f"{' or '.join(f'{name}/' for name in own)}.{did_you_mean(namespace, own)}"
        )
    token = account["auth"]["accessToken"]
    if token["role"] == "fineGrained":
        scopes = token.get("fineGrained", {})
        granted = {
            scope["entity"]["name"] for scope in scopes.get("scoped", []) if "repo.write" in scope["permissions"]
        }
        if namespace not in granted and "repo.write" not in scopes.get("global", []):
            raise UserError(
                f"The fine-grained token of {account['name']} may not make repos in {namespace}. Give it write "
                f"permission for all repos of {namespace}, or make an empty repo {repo_id} that it may write to."
            )


def _check_permission(api: HfApi, account: dict[str, Any], repo_id: str, kind: str) -> None:
    """Refuse a repo that the token can see but not change."""

    def ask() -> bool:
        try:
            api.auth_check(repo_id, repo_type=kind, write=True)
        except HfHubHTTPError as error:
            if error.response.status_code in (401, 403, 404):
                return False
            raise
        return True

    if not persist(ask, "asking for permission to write", repo_id):
        raise UserError(
            f"{repo_id} belongs to somebody else, or the token of {account['name']} may not write to it. "
            f"Choose a name that starts with {account['name']}/, or offer the run by --create-pr."
        )


def _check_not_taken(repo_id: str, kind: str, files: frozenset[str], ours: frozenset[str] | None) -> None:
    """Refuse a repo with somebody's work in it that is none of ours: no name of a file says so, only the manifest."""
    others = sorted(files - _BLANK)
    if others and ours is None:
        raise UserError(
            f"The name {repo_id} is taken: the {kind} repo holds {', '.join(others[:3])}, which are not ours. "
            f"Choose another name{_way_out(kind)}."
        )


def check_not_overwritten(destination: Destination, paths: Iterable[str]) -> None:
    """Refuse to replace files in a repo of ours that somebody else put there.

    Raises:
        UserError: with their names.
    """
    taken = sorted(destination.others.intersection(paths))
    if taken:
        raise UserError(
            f"{destination.repo_id} holds {', '.join(taken[:3])}, which no earlier push put there, and this one would "
            f"overwrite. Take them out or rename them{_way_out(destination.kind)}."
        )


def _way_out(kind: str) -> str:
    return ", or offer the run by --create-pr" if kind == "model" else ""
