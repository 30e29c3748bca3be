"""What several test files need: backing servers, and websocket clients that behave or do not."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sightline

T = TypeVar("T")

FAKE_ENGINE = """
(module
 (import "host" "log" (func $log (param i32 i32 i32)))
 (import "host" "panic" (func $panic (param i32 i32)))
 (memory (export "memory") 4)
 (global (export "__stack_pointer") (mut i32) (i32.const 65536))
 (global $sessions (mut i32) (i32.const 0))
 (data (i32.const 16) "boom")
 (data (i32.const 32) "{\\22requests\\22: 7}")
 (func $outbox (param $session i32) (param $at i32) (param $size i32) (result i64)
  (i32.store (i32.const 1024) (local.get $session))
  (i32.store (i32.const 1028) (local.get $at))
  (i32.store (i32.const 1032) (local.get $size))
  (i32.store (i32.const 1036) (i32.const 0))
  (i64.or (i64.shl (i64.const 1024) (i64.const 32)) (i64.const 1)))
 (func (export "sl_alloc") (param $size i32) (result i32)
  (if (result i32) (i32.gt_u (local.get $size) (i32.const 65536))
   (then (i32.const 0)) (else (i32.const 131072))))
 (func (export "sl_free") (param i32 i32))
 (func (export "sl_init") (param $at i32) (param $size i32) (param $seed i64) (result i64)
  (call $log (i32.const 3) (i32.const 16) (i32.const 4))
  (if (result i64) (i32.gt_u (local.get $size) (i32.const 2))
   (then (call $outbox (i32.const 0) (i32.const 16) (i32.const 4))) (else (i64.const 0))))
 (func (export "sl_open_session") (param i32 i32) (result i64)
  (global.set $sessions (i32.add (global.get $sessions) (i32.const 1)))
  (call $outbox (global.get $sessions) (i32.const 0) (i32.const 0)))
 (func (export "sl_close_session") (param i32) (result i64) (i64.const 0))
 (func (export "sl_handle") (param $session i32) (param $at i32) (param $size i32) (param f64) (param i32) (result i64)
  (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 33))
   (then (call $panic (i32.const 16) (i32.const 4)) unreachable))
  (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 64)) (then (loop $forever (br $forever))))
  (call $outbox (local.get $session) (local.get $at) (local.get $size)))
 (func (export "sl_poll") (param f64) (result i64) (i64.const 0))
 (func (export "sl_control") (param i32 i32 f64) (result i64)
  (call $outbox (i32.const 0) (i32.const 32) (i32.const 15)))
 (func (export "sl_release_outbox")))
"""
"""An engine that echoes each request, traps at `!` and never ends at `@`: it lets the host be tested by itself."""


@contextmanager
def reference_client() -> Iterator[sightline.Client]:
    """Our client over the reference's server, which speaks the same bytes."""
    import perspective

    session: Any = None
    client = sightline.Client(lambda data: session.handle_request(data))
    session = perspective.Server().new_session(client.handle_response)
    yield client
    session.close()


@contextmanager
def own_client() -> Iterator[sightline.Client]:
    """Our client over our server."""
    with sightline.Server() as server:
        yield server.new_local_client()


BACKENDS: dict[str, Callable[[], Any]] = {"sightline": own_client, "reference": reference_client}


def run_async(coroutine: Awaitable[T], timeout: float = 60.0) -> T:
    """Runs a coroutine on a loop of its own, with a time limit."""

    async def limited() -> T:
        return await asyncio.wait_for(coroutine, timeout)

    return asyncio.run(limited())


class LoopThread:
    """An event loop on a thread, for tests whose main thread is synchronous."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Any, timeout: float = 60.0) -> Any:
        """Runs a coroutine there and gives its result here."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def close(self) -> None:
        """Ends the loop and its thread."""

        async def finish() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class RawSocket:
    """A websocket client made of bytes, which reads only when it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int, path: str, receive_buffer: int = 4096) -> RawSocket:
        """Shakes hands; the kernel keeps little for us, so that the server soon notices that we do not read."""
        import socket

        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=raw, limit=receive_buffer)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in status.partition(b"\r\n")[0]:
            raise ConnectionError(status.decode())
        return cls(reader, writer)

    async def send(self, data: bytes) -> None:
        """Sends one binary message."""
        mask = os.urandom(4)
        size = len(data)
        if size < 126:
            head = struct.pack("!BB", 0x82, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x82, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x82, 0x80 | 127, size)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        self._writer.write(head + mask + masked)
        await self._writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """One frame: its opcode and payload."""
        first, second = await self._reader.readexactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
        return first & 0x0F, await self._reader.readexactly(size)

    async def close_code(self) -> int:
        """Reads on until the server closes, and gives its code."""
        while True:
            opcode, payload = await self.receive()
            if opcode == 8:
                (code,) = struct.unpack("!H", payload[:2])
                return int(code)

    def close(self) -> None:
        """Drops the connection."""
        self._writer.transport.abort()


def resident_bytes() -> int:
    """The memory of this process that is in use."""
    if not sys.platform.startswith("linux"):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
