"""Routes that change files: preupload (how to send them) and commit (what to do with them)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from .cards import check_card
from .discussion_routes import open_discussion
from .repository import Blob, Repository
from .routing import Route, Visit
from .wire import Json, Refusal, Reply, json_reply


def preupload(visit: Visit) -> Reply:
    """Say for each file whether it goes inline or by LFS, and the id of what is already there."""
    repository = visit.repository()
    visit.store.require_write(repository, visit.token, proposal=_is_proposal(visit))
    commit = repository.at(visit.parts["revision"])
    rows = []
    for file in visit.call.json().get("files", []):
        lfs = visit.store.wants_lfs(file["path"], file["size"], base64.b64decode(file["sample"]))
        row = {"path": file["path"], "uploadMode": "lfs" if lfs else "regular", "shouldIgnore": False}
        present = commit.files.get(file["path"])
        if present is not None and present.lfs == lfs:
            row["oid"] = present.etag
        rows.append(row)
    return json_reply({"files": rows, "commitOid": commit.id})


def commit(visit: Visit) -> Reply:
    """Apply all operations of an ndjson body or none; with `create_pr` in a new pull request."""
    repository, revision = visit.repository(), visit.parts["revision"]
    token = visit.store.require_write(repository, visit.token, proposal=_is_proposal(visit))
    parent = repository.at(revision)
    header, operations = _operations(visit.call.body)
    if header.get("parentCommit") not in (None, parent.id):
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")
    files = dict(parent.files)
    for key, value in operations:
        _apply(key, value, files, visit.store.lfs)
    _require_good_card(files, parent.files, repository)
    title = header["summary"] + ("\n" + header["description"] if header.get("description") else "")
    made = repository.add_commit(files, title, token.user, parent=parent.id)
    address = f"{visit.store.endpoint}/{repository.path}"
    answer: dict[str, Json] = {
        "success": True,
        "commitOid": made.id,
        "commitUrl": f"{address}/commit/{made.id}",
        "hookOutput": "",
    }
    if visit.call.flag("create_pr"):
        request = open_discussion(repository, header["summary"], token.user, base=parent.id, status="open")
        repository.pulls[request.num] = made.id
        answer["pullRequestUrl"] = f"{address}/discussions/{request.num}"
    else:
        repository.move(revision, made)
        if repository.space is not None and repository.at("main").files.keys() & {
            "app.py",
            "Dockerfile",
            "index.html",
        }:
            repository.space.stage = "RUNNING"  # a real one builds for minutes first
    return json_reply(answer)


def no_content_store(visit: Visit) -> Reply:
    """Refuse the xet transfer; a client that gets here was started with the wrong environment."""
    raise Refusal(404, "This stand-in has no xet store: set HF_HUB_DISABLE_XET=1, or start it with uploads='inline'")


def _is_proposal(visit: Visit) -> bool:
    return visit.call.flag("create_pr") or visit.parts["revision"].startswith("refs/pr/")


def _operations(body: bytes) -> tuple[dict[str, Json], list[tuple[str, dict[str, Json]]]]:
    try:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        rows = [(line["key"], dict(line["value"])) for line in lines]
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal(400, f"Malformed ndjson: {error!r}") from error
    if not rows or rows[0][0] != "header" or not rows[0][1].get("summary"):
        raise Refusal(400, "Expected a header with a summary as the first line")
    return rows[0][1], rows[1:]


def _apply(key: str, value: Mapping[str, Json], files: dict[str, Blob], objects: Mapping[str, bytes]) -> None:
    path = str(value.get("path", ""))
    if not path or path.startswith("/") or {"", ".", "..", ".git"} & set(path.rstrip("/").split("/")):
        raise Refusal(400, f"Invalid path: {path!r}")
    if key == "file":
        try:
            files[path] = Blob(base64.b64decode(value["content"], validate=True))
        except (binascii.Error, KeyError) as error:
            raise Refusal(400, f"Invalid content of {path}: {error!r}") from error
    elif key == "lfsFile":
        if value.get("oid") not in objects:
            raise Refusal(400, f"LFS object {value.get('oid')} of {path} was not uploaded")
        files[path] = Blob(objects[value["oid"]], lfs=True)
    elif key in ("deletedFile", "deletedFolder"):
        gone = [
            name
            for name in files
            if name == path or (key == "deletedFolder" and name.startswith(path.rstrip("/") + "/"))
        ]
        if not gone:
            raise Refusal(404, f"{path} does not exist", code="EntryNotFound")
        for name in gone:
            del files[name]
    else:
        raise Refusal(400, f"Unknown operation: {key}")


def _require_good_card(files: Mapping[str, Blob], before: Mapping[str, Blob], repository: Repository) -> None:
    card = files.get("README.md")
    if card is None or card == before.get("README.md"):
        return
    errors, _ = check_card(card.content.decode("utf-8", "replace"), repository.kind)
    if errors:
        raise Refusal(400, f"Invalid metadata in README.md: {'; '.join(errors)}")


ROUTES: list[Route] = [
    ("POST", "/api/{kinds}/{id}/preupload/{revision}", preupload),
    ("POST", "/api/{kinds}/{id}/commit/{revision}", commit),
    ("GET", "/api/{kinds}/{id}/xet-write-token/{revision}", no_content_store),
    ("GET", "/api/{kinds}/{id}/xet-read-token/{revision}", no_content_store),
]
