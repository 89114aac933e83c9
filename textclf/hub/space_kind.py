"""Which kind of Space an account may have for a model: run by a server, or by the visitor's browser.

Since July 2026 the Hub hosts Gradio Spaces for paying accounts, and two on ZeroGPU for a free personal one; static
ones are free for everybody. All of it is found out before anything is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from huggingface_hub import HfApi

from ..errors import UserError
from ..run_folder import RunFolder
from .destination import Destination
from .network import persist
from .push_arguments import PushArguments
from .space_folder import INT8, has_int8

Kind = Literal["gradio", "static"]
ZERO = "zero-a10g"  # the flavor of ZeroGPU


class Chosen(NamedTuple):
    """The kind of a Space, the hardware that it has or asks for, and what to say of the choice if it was ours."""

    kind: Kind
    hardware: str | None = None  # None: what the Hub gives by itself
    remark: str | None = None


def choose_kind(arguments: PushArguments, destination: Destination, run: RunFolder | None) -> Chosen:
    """Return the kind of Space that is wanted and allowed; `run` is None before it is trained.

    Raises:
        UserError: the account may not have it, or the model cannot be shown like that.
    """
    account = persist(HfApi().whoami, "asking what the account may host", destination.repo_id)
    if arguments.space_kind == "static":
        _refuse_static(arguments, run)
        return Chosen("static")
    hosted = may_host(account, destination.repo_id.split("/")[0], arguments.space_hardware)
    present, hardware = _present(destination)
    hardware = arguments.space_hardware or hardware
    if arguments.space_kind == "gradio" or arguments.space_hardware or arguments.space_sleep:
        if hosted is False and present != "gradio":
            raise UserError(_no_plan(account, destination.repo_id, arguments.space_hardware))
        return Chosen("gradio", hardware)
    if present == "gradio" or (hosted and present is None):
        return Chosen("gradio", hardware)
    try:
        _refuse_static(arguments, run)
    except UserError as error:
        if hosted is not False:
            return Chosen("gradio", hardware)
        plan = "A Gradio Space needs a PRO, Team or Enterprise plan, so this one would be static."
        raise UserError(f"{plan} {error}") from error
    if present == "static":
        return Chosen("static")
    owner = destination.repo_id.split("/")[0]
    known = "has no plan for Gradio" if hosted is False else "may have no plan for Gradio (the Hub does not tell)"
    remark = f"The Space is static, as {owner} {known}: the visitor's browser runs the model, free."
    return Chosen("static", remark=remark)


def may_host(account: Mapping[str, Any], namespace: str, hardware: str | None) -> bool | None:
    """Say whether a namespace may host a Gradio Space on some hardware; None where the Hub does not tell."""
    if namespace == account["name"]:
        if hardware == ZERO:
            return True  # two of them; the Hub counts
        paid = account.get("isPro")
        return None if paid is None else bool(paid)
    for row in account.get("orgs", []):
        if row["name"] == namespace and ("plan" in row or "isEnterprise" in row):
            return bool(row.get("plan") not in (None, "", "free") or row.get("isEnterprise"))
    return None


def _present(destination: Destination) -> tuple[str | None, str | None]:
    """Return the kind and the hardware of a Space that is there already."""
    if not destination.exists:
        return None, None
    api = HfApi()
    info = persist(lambda: api.space_info(destination.repo_id), "looking at the Space", destination.repo_id)
    runtime = info.runtime
    return info.sdk, (runtime.requested_hardware or runtime.hardware) if runtime else None


def _refuse_static(arguments: PushArguments, run: RunFolder | None) -> None:
    """Refuse what a browser cannot run: it gets the model's int8 file from the Hub, without a token."""
    repo_id = arguments.repo_id or ""
    if arguments.space_hardware or arguments.space_sleep:
        raise UserError("A static Space has no hardware. Leave out --space-hardware and --space-sleep.")
    if _stays_private(arguments):
        raise UserError(
            f"{repo_id} is private, and a static Space is run by its visitors' browsers, which may not read it. Add "
            "--public (a repo that is there already: hf repos settings "
            f"{repo_id} --public), or take --space-kind gradio."
        )
    named = arguments.space_kind == "static"
    if run is not None and not named and has_int8(run):
        if not has_int8(run, named=False):
            raise UserError(
                f"The gate could not prove {INT8} of {run.path}: its validation texts are too few, or were learned in "
                "the end. To show it nevertheless: --space-kind static."
            )
    elif run is not None and not has_int8(run):
        raise UserError(
            f"A static Space runs {INT8}, and {run.path} has none that did not fail its gate. To make it: "
            f"python export.py {run.path} --engine onnx-int8"
        )


def _stays_private(arguments: PushArguments) -> bool:
    repo_id = arguments.repo_id or ""
    api = HfApi()
    if not persist(lambda: api.repo_exists(repo_id), "looking for the model", repo_id):
        return not arguments.public
    return bool(persist(lambda: api.repo_info(repo_id), "looking at the model", repo_id).private)


def _no_plan(account: Mapping[str, Any], space: str, hardware: str | None) -> str:
    owner = space.split("/")[0]
    ways = "take --space-kind static, which is free"
    if owner == account["name"]:
        ways += f", or --space-hardware {ZERO}, of which a free account has two"
    asked = f" on {hardware}" if hardware else ""
    return (
        f"{owner} may not host a Gradio Space{asked}: that needs a PRO, Team or Enterprise plan "
        f"(https://huggingface.co/pricing). Nothing was made; {ways}."
    )
