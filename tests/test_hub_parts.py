"""Parts of a push by themselves: every refusal and line of talk, with stand-ins for what the Hub answers."""

import hashlib
import json
import runpy
import sys
from types import SimpleNamespace

import httpx2
import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError

from tests.approved import check_approved
from textclf.errors import UserError
from textclf.hub import contract, destination, network, publish, push, space, space_content, space_kind
from textclf.hub.commits import Committed
from textclf.hub.contract import Agreement
from textclf.hub.dataset_repo import check_dataset, dataset_card
from textclf.hub.destination import Destination, check_destination, check_not_overwritten, stays_private
from textclf.hub.leaks import secrets_in
from textclf.hub.manifest import paths_in, with_manifest
from textclf.hub.push import Pushed
from textclf.hub.push_arguments import PushArguments
from textclf.hub.space import SpacePushed
from textclf.hub.space_content import examples_for_space, examples_in
from textclf.hub.uploads import Upload
from textclf.run_folder import RunFolder


def refusal(call, *args, **options):
    try:
        found = call(*args, **options)
    except UserError as error:
        return f"refused: {error}"
    return str(found)


def answer(status, message="server says no", headers=None, kind=HfHubHTTPError):
    response = httpx2.Response(status, request=httpx2.Request("POST", "https://hub/api"), headers=headers)
    return kind("no", response=response, server_message=message)


# What the Hub answers


def test_every_failure_is_explained_as_was_looked_at():
    states = (400, 401, 402, 403, 404, 408, 409, 412, 413, 418, 429, 499, 500, 503)
    errors = [answer(status) for status in states]
    errors += [
        answer(403, said) for said in ("No @spaces.GPU function.", "ZeroGPU quota reached.", "over your limit.")
    ]
    errors += [answer(403, "zero-a10g is full"), answer(404, kind=RepositoryNotFoundError), answer(500, "")]
    errors += [OfflineModeIsEnabled("x"), httpx2.ReadTimeout("slow"), httpx2.ConnectError("x"), httpx2.ProxyError("x")]
    errors += [httpx2.RemoteProtocolError("a\nb"), ConnectionError(""), json.JSONDecodeError("x", "", 0)]
    told = [f"{type(error).__name__}: {network.explain(error, 'doing it', 'a/b')}" for error in errors]
    check_approved("hub_failures.txt", "\n".join(told))


