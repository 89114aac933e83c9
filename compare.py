"""Compare finished runs on the same test rows: figures with intervals, paired tests, labels, texts they differ on.

python compare.py RUN RUN ... [--metric M] [--output FILE.html|.md|.txt]
python compare.py STUDY                                                 the runs of a study's folder
"""

from textclf.commands.compare import main
from textclf.errors import run_command

if __name__ == "__main__":
    run_command(main)
