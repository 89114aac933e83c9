"""What must stay at home is found in the files that would go up, and shown; what may go up is not suspected."""

import json
import os
import pickle
import random
import re
import shutil
import struct
import unicodedata
import zlib

import pyarrow.parquet as pq
import pytest
import torch
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from tests.made_runs import FILES, LABELS, make_run
from textclf.errors import UserError
from textclf.hub.data_texts import DataTexts, remember_texts
from textclf.hub.inspection import collect, staying_home
from textclf.hub.leaks import secrets_in, strings_of
from textclf.hub.uploads import is_listed, shown_size
from textclf.run_folder import RunFolder

TOKEN = "hf_" + "AbCdEfGhIj" * 4


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("made") / "run", "adapter")


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("made") / "run", "single")


@pytest.fixture
def run(single, tmp_path):
    return RunFolder(shutil.copytree(single.path, tmp_path / "run"))


def said_of(strings):
    return [found.says for found in secrets_in(strings)]


def change(run, name, **values):
    run.write_json(name, run.read_json(name) | values)


@pytest.mark.parametrize("kind", LABELS)
def test_a_run_as_it_is_made_may_go_up(tmp_path, kind):
    run = make_run(tmp_path / "run", kind)
    names = [upload.path for upload in collect(run, {})]
    adapter = {f"adapter/{name}" for name in ("README.md", "adapter_config.json", "adapter_model.safetensors")}
    expected = FILES | adapter if kind == "adapter" else FILES
    assert set(names) == expected - {"textclf.json"}
    assert names == sorted(names)


def test_rows_checkpoints_and_logs_stay_at_home(made):
    (made.path / "training_args.bin").write_bytes(b"PK\x03\x04")
    (made.path / "evaluation.html").write_text("<p>texts of the data</p>")
    uploads = collect(made, {})
    home = staying_home(made, uploads)
    assert home == [
        *("checkpoints/", "evaluation.html", "predictions/", "text_hashes.npz", "training_args.bin"),
        "training_log.jsonl",
    ]


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (f"pushed with {TOKEN}", "a Hub token"),
        ("key sk-proj-0123456789abcdefghijklm", "a secret key"),
        ("ghp_0123456789abcdefghijklmnopqrstuvwxyzAB", "a secret key"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzz1", "a key by its name"),
        ("WANDB_API_KEY=0123456789abcdef0123456789abcdef01234567", "a key by its name"),
        ("Authorization: Bearer aB3dE5fG7haB3dE5fG7haB3d", "a key by its name"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("write to kim.minji@example.co.kr please", "an e-mail address: kim.minji@example.co.kr"),
        ("read from /data/corpora/reviews.csv", "an absolute path: /data/corpora/reviews.csv"),
        ("C:\\Users\\kim\\reviews.csv", "an absolute path: C:\\U"),
        ("\\\\server\\share\\reviews.csv", "an absolute path"),
        ("문의: 010-1234-5678로 주세요", "a phone number: 010-1234-5678"),
        ("주민등록번호 900101-1234567입니다", "a resident registration number: 900101-1234567"),
        ("file:///srv/x", "an absolute path"),
        ("see ~/corpora", "a home directory"),
        ("$HOME/corpora", "a home directory"),
    ],
)
@pytest.mark.parametrize("name", ["evaluation.json", "recipe.yaml", "README.md", "tokenizer_config.json"])
def test_a_secret_in_a_text_file_stops_the_push(run, name, planted, said):
    if name.endswith(".json"):
        change(run, name, note=[{"deep": planted}])
    elif name.endswith(".yaml"):
        (run.path / name).write_text((run.path / name).read_text() + f"note: {json.dumps(planted)}\n")
    else:
        (run.path / name).write_text(planted)
    with pytest.raises(UserError) as refused:
        collect(run, {})
    assert f"{name} holds {said}" in str(refused.value)
    assert TOKEN not in str(refused.value)
    names = re.findall(r"--allow (\S+:[0-9a-f]{8})", str(refused.value))
    assert bool(names) == ("token" not in said and "key" not in said), "secrets have no name to allow them by"
    with pytest.raises(UserError, match=f"--allow {name}: nothing of this name was found"):
        collect(run, {}, allow=[name])
    if names:
        assert name in {upload.path for upload in collect(run, {}, allow=names)}


