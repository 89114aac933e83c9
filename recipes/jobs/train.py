# /// script
# requires-python = ">=3.11"
# dependencies = ["textclf[export] @ git+https://github.com/OWNER/textclf"]
# ///
"""Training as a job on the Hub, data from there and the model to there, nothing installed here but `hf`:

hf jobs uv run --flavor a10g-small --timeout 2h --secrets HF_TOKEN \
    recipes/jobs/train.py --dataset me/reviews --model klue/roberta-base --push me/reviews-model

Every option of train.py is understood; without --push the model is lost with the job, so it is asked for. Try it here
first: `uv run recipes/jobs/train.py --help`, or with the package installed `python recipes/jobs/train.py --help`.
"""

from textclf.commands.train import main
from textclf.errors import UserError, run_command


def train(argv: list[str]) -> None:
    """Train as train.py does, but only where the model will outlive the machine."""
    asks_help = any(word in {"-h", "--help", "--help-all"} for word in argv)
    if not asks_help and not any(word.split("=")[0] == "--push" for word in argv):
        raise UserError("A job's folder is gone when it ends; say where the model goes: --push NS/NAME.")
    main(argv)


if __name__ == "__main__":
    run_command(train)
