"""Serve a classifier over HTTP: the Hub's inference protocol, TEI's, decisions with thresholds, metrics, a page.

python serve.py MODEL [--host 0.0.0.0] [--port 8000] [--engine auto] [--no-ui] ...     MODEL: a run folder or a Hub id

A bearer token is set by the variable TEXTCLF_API_TOKEN.
"""

from textclf.commands.serve import main
from textclf.errors import run_command

if __name__ == "__main__":
    run_command(main)
