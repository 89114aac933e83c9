"""Serve a stand-in Hub until Ctrl-C, to try the project without internet.

Usage: python -m tests.hub_stand_in [--port 8099] [--user alice] [--uploads lfs|inline]
"""

from __future__ import annotations

import argparse
import contextlib
import threading

from .hub import StandInHub


def main() -> None:
    """Start the servers and print the lines to paste into the shell that runs the clients."""
    parser = argparse.ArgumentParser(description="Serve a stand-in Hub on 127.0.0.1 with its state in memory.")
    parser.add_argument("--port", type=int, default=8099, help="port of the API; the CDN takes the next one")
    parser.add_argument("--user", default="alice", help="owner of the token that is printed")
    parser.add_argument("--uploads", choices=["lfs", "inline"], default="lfs", help="how the clients send large files")
    arguments = parser.parse_args()
    cdn_port = arguments.port + 1 if arguments.port else 0
    with StandInHub(uploads=arguments.uploads, port=arguments.port, cdn_port=cdn_port) as hub:
        print(f"export HF_ENDPOINT={hub.endpoint} HF_TOKEN={hub.token(arguments.user)}")
        print("export HF_HOME=$(mktemp -d) NO_PROXY=127.0.0.1 HF_HUB_DISABLE_TELEMETRY=1", end="")
        print(" HF_HUB_DISABLE_XET=1" if arguments.uploads == "lfs" else "", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
        for route in hub.unknown_routes:
            print(f"unknown route: {route}")


if __name__ == "__main__":
    main()
