"""Routes that describe what is in a repository: its information, its tree, single paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlencode

from .cards import derived_metadata
from .repository import Blob, Commit, Repository
from .routing import Route, Visit
from .space_routes import runtime
from .wire import Json, Refusal, Reply, json_reply


def information(visit: Visit) -> Reply:
    """Describe a repository at a revision; `expand` cuts the answer down to the fields named."""
    repository = visit.repository()
    commit = repository.at(visit.parts.get("revision", "main"))
    newest = repository.objects[repository.head]
    data: dict[str, Json] = {
        "_id": f"id-{repository.id}",
        "id": repository.id,
        "author": repository.id.split("/")[0],
        "sha": commit.id,
        "lastModified": newest.date,
        "createdAt": repository.created_at,
        "private": repository.private,
        "gated": repository.gated,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "siblings": [_sibling(path, blob, visit.call.flag("blobs")) for path, blob in sorted(commit.files.items())],
        **derived_metadata(commit.files, repository.kind),
    }
    if repository.kind == "model":
        data |= {"modelId": repository.id, "spaces": []}
    if repository.space is not None:
        name = repository.id.replace("/", "-").lower()
        data |= {"sdk": repository.space.sdk, "runtime": runtime(repository.space), "subdomain": name}
        data["host"] = f"https://{name}.hf.space"
    if visit.call.flag("securityStatus"):
        data["securityRepoStatus"] = {"scansDone": True, "filesWithIssues": []}
    wanted = visit.call.query.get("expand")
    if wanted:
        data["xetEnabled"] = False
        data = {key: value for key, value in data.items() if key in ("_id", "id", *wanted)}
    return json_reply(data)


def _sibling(path: str, blob: Blob, details: bool) -> Json:
    row: dict[str, Json] = {"rfilename": path}
    if details:
        row |= {"size": blob.size, "blobId": blob.git_oid}
        if blob.lfs:
            row["lfs"] = {"sha256": blob.sha256, "size": blob.size, "pointerSize": len(blob.stored)}
    return row


def tree(visit: Visit) -> Reply:
    """List a folder, page by page; a missing folder is a 404 even when the revision exists."""
    repository = visit.repository()
    commit = repository.at(visit.parts["revision"])
    folder = visit.parts.get("path", "").strip("/")
    below = [path for path in commit.files if path.startswith(folder + "/" if folder else "")]
    if folder and not below:
        raise Refusal(404, f"{folder} does not exist on {visit.parts['revision']}", code="EntryNotFound")
    names = set(below) | {name for path in below for name in _parents(path, folder)}
    if not visit.call.flag("recursive"):
        depth = folder.count("/") + 1 if folder else 0
        names = {name for name in names if name.count("/") == depth}
    rows = [_row(repository, commit, name, visit.call.flag("expand")) for name in sorted(names)]
    return page_of(rows, visit)


def _parents(path: str, folder: str) -> list[str]:
    parts = path.split("/")
    start = folder.count("/") + 1 if folder else 0
    return ["/".join(parts[:end]) for end in range(start + 1, len(parts))]


def _row(repository: Repository, commit: Commit, path: str, expand: bool) -> Json:
    blob = commit.files.get(path)
    row: dict[str, Json] = {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
    if blob is not None:
        row |= {"type": "file", "oid": blob.git_oid, "size": blob.size}
        if blob.lfs:
            row["lfs"] = {"oid": blob.sha256, "size": blob.size, "pointerSize": len(blob.stored)}
    if expand:
        last = _last_change(repository, commit, path)
        row["lastCommit"] = {"id": last.id, "title": last.title, "date": last.date}
        if blob is not None:
            row["securityFileStatus"] = {"status": "safe", "avScan": None, "pickleImportScan": None}
    return row


def _last_change(repository: Repository, commit: Commit, path: str) -> Commit:
    def content(files: Mapping[str, Blob]) -> dict[str, str]:
        return {name: blob.git_oid for name, blob in files.items() if name == path or name.startswith(path + "/")}

    for older in repository.history(commit.id):
        parent = repository.objects[older.parent].files if older.parent is not None else {}
        if content(older.files) != content(parent):
            return older
    return commit


def page_of(rows: Sequence[Json], visit: Visit) -> Reply:
    """Answer with one page of a listing and a `Link` to the next one."""
    query = visit.call.query
    limit = min(int(query.get("limit", [visit.store.page_size])[0]), visit.store.page_size)
    start = int(query.get("cursor", ["0"])[0])
    headers = {}
    if start + limit < len(rows):
        following = {**query, "cursor": [str(start + limit)]}
        address = f"{visit.store.endpoint}{visit.call.path}?{urlencode(following, doseq=True)}"
        headers["Link"] = f'<{address}>; rel="next"'
    return json_reply(rows[start : start + limit], headers=headers)


def paths_info(visit: Visit) -> Reply:
    """Describe the paths of a form or JSON body, leaving out the missing ones."""
    repository = visit.repository()
    commit = repository.at(visit.parts["revision"])
    if "json" in visit.call.headers.get("content-type", ""):
        form = visit.call.json()
        paths, expand = form["paths"], bool(form.get("expand"))
    else:
        fields = parse_qs(visit.call.body.decode(), keep_blank_values=True)
        paths, expand = fields.get("paths", []), fields.get("expand", ["false"])[0].lower() in ("true", "1")
    folders = {name for path in commit.files for name in _parents(path, "")}
    known = [path.strip("/") for path in paths if path.strip("/") in commit.files or path.strip("/") in folders]
    return json_reply([_row(repository, commit, path, expand) for path in known])


ROUTES: list[Route] = [
    ("GET", "/api/{kinds}/{id}", information),
    ("GET", "/api/{kinds}/{id}/revision/{revision}", information),
    ("GET", "/api/{kinds}/{id}/tree/{revision}", tree),
    ("GET", "/api/{kinds}/{id}/tree/{revision}/{path*}", tree),
    ("POST", "/api/{kinds}/{id}/paths-info/{revision}", paths_info),
]
