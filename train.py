"""Train a text classifier, measure it honestly, leave a run folder that `pipeline()` can load.

python train.py [RECIPE.yaml] [--key value ...]     no arguments: the embedded default
python train.py [RECIPE.yaml] --folds 5 ...         a study of many runs: --study FILE, --seeds 1,2,3, --trials N, ...
accelerate launch train.py ...                      several processes (accelerate_config.yaml)
"""

from textclf.commands.train import main
from textclf.errors import run_command

if __name__ == "__main__":
    run_command(main)
