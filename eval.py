"""Measure any classifier on any labelled data: a run folder, or somebody else's model on the Hub.

python eval.py MODEL --dataset D [--split S] [--output FOLDER] ...     every data option of train.py is understood
python eval.py MODEL --claims                          what its card claims, beside what is measured
"""

from textclf.commands.eval import main
from textclf.errors import run_command

if __name__ == "__main__":
    run_command(main)
