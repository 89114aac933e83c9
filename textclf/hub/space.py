"""The Space of a model, made or updated: checked before, then its variable, its secret, its files, its hardware."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Collection
from typing import NamedTuple

from huggingface_hub import HfApi, SpaceHardware, get_token
from huggingface_hub.errors import HfHubHTTPError

from ..errors import UserError, did_you_mean
from ..run_folder import RunFolder
from .commits import Committed, commit_files
from .destination import Destination, check_destination
from .manifest import read_anew
from .network import patience, persist
from .push import make_ready
from .push_arguments import PushArguments
from .space_content import EXAMPLES, Form, engine_for, examples_for_space, examples_in, space_files
from .space_folder import INT8, PAGE
from .space_kind import Chosen, Kind, choose_kind
from .wording import own_words

logger = logging.getLogger(__name__)

READ_TOKEN = "SPACE_HF_TOKEN"  # the name of an environment variable
SECRET = "HF_TOKEN"  # what it is called in the Space


class SpacePushed(NamedTuple):
    """What a Space's update did."""

    space_id: str
    committed: Committed
    kind: Kind
    needs_token: bool  # its model is private and it has no token to read it
    taken_back: bool  # some example texts of an earlier push are gone, but for its history
    token_removed: bool = False  # it has become static and held a token, which nothing of it reads any more


class Reachable(NamedTuple):
    """A Space that may be made or changed, and the kind it is to be."""

    destination: Destination
    chosen: Chosen


def check_space(arguments: PushArguments, run: RunFolder | None = None) -> Reachable | None:
    """Look at everything about a Space that could be refused later; `run` is None before it is trained.

    Raises:
        UserError: unknown hardware, a kind that the account or the model cannot have, a token that should not be
            stored, a Space that cannot be written.
    """
    if not arguments.space:
        return None
    known = [str(hardware.value) for hardware in SpaceHardware]
    if arguments.space_hardware and arguments.space_hardware not in known:
        raise UserError(
            f"Unknown --space_hardware {arguments.space_hardware}.{did_you_mean(arguments.space_hardware, known)} "
            f"Known: {', '.join(known)}."
        )
    destination = check_destination(arguments.space, kind="space", public=arguments.public)
    chosen = choose_kind(arguments, destination, run)
    if chosen.kind == "gradio":
        _check_read_token(arguments.space)
    return Reachable(destination, chosen)


def publish_space(run: RunFolder, arguments: PushArguments) -> SpacePushed:
    """Create or update the Space of a published model, with all that it needs to start.

    The variable and the secret come before the files: the first start finds them.

    Raises:
        UserError: the Space could not be written.
    """
    api, space, model = HfApi(), arguments.space or "", arguments.repo_id or ""
    with patience(arguments.timeout):
        checked = check_space(arguments, run)
        assert checked is not None  # whoever calls this wants a Space
        destination, (kind, hardware, _) = checked
        info = persist(lambda: api.model_info(model, revision=arguments.revision), "looking at the model", model)
        arrived = {row.rfilename for row in info.siblings or ()}
        if kind == "static":
            _check_arrived(run, model, arrived)
        form = Form(kind, engine_for(run, hardware, arrived), hardware, info.sha or "main")
        uploads = space_files(run, arguments, form)
        before = _examples_there(destination)
        target = make_ready(destination, arguments, uploads)
        needs_token = False
        if kind == "gradio":
            _set_variable(api, space, model)
            needs_token = bool(info.private) and not _store_token(api, space, model)
        committed = commit_files(target, uploads, f"Show {model}")
        if arguments.space_hardware or arguments.space_sleep:
            _set_hardware(api, space, arguments)
        removed = kind == "static" and destination.exists and _remove_token(api, space)
    shown = examples_for_space(run, arguments)
    taken_back = any(row not in shown for row in before)
    return SpacePushed(space, committed, kind, needs_token, taken_back, removed)