def test_waits_follow_what_the_hub_asks_for():
    pause = network._pause
    assert pause(answer(503), 3.0) == 3.0
    assert pause(answer(503), None) is None
    assert pause(answer(418), 3.0) is None
    assert pause(OfflineModeIsEnabled("x"), 3.0) is None
    assert pause(ConnectionError("x"), 3.0) == 3.0
    assert pause(answer(429, headers={"Retry-After": "60"}), 3.0) == 60.0
    assert pause(answer(429, headers={"Retry-After": "61"}), 3.0) is None
    assert pause(answer(429, headers={"Retry-After": "1"}), 3.0) == 3.0
    assert pause(answer(429, headers={"Retry-After": "soon"}), 3.0) == 3.0
    limit = {"RateLimit": '"api";r=0;t=7', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
    assert pause(answer(429, headers=limit), 3.0) == 8.0
    assert pause(answer(429, headers=limit | {"RateLimit": '"api";r=1;t=7'}), 3.0) == 3.0


def test_a_busy_account_is_waited_for_three_times(monkeypatch, caplog):
    waited = []
    monkeypatch.setattr(network.time, "sleep", waited.append)
    conflicts, busy = network._Conflicts(), "another conflicting operation is in progress"

    def met(path="/api/repos/create", status=409, text=busy):
        conflicts(httpx2.Response(status, request=httpx2.Request("POST", f"https://hub{path}"), text=text))

    for other in ({"path": "/api/models"}, {"status": 500}, {"text": "it exists"}):
        met(**other)
    assert waited == []
    for _ in range(3):
        met()
    assert waited == [1.0, 3.0, 9.0]
    assert "The Hub is busy with another operation on this account; trying again in 3 s." in caplog.text
    with pytest.raises(UserError, match=r"The Hub is busy with another operation on this account \(409\)\. Try again"):
        met()


# What may be typed


def test_arguments_are_refused_or_taken_as_was_looked_at():
    asked = [
        {"timeout": 0},
        {"timeout": 0.1},
        {"space_kind": "statik"},
        {"tag": "refs/x"},
        {"tag": "v1"},
        {"tag": "a..b"},
        {"revision": "x.lock"},
        {"revision": "a/b"},
        {"space_sleep": 0},
        {"space_sleep": -1},
        {"space_sleep": -2},
        {"space_sleep": 1},
        {"create_pr": True, "tag": "v1"},
        {"create_pr": True, "revision": "x"},
    ]
    codes = (
        "en",
        "ko,en",
        "zh-CN",
        "english",
        "xx",
        "eng",
        "ger",
        "de_DE",
        "multilingual",
        "code",
        "Korean",
        "EN",
        "",
    )
    asked += [{"language": code} for code in codes]
    told = [f"{options}\n    {refusal(lambda o: PushArguments(**o).languages, options)}" for options in asked]
    check_approved("push_arguments.txt", "\n".join(told))


# Where a push may go


ME = {
    "name": "alice",
    "auth": {"accessToken": {"role": "write"}},
    "orgs": [{"name": "team", "roleInOrg": "write"}, {"name": "guests", "roleInOrg": "read"}],
}


def hub_of(monkeypatch, module, **answers):
    """Let a module's HfApi answer so: {method: value, or a function of its arguments}."""

    class Api:
        def __init__(self, token=None):
            self.token = token

        def __getattr__(self, name):
            found = answers[name]
            return found if callable(found) else lambda *args, **kwargs: found

    monkeypatch.setattr(module, "HfApi", Api)


def token_of(role, **scopes):
    return ME | {"auth": {"accessToken": {"role": role, "fineGrained": scopes}}}


def test_where_a_push_may_go_is_what_was_looked_at(monkeypatch):
    monkeypatch.setattr(destination, "get_token", lambda: "t")
    names = {
        "own": ["README.md", "model.safetensors", "textclf.json"],
        "others": ["a.bin", "b", "c", "d"],
        "blank": [".gitattributes"],
    }
    monkeypatch.setattr(
        destination, "read_manifest", lambda repo_id, kind, sha: frozenset({"model.safetensors", "textclf.json"})
    )
    present = {
        "alice/own": ("own", True),
        "alice/public": ("blank", False),
        "bob/others": ("others", True),
        "alice/others": ("others", True),
        "bob/locked": ("blank", True),
    }

    def info(repo_id, repo_type, revision=None):
        if repo_id not in present or revision == "new":
            raise answer(404, kind=RepositoryNotFoundError)
        files, private = present[repo_id]
        return SimpleNamespace(
            siblings=[SimpleNamespace(rfilename=f) for f in names[files]], private=private, sha="abc"
        )

    def check(repo_id, repo_type, write):
        if repo_id == "bob/locked":
            raise answer(403)

    entity = {"entity": {"name": "alice"}, "permissions": ["repo.write"]}
    told = []
    for account in (
        ME,
        token_of("read"),
        token_of("fineGrained"),
        token_of("fineGrained", scoped=[entity]),
        token_of("fineGrained", **{"global": ["repo.write"]}),
    ):
        hub_of(monkeypatch, destination, whoami=account, repo_info=info, auth_check=check)
        for repo_id in ("alice/new", "team/new", "guests/new", "alcie/new", "noname", "a/b/c", "alice/a b"):
            told.append(f"{repo_id} {refusal(check_destination, repo_id)}")
    hub_of(monkeypatch, destination, whoami=ME, repo_info=info, auth_check=check)
    for repo_id in present:
        for options in ({}, {"public": True}, {"create_pr": True}, {"revision": "new"}, {"kind": "space"}):
            told.append(f"{repo_id} {options} {sorted_sets(refusal(check_destination, repo_id, **options))}")
    monkeypatch.setattr(destination, "get_token", lambda: None)
    told.append(refusal(check_destination, "alice/new"))
    check_approved("destinations.txt", "\n".join(told))


def sorted_sets(said):
    """Return a record's words with its sets in order."""
    for part in said.split("frozenset({")[1:]:
        inner = part.split("}")[0]
        said = said.replace(inner, ", ".join(sorted(inner.split(", "))))
    return said


def test_what_is_there_already_is_said_or_refused():
    there = Destination("a/b", "dataset", True, True, "x", frozenset(), frozenset({"y", "z"}), True)
    assert stays_private(there, public=False) is None
    assert stays_private(there._replace(private=False), public=True) is None
    assert stays_private(there, public=True).endswith("hf repos settings a/b --repo-type dataset --public")
    assert stays_private(there._replace(kind="model"), public=True).endswith("hf repos settings a/b --public")
    check_not_overwritten(there, ["q"])
    assert refusal(check_not_overwritten, there, ["z", "q", "y"]) == (
        "refused: a/b holds y, z, which no earlier push put there, and this one would overwrite. Take them out or "
        "rename them."
    )
    assert ", or offer the run by --create-pr." in refusal(check_not_overwritten, there._replace(kind="model"), ["z"])


def test_a_push_goes_to_the_branch_that_was_asked_for_and_a_new_repo_is_as_private_as_was(monkeypatch):
    """Of models alone branches and proposals are known; what is there is left as visible as it is."""
    monkeypatch.setattr(push, "_checked_card", lambda uploads, repo_id, kind: SimpleNamespace(data={"sdk": "static"}))
    made = []
    hub_of(
        monkeypatch,
        push,
        create_repo=lambda repo_id, **words: made.append(words),
        repo_info=lambda repo_id, repo_type: SimpleNamespace(sha=f"first of a {repo_type}"),
    )
    uploads = [Upload("a.bin", b"x")]

    def ready(kind="model", exists=True, others=(), **options):
        there = Destination("a/b", kind, exists, True, "h" * exists, frozenset({"old"}), frozenset(others), False)
        found = push.make_ready(there, PushArguments(repo_id="a/b", **options), uploads)
        assert (found.repo_id, found.kind, found.ours, found.has_branch) == ("a/b", kind, {"old"}, False)
        return found.revision, found.create_pr, found.private, found.head

    assert ready() == ("main", False, True, "h")
    assert ready(revision="try/out", public=True) == ("try/out", False, False, "h")
    assert ready(create_pr=True, others={"a.bin"}) == ("main", True, True, "h"), "a proposal overwrites nothing"
    assert refusal(ready, others={"a.bin"}).startswith("refused: a/b holds a.bin")
    for kind in ("dataset", "space"):
        assert ready(kind, revision="try/out") == ready(kind, create_pr=True) == ("main", False, True, "h")
        assert refusal(ready, kind, create_pr=True, others={"a.bin"}).startswith("refused: a/b holds a.bin")
    assert not made
    assert ready(exists=False) == ("main", False, True, "first of a model")
    assert ready("space", exists=False, public=True, space_hardware="t4-small")[2:] == (False, "first of a space")
    assert ready("dataset", exists=False, space_hardware="t4-small")[3] == "first of a dataset"
    assert [words.pop("exist_ok") for words in made] == [True] * 3
    assert [(words["repo_type"], words["private"], words["space_sdk"], words["space_hardware"]) for words in made] == [
        ("model", True, None, None),
        ("space", False, "static", "t4-small"),
        ("dataset", True, None, None),
    ]


# Spaces


ACCOUNTS = {
    "free": {"name": "alice", "isPro": False},
    "pro": {"name": "alice", "isPro": True},
    "unsaid": {"name": "alice"},
    "of a paying team": {"name": "bob", "isPro": False, "orgs": [{"name": "alice", "plan": "team"}]},
    "of a free team": {"name": "bob", "isPro": True, "orgs": [{"name": "alice", "plan": "free"}]},
    "of an enterprise": {"name": "bob", "orgs": [{"name": "alice", "isEnterprise": True}]},
    "of a team unsaid": {"name": "bob", "orgs": [{"name": "alice"}]},
}


def test_the_kind_of_a_space_is_chosen_as_was_looked_at(monkeypatch, tmp_path):
    int8 = {"none": None, "unproven": "unproven", "passed": "passed"}
    monkeypatch.setattr(
        space_kind,
        "has_int8",
        lambda run, named=True: int8[run.state] is not None and (named or run.state == "passed"),
    )
    runs = {None: None} | {state: SimpleNamespace(path="runs/x", state=state) for state in int8}
    told = []
    for account, whoami in ACCOUNTS.items():
        for sdk in (None, "gradio", "static"):
            runtime = SimpleNamespace(requested_hardware=None, hardware="cpu-basic")
            hub_of(
                monkeypatch,
                space_kind,
                whoami=whoami,
                space_info=SimpleNamespace(sdk=sdk, runtime=runtime),
                repo_exists=True,
                repo_info=SimpleNamespace(private=False),
            )
            there = SimpleNamespace(repo_id="alice/demo", exists=sdk is not None)
            for state, run in runs.items():
                for options in (
                    {},
                    {"space_kind": "static"},
                    {"space_kind": "gradio"},
                    {"space_hardware": "zero-a10g"},
                ):
                    arguments = PushArguments(repo_id="alice/model", space="alice/demo", **options)
                    said = refusal(space_kind.choose_kind, arguments, there, run)
                    told.append(f"{account}, there {sdk}, int8 {state}, {options}: {said}")
    shown = sorted(set(told), key=told.index)
    hub_of(
        monkeypatch, space_kind, whoami=ACCOUNTS["free"], repo_exists=False, repo_info=SimpleNamespace(private=True)
    )
    there = SimpleNamespace(repo_id="alice/demo", exists=False)
    for options in (
        {},
        {"public": True},
        {"space_hardware": "t4-small"},
        {"space_kind": "static", "space_sleep": 5},
        {"space_sleep": 5},
    ):
        arguments = PushArguments(repo_id="alice/model", space="alice/demo", **options)
        shown.append(f"no model yet, {options}: {refusal(space_kind.choose_kind, arguments, there, None)}")
    check_approved("space_kinds.txt", "\n".join(shown))


def test_a_gradio_space_installs_what_scores_like_the_model(tmp_path):
    run = RunFolder(tmp_path)
    arrived = {"onnx/model.onnx", "onnx/gate.json"}
    engine = space_content.engine_for
    assert engine(run, None, arrived) == "torch", "the run has no gate"
    (tmp_path / "onnx").mkdir()
    for outcome, expected in (("passed", "onnx"), ("unproven", "torch")):
        run.write_json("onnx/gate.json", {"engines": {"onnx": {"outcome": outcome}}})
        assert engine(run, None, arrived) == engine(run, "cpu-basic", arrived) == expected
    run.write_json("onnx/gate.json", {"engines": {"onnx": {"outcome": "passed"}}})
    assert engine(run, "t4-small", arrived) == "torch"
    assert engine(run, None, {"onnx/gate.json"}) == "torch"


def test_examples_of_a_space_are_the_users_or_one_of_each_label(monkeypatch, tmp_path):
    rows = [
        ("a" * 401, None, "x"),
        ("first", None, "x"),
        ("second", None, "x"),
        ("a", "b", "y"),
        ("call 010-1234-5678", None, "z"),
        ("third", None, "z"),
        ("fourth", None, "w"),
        ("fifth", None, "v"),
    ]
    table = SimpleNamespace(to_pylist=lambda: [{"text": t, "text_pair": p, "labels": label} for t, p, label in rows])
    monkeypatch.setattr(space_content.pq, "read_table", lambda path: table)
    run = RunFolder(tmp_path)
    run.write_text("recipe.yaml", "seed: 1\n")
    run.write_json("evaluation.json", {"data": {"text_columns": ["a", "b"]}})
    assert examples_for_space(run, PushArguments()) == []
    assert examples_for_space(run, PushArguments(examples=["a\nb\nc"])) == [["a", "b\nc"]]
    wanted = PushArguments(examples_from_validation=True)
    assert examples_for_space(run, wanted) == [["first"], ["a", "b"], ["third"]]
    run.write_json("evaluation.json", {"data": {}})
    run.write_text("recipe.yaml", "examples: [one, 2]\n")
    assert examples_for_space(run, PushArguments()) == [["one"], ["2"]]
    assert examples_in("examples.json", b'[["a"]]') == [["a"]]
    assert examples_in("page.json", b'{"examples": [["a"]]}') == [["a"]]
    assert [examples_in("examples.json", bad) for bad in (b"{", b'{"a": 1}', b"3")] == [[], [], []]


@pytest.mark.parametrize(
    ("token", "role", "scopes", "said"),
    [
        (None, "read", {}, "None"),
        (
            "pusher",
            "read",
            {},
            "refused: SPACE_HF_TOKEN is the token that pushes; a Space must not hold that. Make a "
            "read-only token at https://huggingface.co/settings/tokens.",
        ),
        ("other", "read", {}, "None"),
        (
            "other",
            "write",
            {},
            "refused: SPACE_HF_TOKEN may write; a Space needs a token that can only read. Make a read-only one.",
        ),
        ("other", "fineGrained", {"global": ["repo.write"]}, "refused: SPACE_HF_TOKEN may write"),
        ("other", "fineGrained", {"scoped": [{"permissions": ["repo.content.read", "repo.write"]}]}, "refused: SPACE"),
        ("other", "fineGrained", {"scoped": [{"permissions": ["repo.content.read"]}]}, "None"),
    ],
)
def test_a_space_keeps_only_a_token_that_reads(token, role, scopes, said, monkeypatch):
    monkeypatch.setenv("SPACE_HF_TOKEN", token or "")
    monkeypatch.setattr(space, "get_token", lambda: "pusher")
    hub_of(monkeypatch, space, whoami=token_of(role, **scopes))
    assert refusal(space._check_read_token, "a/b").startswith(said)


# The contract


def test_rows_of_the_contract_are_the_longest_and_others_evenly_spread():
    columns = {"text": ["a" * (i % 50) for i in range(500)], "text_pair": [None] * 499 + ["b" * 99]}
    chosen = contract._chosen(columns)
    assert len(chosen) <= 64
    assert {49, 99, 149, 199, 249, 299, 349, 399, 449, 499} <= set(chosen), "the longest ten, the pair among them"
    assert {round(499 * k / 47 - 0.5) for k in range(1, 5)} <= set(chosen), "forty-eight over the split"
    assert contract._chosen({"text": ["a"] * 3, "text_pair": [None] * 3}) == [0, 1, 2]


def test_a_toss_up_is_no_difference():
    decided = contract._is_decided
    assert decided(np.array([0.5, 0.500021]), None, 1e-5)
    assert not decided(np.array([0.5, 0.500019]), None, 1e-5)
    assert decided(np.array([1.0]), None, 1e-5)
    assert not decided(np.array([0.9, 0.400009]), np.array([0.5, 0.4]), 1e-5)
    assert decided(np.array([0.9, 0.400011]), np.array([0.5, 0.4]), 1e-5)


@pytest.fixture
def process(monkeypatch):
    """What the process of a contract defines; loading it keeps this project from being imported."""
    for name in ("textclf", "dataset_scripts", "metrics"):
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name))
    found = runpy.run_path(str(contract.PROCESS), run_name="contract")
    for name in ("textclf", "dataset_scripts", "metrics"):
        assert sys.modules[name] is None
    return found


