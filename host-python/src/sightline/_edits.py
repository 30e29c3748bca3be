"""Write-back: a function per table that sees what a client wants to write, and accepts, changes or rejects it.

The function is asked before the engine hears of the request, on the thread or loop of the session that sent it, so it
may read tables and call databases. The application's own clients (`new_local_client`) are not asked about.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from ._exceptions import EditRejectedError, SightlineError
from ._log import log_event
from ._proto import sightline_pb2 as pb

if TYPE_CHECKING:
    from ._metrics import ServerMetrics
    from ._server import ServerCore

__all__ = ["Edit", "Validator", "Validators"]

logger = logging.getLogger("sightline.edits")

_KINDS = {"table_update_req": "update", "table_replace_req": "replace", "table_remove_req": "remove"}


@dataclass(frozen=True)
class Edit:
    """What a client wants to write.

    Args:
        table: the table's name.
        kind: "update", "replace" (all rows; none to clear) or "remove".
        rows: for "update" and "replace" the rows, each with the columns that it sets; for "remove" the keys. Dates and
            times of Arrow input are milliseconds since 1970 UTC.
        identity: who it is: what the `Grant` of the connection says, or `None`.
    """

    table: str
    kind: str
    rows: list[Any] = field(repr=False)
    identity: Any


Validator = Callable[[Edit], "Any | Awaitable[Any]"]


class Validators:
    """The validators of a server, by table."""

    def __init__(self, metrics: ServerMetrics) -> None:
        self._metrics = metrics
        self._by_table: dict[str, Validator] = {}
        self._lock = threading.Lock()
        self._scratch: Any = None

    def set(self, table: str, validator: Validator | None) -> None:
        """Sets the validator of a table; None takes it away."""
        if validator is None:
            self._by_table.pop(table, None)
        elif callable(validator):
            self._by_table[table] = validator
        else:
            raise TypeError(f"'{type(validator).__name__}' object is not callable (argument `validator`)")

    def find(self, request: bytes) -> tuple[Validator, pb.Request] | None:
        """The validator that a request must pass, with the request, which is decoded in full: a look at its head could
        be deceived by fields that come later.

        Raises:
            SightlineError: it cannot be decoded, so nobody can say what it would do.
        """
        if not self._by_table:
            return None
        try:
            message = pb.Request.FromString(bytes(request))
        except DecodeError as error:
            raise SightlineError(f"Undecipherable message: {error}") from None
        if message.WhichOneof("client_req") not in _KINDS:
            return None
        validator = self._by_table.get(message.entity_id)
        return None if validator is None else (validator, message)

    def read(self, message: pb.Request, identity: Any) -> Edit:
        """The edit in a request.

        Raises:
            SightlineError: its data cannot be read.
        """
        name = message.WhichOneof("client_req")
        assert name is not None
        kind = _KINDS[name]
        return Edit(message.entity_id, kind, self._rows(getattr(message, name).data, kind), identity)

    def conclude(self, message: pb.Request, edit: Edit, answer: Any) -> bytes:
        """The request as it goes to the engine: what was looked at, and nothing else that may have come with it.

        Args:
            answer: what the validator gave: None or True accept, a list of rows replaces them, False and a text reject.

        Raises:
            EditRejectedError: it is rejected.
        """
        if answer is None or answer is True:
            self._metrics.add("edits_accepted")
            message.DiscardUnknownFields()
            return message.SerializeToString()
        if answer is False or isinstance(answer, str):
            raise EditRejectedError(answer or "the edit was rejected")
        if not isinstance(answer, list):
            raise EditRejectedError("the edit was rejected: its validator gave no list of rows")
        text = json.dumps(answer, allow_nan=False)
        self._metrics.add("edits_changed")
        message.DiscardUnknownFields()
        body = getattr(message, f"table_{edit.kind}_req")
        body.data.Clear()
        body.data.from_rows = text
        return message.SerializeToString()

    def explain(self, error: Exception) -> SightlineError:
        """What the user is told when a validator raised; faults of the validator itself are not the user's business."""
        self._metrics.add("edits_rejected")
        if isinstance(error, SightlineError):
            return error
        return EditRejectedError("the edit was rejected: its validator failed")

    def close(self) -> None:
        """Ends what is used to read Arrow and CSV."""
        with self._lock:
            scratch, self._scratch = self._scratch, None
        if scratch is not None:
            scratch.close()

    def _rows(self, data: pb.MakeTableData, kind: str) -> list[Any]:
        form = data.WhichOneof("data")
        try:
            match form:
                case "from_rows":
                    rows = json.loads(data.from_rows)
                case "from_ndjson":
                    rows = [json.loads(line) for line in data.from_ndjson.splitlines() if line.strip()]
                case "from_cols":
                    rows = _transposed(json.loads(data.from_cols))
                case "from_csv":
                    # The types are the table's business; empty cells are not set.
                    reader = csv.DictReader(io.StringIO(data.from_csv))
                    rows = [{name: cell for name, cell in row.items() if cell != ""} for row in reader]
                case "from_arrow":
                    rows = self._arrow_rows(data.from_arrow)
                    if kind == "remove":
                        rows = [next(iter(row.values()), None) for row in rows]
                case _:
                    raise SightlineError(f"a validated table takes no edit made {form or 'of nothing'}")
        except (ValueError, RecursionError) as error:
            raise SightlineError(f"the edit cannot be read: {error}") from None
        if not isinstance(rows, list):
            raise SightlineError("the edit is no list of rows")
        return rows

    def _arrow_rows(self, data: bytes) -> list[Any]:
        """Reads Arrow by an engine of its own, which no client can reach."""
        from ._server import Server

        with self._lock:
            if self._scratch is None:
                self._scratch = Server()
            client = self._scratch.new_local_client()
            table = client.table(data)
            view = table.view()
            try:
                rows: list[Any] = view.to_records()
            finally:
                view.delete()
                table.delete()
            return rows


