"""Durable tables: what was acknowledged is on disk, and is there again when the process starts anew.

Each write to a durable table, whoever sends it, goes to the table's journal before the engine hears of it, and is taken
out again if the engine refuses it. So an answer means that it is kept: killing the process at any moment loses nothing
that was acknowledged. The same files rebuild the tables of an engine that failed.

All file work is done on the engine's thread, between requests; `_journal` knows the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from ._bulk import Bulk
from ._client import Client
from ._engine import Engine, Message
from ._exceptions import DurabilityError, EngineError, SightlineError
from ._journal import TableFiles, sync_folder
from ._log import log_event
from ._proto import sightline_pb2 as pb
from ._session import OWN_DIALECT, Session, SessionBase
from ._wire import scan

if TYPE_CHECKING:
    from typing import Self

    from ._server import ServerCore
    from ._table import Table

__all__ = ["DurableStore", "Journal"]

logger = logging.getLogger("sightline.durable")

_WRITES = {"table_update_req": "update", "table_replace_req": "remove", "table_remove_req": "remove"}
DEFAULT_SNAPSHOT_BYTES = 64 * 1024 * 1024


class Journal:
    """Stands between requests and engines; all methods run on the thread of the engine they are given."""

    def __init__(self, store: DurableStore) -> None:
        self._store = store

    def handle(
        self, engine: int, instance: Engine, session: SessionBase, request: bytes | Bulk, poll: bool
    ) -> list[Message]:
        """Handles a request as the engine does, and keeps what it writes to durable tables."""
        try:
            return self._handle(engine, instance, session, request, poll)
        except EngineError:
            self._store._revive(engine, instance)
            raise

    def revive(self, engine: int, instance: Engine) -> None:
        """Starts a failed engine anew and rebuilds its durable tables."""
        self._store._revive(engine, instance)

    def _handle(
        self, engine: int, instance: Engine, session: SessionBase, request: bytes | Bulk, poll: bool
    ) -> list[Message]:
        number = session._ids[engine]
        kind, name = _look_at(request, trusted=session._own)
        store = self._store
        if kind == "make_table_req" and session is store._session and name == store._creating:
            return store._create(engine, instance, request, name)
        if kind is None:
            # The engine answers what nobody can read; it must not find a meaning in it that was missed here.
            return instance.handle(number, b"", poll)
        files = store._files.get(name)
        if files is None:
            return instance.handle(number, request, poll)
        if kind == "table_delete_req":
            text = f'Cannot delete table "{name}": it is durable, and deleted by `DurableStore.drop`'
            return [Message(number, _error(request, text), notification=False)]
        grant = _WRITES.get(kind)
        if grant is None or not _may(session, grant):
            return instance.handle(number, request, poll)
        try:
            mark = files.append(bytes(request))
        except OSError as error:
            log_event(logger, logging.ERROR, "journal_failed", table=name, reason=str(error))
            text = f'table "{name}" was not changed, because its journal cannot be written: {error.strerror}'
            return [Message(number, _error(request, text), notification=False)]
        try:
            # Processed at once, so that a replay does the same in the same order.
            messages = instance.handle(number, request, True)
        except BaseException:
            files.truncate(mark)
            raise
        if _refused(messages, number):
            files.truncate(mark)
        elif files.journal_bytes > max(store._snapshot_bytes, 2 * files.snapshot_bytes):
            messages += store._take_snapshot(instance, files)
        return messages


class DurableStore:
    """Keeps tables of a server in a folder. Tables that are in it already are loaded, and hosted under their names.

    Args:
        server: a `Server` or `AsyncServer`; it may have one store.
        folder: made if it does not exist. One process at a time may use it.
        fsync: wait for the disk with each write, so that a power failure loses nothing either. Without it a write
            survives the end of the process, but not that of the machine.
        snapshot_bytes: a table's journal may grow to so many bytes, or to twice its snapshot, before a new snapshot.

    Raises:
        DurabilityError: the folder is in use, or what is in it is damaged. OSError: it cannot be read or written.

    Example:
        >>> import sightline, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> for price in (1, 2):
        ...     with sightline.Server() as server, sightline.DurableStore(server, folder) as store:
        ...         trades = store.table("trades", {"id": "integer", "price": "float"}, index="id")
        ...         trades.update([{"id": price, "price": price}])
        ...         trades.size()
        1
        2
    """

    def __init__(
        self,
        server: ServerCore,
        folder: str | os.PathLike[str],
        *,
        fsync: bool = True,
        snapshot_bytes: int = DEFAULT_SNAPSHOT_BYTES,
    ) -> None:
        if server._journal is not None:
            raise DurabilityError("the server has a durable store already")
        self._server = server
        self._folder = Path(folder)
        self._fsync = fsync
        self._snapshot_bytes = snapshot_bytes
        self._closed = False
        self._creating: str | None = None
        self._lock = threading.Lock()
        self._files: dict[str, TableFiles] = {}
        self._engine_of: dict[str, int] = {}
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock_file = _lock_folder(self._folder)
        self._session = Session(server, lambda _: None, OWN_DIALECT)
        self._client = Client(self._session.handle_request)
        self._session._response_cb = self._client._exchange.deliver
        self._session.takes_bulk = self._client.takes_bulk = True
        try:
            self._load()
        except BaseException:
            self._release()
            raise
        server._journal = Journal(self)

    @property
    def names(self) -> list[str]:
        """The names of the durable tables."""
        return sorted(self._files)

    def table(self, name: str, data: Any = None, *, index: str | None = None, limit: int | None = None) -> Table:
        """The durable table of this name: the one that is kept, or a new one of `data`.

        Args:
            data: as for `Client.table`; not looked at if the table is kept already. None to open it only.
            index, limit: as for `Client.table`.

        Raises:
            DurabilityError: there is no such table and no data, it is kept with another index or limit, or it cannot be
            written. PerspectiveError: the engine refuses the data, or a table has this name that is not durable.
        """
        self._check()
        with self._lock:
            if name not in self._files:
                if data is None:
                    raise DurabilityError(f'no durable table "{name}" is kept in {self._folder}')
                self._creating = name
                try:
                    return self._client.table(data, name=name, index=index, limit=limit)
                finally:
                    self._creating = None
            table = self._client.open_table(name)
            if (table.get_index(), table.get_limit()) != (index, limit) and data is not None:
                kept = f"index {table.get_index()!r} and limit {table.get_limit()!r}"
                raise DurabilityError(f'the durable table "{name}" is kept with {kept}')
            return table

    def snapshot(self, name: str | None = None) -> None:
        """Writes a table, or all tables, as snapshots, so that the next start is fast and journals are short.

        Raises:
            DurabilityError: a snapshot could not be written; the journal is kept.
        """
        self._check()
        for one in self.names if name is None else [name]:
            files = self._files.get(one)
            if files is None:
                raise DurabilityError(f'no durable table "{one}" is kept in {self._folder}')
            self._on_engine(one, lambda instance, files=files: self._snapshot(instance, files))

    def drop(self, name: str) -> None:
        """Deletes a durable table with its files. Its views must be gone.

        Raises:
            DurabilityError: there is no such table. PerspectiveError: it has views.
        """
        self._check()
        with self._lock:
            if name not in self._files:
                raise DurabilityError(f'no durable table "{name}" is kept in {self._folder}')

            def job(instance: Engine) -> None:
                request = pb.Request(msg_id=1, entity_id=name)
                request.table_delete_req.is_immediate = True
                with _private_session(instance) as session:
                    _ask(instance, session, request)
                files = self._files.pop(name)
                files.close()
                # Without its name the folder is not loaded, whatever becomes of the rest.
                (files.folder / "table.json").unlink()
                shutil.rmtree(files.folder, ignore_errors=True)

            self._on_engine(name, job)

    def close(self) -> None:
        """Lets go of the folder. The tables live on in the server, but writes to them are not kept any more, so the
        server is best closed as well; closing the store again is harmless.
        """
        if self._closed:
            return
        self._closed = True
        # What is queued before this is still kept.
        for worker in self._server._workers:
            with contextlib.suppress(SightlineError):
                worker.submit(lambda _: None).result()
        self._server._journal = None
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Files and engines

    def _check(self) -> None:
        if self._closed:
            raise DurabilityError("the durable store was closed")

    def _release(self) -> None:
        for files in self._files.values():
            files.close()
        if not self._session._closed and not self._server._closed:
            self._session.close()
        os.close(self._lock_file)

    def _on_engine(self, name: str, job: Any) -> None:
        done: Future[None] = self._server._workers[self._engine_of[name]].submit(job)
        done.result()

    def _load(self) -> None:
        """Opens all tables of the folder and gives them to their engines."""
        for folder in sorted(path for path in self._folder.iterdir() if path.is_dir()):
            files = TableFiles.open(folder, fsync=self._fsync)
            if files is None:
                shutil.rmtree(folder)
                continue
            engine = 0
            router = self._server._router
            if router is not None:
                make = files.make()
                engine = router._place(make, scan(make))
                router._note(scan(make), make, engine, self._session)
            self._engine_of[files.name] = engine
            self._files[files.name] = files
            self._on_engine(files.name, lambda instance, files=files: self._restore(instance, files))

    def _create(self, engine: int, instance: Engine, request: bytes | Bulk, name: str) -> list[Message]:
        """Makes a table and its files; all or nothing."""
        number = self._session._ids[engine]
        messages = instance.handle(number, request, True)
        if _refused(messages, number):
            return messages
        folder = self._folder / hashlib.sha256(name.encode()).hexdigest()[:32]
        try:
            self._files[name] = TableFiles.create(folder, name, bytes(request), fsync=self._fsync)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            undo = pb.Request(msg_id=1, entity_id=name)
            undo.table_delete_req.is_immediate = True
            instance.handle(number, undo.SerializeToString(), True)
            raise DurabilityError(f'the durable table "{name}" cannot be written: {error}') from error
        self._engine_of[name] = engine
        log_event(logger, logging.INFO, "durable_table_made", table=name, folder=str(folder))
        return messages

    def _restore(self, instance: Engine, files: TableFiles) -> None:
        """Makes a table of its files, on the engine's thread."""
        with _private_session(instance) as session:
            _ask(instance, session, pb.Request.FromString(files.make()))
            snapshot = files.snapshot()
            if snapshot is not None:
                clear = pb.Request(msg_id=1, entity_id=files.name)
                clear.table_replace_req.data.from_rows = "[]"
                _ask(instance, session, clear)
                load = pb.Request(msg_id=1, entity_id=files.name)
                load.table_update_req.data.from_arrow = snapshot
                _ask(instance, session, load)
            n_records = 0
            for record in files.records():
                request = pb.Request.FromString(record)
                if request.HasField("table_update_req"):
                    # Ports are not kept: their makers are gone.
                    request.table_update_req.port_id = 0
                _ask(instance, session, request)
                n_records += 1
        log_event(logger, logging.INFO, "durable_table_loaded", table=files.name, journal_records=n_records)

    def _take_snapshot(self, instance: Engine, files: TableFiles) -> list[Message]:
        """A snapshot between requests. That it fails harms nobody: the journal goes on."""
        try:
            self._snapshot(instance, files)
        except DurabilityError as error:
            log_event(logger, logging.ERROR, "snapshot_failed", table=files.name, reason=str(error))
        return []

    def _snapshot(self, instance: Engine, files: TableFiles) -> None:
        try:
            with _private_session(instance) as session:
                rows = _rows(instance, session, files.name)
            if rows is not None:
                files.write_snapshot(rows)
        except EngineError:
            raise
        except (SightlineError, OSError) as error:
            raise DurabilityError(f'no snapshot of table "{files.name}" was written: {error}') from error

    def _revive(self, engine: int, instance: Engine) -> None:
        """Starts a failed engine anew and rebuilds its durable tables."""
        try:
            self._server._restart(engine, instance)
            for name, files in self._files.items():
                if self._engine_of[name] == engine:
                    self._restore(instance, files)
        except (SightlineError, OSError) as error:
            log_event(logger, logging.ERROR, "rebuild_failed", engine=engine, reason=str(error))
            instance.fail(EngineError(f"the engine failed, and could not be rebuilt: {error}"))


