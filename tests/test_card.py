"""The model card prints what the run folder holds, all of it in one language, and nothing else."""

import itertools
import json
import os
import re
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from huggingface_hub import ModelCard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from scipy.special import expit, softmax
from transformers import AutoConfig, pipeline

from tests.approved import check_approved
from tests.made_runs import LABELS, make_run
from tests.test_whole_pages import ENGINE, PROMISES
from textclf.data.auditing.audit import audit
from textclf.evaluation.names import METRIC_NAMES, language_of
from textclf.evaluation.report import report_on
from textclf.hub.card import TEMPLATE, card_example, render_card
from textclf.hub.card_facts import OF_THE_MODEL
from textclf.hub.card_figures import figures_of
from textclf.hub.card_sample import remember_sample
from textclf.hub.card_tables import MANY_LABELS, confusion, number, per_label
from textclf.hub.push_arguments import PushArguments
from textclf.hub.wording import WORDING, neutral_sentences
from textclf.labels import LabelSpace
from textclf.models.limits import positions
from textclf.run_folder import RunFolder

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w]|\.\d)")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {kind: make_run(folder / kind, kind) for kind in LABELS}


@pytest.fixture
def run(runs, tmp_path):
    return RunFolder(shutil.copytree(runs["single"].path, tmp_path / "run"))


def render(run, **options):
    return str(render_card(run, PushArguments(repo_id="alice/model", **options)))


def change(run, name, **values):
    run.write_json(name, run.read_json(name) | values)


def numbers_of(value):
    """Every number that JSON holds, as the card may print it, those inside its strings included."""
    if isinstance(value, dict):
        return set().union(*(numbers_of(key) | numbers_of(inner) for key, inner in value.items()))
    if isinstance(value, list):
        return set().union(*map(numbers_of, value))
    if isinstance(value, str):
        return set(NUMBER.findall(value))
    if isinstance(value, bool) or value is None:
        return set()
    return {str(value), f"{value:.4f}", f"{value:.1f}"}


def unexplained(card, run):
    """Numbers of a card that stand neither in the run's files nor in the fixed words of every card."""
    room = positions(AutoConfig.from_pretrained(run.path))
    known = {str(len(run.read_json("evaluation.json")["labels"])), str(room)}
    for name in ("evaluation.json", "audit.json", "tokenizer_config.json"):
        known |= numbers_of(run.read_json(name))
    fixed = [TEMPLATE.read_text(encoding="utf-8"), (run.path / "recipe.yaml").read_text(encoding="utf-8")]
    fixed += [*METRIC_NAMES.values(), *neutral_sentences("en"), *neutral_sentences("ko")]
    known |= numbers_of(fixed) | numbers_of(list(WORDING.values()))
    return [number for number in NUMBER.findall(card) if number not in known]


@pytest.mark.parametrize("kind", LABELS)
def test_every_number_of_a_card_stands_in_the_run_folder(runs, kind):
    card = render(runs[kind], license="apache-2.0")
    assert len(NUMBER.findall(card)) > 60
    assert unexplained(card, runs[kind]) == []