def _transposed(columns: Any) -> list[dict[str, Any]]:
    if not isinstance(columns, Mapping) or not all(isinstance(cells, list) for cells in columns.values()):
        raise SightlineError("the edit is no object of columns")
    n_rows = max((len(cells) for cells in columns.values()), default=0)
    return [{name: cells[row] for name, cells in columns.items() if row < len(cells)} for row in range(n_rows)]


def check_now(server: ServerCore, request: bytes, identity: Any) -> bytes:
    """Asks the validator of a request, if it has one, on this thread; the request as it may go on.

    Raises:
        SightlineError: it is rejected, or the validator must be awaited.
    """
    found = server._validators.find(request)
    if found is None:
        return request
    validator, message = found
    try:
        edit = server._validators.read(message, identity)
        answer = validator(edit)
        if isinstance(answer, Awaitable):
            if hasattr(answer, "close"):
                answer.close()
            raise SightlineError(
                "this validator is a coroutine function, which only handlers and AsyncServer can await"
            )
        return server._validators.conclude(message, edit, answer)
    except Exception as error:
        _log_fault(error, message.entity_id)
        raise server._validators.explain(error) from error


async def check_later(server: ServerCore, request: bytes, identity: Any, run: Callable[..., Awaitable[Any]]) -> bytes:
    """As `check_now`, without blocking the loop: reading and plain validators run by `run(function, *arguments)`."""
    found = server._validators.find(request)
    if found is None:
        return request
    validator, message = found
    try:
        edit = await run(server._validators.read, message, identity)
        answer = await run(validator, edit)
        if isinstance(answer, Awaitable):
            answer = await answer
        return server._validators.conclude(message, edit, answer)
    except Exception as error:
        _log_fault(error, message.entity_id)
        raise server._validators.explain(error) from error


def _log_fault(error: Exception, table: str) -> None:
    if isinstance(error, SightlineError):
        log_event(logger, logging.INFO, "edit_rejected", table=table, reason=str(error))
    else:
        logger.error("the validator of table %s failed", table, exc_info=error)
