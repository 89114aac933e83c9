"""Where this copy of the project stands: in its repository, or installed; what differs between them is said here."""

import re
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent
INSTALLED = (PACKAGE / "house").is_dir()  # a wheel brings there what the repository has at its top level
HOUSE = PACKAGE / "house" if INSTALLED else PACKAGE.parent  # space/, recipes/, model_card.md
SHIPPED_RECIPES = HOUSE / "recipes" if INSTALLED else "recipes/"  # as the user gets there


class Command(NamedTuple):
    """A command: the file that is it in the repository, what it does, and how it is typed."""

    file: str
    about: str
    example: str


COMMANDS = {  # by its name behind `textclf`
    "train": Command("train.py", "train a classifier, measure it, leave a run folder", "--dataset reviews.csv"),
    "explore": Command("explore.py", "one interactive page about a data set", "reviews.csv"),
    "eval": Command("eval.py", "measure any classifier on any labelled data", "RUN --dataset other.csv"),
    "compare": Command("compare.py", "finished runs on the same test texts", "RUN RUN"),
    "predict": Command("predict.py", "label many texts, in order, after any kill", "RUN more.csv --output OUT"),
    "export": Command("export.py", "ONNX in fp32 and int8, each behind a gate", "RUN"),
    "serve": Command("serve.py", "answer over HTTP, with a page", "RUN"),
    "push": Command("push_to_hub.py", "publish a run on the Hub, check what arrived", "RUN --repo-id me/reviews"),
}
_FILES = {command.file: name for name, command in COMMANDS.items()}
_ADVICE = re.compile(rf"(?:python )?(?<![\w/.-])({'|'.join(map(re.escape, _FILES))})\b")
EXTRAS = {  # packages of extras, by the name they are imported by
    **dict.fromkeys(("fastapi", "fastapi_offline", "uvicorn", "prometheus_client", "starlette"), "serve"),
    **dict.fromkeys(("onnx", "onnx_ir", "onnxscript", "onnxruntime"), "export"),
    **dict.fromkeys(("gradio",), "space"),
    **dict.fromkeys(("ray",), "ray"),
}


def as_typed(text: str, installed: bool = INSTALLED) -> str:
    """Return what is said with its commands as the users of this copy type them: installed, there is no `eval.py`."""
    return _ADVICE.sub(lambda found: f"textclf {_FILES[found[1]]}", text) if installed else text


def how_to_install(package: str, installed: bool = INSTALLED) -> str:
    """Return the command that brings a missing package."""
    if not installed:
        return "pip install -r " + ("requirements-ray.txt" if package == "ray" else "requirements.txt")
    extra = EXTRAS.get(package)
    return f"pip install 'textclf[{extra}]'" if extra else "pip install --upgrade textclf"


def recipe_path(name: str) -> Path:
    """Return the path of a recipe: a file of the user's, else one of those that come with the project."""
    given = Path(name)
    places = (given, HOUSE / given, HOUSE / "recipes" / given)
    return next((place for place in places if place.is_file()), given)