def _look_at(request: bytes | Bulk, *, trusted: bool) -> tuple[str | None, str]:
    """What a request is and what it is about. Strangers' requests are decoded in full: a look at the head could be
    deceived by fields that come later.
    """
    try:
        if trusted:
            head = request.head if isinstance(request, Bulk) else scan(request)
            field = pb.Request.DESCRIPTOR.fields_by_number.get(head.kind)
            return (field.name if field is not None else ""), head.entity_id
        message = pb.Request.FromString(bytes(request))
    except (DecodeError, SightlineError):
        return None, ""
    return message.WhichOneof("client_req") or "", message.entity_id


def _may(session: SessionBase, grant: str) -> bool:
    granted: Any = session._options.get("permissions")
    return granted is None or bool(granted[grant])


def _error(request: bytes | Bulk, text: str) -> bytes:
    head = request.head if isinstance(request, Bulk) else scan(request)
    error = pb.ServerError(message=text, status_code=pb.SERVER_ERROR)
    return pb.Response(msg_id=head.msg_id, entity_id=head.entity_id, server_error=error).SerializeToString()


def _refused(messages: Sequence[Message], session: int) -> bool:
    """Whether the answer among messages is an error. It is the first of those that are no notification."""
    for message in messages:
        if message.session == session and not message.notification:
            return pb.Response.FromString(bytes(message.data)).HasField("server_error")
    return False


