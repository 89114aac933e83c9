"""Look at a data set before training: one interactive page, and the main figures on the screen.

python explore.py SOURCE [--data_dir DIR] [--text_columns T [T2]] [--label_columns L] [--output page.html]

SOURCE is a dataset script's name, a file, a folder or a Hub id; the options of the data are those of train.py.
"""

from textclf.commands.explore import main
from textclf.errors import run_command

if __name__ == "__main__":
    run_command(main)
