"""`eval.py MODEL --claims` on many models in one process, which has to import torch only once.

python -m tests.claims_process FOLDER MODEL[,option,value...] ...
"""

import json
import sys
from pathlib import Path

from textclf.commands import eval as evaluate
from textclf.errors import UserError


def main(folder: str, *models: str) -> None:
    """Check each model's card; what cannot be checked at all is written down too."""
    for words in models:
        model, *options = words.split(",")
        place = Path(folder) / model.replace("/", "-")
        try:
            evaluate.main([model, "--claims", "--output", str(place), "--bootstrap_draws", "200", *options])
        except UserError as error:
            place.mkdir(parents=True, exist_ok=True)
            (place / "error.json").write_text(json.dumps({"error": str(error)}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
