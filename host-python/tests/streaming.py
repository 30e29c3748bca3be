"""A stream of updates, removals and views from several threads, with callbacks that ask the server.

A script of its own, so that it runs on any interpreter that has wasmtime and protobuf. Prints how many callbacks ran.
"""

from __future__ import annotations

import random
import sys
import threading

import sightline

THREADS, ROUNDS, BATCH, KEYS = 4, 25, 50, 400


def main() -> int:
    """Runs it; gives the number of callbacks.

    Raises:
        AssertionError: a view that was kept up to date differs from a new one.
    """
    heard: list[int] = []
    errors: list[BaseException] = []
    with sightline.Server(engines=2) as server:
        table = server.new_local_client().table({"id": "integer", "g": "string", "x": "float"}, index="id")
        view = table.view(group_by=["g"], columns=["x"])

        def on_update(port: int) -> None:
            heard.append(view.num_rows())

        view.on_update(on_update)

        def work(seed: int) -> None:
            chance = random.Random(seed)
            try:
                for _ in range(ROUNDS):
                    table.update(
                        [
                            {"id": chance.randrange(KEYS), "g": chance.choice("abcdef"), "x": chance.randrange(100)}
                            for _ in range(BATCH)
                        ]
                    )
                    with table.view(filter=[["g", "==", "a"]], sort=[["x", "desc"]]) as top:
                        top.to_columns(end_row=10)
                    table.view(columns=["x"])
                    table.remove([chance.randrange(KEYS)])
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        assert view.to_columns() == table.view(group_by=["g"], columns=["x"]).to_columns()
    return len(heard)


if __name__ == "__main__":
    sys.stdout.write(f"{main()}\n")