@pytest.mark.parametrize("kind", LABELS)
def test_an_altered_figure_is_noticed(runs, kind):
    card = render(runs[kind])
    figures = [figure for figure in NUMBER.findall(card) if re.fullmatch(r"0\.\d{4}", figure)]
    for figure in figures[:: max(1, len(figures) // 7)]:
        altered = f"{float(figure) + 0.0137:.4f}"
        while unexplained(altered, runs[kind]) == []:  # a figure that the run happens to hold elsewhere
            altered = f"{float(altered) + 0.0137:.4f}"
        assert unexplained(card.replace(figure, altered), runs[kind])


def test_a_figure_altered_in_the_run_changes_the_card(run):
    before = render(run)
    metrics = run.read_json("evaluation.json")["metrics"]
    change(run, "evaluation.json", metrics=metrics | {"brier": {"value": 0.71357, "low": 0.71246, "high": 0.71468}})
    after = render(run)
    assert "| 0.7136\u00a0[0.7125,\u00a00.7147] |" in after
    assert unexplained(after, run) == []
    assert unexplained(before, run), "the old card's Brier score is no longer in the run"


@pytest.mark.parametrize("kind", LABELS)
def test_no_field_is_empty(runs, kind):
    card = render(runs[kind])
    for word in ("None", "nan", "{{", "}}", "{%", "[]", " ()", "undefined"):
        assert word not in card.replace("top_k=None", "")
    body = card.split("---\n", 2)[2]
    for heading, text in re.findall(r"^#+ (.+)\n((?:(?!^#).*\n)*)", body, flags=re.M):
        following = body[body.index(f"# {heading}") :].split("\n", 1)[1].strip()
        assert text.strip() or following.startswith("#"), f"nothing stands under {heading}"
    assert "\n\n\n" not in body
    assert not re.search(r"^- [^:]*: *$", body, flags=re.M)


@pytest.mark.parametrize("kind", LABELS)
def test_tables_have_as_many_cells_in_each_row(runs, kind):
    rows = [line for line in render(runs[kind]).splitlines() if line.startswith("|")]
    width = 0
    for row, following in itertools.pairwise([*rows, ""]):
        width = following.count("|") if following.startswith("|---") else width
        assert len(re.findall(r"(?<!\\)\|", row)) == width
    assert "neither \\| nor" in render(runs["single"])


def test_metadata_says_what_is_known_and_guesses_nothing(runs):
    data = ModelCard(render(runs["pair"])).data.to_dict()
    assert data["language"] == "en"
    assert "license" not in data
    assert "datasets" not in data, "the rows came from a file"
    assert (data["library_name"], data["pipeline_tag"]) == ("transformers", "text-classification")
    assert (data["base_model"], data["base_model_relation"]) == ("someone/tiny-bert", "finetune")
    (result,) = data["model-index"][0]["results"]
    assert result["dataset"]["split"] == "test"
    values = {row["name"]: row["value"] for row in result["metrics"]}
    assert values["accuracy"] == runs["pair"].read_json("evaluation.json")["metrics"]["accuracy"]["value"]


def test_metadata_of_hub_data_names_it_with_its_commit(run):
    data = run.read_json("evaluation.json")["data"]
    change(run, "evaluation.json", data=data | {"name": "org/reviews", "config": "short", "revision": "a" * 40})
    card = ModelCard(render(run, license="mit", language="de,fr"))
    assert card.data.datasets == ["org/reviews"]
    assert (card.data.license, card.data.language) == ("mit", ["de", "fr"])
    result = card.data.eval_results[0]
    assert (result.dataset_config, result.dataset_revision) == ("short", "a" * 40)
    assert card.data.base_model is None, "a folder of this machine is no Hub model"


@pytest.mark.parametrize(
    ("recipe", "named"),
    [
        ({"model": "runs/x"}, None),
        ({"model": "runs/x", "model_revision": "main"}, None),
        ({"model": "someone/encoder", "model_revision": "0" * 40}, "someone/encoder"),
        ({"model": "bert-base-uncased", "model_revision": "0" * 40}, "bert-base-uncased"),
        ({"model": "sentence-transformers/all-MiniLM-L6-v2"}, "sentence-transformers/all-MiniLM-L6-v2"),
        ({"model": "/srv/models/kim/encoder"}, None),
    ],
)
def test_only_a_model_of_the_hub_is_a_base_model(run, recipe, named):
    """The folder runs/x went into the metadata as the id of a base model."""
    run.write_text("recipe.yaml", yaml.safe_dump(recipe))
    card = ModelCard(render(run))
    assert card.data.base_model == named
    assert ("base_model_relation: finetune" in str(card)) == (named is not None)
    procedure = str(card).split("## Training procedure")[1].split("<details>")[0]
    assert "/srv/models" not in procedure, "a path of this machine helps nobody"


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ({"name": "org/reviews", "revision": "a" * 40}, {}, ("org/reviews", ["org/reviews"])),
        ({"name": "reviews"}, {"dataset_repo": "alice/reviews"}, ("alice/reviews", ["alice/reviews"])),
        ({"name": "reviews"}, {}, ("csv", None)),
        ({"name": "reviews", "files": [{"name": "a.CSV"}, {"name": "b.jsonl"}]}, {}, ("text", None)),
    ],
)
def test_the_type_of_a_data_set_is_an_id_of_the_hub_or_the_kind_of_its_files(run, data, options, expected):
    change(run, "evaluation.json", data=run.read_json("evaluation.json")["data"] | data)
    card = ModelCard(render(run, **options))
    assert ({result.dataset_type for result in card.data.eval_results}, card.data.datasets) == (
        {expected[0]},
        expected[1],
    )
    assert {result.dataset_name for result in card.data.eval_results} == {data["name"]}


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_an_average_is_called_what_it_is(runs, kind):
    """A card could have said micro of a macro average, and no test would have noticed."""
    metrics = runs[kind].read_json("evaluation.json")["metrics"]
    own_names = {"matthews_correlation": "mcc"}
    results = ModelCard(render(runs[kind])).data.eval_results
    for result in results:
        average = result.metric_args["average"] if result.metric_args else None
        assert [word for word in ("macro", "micro") if f"({word})" in result.metric_name] == (
            [average] if average else []
        )
        name = own_names.get(result.metric_type, result.metric_type) + (f"_{average}" if average else "")
        assert result.metric_value == metrics[name]["value"]
    averaged = {(result.metric_type, result.metric_args["average"]) for result in results if result.metric_args}
    assert averaged >= {("f1", "macro"), ("f1", "micro"), ("precision", "macro"), ("recall", "macro")}


