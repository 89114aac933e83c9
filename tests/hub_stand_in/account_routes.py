"""Routes that are about no single repository's content: who am I, create, delete, move, settings, telemetry."""

from __future__ import annotations

from .cards import check_card
from .routing import Route, Visit
from .space_routes import FREE_HARDWARE
from .wire import Json, Kind, Refusal, Reply, json_reply


def whoami(visit: Visit) -> Reply:
    """Tell who the token belongs to and what it may do."""
    accounts = visit.store.accounts
    return json_reply(accounts.whoami(accounts.require_token(visit.token)))


def create(visit: Visit) -> Reply:
    """Create a repository; the 409 for an existing one carries its address, as `exist_ok` needs it."""
    wanted = visit.call.json()
    kind, repo_id = _named(visit, wanted)
    private = wanted.get("visibility") == "private" or bool(wanted.get("private"))
    _require_namespace(visit, kind, repo_id)
    answer = {"url": f"{visit.store.endpoint}/{_page(kind, repo_id)}", "name": repo_id, "id": f"id-{repo_id}"}
    user = visit.store.accounts.require_token(visit.token).user
    if kind == "space":
        _require_plan(visit, user, repo_id, wanted)
    try:
        repository = visit.store.create(kind, repo_id, author=user, private=private, sdk=wanted.get("sdk"))
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        return json_reply({"error": refusal.message, **answer}, status=409)
    if repository.space is not None:
        repository.space.hardware = wanted.get("hardware") or repository.space.hardware
        repository.space.variables |= {row["key"]: row["value"] for row in wanted.get("variables") or []}
        repository.space.secrets |= {row["key"]: row["value"] for row in wanted.get("secrets") or []}
    return json_reply(answer)


def delete(visit: Visit) -> Reply:
    """Delete a repository for good."""
    kind, repo_id = _named(visit, visit.call.json())
    repository = visit.store.find(visit.call, kind, repo_id, visit.token)
    visit.store.require_write(repository, visit.token)
    del visit.store.repositories[kind, repo_id]
    return json_reply({})


def move(visit: Visit) -> Reply:
    """Rename a repository; its old name answers 307 from now on."""
    wanted = visit.call.json()
    kind: Kind = wanted.get("type") or "model"
    repository = visit.store.find(visit.call, kind, wanted["fromRepo"], visit.token)
    visit.store.require_write(repository, visit.token)
    _require_namespace(visit, kind, wanted["toRepo"])
    if (kind, wanted["toRepo"]) in visit.store.repositories:
        raise Refusal(409, f"{wanted['toRepo']} exists")
    visit.store.moved[kind, repository.id] = wanted["toRepo"]
    visit.store.repositories[kind, wanted["toRepo"]] = visit.store.repositories.pop((kind, repository.id))
    repository.id = wanted["toRepo"]
    return json_reply({})


def settings(visit: Visit) -> Reply:
    """Change visibility and gating."""
    repository = visit.own_repository()
    wanted = visit.call.json()
    if "visibility" in wanted or "private" in wanted:
        repository.private = wanted.get("visibility") == "private" or bool(wanted.get("private"))
    repository.gated = wanted.get("gated", repository.gated)
    return json_reply({"private": repository.private, "gated": repository.gated})


def auth_check(visit: Visit) -> Reply:
    """Say by the status alone whether the files may be read."""
    visit.store.require_content(visit.repository(), visit.token)
    return json_reply({})


def auth_check_write(visit: Visit) -> Reply:
    """Say by the status alone whether the repository may be written to."""
    visit.own_repository()
    return json_reply({})


def validate_yaml(visit: Visit) -> Reply:
    """Check the metadata of a card; in plain text for the one client function that asks for that."""
    wanted = visit.call.json()
    errors, warnings = check_card(wanted.get("content", ""), wanted.get("repoType", "model"))
    status = 400 if errors else 200
    if visit.call.headers.get("accept") == "text/plain":
        text = "\n".join([f"- Error: {error}" for error in errors] + [f"- Warning: {line}" for line in warnings])
        return Reply(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})
    answer = {"errors": [{"message": line} for line in errors], "warnings": [{"message": line} for line in warnings]}
    return json_reply(answer, status=status)


def nothing(visit: Visit) -> Reply:
    """Swallow telemetry."""
    return json_reply({})


def agent_harnesses(visit: Visit) -> Reply:
    """Answer the question that clients ask once a day, with an empty list."""
    return json_reply({"standardEnvVars": [], "harnesses": {}})


def _named(visit: Visit, wanted: dict[str, Json]) -> tuple[Kind, str]:
    token = visit.store.accounts.require_token(visit.token)
    kind: Kind = wanted.get("type") or "model"
    if kind not in ("model", "dataset", "space") or not isinstance(wanted.get("name"), str):
        raise Refusal(400, f"Expected a name and a type, found {wanted}")
    return kind, f"{wanted.get('organization') or token.user}/{wanted['name'].split('/')[-1]}"


def _require_namespace(visit: Visit, kind: Kind, repo_id: str) -> None:
    namespace = repo_id.split("/")[0]
    if not visit.store.accounts.may(visit.token, "write", namespace):
        raise Refusal(403, f'You don\'t have the rights to create a {kind} under the namespace "{namespace}"')


def _require_plan(visit: Visit, user: str, repo_id: str, wanted: dict[str, Json]) -> None:
    """Refuse, as since July 2026, what an account without a plan may not host; there are two Spaces on ZeroGPU."""
    hardware = wanted.get("hardware") or "cpu-basic"
    if hardware not in FREE_HARDWARE:
        raise Refusal(402, f"Payment required for {hardware}")
    on_zero = [
        each.id
        for each in visit.store.repositories.values()
        if each.space is not None and each.id.startswith(f"{user}/") and each.space.hardware == "zero-a10g"
    ]
    if hardware == "zero-a10g" and user in visit.store.accounts.without_plan and len({*on_zero, repo_id}) > 2:
        raise Refusal(403, "You have reached the limit of 2 ZeroGPU Spaces")
    hosted = wanted.get("sdk") in ("gradio", "docker")
    if hosted and hardware == "cpu-basic" and user in visit.store.accounts.without_plan:
        raise Refusal(
            402,
            "Static Spaces are free for everyone, but hosting Gradio and Docker Spaces on free cpu-basic requires a "
            "PRO subscription. Subscribe at https://huggingface.co/pro",
        )


def _page(kind: Kind, repo_id: str) -> str:
    return repo_id if kind == "model" else f"{kind}s/{repo_id}"


ROUTES: list[Route] = [
    ("GET", "/api/whoami-v2", whoami),
    ("POST", "/api/repos/create", create),
    ("DELETE", "/api/repos/delete", delete),
    ("POST", "/api/repos/move", move),
    ("PUT", "/api/{kinds}/{id}/settings", settings),
    ("GET", "/api/{kinds}/{id}/auth-check", auth_check),
    ("GET", "/api/{kinds}/{id}/auth-check/write", auth_check_write),
    ("POST", "/api/validate-yaml", validate_yaml),
    ("GET HEAD", "/api/telemetry/{topic*}", nothing),
    ("GET", "/api/agent-harnesses", agent_harnesses),
]
