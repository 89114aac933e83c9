"""Routes for the refs of a repository: branches, tags, and the history behind them."""

from __future__ import annotations

from urllib.parse import quote

from .content_routes import page_of
from .routing import Route, Visit
from .wire import Json, Refusal, Reply, json_reply


def refs(visit: Visit) -> Reply:
    """List branches and tags, and with `include_prs` the pull requests."""
    repository = visit.repository()
    answer: dict[str, Json] = {
        "branches": [_ref(name, f"refs/heads/{name}", oid) for name, oid in repository.branches.items()],
        "converts": [],
        "tags": [_ref(name, f"refs/tags/{name}", oid) for name, oid in repository.tags.items()],
    }
    if visit.call.flag("include_prs"):
        answer["pullRequests"] = [_ref(f"pr/{num}", f"refs/pr/{num}", oid) for num, oid in repository.pulls.items()]
    return json_reply(answer)


def _ref(name: str, ref: str, oid: str) -> Json:
    return {"name": name, "ref": ref, "targetCommit": oid}


def commits(visit: Visit) -> Reply:
    """List the history of a revision, newest first."""
    history = visit.repository().history(visit.parts["revision"])
    rows = [
        {"id": commit.id, "title": commit.title, "message": commit.message, "date": commit.date,
         "authors": [{"user": commit.author, "avatar": ""}]}
        for commit in history
    ]  # fmt: skip
    return page_of(rows, visit)


def create_branch(visit: Visit) -> Reply:
    """Start a branch at a revision, by default at main."""
    repository, name = visit.own_repository(), visit.parts["branch"]
    if name in repository.branches:
        raise Refusal(409, f"Reference already exists: refs/heads/{quote(name)}")
    repository.branches[name] = repository.at(visit.call.json().get("startingPoint") or "main").id
    return json_reply({})


def delete_branch(visit: Visit) -> Reply:
    """Delete a branch other than main."""
    repository, name = visit.own_repository(), visit.parts["branch"]
    if name == "main":
        raise Refusal(403, "Cannot delete refs/heads/main")
    if repository.branches.pop(name, None) is None:
        raise Refusal(404, f"Invalid rev id: {name}", code="RevisionNotFound")
    return json_reply({})


def create_tag(visit: Visit) -> Reply:
    """Tag a revision."""
    repository, name = visit.own_repository(), visit.call.json()["tag"]
    if name in repository.tags:
        raise Refusal(409, f"Tag reference already exists: {name}")
    repository.tags[name] = repository.at(visit.parts["revision"]).id
    return json_reply({})


def delete_tag(visit: Visit) -> Reply:
    """Delete a tag."""
    repository, name = visit.own_repository(), visit.parts["tag"]
    if repository.tags.pop(name, None) is None:
        raise Refusal(404, f"Invalid rev id: {name}", code="RevisionNotFound")
    return json_reply({})


ROUTES: list[Route] = [
    ("GET", "/api/{kinds}/{id}/refs", refs),
    ("GET", "/api/{kinds}/{id}/commits/{revision}", commits),
    ("POST", "/api/{kinds}/{id}/branch/{branch}", create_branch),
    ("DELETE", "/api/{kinds}/{id}/branch/{branch}", delete_branch),
    ("POST", "/api/{kinds}/{id}/tag/{revision}", create_tag),
    ("DELETE", "/api/{kinds}/{id}/tag/{tag}", delete_tag),
]