def _examples_there(destination: Destination) -> list[list[str]]:
    """Return the example rows that an earlier push put into a Space of either kind, but for sentences of ours."""
    name = next((each for each in (EXAMPLES, PAGE) if each in destination.ours), None)
    if name is None:
        return []
    at = (destination.repo_id, name, "space", destination.head)
    content = persist(lambda: read_anew(*at), "looking at its examples", destination.repo_id)
    ours = set(own_words())
    return [row for row in examples_in(name, content) if not ours.issuperset(row)]


def _check_arrived(run: RunFolder, model: str, arrived: Collection[str]) -> None:
    """Refuse to show a model whose int8 file is not on the Hub, in a pull request that nobody merged say."""
    if INT8 not in arrived:
        raise UserError(
            f"{model} has no {INT8} on the Hub yet, which its static Space would run. Push {run.path} to its main "
            "branch, or merge the pull request, then run the same command again."
        )


def _set_variable(api: HfApi, space: str, model: str) -> None:
    def action() -> None:
        present = api.get_space_variables(space).get("MODEL_ID")
        if present is None or present.value != model:
            api.add_space_variable(space, "MODEL_ID", model)

    persist(action, "setting the variable MODEL_ID", space)


def _set_hardware(api: HfApi, space: str, arguments: PushArguments) -> None:
    """Ask for hardware and sleep time; what the client warns of (free hardware sleeps when it likes) is a line."""

    def action() -> None:
        if arguments.space_hardware:
            api.request_space_hardware(
                space, SpaceHardware(arguments.space_hardware), sleep_time=arguments.space_sleep
            )
        elif arguments.space_sleep:
            api.set_space_sleep_time(space, arguments.space_sleep)

    with warnings.catch_warnings(record=True, action="always", category=UserWarning) as remarks:
        persist(action, "setting the hardware", space)
    for remark in remarks:
        logger.warning("%s", remark.message)


def _check_read_token(space: str) -> None:
    """Refuse to store a token that can do more than read."""
    token = os.environ.get(READ_TOKEN)
    if not token:
        return
    if token == get_token():
        raise UserError(
            f"{READ_TOKEN} is the token that pushes; a Space must not hold that. Make a read-only token at "
            "https://huggingface.co/settings/tokens."
        )
    try:
        account = persist(lambda: HfApi(token=token).whoami(), f"looking at {READ_TOKEN}", space)
    except UserError as error:
        raise UserError(str(error).replace(token, "***").replace("HF_TOKEN or", f"{READ_TOKEN} or")) from None
    access = account["auth"]["accessToken"]
    scopes = access.get("fineGrained", {})
    granted = {name for scope in scopes.get("scoped", []) for name in scope["permissions"]} | set(
        scopes.get("global", [])
    )
    if access["role"] == "write" or any(name.endswith("write") for name in granted):
        raise UserError(f"{READ_TOKEN} may write; a Space needs a token that can only read. Make a read-only one.")


def _remove_token(api: HfApi, space: str) -> bool:
    """Take the read token from a Space that has become static; say if there was one."""

    def action() -> bool:
        if SECRET not in api.get_space_secrets(space):
            return False
        api.delete_space_secret(space, SECRET)
        return True

    return persist(action, "removing its token", space)


def _store_token(api: HfApi, space: str, model: str) -> bool:
    """Give the Space the read token, if there is one and it can read the model; say if it has one now."""
    token = os.environ.get(READ_TOKEN)
    if not token:
        return SECRET in persist(lambda: api.get_space_secrets(space), "listing the secrets", space)

    def may_read() -> bool:
        try:
            HfApi(token=token).auth_check(model)
        except HfHubHTTPError as error:
            if error.response.status_code in (401, 403, 404):
                return False
            raise
        return True

    if not persist(may_read, f"trying {READ_TOKEN}", model):
        raise UserError(f"{READ_TOKEN} cannot read {model}. Make a read-only token of an account that may.")
    persist(lambda: api.add_space_secret(space, SECRET, token), "storing the read token", space)
    return True
