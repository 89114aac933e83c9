"""A repository of the stand-in Hub: commits, branches, tags, pull requests, and the state of a Space."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from .wire import PREFIXES, Json, Kind, Refusal, now


@dataclass(frozen=True)
class Blob:
    """A file version, kept either in git or, when `lfs`, as a git pointer to an LFS object."""

    content: bytes
    lfs: bool = False

    @cached_property
    def sha256(self) -> str:
        """The LFS object id."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def stored(self) -> bytes:
        """The bytes that git itself holds: the content, or the LFS pointer."""
        if not self.lfs:
            return self.content
        lines = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{self.sha256}", f"size {self.size}", "")
        return "\n".join(lines).encode()

    @cached_property
    def git_oid(self) -> str:
        """The git blob id (sha1) of what git holds."""
        return hashlib.sha1(b"blob %d\0" % len(self.stored) + self.stored, usedforsecurity=False).hexdigest()

    @property
    def etag(self) -> str:
        """The id that the clients cache under: sha256 for LFS, git blob id otherwise."""
        return self.sha256 if self.lfs else self.git_oid

    @property
    def size(self) -> int:
        """The size of the content in bytes."""
        return len(self.content)


@dataclass(frozen=True)
class Commit:
    """A complete snapshot `files` (path -> blob) with its ancestry."""

    parent: str | None
    title: str
    message: str
    author: str
    date: str
    files: Mapping[str, Blob]

    @cached_property
    def id(self) -> str:
        """The commit id: a sha1 over everything the commit says."""
        tree = {path: blob.git_oid for path, blob in sorted(self.files.items())}
        text = json.dumps([self.parent, self.title, self.message, self.author, self.date, tree])
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Discussion:
    """A discussion, or with `base` (the commit it was opened on) a pull request with the ref `refs/pr/<num>`."""

    num: int
    title: str
    author: str
    created_at: str
    status: str
    base: str | None = None
    events: list[Json] = field(default_factory=list)
    merge_commit: str | None = None


@dataclass
class Space:
    """The settings of a Space; `secrets` can be looked at here, but never over the wire."""

    sdk: str
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    stage: str = "NO_APP_FILE"
    hardware: str = "cpu-basic"
    sleep_seconds: int | None = 172800
    restarts: int = 0


@dataclass
class Repository:
    """A repository with its refs; what a test asserts on after a client said that it was done."""

    kind: Kind
    id: str
    private: bool = False
    gated: Json = False
    space: Space | None = None
    created_at: str = field(default_factory=now)
    objects: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, str] = field(default_factory=dict)
    discussions: dict[int, Discussion] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of its page: `datasets/alice/x`, for a model plain `alice/x`."""
        return PREFIXES[self.kind] + self.id

    @property
    def head(self) -> str:
        """The id of the newest commit of main."""
        return self.branches["main"]

    @property
    def commits(self) -> list[Commit]:
        """The commits of main, newest first; the last one was made by the Hub itself."""
        return list(self.history("main"))

    @property
    def variables(self) -> dict[str, str]:
        """The variables of a Space."""
        assert self.space is not None, f"{self.id} is no Space"
        return self.space.variables

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets of a Space."""
        assert self.space is not None, f"{self.id} is no Space"
        return self.space.secrets

    def files(self, revision: str = "main") -> dict[str, bytes]:
        """Return the content of all files at a revision."""
        return {path: blob.content for path, blob in self.at(revision).files.items()}

    def history(self, revision: str) -> Iterator[Commit]:
        """Walk from a revision to the first commit."""
        oid: str | None = self.at(revision).id
        while oid is not None:
            commit = self.objects[oid]
            yield commit
            oid = commit.parent

    def at(self, revision: str) -> Commit:
        """Find a commit by branch, tag, `refs/…` or commit id.

        Raises:
            Refusal: 404 RevisionNotFound.
        """
        name = unquote(revision)
        refs = {**self.tags, **self.branches}
        refs |= {f"refs/heads/{branch}": oid for branch, oid in self.branches.items()}
        refs |= {f"refs/tags/{tag}": oid for tag, oid in self.tags.items()}
        refs |= {f"refs/pr/{num}": oid for num, oid in self.pulls.items()}
        commit = self.objects.get(refs.get(name, name))
        if commit is None:
            raise Refusal(404, f"Invalid rev id: {name}", code="RevisionNotFound")
        return commit

    def add_commit(self, files: Mapping[str, Blob], title: str, author: str, *, parent: str | None) -> Commit:
        """Store a commit without moving any ref to it; the first line of `title` is the summary."""
        summary, _, message = title.partition("\n")
        commit = Commit(parent, summary, message.strip(), author, now(), dict(files))
        self.objects[commit.id] = commit
        return commit

    def move(self, revision: str, commit: Commit) -> None:
        """Point a branch or a `refs/pr/<num>` at a commit.

        Raises:
            Refusal: 404 when the revision is no branch and no pull request (a tag, a commit id, nothing at all).
        """
        name = unquote(revision).removeprefix("refs/heads/")
        number = name.removeprefix("refs/pr/")
        if name in self.branches:
            self.branches[name] = commit.id
        elif number.isdecimal() and int(number) in self.pulls:
            self.pulls[int(number)] = commit.id
        else:
            raise Refusal(404, f"Invalid rev id: {name}", code="RevisionNotFound")
