"""The clients of the loop-lag bench: `python -m bench.lag.clients PORT COUNT`.

Each is a websocket that speaks the wire protocol: it opens a view and subscribes to its deltas. COUNT of them look at
the same grouped view. Between them are probes, one to ten: they look at the row with the time of sending, and so know
how old an update is when it arrives. Prints `ready` when all are subscribed, and at the line `stop` what they measured.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from typing import Any

import pyarrow as pa
from tornado.websocket import WebSocketClientConnection, websocket_connect

from sightline._proto import sightline_pb2 as wire

from .server import PROBE, percentiles


class Client:
    """One websocket with one subscribed view."""

    def __init__(self, number: int, probe: bool) -> None:
        self.probe = probe
        self.view = f"view {number}"
        self.latencies: list[float] = []
        self.messages = 0
        self.bytes = 0

    def config(self) -> Any:
        """The view: grouped by symbol, or the probe's row."""
        if self.probe:
            only = wire.ViewConfig.Filter(column="symbol", op="==", value=[wire.Scalar(string=PROBE)])
            return wire.ViewConfig(columns=columns("sent"), filter=[only])
        average = wire.ViewConfig.AggList(aggregations=["avg"])
        return wire.ViewConfig(group_by=["symbol"], columns=columns("qty", "price"), aggregates={"price": average})

    async def open(self, port: int) -> None:
        """Connects, makes the view and subscribes."""
        self.socket: WebSocketClientConnection = await websocket_connect(
            f"ws://127.0.0.1:{port}/websocket", max_message_size=2**30
        )
        request = wire.TableMakeViewReq(view_id=self.view, config=self.config())
        await self.ask(wire.Request(msg_id=1, entity_id="trades", table_make_view_req=request))
        subscribe = wire.ViewOnUpdateReq(mode=wire.ViewOnUpdateReq.ROW)
        await self.socket.write_message(
            wire.Request(msg_id=2, entity_id=self.view, view_on_update_req=subscribe).SerializeToString(), binary=True
        )

    async def ask(self, request: Any) -> None:
        await self.socket.write_message(request.SerializeToString(), binary=True)
        message = await self.socket.read_message()
        assert isinstance(message, bytes)
        response = wire.Response.FromString(message)
        if response.HasField("server_error"):
            raise RuntimeError(str(response.server_error))

    async def listen(self) -> None:
        """Counts deltas; a probe reads them."""
        while isinstance(message := await self.socket.read_message(), bytes):
            self.messages += 1
            self.bytes += len(message)
            if self.probe and (delta := wire.Response.FromString(message).view_on_update_resp.delta):
                with pa.ipc.open_stream(io.BytesIO(delta)) as reader:
                    sent = reader.read_all()["sent"].to_pylist()
                if sent:
                    self.latencies.append(time.monotonic() * 1e3 - sent[-1])


def columns(*names: str) -> Any:
    """The columns of a view."""
    return wire.ColumnsUpdate(columns=wire.ColumnsUpdate.Columns(columns=names))


async def run(port: int, count: int) -> dict[str, Any]:
    each = 10
    places = [probe for number in range(count) for probe in ([False, True] if number % each == 0 else [False])]
    clients = [Client(number, probe) for number, probe in enumerate(places)]
    for client in clients:
        await client.open(port)
    tasks = [asyncio.create_task(client.listen()) for client in clients]
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)  # `go`
    for client in clients:
        client.latencies.clear()
        client.messages = client.bytes = 0
    await loop.run_in_executor(None, sys.stdin.readline)  # `stop`
    for task in tasks:
        task.cancel()
    return {
        "latency": percentiles([value for client in clients for value in client.latencies]),
        "messages": sum(client.messages for client in clients),
        "bytes": sum(client.bytes for client in clients),
    }


def main() -> None:
    print(json.dumps(asyncio.run(run(int(sys.argv[1]), int(sys.argv[2])))), flush=True)


if __name__ == "__main__":
    main()