def test_the_token_in_use_is_found_whatever_it_looks_like(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "odd-token")
    assert said_of(["an odd-token indeed"]) == ["holds a token of this machine"]
    assert list(secrets_in(["nothing here"])) == []


def test_the_home_directory_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", "/export/kim")
    assert "holds a home directory: /export/kim" in said_of(["in /export/kim/x"])
    assert said_of(["in /export/kims/x"]) == ["holds an absolute path: /export/kims/x"]


@pytest.mark.parametrize(
    "harmless",
    [
        "https://huggingface.co/alice/model/blob/main/README.md",
        "accuracy/f1 and/or 1/2/2026",
        "</td></tr>",
        "a scale of 3:\\ not a path",
        "[card](figures/confusion_matrix.png)",
        "precision>=0.9 @ recall",
        "model@main",
        "hf_hub_download and hf_xet",
        "정확도/재현율 값",
        "from 1990-2024, on 2026-11-29, 2026.11.29 12:30:45",
        "가격 1,234,567원, +12.5 %, +1,000,000 and +10 000 000",
        "article 8801234567890, ISBN 978-89-010-1234-5678, model X010-1234-5678, order 20261129-0012345",
        "901301-1234567 has no such month, 900230-1234567 no such day",
        "1588-1592 and 127.0.0.1:8000 and 0.0102 - 0.1234",
    ],
)
def test_ordinary_text_is_not_suspected(harmless):
    assert list(secrets_in([harmless])) == []


@pytest.mark.parametrize(
    "number",
    [
        *("010-1234-5678", "010 1234 5678", "010.1234.5678", "01012345678", "010–1234–5678", "011-234-5678"),
        *("02-123-4567", "02)123-4567", "031-1234-5678", "070-1234-5678", "+82 10-1234-5678", "+82-10-1234-5678"),
        *("+82 (0)10 1234 5678", "+821012345678", "+1 (555) 123-4567", "(555) 123-4567", "+49 30 12345678"),
    ],
)
def test_phone_numbers_are_found_as_people_write_them(number):
    assert list(secrets_in([f"전화 {number}로, 2026년"])) == [(f"holds a phone number: {number}", number)]


@pytest.mark.parametrize(
    ("number", "found"),
    [
        *(("900101-1234567", True), ("900101–2234567", True), ("900101 - 1234567", True), ("040229-3123456", True)),
        *(("000229-4123456", True), ("000229-1123456", False), ("030229-3123456", False)),  # 1900 was no leap year
        *(("901301-1234567", False), ("900132-1234567", False), ("900001-1234567", False), ("900100-1234567", False)),
        *(("1900101-1234567", False), ("900101-12345678", False), ("9001011234567", False)),
    ],
)
def test_a_resident_number_begins_with_a_day_that_there_was(number, found):
    expected = [(f"holds a resident registration number: {number}", number)] if found else []
    assert list(secrets_in([f"번호 {number}입니다"])) == expected


