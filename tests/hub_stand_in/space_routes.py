"""Routes of Spaces: secrets that can be written but not read, variables, hardware, sleep, restart and pause."""

from __future__ import annotations

from .repository import Repository, Space
from .routing import Route, Visit
from .wire import Json, Refusal, Reply, json_reply

FREE_HARDWARE = ("cpu-basic", "zero-a10g")


def runtime(space: Space) -> Json:
    """Describe the state of a Space that runs (or not) on its hardware."""
    hardware = {"current": space.hardware if space.stage == "RUNNING" else None, "requested": space.hardware}
    return {"stage": space.stage, "hardware": hardware, "gcTimeout": space.sleep_seconds, "storage": None,
            "replicas": {"requested": 1}, "devMode": False}  # fmt: skip


def get_runtime(visit: Visit) -> Reply:
    """Describe the state of a Space, to everybody who may see it."""
    return json_reply(runtime(_space(visit.repository())))


def secrets(visit: Visit) -> Reply:
    """Set, delete or list secrets; no answer ever holds a value."""
    space = _space(visit.own_repository())
    if visit.call.method == "POST":
        space.secrets[visit.call.json()["key"]] = visit.call.json()["value"]
    elif visit.call.method == "DELETE":
        space.secrets.pop(visit.call.json()["key"], None)
    return json_reply({key: {"key": key, "description": None} for key in space.secrets})


def variables(visit: Visit) -> Reply:
    """Set, delete or list variables; the answer is always the whole list."""
    space = _space(visit.own_repository())
    if visit.call.method == "POST":
        space.variables[visit.call.json()["key"]] = visit.call.json()["value"]
    elif visit.call.method == "DELETE":
        space.variables.pop(visit.call.json()["key"], None)
    return json_reply({key: {"key": key, "value": value} for key, value in space.variables.items()})


def hardware(visit: Visit) -> Reply:
    """Change the hardware; nobody here can pay."""
    space, wanted = _space(visit.own_repository()), visit.call.json()
    if wanted["flavor"] not in FREE_HARDWARE:
        raise Refusal(402, f"Payment required for {wanted['flavor']}")
    space.hardware = wanted["flavor"]
    space.sleep_seconds = wanted.get("sleepTimeSeconds", space.sleep_seconds)
    return json_reply(runtime(space))


def sleep_time(visit: Visit) -> Reply:
    """Set the seconds without a visitor after which the Space goes to sleep."""
    space = _space(visit.own_repository())
    space.sleep_seconds = visit.call.json()["seconds"]
    return json_reply(runtime(space))


def restart(visit: Visit) -> Reply:
    """Start the Space again."""
    space = _space(visit.own_repository())
    space.stage = "RUNNING"
    space.restarts += 1
    return json_reply(runtime(space))


def pause(visit: Visit) -> Reply:
    """Stop the Space until somebody restarts it."""
    space = _space(visit.own_repository())
    space.stage = "PAUSED"
    return json_reply(runtime(space))


def _space(repository: Repository) -> Space:
    assert repository.space is not None  # the routes below find repositories of the kind "space" only
    return repository.space


ROUTES: list[Route] = [
    ("GET", "/api/{spaces}/{id}/runtime", get_runtime),
    ("GET POST DELETE", "/api/{spaces}/{id}/secrets", secrets),
    ("GET POST DELETE", "/api/{spaces}/{id}/variables", variables),
    ("POST", "/api/{spaces}/{id}/hardware", hardware),
    ("POST", "/api/{spaces}/{id}/sleeptime", sleep_time),
    ("POST", "/api/{spaces}/{id}/restart", restart),
    ("POST", "/api/{spaces}/{id}/pause", pause),
]