@pytest.mark.parametrize(
    ("times", "said"), [(1, "was scored once"), (2, "was scored 2 times"), (7, "was scored 7 times")]
)
def test_the_card_says_how_often_test_was_scored(run, times, said):
    change(run, "evaluation.json", test_scored=times)
    card = render(run)
    assert said in card
    assert ("once" in card.split("## Results")[1].split("##")[0]) == (times == 1)


HOSTILE = (
    "</details> <script>alert(1)</script> ![x](http://evil/x.png) [y](http://evil) `z` | *w* ``` \n# H\n- i \u202egpj"
)


def test_names_of_data_files_and_folders_are_shown_as_they_are(run, tmp_path):
    """They went into the card as they were: a file's name could bring a link, a picture or a heading."""
    data = run.read_json("evaluation.json")["data"] | {
        "name": HOSTILE,
        "source": HOSTILE,
        "config": HOSTILE,
        "licence": HOSTILE,
        "how_split": HOSTILE,
        "known_faults": HOSTILE,
        "removed": {HOSTILE: 2},
        "files": [{"name": HOSTILE, "sha256": "0"}],
        "text_columns": [HOSTILE, HOSTILE],
    }
    change(run, "evaluation.json", data=data)
    (run.path / "figures").mkdir()
    (run.path / "figures" / "a](x) <b>.png").write_bytes(b"\x89PNG")
    recipe = yaml.safe_dump({"model": f"x/{HOSTILE}", "train_file": HOSTILE, "model_revision": "0" * 40})
    run.write_text("recipe.yaml", recipe + "# ```\n# ````\n")
    hostile = RunFolder(run.path.rename(tmp_path / "run ]('`<b>"))
    for card in (str(render_card(hostile)), render(hostile, license="mit\nevil: yes", dataset_repo="alice/d")):
        front, body = card.split("---\n", 2)[1:]
        assert "evil" not in yaml.safe_load(front)
        tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(body)
        inline = [part for token in tokens for part in token.children or ()]
        kinds = {part.type for part in inline}
        assert not kinds & {"link_open", "html_inline", "em_open"}, kinds
        assert [part.attrs["src"] for part in inline if part.type == "image"] == ["figures/a%5D%28x%29%20%3Cb%3E.png"]
        html = {token.content.strip() for token in tokens if token.type == "html_block"}
        assert html == {"<details><summary>recipe.yaml</summary>", "</details>"}
        headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
        assert "H" not in headings
        assert "\u202e" not in body.split("```")[0]
        (quoted,) = (token.content for token in tokens if token.type == "fence" and token.info == "yaml")
        assert quoted.strip() == (hostile.path / "recipe.yaml").read_text().strip()
        (snippet,) = (token.content for token in tokens if token.type == "fence" and token.info == "python")
        compile(snippet, "card", "exec")


def test_headings_follow_the_language_of_the_data(runs, run):
    assert "## 결과" in render(runs["korean"])
    assert "## Results" in render(runs["single"])
    assert "## Results" in render(runs["korean"], language="en")
    data = run.read_json("evaluation.json")["data"]
    change(run, "evaluation.json", data=data | {"languages": ["ko", "en"]})
    assert "## 결과" in render(run)
    assert WORDING["ko"].keys() >= WORDING["en"].keys()


