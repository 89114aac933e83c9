"""Publish a finished run on the Hub, and check that what arrived is what was measured.

python push_to_hub.py RUN --repo-id NS/NAME [--public] [--space NS/NAME] [--dry-run] ...
"""

from textclf.commands.push import main
from textclf.errors import run_command

if __name__ == "__main__":
    run_command(main)