@given(st.recursive(st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_address_is_found_however_deep_it_lies(value):
    text = json.dumps({"before": value, "here": [{"it": ["to kim@example.org\n"]}]})
    assert "holds an e-mail address: kim@example.org" in said_of(strings_of("evaluation.json", text.encode()))


def test_a_line_end_in_json_is_no_windows_path():
    assert said_of(strings_of("a.json", json.dumps({"notes": "Found:\nnothing, D:\tfine"}).encode())) == []


def test_vocabularies_are_not_searched(run):
    tokenizer = run.read_json("tokenizer.json")
    tokenizer["model"]["vocab"]["kim@example.org"] = 1
    tokenizer["model"]["vocab"]["/usr/local/bin/x"] = 2
    run.write_json("tokenizer.json", tokenizer)
    assert collect(run, {})


@pytest.mark.parametrize("name", ["README.md", "evaluation.json", "recipe.yaml"])
def test_a_text_of_the_data_is_found(run, name):
    rows = pq.read_table(run.path / "predictions" / "validation.parquet").to_pylist()
    planted = max((row["text"] for row in rows), key=len).replace(" ", "\n", 3)
    if name.endswith(".json"):
        change(run, name, mistakes=[planted])
    else:
        quoted = f"examples: {json.dumps([planted])}\n" if name.endswith(".yaml") else planted
        (run.path / name).write_text((run.path / name).read_text() + "\n" + quoted)
    with pytest.raises(UserError, match="holds a text of the data"):
        collect(run, {})


ARTICLE = (
    "The harbour authority will replace both cranes at the northern quay before winter, a spokesman said on Friday, "
    "because the older one has failed its inspection twice and no spare parts can be had for it any more."
)
기사 = "항만공사는 북항 부두의 낡은 크레인 두 대를 올겨울이 오기 전에 모두 새것으로 바꾸기로 했다고 금요일에 밝혔다."


def remembered(tmp_path, texts, columns=(), known=()):
    """What is kept of texts that all stand in train, the split that no predictions are kept of."""
    run = RunFolder(tmp_path)
    features = Features({"text": Value("string"), "labels": ClassLabel(names=["a", "b"])})
    rows = Dataset.from_dict({"text": texts, "labels": [0] * len(texts)}, features=features)
    remember_texts(run, DatasetDict({"train": rows}), columns)
    return DataTexts.of(run, known)


@pytest.mark.parametrize("text", [ARTICLE, 기사, unicodedata.normalize("NFD", 기사), ARTICLE.upper()])
def test_a_quotation_from_anywhere_in_a_training_text_is_found(tmp_path, text):
    """Only beginnings and ends of test and validation texts were known."""
    kept = remembered(tmp_path, ["A short one.", text])
    words = text.split()
    length = 12 if len(words) > 20 else 6
    for start in range(len(words) - length + 1):
        quoted = " ".join(words[start : start + length])
        found = list(kept.found_in([f"# Card\n\n> as {quoted}; 42"]))
        assert len(found) == 1, quoted
        assert found[0] in unicodedata.normalize("NFC", quoted).casefold()
    assert list(kept.found_in(["The card speaks of other things; 카드에는 다른 이야기가 있습니다."])) == []


@pytest.mark.parametrize("title", ["Rates rise again", "집값 또 올랐다", "반도체 수출 회복"])
def test_a_short_title_is_found_as_a_whole_only(tmp_path, title):
    kept = remembered(tmp_path, [title])
    assert list(kept.found_in([f"such as “{title}”, and others"])) == [title.casefold()]
    assert list(kept.found_in([title.replace(" ", "-")])) != []
    assert list(kept.found_in([f"pre{title}post"])) == []
    assert list(kept.found_in([title[:-1]])) == []


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ("반도체 수출 회복", "예를 들어 반도체 수출 회복을 경제로 본다."),
        ("금리 동결 결정", "금리 동결 결정이라는 제목은 정치가 아니다"),
        ("央行降息预期升温", "例如央行降息预期升温这样的标题"),
        ("円安でまた値上げ", "たとえば円安でまた値上げのような見出し"),
    ],
)
def test_a_short_title_is_found_where_a_sentence_goes_on_without_a_space(tmp_path, title, sentence):
    """A particle follows a Korean word at once, and Chinese and Japanese have no spaces at all."""
    kept = remembered(tmp_path, [title])
    assert list(kept.found_in([sentence])) == [title]
    assert list(kept.found_in([sentence.replace(title[:2], "")])) == []


def test_a_longer_korean_word_is_not_the_shorter_one_that_it_begins_with(tmp_path):
    kept = remembered(tmp_path, ["국제유가 상승"])
    assert list(kept.found_in(["국제유가 상승세"])) == list(kept.found_in(["한국제유가 상승"])) == []


