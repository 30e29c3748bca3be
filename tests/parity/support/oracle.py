"""Asks the reference package, in a child process: it deadlocks and crashes on some inputs.

A `Worker` answers scenarios one at a time. A scenario that takes too long, or takes the process down, is answered with
a single output `["process", {"$crash": reason}]`, and the next scenario gets a new process.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

from .interpreter import Output
from .steps import Scenario

REFERENCE = "perspective"
TESTS = Path(__file__).resolve().parents[2]


class Worker:
    """A child process that runs scenarios on the named module."""

    def __init__(self, module: str = REFERENCE, seconds: float = 10.0) -> None:
        self.module = module
        self.seconds = seconds
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, scenario: Scenario) -> list[Output]:
        """The outputs of a scenario, or the one that tells of a crash."""
        process = self.process or self.start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(scenario).encode() + b"\n")
            process.stdin.flush()
            line = self.read_line(process)
        except (BrokenPipeError, EOFError):
            self.stop()
            return [["process", {"$crash": f"exit {process.returncode}"}]]
        except TimeoutError:
            self.stop()
            return [["process", {"$crash": f"no answer within {self.seconds:g} s"}]]
        reply: dict[str, Any] = json.loads(line)
        if "broken" in reply:
            self.stop()
            return [["process", {"$crash": reply["broken"]}]]
        outputs: list[Output] = reply["outputs"]
        return outputs

    def start(self) -> subprocess.Popen[bytes]:
        paths = [str(TESTS), os.environ.get("PYTHONPATH", "")]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "parity.support.child", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=env,
        )
        return self.process

    def read_line(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        chunks: list[bytes] = []
        while not (chunks and chunks[-1].endswith(b"\n")):
            ready, _, _ = select.select([process.stdout], [], [], self.seconds)
            if not ready:
                raise TimeoutError
            chunk = os.read(process.stdout.fileno(), 1 << 20)
            if not chunk:
                raise EOFError
            chunks.append(chunk)
        return b"".join(chunks)

    def stop(self) -> None:
        """Ends the child; the next scenario starts another."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.communicate()