def test_language_is_told_from_the_texts():
    korean = ["정말 최악이에요. 이렇게 나쁜 서비스는 처음입니다."]
    assert language_of(korean) == "ko"
    assert language_of(unicodedata.normalize("NFD", text) for text in korean) == "ko"
    assert language_of(["The museum shows paintings from private collections until early spring."] * 3) == "en"
    assert language_of(["Das Museum zeigt bis zum Frühling Gemälde aus privaten Sammlungen."] * 3) is None
    assert language_of(["Le musée expose des tableaux de collections privées jusqu'au printemps."] * 3) is None
    assert language_of(["박물관 2층 ok", "the"]) == "ko"
    twenty = ["of the"] * 2 + ["early spring paintings collections"] * 4
    assert language_of(twenty) == "en"
    assert language_of([*twenty[:-1], "early spring paintings"]) is None, "too few words to tell"
    assert language_of(["the", *["spring"] * 19]) is None, "one in twenty is no English"
    assert language_of([]) is None


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            {"difference": 0.05, "low": 0.01, "high": 0.09, "p_value": 0.012},
            "The model beats TF-IDF + linear SVM, the best",
        ),
        (
            {"difference": 0.05, "low": -0.01, "high": 0.11, "p_value": 0.12},
            "**No difference is shown between the model",
        ),
        ({"difference": -0.01, "low": -0.02, "high": 0.02, "p_value": 1.0}, "**No difference is shown"),
        (
            {"difference": -0.05, "low": -0.09, "high": -0.01, "p_value": 0.012},
            "**The baseline TF-IDF + linear SVM beats",
        ),
        (
            {"metric": "log_loss", "difference": -0.05, "low": -0.09, "high": -0.01, "p_value": 0.012},
            "in log loss (lower is better); the difference is -0.0500\u00a0[-0.0900,\u00a0-0.0100]",
        ),
        (
            {"metric": "log_loss", "difference": 0.05, "low": 0.01, "high": 0.09, "p_value": 0.012},
            "**The baseline TF-IDF + linear SVM beats",
        ),
    ],
)
def test_the_card_says_plainly_whether_the_model_wins(run, found, sentence):
    change(
        run,
        "evaluation.json",
        against_baseline={"name": "tfidf_svm", "metric": "f1_macro", "p_at_most": False, **found},
    )  # n = 34
    card = render(run)
    assert sentence in card
    assert "TF-IDF + linear SVM" in card
    assert f"p = {found['p_value']:.4f}" in card


