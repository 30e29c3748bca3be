"""Sockets come and go, connections stay: opening, resuming and parking of connections.

A client asks for a session that can be resumed with `?sightline-session=new` in the address of the websocket. The first
message of the server is then a text, `{"session": TOKEN, "resumed": false, ...}`. When the socket is lost, the client
connects again with `?sightline-session=TOKEN&received=N`, N being how many binary messages it has got, and hears

- `"resumed": true, "mode": "delta"`: what it missed follows, in order;
- `"resumed": true, "mode": "snapshot"`: it missed too much. Requests that it waits for are lost; every subscription to
  updates is told once, with the whole view as its delta if it asked for rows; after that all goes on as before;
- `"resumed": false`: the session is gone, or belongs to somebody else, and this is a new one.

`next` is the number of the binary message that comes next: the client goes on counting from there. `authorize` is asked
for every socket, and a session is resumed only with the same grant.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from .._engine import Engine
from .._log import log_event
from .._proto import sightline_pb2 as pb
from .._server import ServerCore
from ._connection import TAKEN_OVER, Connection, Grant, Limits, close_quietly

__all__ = ["PARAMETER", "Attachment", "attach", "shut_down"]

logger = logging.getLogger("sightline.handlers")

PARAMETER = "sightline-session"
_DRAIN_STEP = 0.02
MAX_PARKED = 1000
"""How many sessions of one server may wait for their clients; beyond that the one that waits longest goes."""


class Attachment:
    """A socket's hold on a connection. When another socket takes the connection over, this one has no say any more."""

    def __init__(self, connection: Connection, token: str | None) -> None:
        self.connection = connection
        self._token = token
        if token is not None:
            connection.server._resumable[token] = self

        self._expiry: asyncio.TimerHandle | None = None
        self._given_up = False

    async def receive(self, data: bytes) -> None:
        """Takes one message from the client."""
        if not self._given_up:
            await self.connection.receive(data)

    async def close(self) -> None:
        """The socket is gone: the session waits, if it may, or goes as well."""
        if self._given_up:
            return
        connection = self.connection
        if self._token is None or connection.ended or connection.server._closed:
            await self._end()
            return
        await connection.park()
        waiting = [one for one in connection.server._resumable.values() if one._expiry is not None]
        for oldest in waiting[: len(waiting) + 1 - MAX_PARKED]:
            oldest._expire()
        grace = connection.limits.resume_grace
        self._expiry = connection.loop.call_later(grace, self._expire)
        log_event(logger, logging.INFO, "connection_parked", peer=connection.peer, grace=grace)

    async def _end(self) -> None:
        self._given_up = True
        if self._token is not None:
            self.connection.server._resumable.pop(self._token, None)
        await self.connection.close()

    def _expire(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        # Kept until it is done, since the loop refers to tasks weakly.
        _ending.add(task := self.connection.loop.create_task(self._end()))
        task.add_done_callback(_ending.discard)

    async def give_up(self) -> Connection:
        """Leaves the connection to another socket."""
        self._given_up = True
        connection = self.connection
        if self._expiry is not None:
            self._expiry.cancel()
        else:
            # The server has not noticed yet that this socket is dead.
            await connection.park()
            closing = close_quietly(connection.close_socket, TAKEN_OVER, "resumed elsewhere")
            _ending.add(task := connection.loop.create_task(closing))
            task.add_done_callback(_ending.discard)
        return connection


_ending: set[asyncio.Task[None]] = set()


async def attach(
    *,
    server: Any,
    send: Callable[[bytes], Awaitable[Any]],
    send_text: Callable[[str], Awaitable[Any]],
    close_socket: Callable[[int, str], Awaitable[Any] | Any],
    grant: Grant,
    limits: Limits,
    executor: Any = None,
    peer: str = "",
    wanted: str | None = None,
    received: str | None = None,
) -> Attachment:
    """Gives a new socket its connection.

    Args:
        wanted: the token that the client shows, "new" for a new session that can be resumed, None for a plain one.
        received: how many messages it has got.
    """
    loop = asyncio.get_running_loop()
    resumable = wanted is not None and limits.resume_grace > 0 and isinstance(server, ServerCore)
    held = server._resumable.get(wanted) if resumable else None
    if held is not None and held.connection.grant == grant and held.connection.loop is loop:
        token = str(wanted)
        connection = await held.give_up()
        try:
            resumed = not connection.ended and await _resume(connection, token, received, send, send_text, close_socket)
        except BaseException:
            # This socket is lost as well; the session waits for yet another one.
            await Attachment(connection, token).close()
            raise
        if resumed:
            connection.peer = peer
            connection._count("sessions_resumed")
            log_event(logger, logging.INFO, "connection_resumed", peer=peer, identity=grant.identity)
            attachment = Attachment(connection, token)
            connection.start()
            return attachment
        server._resumable.pop(token, None)
        await connection.close()
    connection = Connection(
        server=server,
        send=send,
        close_socket=close_socket,
        grant=grant,
        limits=limits,
        loop=loop,
        executor=executor,
        resumable=resumable,
        peer=peer,
    )
    fresh = secrets.token_urlsafe(24) if resumable else None
    attachment = Attachment(connection, fresh)
    if wanted is not None:
        hello = {"session": fresh, "resumed": False, "grace": limits.resume_grace, "next": 0}
        try:
            await send_text(json.dumps(hello))
        except BaseException:
            await attachment._end()
            raise
    connection.start()
    return attachment


async def _resume(
    connection: Connection,
    token: str,
    received: str | None,
    send: Callable[[bytes], Awaitable[Any]],
    send_text: Callable[[str], Awaitable[Any]],
    close_socket: Callable[[int, str], Awaitable[Any] | Any],
) -> bool:
    """Puts a connection on a new socket; False if that cannot be done without losing something."""
    queue = connection._queue
    count = int(received) if received is not None and received.isdecimal() and len(received) < 19 else None
    complete = queue.unpark(count)
    if not complete and connection.server._router is not None:
        # Snapshots of several engines cannot be put in order with the updates of each.
        return False
    connection.send, connection.close_socket = send, close_socket
    mode = "delta" if complete else "snapshot"
    about = {"session": token, "resumed": True, "mode": mode, "grace": connection.limits.resume_grace}
    await send_text(json.dumps({**about, "next": queue.n_sent}))
    if not complete:
        job = connection.server._workers[0].submit(lambda instance: queue.start_over(_snapshots(connection, instance)))
        await asyncio.wrap_future(job)
    return True


def _snapshots(connection: Connection, instance: Engine) -> list[bytes]:
    """A notice for each subscription, with the whole view if it wants rows. Runs on the engine's thread, so that the
    next update is the next thing that happens.
    """
    notices: list[bytes] = []
    number = connection.session._ids[0]
    instance.poll()
    for (view, msg_id), wants_rows in list(connection.subscriptions.items()):
        response = pb.Response(msg_id=msg_id, entity_id=view)
        if view:
            response.view_on_update_resp.port_id = 0
            request = pb.Request(msg_id=msg_id, entity_id=view)
            if wants_rows:
                request.view_to_arrow_req.SetInParent()
            else:
                request.view_get_config_req.SetInParent()
            answer = pb.Response.FromString(bytes(instance.handle(number, request.SerializeToString(), False)[0].data))
            if answer.HasField("server_error"):
                # The view is gone.
                continue
            if wants_rows:
                response.view_on_update_resp.delta = answer.view_to_arrow_resp.arrow
        notices.append(response.SerializeToString())
    return notices


async def shut_down(server: ServerCore, grace: float = 10.0) -> None:
    """Closes a server that has clients: new connections are refused (503), what was asked is answered and sent, then
    clients are told (close code 1001) and the server is closed. Run it on the loop of the handlers.

    Args:
        grace: seconds after which clients that do not read are left behind.
    """
    server._draining = True
    clock = asyncio.get_running_loop().time
    deadline = clock() + grace
    while any(not one.idle for one in list(server._connections)) and clock() < deadline:  # noqa: ASYNC110
        # There is no one place where "nothing is left" could be announced.
        await asyncio.sleep(_DRAIN_STEP)
    log_event(logger, logging.INFO, "server_closing", connections=len(server._connections))
    connections = list(server._connections)
    server.close()  # type: ignore[attr-defined]
    await asyncio.gather(*(one.sent_close() for one in connections))
