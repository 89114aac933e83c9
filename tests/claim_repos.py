"""The stand-in Hub's repos for tests of claims: data of every kind, and models that differ in what they say."""

import json

from tests.claim_cards import NAMES, SIZES, as_files, dataset, make_rows

DATA_MADE = {"reviews": {}, "long": {"long": 0.3}, "several": {"several": True}}


def add_data(hub, folder):
    """Put the data sets on the Hub; return `{name: {split: (texts, gold)}}` of those that figures are taken from."""
    plain, long, several = ({split: make_rows(split, **how) for split in SIZES} for how in DATA_MADE.values())
    leaky = dict(plain)
    leaky["train"] = tuple(plain["train"][i] + plain["test"][i][:60] for i in (0, 1))
    texts, gold = plain["test"]
    too_long = {**plain, "test": ([f"{text} {'soup ' * 70}" for text in texts[:9]] + texts[9:], gold)}
    known = {"reviews": plain, "long": long, "several": several, "leaky": leaky, "too-long": too_long}
    for name, splits in known.items():
        rows = {split: dataset(*each, several=name == "several") for split, each in splits.items()}
        hub.create("dataset", f"data/{name}", files=as_files(rows, folder))
    rows = {split: dataset(*each) for split, each in plain.items()}
    hub.create("dataset", "data/no-test", files=as_files({k: v for k, v in rows.items() if k != "test"}, folder))
    hidden = {**rows, "test": dataset(plain["test"][0], [-1] * 200)}
    hub.create("dataset", "data/hidden-test", files=as_files(hidden, folder))
    named = {split: dataset(*each, names=("red", "green", "blue")) for split, each in plain.items()}
    hub.create("dataset", "data/colours", files=as_files(named, folder))
    turned = {split: dataset(texts, [(g + 1) % 3 for g in gold]) for split, (texts, gold) in plain.items()}
    hub.create("dataset", "data/turned", files=as_files(turned, folder))
    hub.create("dataset", "data/gated", files=as_files(rows, folder)).gated = "manual"
    hub.create("dataset", "data/only-test", files=as_files({"test": rows["test"]}, folder))
    hub.create("dataset", "data/private", private=True, files=as_files(rows, folder))
    configs = "configs:\n" + "".join(
        f"- config_name: {name}\n  data_files:\n"
        + "".join(f"  - split: {split}\n    path: {name}/{split}-*.parquet\n" for split in rows)
        for name in ("short", "wide")
    )
    both = as_files(rows, folder, "short") | as_files(
        {split: dataset(*each) for split, each in long.items()}, folder, "wide"
    )
    hub.create("dataset", "data/configs", files={**both, "README.md": f"---\n{configs}---\n"})
    return known


def add_model(hub, folder, repo_id, readme, change=None):
    """Put the model on the Hub with a card.

    `change`: "unnamed" or "turned" (labels), "several" (labels a text), "short" or "unlimited" (texts).
    """
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    config, tokenizer = (json.loads(files[name]) for name in ("config.json", "tokenizer_config.json"))
    names = {"unnamed": ("LABEL_0", "LABEL_1", "LABEL_2"), "turned": (*NAMES[1:], NAMES[0])}.get(change, NAMES)
    config |= {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    if change == "several":
        config["problem_type"] = "multi_label_classification"
    if change == "short":
        tokenizer["model_max_length"] = 16
    if change == "unlimited":
        tokenizer.pop("model_max_length")
    files |= {"config.json": json.dumps(config).encode(), "tokenizer_config.json": json.dumps(tokenizer).encode()}
    hub.create("model", repo_id, files={**files, "README.md": readme})
