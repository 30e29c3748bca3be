"""Websocket handlers for Tornado, aiohttp and Starlette (FastAPI).

Each is in a module of its own, so that only the framework in use is imported. A connection may only read unless it is
granted more: `permissions="all"` serves clients as perspective-python does.
"""

from __future__ import annotations

from ._connection import DEFAULT_LIMIT, Grant, Limits
from ._resume import shut_down

__all__ = ["DEFAULT_LIMIT", "Grant", "Limits", "shut_down"]