class _private_session:  # noqa: N801 - it is used like a function
    """A session of an engine for a block of code on its thread."""

    def __init__(self, instance: Engine) -> None:
        self._instance = instance

    def __enter__(self) -> int:
        self._number = self._instance.open_session({})
        return self._number

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._instance.failure is None:
            self._instance.close_session(self._number)


def _ask(instance: Engine, session: int, request: pb.Request) -> pb.Response:
    """The answer to a request of our own.

    Raises:
        SightlineError: it is an error.
    """
    messages = instance.handle(session, request.SerializeToString(), True)
    for message in messages:
        if message.session == session and not message.notification:
            response = pb.Response.FromString(bytes(message.data))
            if response.HasField("server_error"):
                raise SightlineError(response.server_error.message)
            return response
    raise SightlineError("the engine gave no answer")


def _rows(instance: Engine, session: int, name: str) -> bytes | None:
    """All rows of a table in Arrow IPC, with their numbers if it has no index; None for an empty table without one,
    whose next row number only the journal knows.
    """
    instance.poll()
    schema = _ask(instance, session, pb.Request(msg_id=1, entity_id=name, table_schema_req=pb.TableSchemaReq()))
    hosted = pb.Request(msg_id=1, get_hosted_tables_req=pb.GetHostedTablesReq())
    infos = _ask(instance, session, hosted).get_hosted_tables_resp.table_infos
    indexed = any(info.entity_id == name and info.HasField("index") for info in infos)
    view = f"snapshot-{secrets.token_hex(8)}"
    make = pb.Request(msg_id=1, entity_id=name)
    make.table_make_view_req.view_id = view
    config = make.table_make_view_req.config
    columns = [pair.name for pair in schema.table_schema_resp.schema.schema]
    if not indexed:
        size = _ask(instance, session, pb.Request(msg_id=1, entity_id=name, table_size_req=pb.TableSizeReq()))
        if size.table_size_resp.size == 0:
            return None
        columns.append("__INDEX__")
        config.expressions["__INDEX__"] = "index()"
    config.columns.columns.columns.extend(columns)
    _ask(instance, session, make)
    read = pb.Request(msg_id=1, entity_id=view, view_to_arrow_req=pb.ViewToArrowReq())
    return _ask(instance, session, read).view_to_arrow_resp.arrow


def _lock_folder(folder: Path) -> int:
    """Keeps other processes out of the folder, until the file is closed or the process ends."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        import fcntl
    except ImportError:
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise DurabilityError(f"{folder} is in use by another process or store") from None
    sync_folder(folder)
    return handle
