"""Export a finished run for ONNX Runtime, browsers and servers: `onnx/`, each engine behind its gate.

python export.py RUN [--engine onnx|onnx-int8]     both without --engine
"""

from textclf.commands.export import main
from textclf.errors import run_command

if __name__ == "__main__":
    run_command(main)
