"""The whole state of the stand-in Hub: accounts, repositories and LFS objects, with the access rules."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from .accounts import Accounts, Permission, Token
from .repository import Blob, Repository, Space
from .wire import Call, Kind, Refusal

Uploads = Literal["lfs", "inline"]

# A part of the Hub's default .gitattributes: what a client may expect to be stored by LFS whatever its size.
LFS_PATTERNS = ("*.arrow", "*.bin", "*.ckpt", "*.h5", "*.model", "*.npz", "*.onnx", "*.parquet", "*.pkl", "*.pt",
                "*.safetensors", "*.tar", "*.zip", "*.gz", "*.msgpack", "*tfevents*")  # fmt: skip
INLINE_LIMIT = 10 * 1024 * 1024  # the Hub wants LFS above 10 MB: https://huggingface.co/docs/hub/storage-limits
_NAME = re.compile(r"[A-Za-z0-9_](?:[\w.-]{0,94}[\w])?")


@dataclass
class Store:
    """State and rules, without anything of HTTP except the refusals.

    Args:
        uploads: "lfs" sends large and binary files through LFS (for clients with `HF_HUB_DISABLE_XET=1`);
            "inline" has every file sent within the commit, which clients with hf_xet installed accept too.
        page_size: rows of one page of a listing.
    """

    uploads: Uploads = "lfs"
    page_size: int = 1000
    endpoint: str = ""
    cdn: str = ""
    accounts: Accounts = field(default_factory=Accounts)
    repositories: dict[tuple[Kind, str], Repository] = field(default_factory=dict)
    moved: dict[tuple[Kind, str], str] = field(default_factory=dict)
    lfs: dict[str, bytes] = field(default_factory=dict)

    def create(
        self, kind: Kind, repo_id: str, *, author: str, private: bool = False, sdk: str | None = None
    ) -> Repository:
        """Make a repository with the initial commit of the Hub.

        Raises:
            Refusal: 400 for a bad name or a Space without sdk, 409 if it exists.
        """
        if not all(_NAME.fullmatch(part) for part in repo_id.split("/")) or ".." in repo_id or "--" in repo_id:
            raise Refusal(400, f"Invalid repository name: {repo_id}")
        if (kind, repo_id) in self.repositories:
            raise Refusal(409, f"You already created this {kind} repo: {repo_id}")
        if kind == "space" and sdk not in ("gradio", "docker", "static", "streamlit"):
            raise Refusal(400, f"Invalid Space sdk: {sdk}")
        files = {
            ".gitattributes": Blob(
                "".join(f"{p} filter=lfs diff=lfs merge=lfs -text\n" for p in LFS_PATTERNS).encode()
            )
        }
        repository = Repository(kind, repo_id, private=private)
        if sdk is not None and kind == "space":
            repository.space = Space(sdk)
            files["README.md"] = Blob(f"---\ntitle: {repo_id.split('/')[-1]}\nsdk: {sdk}\n---\n".encode())
        commit = repository.add_commit(files, "initial commit", author, parent=None)
        repository.branches["main"] = commit.id
        self.repositories[kind, repo_id] = repository
        self.moved.pop((kind, repo_id), None)
        return repository

    def find(self, call: Call, kind: Kind, repo_id: str, token: Token | None) -> Repository:
        """Return a repository that the token may see.

        Raises:
            Refusal: 307 for the old name of a moved one; RepoNotFound, as 401 without token and as 404 with one, for
                a missing one and alike for a private one. The code is sent with the 401 too: the clients derive it
                from an https:// address only.
        """
        repository = self.repositories.get((kind, repo_id))
        if repository is None and (kind, repo_id) in self.moved:
            place = call.path.replace(repo_id, self.moved[kind, repo_id], 1)
            raise Refusal(
                307, "Moved", headers={"Location": place + ("?" + call.query_string if call.query_string else "")}
            )
        if repository is None or (repository.private and not self.accounts.may(token, "read", repo_id)):
            if token is None:
                raise Refusal(401, "Invalid username or password.", code="RepoNotFound")
            raise Refusal(404, "Repository not found", code="RepoNotFound")
        return repository

    def require_write(self, repository: Repository, token: Token | None, *, proposal: bool = False) -> Token:
        """Refuse whoever may not write; a `proposal` (pull request) to a visible repository needs a token only."""
        if token is None:
            raise Refusal(401, "Invalid username or password.", code="RepoNotFound")
        if not token.covers(repository.id, "write"):
            raise Refusal(403, "Forbidden: you must use a write token to upload to a repository.")
        if not proposal and not self.accounts.may(token, "write", repository.id):
            raise Refusal(403, f"Forbidden: pass `create_pr=1` as a query parameter to open a PR to {repository.id}")
        return token

    def require_content(self, repository: Repository, token: Token | None) -> None:
        """Refuse the files of a gated repository to everybody but its owners."""
        permission: Permission = "read"
        if repository.gated and not self.accounts.may(token, permission, repository.id):
            message = f"Access to {repository.kind} {repository.id} is restricted."
            raise Refusal(401 if token is None else 403, message, code="GatedRepo")

    def wants_lfs(self, path: str, size: int, sample: bytes) -> bool:
        """Decide how a file has to be uploaded."""
        if self.uploads == "inline" or size == 0:
            return False
        name = path.rsplit("/", 1)[-1]
        return size > INLINE_LIMIT or b"\0" in sample or any(fnmatchcase(name, pattern) for pattern in LFS_PATTERNS)

    def grant(self, method: str, oid: str) -> str:
        """Return the CDN address of an LFS object, signed for one method: no token is needed, or wanted, there."""
        signature = hashlib.sha256(f"{self.cdn} {method} {oid}".encode()).hexdigest()[:32]
        return f"{self.cdn}/lfs/{oid}?signature={signature}"

    def seed(self, repository: Repository, files: Mapping[str, bytes | str]) -> None:
        """Put files into main directly, as if they had been uploaded by the owner long ago."""
        blobs = dict(repository.at("main").files)
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            blobs[path] = Blob(data, self.wants_lfs(path, len(data), data[:512]))
            if blobs[path].lfs:
                self.lfs[blobs[path].sha256] = data
        author = repository.id.split("/")[0]
        repository.move("main", repository.add_commit(blobs, "Add files", author, parent=repository.head))