def cells(card, heading):
    """The rows of the first table under a heading, as a page shows them."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(card.split("---\n", 2)[2])
    place = next(i for i, token in enumerate(tokens) if token.type == "inline" and token.content == heading)
    rows = []
    for token in itertools.takewhile(lambda token: token.type != "table_close", tokens[place:]):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            assert {part.type for part in token.children} <= {"text", "text_special"}, token.content
            rows[-1].append("".join(part.content for part in token.children))
    return rows


@given(st.lists(st.text("ab _-*`[]()<>|~$&#;!\\이", min_size=1).map(str.strip).filter(bool), min_size=2, unique=True))
@example(
    ["<5 years", "a|b", "*", "`x`", "_y_", "[z](w)", "~~s~~", "R&amp;D", "snake_case", "\\", "__label__x", "긍정"]
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_labels_are_shown_as_they_are(runs, labels):
    """`<5 years` vanished from the tables, `*` and `_x_` lost what they were made of."""
    labels = list(dict.fromkeys(" ".join(label.split()) for label in labels))
    shown = {"class": labels, "matrix": np.arange(len(labels) ** 2).reshape(len(labels), -1).tolist()}
    rows = {label: {"precision": None, "recall": None, "f1": None, "support": 3} for label in labels}
    evaluation = {"labels": shown["class"], "confusion_matrix": shown["matrix"], "per_label": rows}
    for name, written in (("Each label", per_label), ("Confusion matrix", confusion)):
        card = f"---\n---\n\n### {name}\n\n{written(evaluation, WORDING['en'])}\n"
        if name == "Each label" or len(labels) <= 12:
            assert [row[0] for row in cells(card, name)][1:] == labels[:MANY_LABELS]


def test_of_many_labels_those_with_most_texts_stand_in_front_and_the_others_are_folded():
    figure = {"value": 0.5, "low": 0.25, "high": 0.75}
    rows = {f"label {i}": {"precision": None, "recall": figure, "f1": figure, "support": i} for i in range(44)}
    written = per_label({"per_label": rows}, WORDING["en"])
    before, folded = written.split("<details><summary>the other 14 labels</summary>\n\n")
    assert re.findall(r"\| (label \d+)", before) == [f"label {i}" for i in range(43, 13, -1)]
    assert re.findall(r"\| (label \d+)", folded) == [f"label {i}" for i in range(13, -1, -1)]
    assert MarkdownIt("commonmark").enable("table").render(written).count("<table>") == 2


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            {"difference": -0.4, "low": -0.5, "high": -0.3, "p_value": 0.001},
            "The baseline TF-IDF + linear SVM is better",
        ),
        ({"difference": 0.4, "low": 0.3, "high": 0.5, "p_value": 0.001}, None),
    ],
)
def test_a_card_of_a_model_that_fails_says_so_before_anything_else(run, found, said):
    good = {"labels": ["a", "b"], "confusion_matrix": [[17, 0], [0, 17]]}
    beside = {"name": "tfidf_svm", "metric": "f1_macro", "p_at_most": False, **found}
    change(run, "evaluation.json", against_baseline=beside, **good)
    top = render(run).split("\n## ")[0]
    assert ("**Do not rely on it.**" in top) == (said is not None)
    assert said is None or said in top
    change(run, "evaluation.json", confusion_matrix=[[0, 17], [0, 17]])
    assert "> **Do not rely on it.** The model has collapsed: it gives nearly every text the label `b`." in render(run)


def test_a_wide_confusion_matrix_becomes_a_list(run):
    labels = [f"label {i}" for i in range(40)]
    matrix = np.diag(np.full(40, 9))
    matrix[3, 7], matrix[20, 1] = 6, 5
    change(run, "evaluation.json", labels=labels, confusion_matrix=matrix.tolist())
    card = render(run)
    assert card.index("label 3 taken for label 7: 6") < card.index("label 20 taken for label 1: 5")
    assert "| label 3 |" not in card


def test_windows_are_shown_beside_the_figures_without_them(run):
    """Metrics that say nothing with one label stood there again, and no word of which are better lower."""
    metrics = run.read_json("evaluation.json")["metrics"]
    change(run, "evaluation.json", long_text={"n": 34, "metrics": metrics})
    card = render(run)
    without, with_windows = cells(card, "Results"), cells(card, "Long texts")
    assert [row[:2] for row in without] == with_windows


def test_a_small_loss_has_no_minus_before_its_zero():
    assert (number(-0.00001), number(-0.00005001), number(0.12345), number(7)) == ("0.0000", "-0.0001", "0.1235", "7")


def test_truncation_is_explained_for_what_it_does(runs):
    """The card said that longer texts are an error: of 128 tokens, they are, of the 48 of this run, they are not."""
    classify = pipeline("text-classification", model=str(runs["single"].path))
    long = "The museum shows paintings. " * 12
    assert classify(long)[0]["score"] != classify(long, truncation=True)[0]["score"]
    assert "without it they get other scores, or an error." in render(runs["single"])


def test_a_korean_card_is_korean(runs, tmp_path):
    """Splits had two names in one card, words ended in 을(를), and what the audit found was English."""
    run = RunFolder(shutil.copytree(runs["korean"].path, tmp_path / "run"))
    train = {
        "text": ["최고예요", "ㅋㅋㅋ 별로", "나쁘지 않아요!", unicodedata.normalize("NFD", "정말 좋아요")],
        "labels": [1, 0, 0, 1],
    }
    test = {"text": ["나쁘지 않아요", "글쎄요, 저는 잘 모르겠습니다"], "labels": [0, 0]}
    features = Features({"text": Value("string"), "labels": ClassLabel(names=["부정", "긍정", "중립"])})
    splits = {name: Dataset.from_dict(rows, features=features) for name, rows in (("train", train), ("test", test))}
    run.write_json("audit.json", audit(DatasetDict(splits)).to_dict() | {"removed_from_train": {"exact_leaks": 1}})
    card = render(run)
    for line in ("- 낱자모가 든 글 1건", "- 완성형(NFC)이 아닌 글 1건", "- 어느 데이터에도 없는 라벨 1개: 중립"):
        assert line in card
    assert "- 이 가운데 1건은 학습에 쓰지 않았습니다" in card
    assert "- 글 수: 학습 40, 검증 30, 테스트 34" in card
    assert "테스트 데이터 34건으로" in card
    for clumsy in ("을(를)", "이(가)", "(으)로", "시험", "test 데이터", "validation 데이터"):
        assert clumsy not in card
    limits = card[card.index("## 한계") : card.index("## 학습 과정")]
    assert not re.search(r"[A-Za-z]{4,}", limits), limits
    for heading in ("결과", "라벨별 결과"):
        assert not re.search(r"accuracy|precision|recall|loss|score|error", str(cells(card, heading)))


def test_every_finding_of_the_audit_has_korean_words():
    known = {name.removeprefix("audit_") for name in WORDING["ko"] if name.startswith("audit_")}
    rows = {"text": ["one", "two"], "labels": [0, 1]}
    features = Features({"text": Value("string"), "labels": ClassLabel(names=["bad", "good"])})
    splits = DatasetDict(
        {name: Dataset.from_dict(rows, features=features) for name in ("train", "validation", "test")}
    )
    found = audit(splits, clean=["lowercase"]).to_dict()["findings"]
    assert found.keys() | {"longer_than_max_length", "made_for_other_languages"} == known
    assert known > OF_THE_MODEL


def test_faults_that_who_prepared_the_data_knows_are_limits(run):
    """A card of the coronavirus tweets did not say that their labels look machine-made."""
    data = run.read_json("evaluation.json")["data"]
    change(run, "evaluation.json", data=data | {"known_faults": "the labels look machine-made"})
    limits = render(run).split("## Limits and known faults")[1].split("## ")[0]
    assert "- the labels look machine-made\n" in limits


def test_a_merged_adapter_is_told(runs):
    assert "trained as an adapter (lora, rank 8), which is merged into the weights" in render(runs["adapter"])
    assert "adapter" not in render(runs["pair"])


@pytest.mark.parametrize("kind", ["single", "pair", "multi"])
def test_the_snippets_run_as_they_stand(runs, kind, monkeypatch):
    """Executed with the run folder in the place of the repo: the card without a repo id speaks of the folder."""
    monkeypatch.chdir(runs[kind].path.parent)
    card = str(render_card(runs[kind]))
    first, *rest = re.findall(r"```python\n(.+?)```", card, flags=re.S)
    names = {}
    exec(first, names)
    assert {row["label"] for row in names["scores"]} == set(LABELS[kind])
    if kind == "pair":
        assert names["text"] == dict(zip(("text", "text_pair"), neutral_sentences("en")[::2], strict=True))
    assert len(rest) == (kind == "multi")
    if kind == "multi":
        *lines, last = rest[0].strip().splitlines()
        exec("\n".join(lines), names)
        cuts = json.loads((runs[kind].path / "config.json").read_text())["thresholds"]
        expected = [row["label"] for row in names["scores"] if row["score"] >= cuts[row["label"]]]
        assert eval(last, names) == expected


def test_examples_of_the_user_stand_in_the_snippet_field_by_field(runs):
    card = render(runs["pair"], examples=["Rates rise\nThe bank said so.", "x"])
    assert 'text = {"text": "Rates rise", "text_pair": "The bank said so."}' in card
    assert 'text = "Rates rise\\nThe bank said so."' in render(
        runs["single"], examples=["Rates rise\nThe bank said so."]
    )


def test_two_fields_joined_into_one_text_are_to_be_sent_so(runs, run):
    """The card asked for `text` and `text_pair`, which a model trained with --join_text has never seen."""
    data = run.read_json("evaluation.json")["data"]
    change(run, "evaluation.json", data=data | {"text_columns": ["title", "body"]})
    recipe = (run.path / "recipe.yaml").read_text(encoding="utf-8")
    run.write_text("recipe.yaml", recipe + "join_text: ' - '\n")
    card = render(run, examples=["First line\nSecond line"])
    assert "send `title` and `body` with ` - ` between them" in card
    assert 'text = "First line - Second line"' in card
    assert "text_pair" not in card
    run.write_text("recipe.yaml", recipe + "join_text: '\n'\n".replace("'\n'", '"\\n"'))
    assert "with `\\n` between" in render(run)


def test_the_recipe_is_quoted_and_named_in_the_command(run):
    card = render(run)
    quoted = yaml.safe_load(re.search(r"```yaml\n(.+?)```", card, flags=re.S)[1])
    assert quoted == yaml.safe_load((run.path / "recipe.yaml").read_text())
    assert "hf download alice/model recipe.yaml --local-dir ." in card


def test_figures_are_shown_and_baked_thresholds_explained(run):
    (run.path / "figures").mkdir()
    (run.path / "figures" / "mine.png").write_bytes(b"\x89PNG")
    change(run, "evaluation.json", thresholds={"baked": True, "aim": "f1"})
    card = render(run)
    assert "![mine](figures/mine.png)" in card
    assert "0.5 is the cut for each label" in card
    assert "config.thresholds" not in card


def test_what_became_of_an_aim_on_test_is_said(run):
    figure = {"value": 0.5, "low": 0.1, "high": 0.9}
    reached = {"bad": figure, "good": figure | {"value": 0.95}, "neither | nor": figure}
    on_test = {"measured": 3, "below_aim": ["bad", "neither | nor"], "reached": reached}
    thresholds = {"baked": False, "aim": "precision>=0.9", "on_test": on_test}
    change(run, "evaluation.json", thresholds=thresholds)
    said = "chosen on validation for precision ≥ 0.9, with a margin for chance; on test 1 of 3 labels"
    sentence = next(line for line in render(run).splitlines() if said in line)
    assert "bad" in sentence
    assert "good" not in sentence
    change(run, "evaluation.json", thresholds=thresholds | {"on_test": on_test | {"below_aim": []}})
    assert "on test 3 of 3 labels" in render(run)
    change(run, "evaluation.json", thresholds={"baked": False, "aim": "f1"})
    assert "margin for chance" not in render(run)


def test_no_text_of_the_data_stands_in_the_card(runs):
    for kind, run in runs.items():
        card = render(run)
        for text in pq.read_table(run.path / "predictions" / "test.parquet")["text"].to_pylist():
            assert text not in card, kind


def test_what_the_audit_found_fine_is_no_limit_of_the_model(run):
    """Balanced labels stood in cards as "12 training rows carry 'bad', 1 times fewer than 'good'"."""
    rows = {"text": [f"text {word}" for word in "abcdefgh"], "labels": [0, 1] * 4}
    features = Features({"text": Value("string"), "labels": ClassLabel(names=["bad", "good"])})
    train = Dataset.from_dict(rows, features=features)
    test = Dataset.from_dict({"text": ["Text  A", "other"], "labels": [0, 1]}, features=features)
    found = audit(DatasetDict(train=train, test=test)).to_dict()
    run.write_json("audit.json", found | {"removed_from_train": {"exact_leaks": 1}})
    card = render(run)
    assert "1 of these rows left train before training" in card
    assert "1 training row repeats 1 test text" in card
    assert "fewer than" not in card
    assert "imbalance" not in card


@pytest.mark.parametrize("kind", ["single", "pair", "korean", "multi"])
def test_the_sample_under_the_snippet_is_what_pipeline_answers(runs, tmp_path, kind):
    run = RunFolder(shutil.copytree(runs[kind].path, tmp_path / "run"))
    assert "# [{" not in render(run), "nothing was scored yet"
    remember_sample(run, card_example(run, PushArguments()))
    card = render(run)
    snippet = re.search(r"```python\n(.*?)```", card, re.S)[1]
    (sample,) = re.findall(r"^# (\[.*\])$", snippet, flags=re.M)
    names = {}
    answered = snippet.replace('model="alice/model"', f"model={str(run.path)!r}")
    exec(compile(answered, "card", "exec"), names)  # what a reader does with it
    shown = json.loads(sample.replace("'", '"').replace(", ...", ""))
    expected = sorted(names["scores"], key=lambda row: -row["score"])[:3]
    assert [row["label"] for row in shown] == [row["label"] for row in expected]
    assert [row["score"] for row in shown] == pytest.approx([row["score"] for row in expected], abs=6e-5)
    assert unexplained(card, run) == []
    assert "# [{" not in render(run, examples=["Another sentence."]), "the answer is to another text"


def test_intervals_are_kept_on_one_line(runs):
    card = render(runs["single"])
    assert re.search(r"0\.\d{4}\u00a0\[0\.\d{4},\u00a0[01]\.\d{4}\]", card)
    assert not re.search(r"\d \[\d|\d, \d\.\d{4}\]", card)


def test_figures_say_what_they_show_and_the_confusion_matrix_stands_once(run):
    (run.path / "figures").mkdir()
    for name in (
        "confusion_matrix",
        "per_label",
        "roc_curves",
        "precision_recall_curves",
        "reliability",
        "training_curves",
    ):
        (run.path / "figures" / f"{name}.png").write_bytes(b"\x89PNG")
    card = render(run)
    alts = dict(re.findall(r"!\[(.*?)\]\(figures/(\w+)\.png\)", card))
    assert len(alts) == 5
    assert "confusion_matrix" not in alts.values()
    for alt, name in alts.items():
        assert len(alt) > 40, name
        assert re.search(r"\d", alt), name
    assert unexplained(card, run) == []


def test_a_card_of_a_folder_says_where_the_folder_is(run):
    """Of `--output_dir /data/run` it said `run`, which is nowhere."""
    card = str(render_card(run))
    here = Path(os.path.relpath(run.path)).as_posix()
    assert f'model="{here}"' in card
    assert f"python train.py {here}/recipe.yaml" in card
    assert str(run.path) not in render(run), "what goes up names no folder of this machine"


def test_a_korean_card_says_in_korean_how_splits_were_made(runs, tmp_path):
    run = RunFolder(shutil.copytree(runs["korean"].path, tmp_path / "run"))
    data = run.read_json("evaluation.json")["data"] | {
        "how_split": "test carved out: 20 % of the rows, stratified by label, equal texts kept together, seed 13.",
        "removed": {"blank text": 3},
        "known_faults": "titles without bodies",
        "known_faults_in_korean": "본문 없는 제목",
    }
    change(run, "evaluation.json", data=data)
    card = render(run)
    assert "테스트: 학습 행의 20 %를 라벨 비율에 맞춰 나눔, 같은 글은 함께, 시드 13" in card
    assert "빈 글: 3" in card
    assert "본문 없는 제목" in card
    assert "titles without bodies" not in card


def report_for(kind, n=60):
    """Return a report on made scores, which are the same on every machine."""
    names, several = LABELS[kind], kind == "multi"
    rng = np.random.default_rng(0)
    gold = (rng.random((n, len(names))) < 0.4).astype(int) if several else rng.integers(len(names), size=n)
    noise = rng.normal(size=(n, len(names)))
    truth = gold if several else np.eye(len(names))[gold]
    scores = expit(noise + 4 * truth - 2) if several else softmax(noise + 2 * truth, axis=1)
    cuts = np.array([0.4, 0.5, 0.6, 0.5]) if several else None
    return report_on(scores.astype(np.float32), gold, LabelSpace(tuple(names), several), cuts, 200).to_dict()


BESIDE = {"metric": "f1_macro", "difference": -0.2, "low": -0.3, "high": -0.1, "p_value": 0.001, "p_at_most": True}
TAKEN = {
    "single": {
        "promises": PROMISES, "test_scored": 3, "split_drift": {"different": {"train/test": ["texts"]}},
        "engines": {"onnx-int8": ENGINE | {"file": "x", "promises": {"abstain": {}}},
                    "onnx": ENGINE | {"outcome": "failed"}},
        "calibration": {"method": "temperature", "fitted_on": "validation", "n": 30,
                        "ece_before": 0.2, "ece_after": 0.1,
                        "test": {"n": 60, "ece_before": 0.3, "ece_after": 0.25, "ece_if_calibrated": 0.2}},
        "against_baseline": BESIDE | {"name": "prior", "better_on_test": None}},
    "multi": {
        "promises": PROMISES | {"abstain": {"stored": False, "risk": 0.05, "n": 60, "test": {}}},
        "thresholds": {"aim": "precision>=0.9", "baked": False, "on_test": {"measured": 4, "below_aim": ["it"]}},
        "engines": {"onnx-int8": ENGINE | {"file": "x"}}, "long_text": {"n": 7},
        "calibration": {"method": "platt", "fitted_on": "validation (30) and out-of-fold training rows (40)", "n": 70},
        "against_baseline": BESIDE | {"name": "tfidf_svm", "metric": "log_loss", "p_at_most": False,
                                      "better_on_test": {"name": "prior", "value": 0.3, "best_value": 0.4}}},
    "korean": {
        "calibration": None, "against_baseline": None, "baselines": {}, "training": {"seconds": 3.21, "steps": 0,
        "linear": {"model": "svm", "C": 0.00123, "pooling": "mean"}, "versions": {"torch": "2.13.0"}}},
}  # fmt: skip
DRAWN = ["per_label", "roc_curves", "precision_recall_curves", "reliability", "training_curves", "odd_one"]


@pytest.mark.parametrize("kind", TAKEN)
def test_cards_are_those_that_were_looked_at(kind, runs, tmp_path):
    """Every word and figure of three whole cards, and the front matter."""
    run = RunFolder(shutil.copytree(runs[kind].path, tmp_path / f"my-{kind}"))
    found = report_for(kind)
    metrics = {"accuracy": {"value": 0.5}, "f1_macro": {"value": 0.25}}
    evaluation = (
        run.read_json("evaluation.json") | found | {"baselines": {"prior": {"metrics": metrics}}} | TAKEN[kind]
    )
    evaluation["selection"] |= {"value": 0.61234}
    if evaluation["long_text"]:
        evaluation["long_text"] = {"n": 7, "metrics": found["metrics"]}
    run.write_json("evaluation.json", evaluation)
    run.write_json("audit.json", run.read_json("audit.json") | {"removed_from_train": {"exact": 2, "near": 1}})
    (run.path / "figures").mkdir()
    for name in [*DRAWN, *(["confusion_matrix"] if kind != "multi" else [])]:
        (run.path / "figures" / f"{name}.png").write_bytes(b"")
    options = {"license": "mit", "language": "de", "dataset_repo": "alice/data"} if kind == "multi" else {}
    check_approved(f"card_{kind}.md", render(run, **options))


def test_a_wide_confusion_matrix_is_a_picture_of_which_the_worst_is_told(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "confusion_matrix.png").write_bytes(b"")
    counts = np.eye(13, dtype=int) * 9
    counts[2, 7], counts[7, 2] = 4, 3
    labels = [f"l{i}" for i in range(13)]
    evaluation = {"confusion_matrix": counts.tolist(), "labels": labels, "n": 1240, "metrics": {}}
    (figure,) = figures_of(RunFolder(tmp_path), evaluation, WORDING["en"])
    told = "Confusion matrix of the 1,240 test texts, true labels by predicted ones: most often l2 is taken for l7"
    assert figure == {"path": "figures/confusion_matrix.png", "alt": f"{told} (4 times)"}
    evaluation["labels"] = labels[:12]
    assert figures_of(RunFolder(tmp_path), evaluation, WORDING["en"]) == [], "the card has it as a table"
