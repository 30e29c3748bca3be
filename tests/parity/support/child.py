"""The child process of `oracle`: one scenario per line on standard input, one line of outputs back.

Run as `python -m parity.support.child MODULE`. The module may crash or hang this process; the parent sees to that.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

from .interpreter import run


def main() -> None:
    # The module may print: keep the pipe for answers only.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    module = importlib.import_module(sys.argv[1])
    for line in sys.stdin:
        reply: dict[str, Any]
        try:
            reply = {"outputs": run(module, json.loads(line))}
        except BaseException as error:
            reply = {"broken": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
