"""The command line of the demo server."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path


def main() -> int:
    """Parses the command line and serves until Ctrl-C. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sightline.demo", description="Serve two live tables.")
    parser.add_argument("--port", type=int, default=8080, help="port on 127.0.0.1, 0 for any (default: 8080)")
    parser.add_argument("--pages", type=Path, help="folder with the pages; without it only the websocket is served")
    parser.add_argument("--superstore", type=Path, help="Arrow file for the table `superstore`")
    arguments = parser.parse_args()

    try:
        from sightline.demo.server import serve
    except ModuleNotFoundError as error:
        if error.name != "tornado":
            raise
        parser.error("the demo needs Tornado: pip install tornado")

    try:
        with contextlib.suppress(KeyboardInterrupt):
            superstore = arguments.superstore and arguments.superstore.read_bytes()
            asyncio.run(serve(arguments.port, arguments.pages, superstore))
    except OSError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
