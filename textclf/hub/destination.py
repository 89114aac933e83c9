"""Where a push may go: everything that would refuse it later, found out before training or uploading."""

from __future__ import annotations

from typing import Any, NamedTuple

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError
from huggingface_hub.utils._validators import validate_repo_id

from ..errors import UserError, did_you_mean
from .network import persist

# Files of a repo that count as empty: what the Hub makes itself, and what people write before they push.
_BLANK = {".gitattributes", "README.md", "LICENSE", ".gitignore"}
# By which file a repo is known to be one that we filled, and may fill anew.
_OURS = {"model": "evaluation.json", "dataset": "audit.json", "space": "words.json"}


class Destination(NamedTuple):
    """A repo that the token may write to, or make."""

    repo_id: str
    kind: str
    exists: bool
    private: bool | None  # None when it does not exist
    head: str  # newest commit of main, "" when it does not exist
    files: frozenset[str]


def check_destination(
    repo_id: str, *, kind: str = "model", public: bool = False, create_pr: bool = False
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
        return Destination(repo_id, kind, False, None, "", frozenset())
    if not create_pr:
        _check_permission(api, account, repo_id, kind)
    files = frozenset(row.rfilename for row in info.siblings or ())
    if not create_pr:
        _check_not_taken(repo_id, kind, files)
    if not info.private and not public:
        raise UserError(
            f"{repo_id} is a public repo. Add --public if everybody may see this push, or choose another name."
        )
    return Destination(repo_id, kind, True, info.private, info.sha, files)


def _check_name(repo_id: str, kind: str) -> None:
    try:
        validate_repo_id(repo_id)
        if repo_id.count("/") != 1:
            raise HFValidationError("the namespace is missing")
    except HFValidationError as error:
        raise UserError(
            f"A {kind} repo is named NAMESPACE/NAME in letters, digits, '-', '_' and '.'; found {repo_id!r}."
        ) from error


def _information(api: HfApi, repo_id: str, kind: str) -> Any:  # Any: ModelInfo, DatasetInfo or SpaceInfo
    """Return what the Hub tells about a repo, None if the token sees none."""

    def ask() -> Any:
        try:
            return api.repo_info(repo_id, repo_type=kind)
        except RepositoryNotFoundError:
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


def _check_not_taken(repo_id: str, kind: str, files: frozenset[str]) -> None:
    """Refuse a repo with somebody's work in it that is none of ours."""
    others = sorted(files - _BLANK)
    if others and _OURS[kind] not in files:
        way_out = ", or offer the run by --create-pr" if kind == "model" else ""
        raise UserError(
            f"The name {repo_id} is taken: the {kind} repo holds {', '.join(others[:3])}, which are not ours. "
            f"Choose another name{way_out}."
        )
