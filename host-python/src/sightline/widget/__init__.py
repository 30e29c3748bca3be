"""A notebook widget: a live table of a view, in Jupyter and wherever else anywidget runs.

    widget = SightlineWidget(data_frame, group_by=["city"], columns=["sales"])

The data stays in the kernel. The front end asks for the rows it shows, by messages, and is told of every change; it can
also speak Perspective's protocol, as the buffers of its messages. Needs `pip install sightline[widget]`.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

try:
    import anywidget
except ImportError:
    raise ImportError("the widget needs anywidget: pip install sightline[widget]") from None

from .._exceptions import SightlineError
from .._frames import html_table
from .._proxy import ProxySession
from .viewer import PerspectiveViewer

__all__ = ["PerspectiveWidget", "SightlineWidget", "set_jupyter_html_export"]

logger = logging.getLogger("sightline")

_FRONT = Path(__file__).parent / "front.js"
_MAX_ROWS = 1000
_html_export = False


class PerspectiveWidget(anywidget.AnyWidget, PerspectiveViewer):
    """Shows a table, or data of which one is made, in a notebook.

    Args:
        data: whatever `Client.table` takes, a `Table` or `AsyncTable`, or None for a widget that is loaded later.
        index, limit: of the table that is made of `data`.
        binding_mode: "server", or "client-server", which is the same here: the data stays in the kernel.
        kwargs: the view's config (`group_by`, `columns`, ...), `plugin`, `theme`, `title`, `settings`.

    Raises:
        TypeError: `index` with `limit`, or an unknown keyword.
    """

    _esm = _FRONT
    # Set on the class, for a widget whose constructor raised is closed as well.
    _shown: Any = None
    _sessions: dict[Any, ProxySession] | None = None

    def __init__(
        self,
        data: Any,
        index: str | None = None,
        limit: int | None = None,
        binding_mode: str = "server",
        **kwargs: Any,
    ) -> None:
        if index is not None and limit is not None:
            raise TypeError("Index and Limit cannot be set at the same time!")
        anywidget.AnyWidget.__init__(self)
        PerspectiveViewer.__init__(self, **kwargs)
        self.binding_mode = binding_mode
        self._sessions = {}
        self.on_msg(self.handle_message)
        self.observe(self._config_changed, names=[*self.persistent_attributes, "table_name"])
        if data is not None:
            options = {name: value for name, value in (("index", index), ("limit", limit)) if value is not None}
            self.load(data, **options)

    def handle_message(self, widget: Any, content: Any, buffers: Any) -> None:
        """Answers the front end: `{"type": "rows", "start_row", "end_row"}` gets rows, buffers are requests of
        Perspective's protocol, and each response goes back as a buffer.
        """
        kind = content.get("type") if isinstance(content, dict) else None
        sessions = self._sessions if self._sessions is not None else {}
        if kind == "rows":
            self._send_rows(content)
            return
        number = content.get("client_id") if isinstance(content, dict) else None
        if kind == "disconnect":
            session = sessions.pop(number, None)
            if session is not None:
                session.close()
            return
        if not buffers:
            return
        if number not in sessions:
            sessions[number] = self.new_proxy_session(
                lambda response: self.send({"type": "protocol", "client_id": number}, [response])
            )
        for buffer in buffers:
            sessions[number].handle_request(bytes(buffer))

    def close(self) -> None:
        """Ends the widget and its sessions; the table stays."""
        self._forget_view()
        sessions, self._sessions = self._sessions, None
        for session in (sessions or {}).values():
            session.close()
        super().close()

    def delete(self, delete_table: bool = True) -> None:
        """Ends the widget, and deletes its table unless told otherwise."""
        self._forget_view()
        PerspectiveViewer.delete(self, delete_table)
        self.close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if _html_export and bundle is not None and self._table is not None and not self.is_async:
            view = self._view()
            columns = view.to_columns(end_row=_MAX_ROWS, formatted=True)
            data = bundle[0] if isinstance(bundle, tuple) else bundle
            data["text/html"] = html_table(self.title or self.table_name or "", columns, view.num_rows())
        return bundle

    def _view(self) -> Any:
        if self._shown is None:
            table: Any = self._table
            self._shown = table.view(**self._view_config())
            self._shown.on_update(lambda *_: self.send({"type": "changed"}))
        return self._shown

    def _forget_view(self) -> None:
        view, self._shown = self._shown, None
        if view is not None:
            try:
                view.delete()
            except SightlineError:
                # Gone with its table or its server, as at the end of the process.
                logger.debug("the widget's view was gone", exc_info=True)

    def _config_changed(self, _change: Any) -> None:
        self._forget_view()
        self.send({"type": "changed"})

    def _send_rows(self, content: Any) -> None:
        if self._table is None:
            self.send({"type": "rows", "columns": {}, "n_rows": 0, "start_row": 0})
            return
        if self.is_async:
            self.send({"type": "error", "message": "rows of an AsyncTable are read by Perspective's protocol"})
            return
        try:
            view = self._view()
            start = max(int(content.get("start_row", 0)), 0)
            end = min(int(content.get("end_row", start + 100)), start + _MAX_ROWS)
            columns = view.to_columns(start_row=start, end_row=end, formatted=True)
            self.send({"type": "rows", "columns": columns, "n_rows": view.num_rows(), "start_row": start})
        except Exception as error:
            # The user sees it where the rows would be; an exception here would only reach the kernel's log.
            logger.debug("the widget could not read its view", exc_info=True)
            self.send({"type": "error", "message": str(error)})


SightlineWidget = PerspectiveWidget
"""The name in this package; the other is the one a program written for Perspective imports."""


def set_jupyter_html_export(val: bool) -> None:
    """Whether widgets also leave their first rows as plain HTML in the notebook, for exports without a kernel."""
    global _html_export
    _html_export = bool(val)