def test_what_we_say_ourselves_is_no_text_of_the_data(tmp_path):
    kept = remembered(
        tmp_path, ["expected calibration error", "card arrival date", ARTICLE], known=["card_arrival_date"]
    )
    assert list(kept.found_in(["card_arrival_date", "card arrival date"])) == []
    assert list(kept.found_in(["Expected calibration error"])) == ["expected calibration error"]


def test_short_texts_are_no_evidence(tmp_path):
    kept = remembered(tmp_path, ["good", "최고다", "bad film", ""])
    assert list(kept.found_in(["good 최고다 bad film"])) == []


def test_a_column_that_is_named_by_a_text_is_one(tmp_path):
    """A file without a header gives its first row to the names of its columns, and they stand in four files."""
    kept = remembered(tmp_path, ["another"], columns=[ARTICLE, "label", "title_of_the_article"])
    assert len(list(kept.found_in([f"Text is read from {ARTICLE[:80]!r}."]))) == 1
    assert list(kept.found_in(["Labels are read from 'label', texts from 'title_of_the_article'."])) == []


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_place_in_a_text_is_safe_to_quote(tmp_path, data):
    rng = random.Random(data.draw(st.integers(0, 10**6)))
    text = "".join(rng.choice("abcdefghij klmnop,가나다라마바사아자차카타파하.") for _ in range(300))
    kept = remembered(tmp_path, [text])
    plain = re.sub(r"[\W_]", "", text)
    start = data.draw(st.integers(0, len(plain) - 37))
    assert list(kept.found_in([f"x {plain[start : start + 36]} y"]))


def test_the_hashes_of_large_data_lie_farther_apart_but_the_ends_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("textclf.hub.data_texts._MOST_GRAMS", 2)
    kept = remembered(tmp_path, [ARTICLE])
    assert list(kept.found_in([ARTICLE[:45]]))
    assert list(kept.found_in([ARTICLE[-45:]]))


def test_without_the_hashes_nothing_goes_up(run):
    (run.path / "text_hashes.npz").unlink()
    with pytest.raises(UserError, match=r"has no text_hashes\.npz.*train\.py"):
        collect(run, {})


def test_comments_in_yaml_and_notes_in_pictures_and_weights_are_read(run):
    """A token in a picture's packed note, or in the header of the weights, was seen by nobody."""
    rows = pq.read_table(run.path / "predictions" / "test.parquet")["text"].to_pylist()
    text = max(rows, key=len)
    recipe = (run.path / "recipe.yaml").read_text()
    (run.path / "recipe.yaml").write_text(f"{recipe}# {text[20:100]}\n")
    (run.path / "figures").mkdir()
    note = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(f"kim@example.org {text}".encode()))
    (run.path / "figures" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + note)
    note = chunk(b"iTXt", b"Comment\0\1\0ko\0\0" + zlib.compress(f"{TOKEN}".encode()))
    (run.path / "figures" / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + note)
    weights = load_file(run.path / "model.safetensors")
    save_file(weights, run.path / "model.safetensors", metadata={"made": "in /srv/models/kim"})
    with pytest.raises(UserError) as refused:
        collect(run, {})
    for said in (
        "recipe.yaml holds a text of the data",
        "figures/a.png holds a text of the data",
        "figures/a.png holds an e-mail address: kim@example.org",
        "figures/b.png holds a Hub token\n",
        "model.safetensors holds an absolute path: /srv/models/kim",
    ):
        assert said in str(refused.value)


def chunk(kind, content):
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_token_is_found_in_files_that_nobody_reads(run, monkeypatch, encoding):
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef0123")
    (run.path / "onnx").mkdir()
    (run.path / "onnx" / "model.onnx").write_bytes(b"\x08\x08 doc " + "0123456789abcdef0123".encode(encoding) + b"\0")
    tokenizer = run.read_json("tokenizer.json")
    tokenizer["model"]["vocab"][TOKEN] = 1
    run.write_json("tokenizer.json", tokenizer)
    with pytest.raises(UserError) as refused:
        collect(run, {})
    assert "onnx/model.onnx holds a token of this machine" in str(refused.value)
    assert "tokenizer.json holds a Hub token" in str(refused.value)
    assert "--allow" not in str(refused.value)


