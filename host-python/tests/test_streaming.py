"""The streaming scenario runs to its end and leaves the process cleanly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import streaming

SCRIPT = Path(__file__).parent / "streaming.py"


def test_a_stream_from_many_threads_is_heard_to_the_last_update() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == streaming.THREADS * streaming.ROUNDS * 2
