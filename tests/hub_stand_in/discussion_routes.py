"""Routes of discussions and pull requests: open, list, look at, comment, close, merge."""

from __future__ import annotations

from .repository import Discussion, Repository
from .routing import Route, Visit
from .wire import Json, Refusal, Reply, json_reply, now


def open_discussion(
    repository: Repository, title: str, author: str, *, base: str | None = None, status: str = "open"
) -> Discussion:
    """Open a discussion, or with the commit `base` a pull request that has no changes yet."""
    num = len(repository.discussions) + 1
    discussion = Discussion(num, title, author, now(), status, base)
    repository.discussions[num] = discussion
    if base is not None:
        repository.pulls[num] = base
    return discussion


def create(visit: Visit) -> Reply:
    """Open a discussion or a draft pull request; whoever sees the repository may, with a token that writes."""
    repository, wanted = visit.repository(), visit.call.json()
    token = visit.store.require_write(repository, visit.token, proposal=True)
    base = repository.head if wanted.get("pullRequest") else None
    discussion = open_discussion(
        repository, wanted["title"], token.user, base=base, status="draft" if base else "open"
    )
    _add_comment(discussion, token.user, wanted.get("description", ""))
    return json_reply(
        {"num": discussion.num, "url": f"{visit.store.endpoint}/{repository.path}/discussions/{discussion.num}"}
    )


def overview(visit: Visit) -> Reply:
    """List all discussions, on one page."""
    repository = visit.repository()
    rows = [_row(repository, discussion) for discussion in repository.discussions.values()]
    return json_reply({"discussions": rows, "count": len(rows), "start": 0, "numClosedDiscussions": 0})


def details(visit: Visit) -> Reply:
    """Show one discussion with its events."""
    repository = visit.repository()
    discussion = _find(visit, repository)
    data = {**_row(repository, discussion), "events": discussion.events}
    if discussion.base is not None:
        data |= {"changes": {"base": "refs/heads/main", "mergeCommitId": discussion.merge_commit}, "diff": ""}
        data["filesWithConflicts"] = _conflicts(repository, discussion) if discussion.status != "merged" else []
    return json_reply(data)


def comment(visit: Visit) -> Reply:
    """Add a comment."""
    repository = visit.repository()
    token = visit.store.require_write(repository, visit.token, proposal=True)
    return json_reply({"newMessage": _add_comment(_find(visit, repository), token.user, visit.call.json()["comment"])})


def status(visit: Visit) -> Reply:
    """Close or open again; who opened it may, and who may write to the repository."""
    repository = visit.repository()
    token = visit.store.require_write(repository, visit.token, proposal=True)
    discussion = _find(visit, repository)
    if discussion.author != token.user:
        visit.own_repository()
    discussion.status = visit.call.json()["status"]
    return json_reply(
        {"newStatus": _add_event(discussion, token.user, "status-change", {"status": discussion.status})}
    )


def rename(visit: Visit) -> Reply:
    """Change the title."""
    repository = visit.own_repository()
    discussion, token = _find(visit, repository), visit.store.accounts.require_token(visit.token)
    change = {"from": discussion.title, "to": visit.call.json()["title"]}
    discussion.title = change["to"]
    return json_reply({"newTitle": _add_event(discussion, token.user, "title-change", change)})


def merge(visit: Visit) -> Reply:
    """Bring the changes of a pull request to main in one commit."""
    repository = visit.own_repository()
    discussion, token = _find(visit, repository), visit.store.accounts.require_token(visit.token)
    if discussion.base is None or discussion.status == "merged":
        raise Refusal(400, f"Discussion {discussion.num} cannot be merged")
    conflicts = _conflicts(repository, discussion)
    if conflicts:
        raise Refusal(409, f"Conflicts in {', '.join(conflicts)}")
    files = dict(repository.at("main").files)
    proposed = repository.objects[repository.pulls[discussion.num]].files
    for path in _changed(repository, discussion.base, repository.pulls[discussion.num]):
        if path in proposed:
            files[path] = proposed[path]
        else:
            files.pop(path, None)
    made = repository.add_commit(files, f"{discussion.title} (#{discussion.num})", token.user, parent=repository.head)
    repository.move("main", made)
    discussion.status, discussion.merge_commit = "merged", made.id
    return json_reply(_add_event(discussion, token.user, "status-change", {"status": "merged"}))


def _find(visit: Visit, repository: Repository) -> Discussion:
    number = visit.parts["number"]
    if not number.isdecimal() or int(number) not in repository.discussions:
        raise Refusal(404, f"Discussion {number} not found")
    return repository.discussions[int(number)]


def _changed(repository: Repository, old: str, new: str) -> set[str]:
    before, after = repository.objects[old].files, repository.objects[new].files
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def _conflicts(repository: Repository, discussion: Discussion) -> list[str]:
    assert discussion.base is not None
    proposed = _changed(repository, discussion.base, repository.pulls[discussion.num])
    return sorted(proposed & _changed(repository, discussion.base, repository.head))


def _row(repository: Repository, discussion: Discussion) -> dict[str, Json]:
    return {
        "num": discussion.num,
        "title": discussion.title,
        "status": discussion.status,
        "author": {"name": discussion.author},
        "createdAt": discussion.created_at,
        "isPullRequest": discussion.base is not None,
        "repo": {"name": repository.id, "type": repository.kind},
    }


def _add_event(discussion: Discussion, author: str, kind: str, data: Json) -> Json:
    number = f"{discussion.num}-{len(discussion.events) + 1}"
    event = {"id": number, "type": kind, "createdAt": now(), "author": {"name": author}, "data": data}
    discussion.events.append(event)
    return event


def _add_comment(discussion: Discussion, author: str, text: str) -> Json:
    latest = {"raw": text, "html": "", "updatedAt": now(), "author": {"name": author}}
    return _add_event(
        discussion, author, "comment", {"edited": False, "hidden": False, "latest": latest, "history": [latest]}
    )


ROUTES: list[Route] = [
    ("POST", "/api/{kinds}/{id}/discussions", create),
    ("GET", "/api/{kinds}/{id}/discussions", overview),
    ("GET", "/api/{kinds}/{id}/discussions/{number}", details),
    ("POST", "/api/{kinds}/{id}/discussions/{number}/comment", comment),
    ("POST", "/api/{kinds}/{id}/discussions/{number}/status", status),
    ("POST", "/api/{kinds}/{id}/discussions/{number}/title", rename),
    ("POST", "/api/{kinds}/{id}/discussions/{number}/merge", merge),
]
