"""Sightline: streaming pivot tables.

A table takes updates, a view is a live query on it, and a server serves both to Python, to browsers and to every client
that speaks Perspective's wire protocol. A program written for `perspective-python` changes one import.

    >>> import sightline
    >>> table = sightline.table({"city": ["Rome", "Oslo", "Rome"], "sales": [1, 2, 3]})
    >>> with table.view(group_by=["city"], columns=["sales"]) as view:
    ...     view.to_columns()
    {'__ROW_PATH__': [[], ['Oslo'], ['Rome']], 'sales': [6, 2, 4]}

Read on in `Server`, `Client`, `Table`, `View`, and for event loops in `AsyncServer` and `sightline.handlers`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from ._async import AsyncClient, AsyncServer, AsyncTable, AsyncView
from ._client import Client
from ._durable import DurableStore
from ._edits import Edit
from ._exceptions import (
    ConfigError,
    DurabilityError,
    EditRejectedError,
    EngineError,
    EngineTimeoutError,
    ForkError,
    MemoryLimitError,
    PerspectiveError,
    SessionClosedError,
    SightlineError,
    TransportError,
    ViewNotFoundError,
)
from ._log import JSONFormatter
from ._proxy import ProxySession
from ._server import Server, num_cpus, set_num_cpus
from ._session import AsyncSession, Session
from ._table import Table
from ._view import View
from ._virtual import VirtualServer
from ._virtual_data import VirtualDataSlice
from .virtual_servers._model import GenericSQLVirtualServerModel

if TYPE_CHECKING:
    GLOBAL_SERVER: Server
    GLOBAL_CLIENT: Client

__all__ = [
    "AsyncClient",
    "AsyncServer",
    "AsyncSession",
    "AsyncTable",
    "AsyncView",
    "Client",
    "ConfigError",
    "DurabilityError",
    "DurableStore",
    "Edit",
    "EditRejectedError",
    "EngineError",
    "EngineTimeoutError",
    "ForkError",
    "GenericSQLVirtualServerModel",
    "JSONFormatter",
    "MemoryLimitError",
    "PerspectiveError",
    "ProxySession",
    "Server",
    "Session",
    "SessionClosedError",
    "SightlineError",
    "Table",
    "TransportError",
    "View",
    "ViewNotFoundError",
    "VirtualDataSlice",
    "VirtualServer",
    "__version__",
    "get_hosted_table_names",
    "join",
    "num_cpus",
    "open_table",
    "set_num_cpus",
    "system_info",
    "table",
]

try:
    __version__ = version("sightline")
except PackageNotFoundError:
    # Run from the source folder, without an install.
    __version__ = "0.1.0"

_lock = threading.Lock()


def __getattr__(name: str) -> Any:
    """Makes `GLOBAL_SERVER` and `GLOBAL_CLIENT` when they are first used: importing starts no engine."""
    if name not in {"GLOBAL_SERVER", "GLOBAL_CLIENT"}:
        raise AttributeError(f"module 'sightline' has no attribute '{name}'")
    with _lock:
        if "GLOBAL_CLIENT" not in globals():
            # The program's own tables: no clock runs beside them, so that loops need not look at one.
            server = Server(request_timeout=None)
            globals()["GLOBAL_SERVER"] = server
            globals()["GLOBAL_CLIENT"] = server.new_local_client()
    return globals()[name]


def _global_client() -> Client:
    client: Client = __getattr__("GLOBAL_CLIENT")
    return client


def table(
    input: Any,
    limit: int | None = None,
    index: str | None = None,
    name: str | None = None,
    format: str | None = None,
    page_to_disk: bool | None = None,
    list_flatten: str | None = None,
    schema: Mapping[str, Any] | None = None,
) -> Table:
    """Makes a table on the process-wide server; as `Client.table`."""
    return _global_client().table(input, limit, index, name, format, page_to_disk, list_flatten, schema)


def open_table(name: str) -> Table:
    """Opens a table of the process-wide server; as `Client.open_table`."""
    return _global_client().open_table(name)


def join(
    left: Table | str,
    right: Table | str,
    on: str,
    join_type: str | None = None,
    name: str | None = None,
    right_on: str | None = None,
) -> Table:
    """Joins two tables of the process-wide server; as `Client.join`."""
    return _global_client().join(left, right, on, join_type, name, right_on)


def get_hosted_table_names() -> list[str]:
    """The names of the tables of the process-wide server; as `Client.get_hosted_table_names`."""
    return _global_client().get_hosted_table_names()


def system_info() -> dict[str, Any]:
    """Memory and processor time of the process-wide server; as `Client.system_info`."""
    return _global_client().system_info()