def test_the_process_decides_as_the_config_says(process):
    predicted = process["predicted"]
    assert predicted(["a", "b"], [0.4, 0.6], {}, False) == ["b"]
    assert predicted(["a", "b"], [0.4, 0.5], {"a": 0.4}, True) == ["a", "b"]
    assert predicted(["a", "b"], [0.39, 0.49], {"a": 0.4}, True) == []


def test_the_process_compares_scores_and_decisions(process):
    """Of four rows the second is off by .2, and the third is labelled otherwise; the fourth is a toss-up."""
    given = {"one": [0.9, 0.1], "two": [0.7, 0.3], "three": [0.8, 0.2], "four": [0.5, 0.5]}

    class Pipeline:
        model = SimpleNamespace(config=SimpleNamespace(id2label={0: "x", 1: "y"}))

        def __call__(self, text, top_k, truncation):
            assert (top_k, truncation) == (None, True)
            name = text if isinstance(text, str) else f"{text['text']}{text['text_pair']}"
            return [{"label": label, "score": score} for label, score in zip("xy", given[name], strict=True)]

    process["differing_scores"].__globals__["pipeline"] = lambda task, **settings: Pipeline()
    rows = [
        {"row": 0, "text": "one", "text_pair": None, "scores": [0.9, 0.1], "predicted": ["x"], "decided": True},
        {"row": 1, "text": "t", "text_pair": "wo", "scores": [0.9, 0.1], "predicted": ["x"], "decided": True},
        {"row": 2, "text": "three", "text_pair": "", "scores": [0.8, 0.2], "predicted": ["y"], "decided": True},
        {"row": 3, "text": "four", "text_pair": None, "scores": [0.5, 0.5], "predicted": ["y"], "decided": False},
    ]
    request = {"repo_id": "a/b", "revision": "r", "trust_remote_code": False, "several": False, "tolerance": 0.1}
    found, largest = process["differing_scores"](request | {"labels": ["x", "y"], "rows": rows})
    assert found == [
        "row 1 of predictions/test.parquet has scores [0.9, 0.1]; the pipeline gives [0.7, 0.3]",
        "row 2 of predictions/test.parquet is labelled ['y']; the pipeline's scores say otherwise",
    ]
    assert largest == pytest.approx(0.2)
    assert process["differing_scores"](request | {"labels": ["y", "x"]}) == (
        ["its labels are x, y; expected y, x"],
        0.0,
    )


