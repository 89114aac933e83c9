"""Label many texts: rows in, the same rows with labels and scores out, in order, resumed after any kill.

python predict.py MODEL INPUT [INPUT ...] --output OUT [--shards N | --shard I/N] [--on ray[:ADDRESS]] ...
python predict.py --check OUT [INPUT ...]
python predict.py MODEL INPUT [INPUT ...] --to_label N --output NEXT.csv      the texts to label next

MODEL is a run folder or a Hub id; INPUT files (CSV, TSV, JSONL, Parquet), folders, patterns or a Hub data set.
"""

from textclf.commands.predict import main
from textclf.errors import run_command

if __name__ == "__main__":
    run_command(main)
