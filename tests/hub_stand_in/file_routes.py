"""Routes that carry file content: downloads, the LFS batch protocol, and the CDN on its own port."""

from __future__ import annotations

import hashlib
import re

from .routing import Route, Visit
from .wire import Call, Json, Refusal, Reply, json_reply


def resolve(visit: Visit) -> Reply:
    """Serve a file of a revision: from git directly, an LFS file by redirecting to the CDN."""
    repository = visit.repository()
    visit.store.require_content(repository, visit.token)
    commit = repository.at(visit.parts["revision"])
    blob = commit.files.get(visit.parts["path"])
    headers = {"X-Repo-Commit": commit.id}
    if blob is None:
        raise Refusal(404, "Entry not found", code="EntryNotFound", headers=headers)
    headers |= {"ETag": f'"{blob.etag}"', "Accept-Ranges": "bytes"}
    if not blob.lfs:
        headers["Content-Type"] = "text/plain; charset=utf-8"
        return ranged(visit.call, blob.content, headers)
    visit.store.lfs.setdefault(blob.sha256, blob.content)
    headers |= {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": str(blob.size)}
    return Reply(302, b"", {**headers, "Location": visit.store.grant("GET", blob.sha256)})


def ranged(call: Call, content: bytes, headers: dict[str, str]) -> Reply:
    """Answer with the content or the single range of it that was asked for.

    Raises:
        Refusal: 416, for a range past the end.
    """
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", call.headers.get("range", ""))
    if match is None or match.groups() == ("", ""):
        return Reply(200, content, headers)
    if match[1]:
        start, end = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
    else:
        start, end = max(len(content) - int(match[2]), 0), len(content) - 1
    if start > end:
        raise Refusal(416, "Range not satisfiable", headers={"Content-Range": f"bytes */{len(content)}"})
    return Reply(206, content[start : end + 1], {**headers, "Content-Range": f"bytes {start}-{end}/{len(content)}"})


def batch(visit: Visit) -> Reply:
    """Tell for each LFS object where to put it; no actions for the ones that are already here."""
    repository, wanted = visit.repository(), visit.call.json()
    if wanted.get("operation") != "upload":
        raise Refusal(400, f"Expected the operation upload, found {wanted.get('operation')}")
    visit.store.require_write(repository, visit.token, proposal=True)
    verify = f"{visit.store.endpoint}/api/{visit.kind}s/{repository.id}/lfs-verify"
    rows: list[Json] = []
    for item in wanted["objects"]:
        row: dict[str, Json] = {"oid": item["oid"], "size": item["size"]}
        if item["oid"] not in visit.store.lfs:
            upload = {"href": visit.store.grant("PUT", item["oid"]), "header": {}}
            row["actions"] = {"upload": upload, "verify": {"href": verify, "header": {}}}
        rows.append(row)
    return json_reply({"transfer": "basic", "objects": rows})


def verify(visit: Visit) -> Reply:
    """Confirm that an LFS object has arrived whole."""
    repository, wanted = visit.repository(), visit.call.json()
    visit.store.require_write(repository, visit.token, proposal=True)
    content = visit.store.lfs.get(wanted["oid"])
    if content is None or len(content) != wanted["size"]:
        raise Refusal(404, f"LFS object {wanted['oid']} has not arrived")
    return json_reply({})


def cdn_download(visit: Visit) -> Reply:
    """Serve an LFS object to whoever has the signed address."""
    oid = _granted(visit, "GET")
    content = visit.store.lfs.get(oid)
    if content is None:
        raise Refusal(404, f"No such object: {oid}")
    return ranged(visit.call, content, {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})


def cdn_upload(visit: Visit) -> Reply:
    """Take an LFS object, if it is what its address says."""
    oid = _granted(visit, "PUT")
    if hashlib.sha256(visit.call.body).hexdigest() != oid:
        raise Refusal(400, f"The content is not {oid}")
    visit.store.lfs[oid] = visit.call.body
    return Reply(200, b"", {"ETag": f'"{oid}"'})


def _granted(visit: Visit, method: str) -> str:
    oid = visit.parts["oid"]
    if visit.store.grant(method, oid) != f"{visit.store.cdn}{visit.call.path}?{visit.call.query_string}":
        raise Refusal(403, "The address is not signed for this")
    return oid


ROUTES: list[Route] = [
    ("GET HEAD", "/{prefix}{id}/resolve/{revision}/{path*}", resolve),
    ("POST", "/{prefix}{id}.git/info/lfs/objects/batch", batch),
    ("POST", "/api/{kinds}/{id}/lfs-verify", verify),
]
CDN_ROUTES: list[Route] = [
    ("GET HEAD", "/lfs/{oid}", cdn_download),
    ("PUT", "/lfs/{oid}", cdn_upload),
]