def test_a_key_with_a_slash_in_it_is_a_key_and_a_path_is_none(run, monkeypatch, tmp_path):
    """Every second AWS key has a slash: all such values were taken for paths, and the key went up unseen."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY0")
    monkeypatch.setenv("SERVICE_TOKEN", str(tmp_path))
    monkeypatch.setenv("SIGNED_TOKEN", "e" * 5000)  # longer than a path may be
    (run.path / "onnx").mkdir()
    (run.path / "onnx" / "a.onnx").write_bytes(b"\x08\x08 doc wJalrXUtnFEMI/K7MDENG+bPxRfiCY0 \0")
    change(run, "evaluation.json", note="it was wJalrXUtnFEMI/K7MDENG+bPxRfiCY0")
    with pytest.raises(UserError) as refused:
        collect(run, {})
    assert "onnx/a.onnx holds a token of this machine" in str(refused.value)
    assert "evaluation.json holds a token of this machine" in str(refused.value)
    (run.path / "onnx" / "a.onnx").write_bytes(b"\x08\x08" + str(tmp_path).encode())
    change(run, "evaluation.json", note="")
    assert collect(run, {})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cluster_encoder/rows.csv", b"text,label\nwhat somebody wrote,1\n"),
        ("cluster_encoder/old.pkl", pickle.dumps({"a": 1}, protocol=0)),
        ("cluster_encoder/pytorch_model.bin", b"PK\x03\x04"),
        ("cluster_encoder/1_Pooling/rows.parquet", b"PAR1"),
        ("cluster_encoder/custom.py", b"print(1)"),
        ("cluster_encoder/1_Pooling/deep/config.json", b"{}"),
    ],
)
def test_of_a_cluster_encoder_nothing_goes_up_but_what_such_a_model_is_made_of(run, name, content):
    """Whatever somebody put into its folder went up, in kinds that nobody looks into: rows in CSV, pickles of old."""
    (run.path / name).parent.mkdir(parents=True, exist_ok=True)
    (run.path / name).write_bytes(content)
    assert name not in {upload.path for upload in collect(run, {})}


def test_what_a_second_key_of_one_name_hides_is_found(run):
    """JSON may say a name twice: readers take the last, and what stood in the first went up unseen."""
    path = run.path / "tokenizer_config.json"
    text = path.read_text(encoding="utf-8")
    path.write_text('{"note": ["to kim@example.org"], "note": "", ' + text.lstrip()[1:], encoding="utf-8")
    with pytest.raises(UserError, match="an e-mail address: kim@example"):
        collect(run, {})


def test_a_token_in_the_name_of_a_file_is_found(run):
    (run.path / "figures").mkdir()
    (run.path / "figures" / f"{TOKEN}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UserError, match="has a name that holds a Hub token"):
        collect(run, {})


def test_allowing_one_finding_allows_no_other_one_in_the_file(run):
    """--allow FILE switched off every check of the file, for all that was ever written into it."""
    change(run, "evaluation.json", note="to kim@example.org")
    with pytest.raises(UserError) as refused:
        collect(run, {})
    (name,) = re.findall(r"--allow (\S+:[0-9a-f]{8})", str(refused.value))
    assert collect(run, {}, allow=[name])
    for planted, said in ((TOKEN, "a Hub token"), ("to lee@example.org", "lee@example.org"), ("/srv/x/y", "/srv/x/y")):
        change(run, "evaluation.json", other=planted)
        with pytest.raises(UserError, match="Nothing was uploaded") as refused:
            collect(run, {}, allow=[name])
        assert said in str(refused.value)
        assert "kim@" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("figures/a.png", pickle.dumps({"a": 1}, protocol=0), r"figures/a\.png is no \.png file"),
        ("onnx/a.onnx", b"PAR1 rows", r"onnx/a\.onnx is no \.onnx file"),
        ("vocab.txt", b"a\0b", r"vocab\.txt is no text"),
        ("config.json", b"cos\nsystem", r"config\.json is no \.json file"),
        ("model.safetensors", b"\xff" * 40, r"model\.safetensors is no \.safetensors file"),
        ("spm.model", b"PAR1", r"spm\.model is no \.model file"),
        ("onnx/a.onnx_data", pickle.dumps({"a": 1}), r"onnx/a\.onnx_data is a pickle"),
    ],
)
def test_a_file_is_what_its_name_says(run, name, content, said):
    (run.path / name).parent.mkdir(exist_ok=True)
    (run.path / name).write_bytes(content)
    with pytest.raises(UserError, match=said) as refused:
        collect(run, {})
    assert "--allow" not in str(refused.value)


def test_a_pickle_under_a_harmless_name_is_found(run):
    torch.save({"weight": torch.ones(2)}, run.path / "model.safetensors")
    with pytest.raises(UserError, match=r"model\.safetensors is a pickle"):
        collect(run, {})
    (run.path / "model.safetensors").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(UserError, match=r"model\.safetensors is a pickle"):
        collect(run, {})


def test_no_link_goes_up(run, tmp_path):
    """A link to a file outside the run went up with --allow."""
    outside = tmp_path / "elsewhere.safetensors"
    (run.path / "model.safetensors").rename(outside)
    for target in (outside, run.path / "predictions" / "test.parquet"):
        (run.path / "model.safetensors").unlink(missing_ok=True)
        (run.path / "model.safetensors").symlink_to(target)
        with pytest.raises(UserError, match=r"model\.safetensors is a link; put the file itself there") as refused:
            collect(run, {})
        assert "--allow" not in str(refused.value)


def test_a_hard_link_to_rows_is_known_by_what_it_holds(run):
    (run.path / "figures").mkdir()
    os.link(run.path / "predictions" / "test.parquet", run.path / "figures" / "a.png")
    with pytest.raises(UserError, match=r"figures/a\.png is no \.png file"):
        collect(run, {})


def test_a_linked_folder_of_figures_does_not_go_up(run, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    os.symlink(tmp_path / "figures", run.path / "figures")
    try:
        assert "figures/secret.png" not in {upload.path for upload in collect(run, {})}
    except UserError as refused:
        assert "figures/secret.png is a link" in str(refused)


def test_files_beside_the_list_stay_at_home(run):
    for name in ("NOTES.md", "Evaluation.json", "README.MD", "figures.png"):
        (run.path / name).write_text("how it was made")
    assert {upload.path for upload in collect(run, {})} == FILES - {"textclf.json"}


def test_what_is_written_anew_takes_the_place_of_the_file(run):
    uploads = {upload.path: upload for upload in collect(run, {"README.md": "new", "extra.md": "x"})}
    assert uploads["README.md"].data() == b"new"
    assert uploads["README.md"].size == 3
    assert uploads["extra.md"].sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


def test_the_list_does_not_cross_folders():
    assert is_listed("figures/confusion.png")
    assert not is_listed("figures/deep/confusion.png")
    assert not is_listed("checkpoints/model.safetensors")
    assert not is_listed("training_args.bin")
    assert is_listed("model-00001-of-00002.safetensors")


def test_sizes_read_like_sizes():
    assert [shown_size(n) for n in (0, 999, 1000, 91_000_000, 2_400_000_000)] == [
        "0 B", "999 B", "1.0 kB", "91.0 MB", "2.4 GB",
    ]  # fmt: skip


def test_a_key_of_a_setting_is_known_by_its_name_and_ordinary_settings_are_none(run):
    change(run, "evaluation.json", tracker={"api_key": "0123456789abcdef0123456789abcdef01234567"})
    with pytest.raises(UserError, match=r"evaluation\.json holds a key by its name"):
        collect(run, {})
    change(run, "evaluation.json", tracker={"pad_token": "[PAD]", "password": "forgotten passwords and 12 ways out"})
    assert collect(run, {})