def test_the_error_that_a_process_ended_with_is_told_in_a_line():
    trace = 'noise\nTraceback (most recent call last):\n  File "x", line 1\n    y\nmodule.Kind: it broke\nmore\n'
    assert contract._raised(trace) == "Kind: it broke."
    assert contract._raised("only this.\n") == "only this."
    assert contract._raised("") == "no message."


# What is said afterwards


def test_the_talk_of_a_push_is_what_was_looked_at(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.write_text("recipe.yaml", "seed: 1\n")
    run.write_json("evaluation.json", {"data": {}})
    arguments = PushArguments(repo_id="alice/model", space="alice/demo", dataset_repo="alice/data", tag="v1")
    uploads = [Upload("README.md", b"x" * 999), Upload("config.json", b"x" * 1000), Upload("m.bin", b"x" * 2_500_000)]
    agreement, home = Agreement(34, 0.0000123), "https://hub/alice/model"
    for committed in (Committed("abcdefghijk", True), Committed("abc", False), Committed("abc", True, 7)):
        publish.show_push(Pushed("alice/model", home, committed, agreement), uploads)
    done, same = Committed("a", True), Committed("a", False)
    for pushed in (
        SpacePushed("alice/demo", done, "gradio", True, False),
        SpacePushed("alice/demo", same, "static", False, True),
        SpacePushed("alice/demo", done, "static", False, False, True),
    ):
        publish.show_space(pushed, run, arguments)
    monkeypatch.setattr(publish, "space_files", lambda run, arguments, form: [Upload(str(form.kind), b"")])
    for more in ({}, {"public": True, "license": "mit", "language": "en", "space_kind": "static"}):
        publish.show_plan(
            run, PushArguments(repo_id="alice/model", space="alice/demo", dataset_repo="a/d", **more), uploads
        )
    said = capsys.readouterr().out.replace(str(tmp_path), "HERE")
    check_approved("push_talk.txt", "\n".join(line.rstrip() for line in said.splitlines()))


@pytest.mark.parametrize("several", [False, True])
def test_a_data_set_card_is_what_was_looked_at(several, tmp_path):
    run = RunFolder(tmp_path)
    run.write_text("recipe.yaml", "seed: 1\n")
    data = {
        "name": "a|b",
        "licence": "cc0-1.0",
        "source": "https://x",
        "how_split": "all as given.",
        "languages": ["ko"],
        "removed": {"blank text": 2},
        "known_faults": "Some are old.",
    }
    run.write_json("evaluation.json", {"data": data})
    audit = {
        "findings": {
            "exact_leaks": {"count": 3, "says": "texts leak"},
            "blank": {"count": 0, "says": ""},
            "longer_than_max_length": {"count": 9, "says": "are long"},
        }
    }
    run.write_json("audit.json", audit if several else {})
    label = ClassLabel(names=["x", "y"])
    features = Features({"text": Value("string"), "labels": List(label) if several else label})
    if several:
        features["text_pair"] = Value("string")
    rows = {"text": ["a", "b", "c"], "labels": [[0, 1], [], [1]] if several else [0, 1, 1]}
    if several:
        rows["text_pair"] = ["p", None, "q"]
    split = Dataset.from_dict(rows, features=features)
    splits = DatasetDict(train=split, test=split.select([0]))
    arguments = PushArguments(dataset_repo="alice/my-data", data_source="*mine*" if several else None)
    check_approved(f"data_card_{'several' if several else 'one'}.md", str(dataset_card(run, arguments, splits)))
    check_dataset(run, arguments)
    for changed, said in (
        ({"licence": None}, "needs the licence of the data"),
        ({"source": None}, "needs the source"),
        ({"licence": "other"}, "The licence of the data, other, is none that lets everybody pass it on."),
    ):
        run.write_json("evaluation.json", {"data": data | changed})
        found = refusal(check_dataset, run, PushArguments())
        assert said in found
    assert refusal(check_dataset, run, PushArguments(i_have_the_right=True)) == "None"


def test_a_manifest_is_ours_by_what_it_says():
    own = {"made_by": "textclf", "kind": "model", "run": {"evaluation": "x"}, "files": {"a": "1", "b": "2"}}
    assert paths_in(json.dumps(own).encode(), "model") == {"a", "b", "textclf.json"}
    foreign = [
        own | {"made_by": "x"},
        own | {"kind": "space"},
        own | {"run": {}},
        own | {"run": 1},
        own | {"files": []},
        [own],
        1,
    ]
    assert [paths_in(json.dumps(each).encode(), "model") for each in foreign] == [None] * 7
    assert paths_in(b"{", "model") is None


def test_a_manifest_can_be_read_by_people_and_by_the_next_push(tmp_path):
    run = RunFolder(tmp_path / "리뷰 모델")
    run.path.mkdir()
    run.write_text("evaluation.json", "{}")
    files = with_manifest(run, "model", [Upload("z.bin", b"z"), Upload("a.json", b"{}")])
    assert [upload.path for upload in files] == ["a.json", "textclf.json", "z.bin"]
    written = files[1].data()
    assert paths_in(written, "model") == {"a.json", "z.bin", "textclf.json"}
    assert '    "name": "리뷰 모델",\n'.encode() in written
    assert json.loads(written)["files"]["z.bin"] == hashlib.sha256(b"z").hexdigest()


def test_numbers_of_people_are_told_from_other_numbers():
    """Nine to fifteen digits are a phone number; the seventh digit of a resident number says in which century."""
    texts = [
        "+1 2345 678",
        "+12 345 6789",
        "+821012345678",
        "+8210123456789012",
        "02-123-4567",
        "010 1234 5678",
        "(212) 555-0100",
        "990101-1234567",
        "000229-3234567",
        "000229-1234567",
        "000230-3234567",
        "991301-1234567",
        "990100-1234567",
        "990132-1234567",
        "000229-9234567",
        "a@b.co",
        "a@b",
        "~/x",
        "$HOME",
        "/usr/lib/x",
        "C:\\x",
        "see /a",
        "1/2/3",
        "-----BEGIN RSA PRIVATE KEY-----",
        "https://u:pass@h",
        "api_key=abcdefghij0123456789",
        "api_key=abcdefghijklmnopqrst",
        "password: aaaaaaaaaa1111111111",
        "hf_" + "a" * 30,
        "hf_" + "a" * 29,
    ]
    told = [f"{text!r}: {[(found.says, found.evidence) for found in secrets_in([text])]}" for text in texts]
    check_approved("numbers_of_people.txt", "\n".join(told))
