"""The notebook widget, without a notebook: what it sends is caught where it would go to the front end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import sightline
from sightline.widget import PerspectiveWidget, set_jupyter_html_export
from sightline.widget.viewer import PerspectiveViewer


class Widget(PerspectiveWidget):
    """Keeps what it sends, and hands buffers to a client if there is one."""

    receive: Any = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.sent: list[tuple[Any, Any]] = []
        super().__init__(*arguments, **options)

    def send(self, content: Any, buffers: Any = None) -> None:
        self.sent.append((content, buffers))
        if buffers and self.receive is not None:
            self.receive(buffers[0])

    def rows(self, **window: int) -> Any:
        """The answer to the front end's question."""
        self.handle_message(self, {"type": "rows", **window}, [])
        return self.sent[-1][0]


@pytest.fixture
def widget() -> Iterator[Widget]:
    widget = Widget({"a": [1, 2, 3], "b": ["x", "y", "x"]})
    yield widget
    widget.delete()


def test_rows_are_read_by_window(widget: Widget) -> None:
    told = widget.rows(start_row=1, end_row=9)
    assert told == {"type": "rows", "columns": {"a": [2, 3], "b": ["y", "x"]}, "n_rows": 3, "start_row": 1}


def test_the_front_end_hears_of_updates_and_of_configs(widget: Widget) -> None:
    widget.rows()
    widget.update({"a": [4], "b": ["z"]})
    assert widget.sent[-1] == ({"type": "changed"}, None)
    widget.group_by = ["b"]
    assert widget.sent[-1] == ({"type": "changed"}, None)
    assert widget.rows()["columns"]["__ROW_PATH__"] == [[], ["x"], ["y"], ["z"]]


def test_a_wrong_config_is_told_to_the_front_end(widget: Widget) -> None:
    widget.columns = ["zz"]
    assert widget.rows()["type"] == "error"
    assert "zz" in widget.rows()["message"]
    widget.reset()
    assert widget.rows()["n_rows"] == 3


def test_the_protocol_travels_in_buffers(widget: Widget) -> None:
    client: Any = sightline.Client(lambda data: widget.handle_message(widget, {"client_id": 7}, [data]))
    widget.receive = client.handle_response
    view = client.open_table(widget.table_name).view()
    assert view.to_columns() == {"a": [1, 2, 3], "b": ["x", "y", "x"]}
    widget.handle_message(widget, {"type": "disconnect", "client_id": 7}, [])
    with pytest.raises(sightline.PerspectiveError, match="View not found"):
        view.num_rows()


def test_state_is_saved_and_restored(widget: Widget) -> None:
    widget.restore(group_by=["b"], theme="Pro Dark", plugin="X Bar")
    saved = widget.save()
    widget.reset()
    assert (widget.group_by, widget.plugin) == ([], "Datagrid")
    widget.restore(**saved)
    assert widget.save() == saved
    with pytest.raises(TypeError, match="zzz"):
        widget.restore(zzz=1)


def test_tables_and_frames_are_loaded() -> None:
    with sightline.Server() as server:
        table = server.new_local_client().table({"a": [1]}, name="mine")
        widget = Widget(table)
        assert (widget.table, widget.table_name, widget.client) == (table, "mine", table.get_client())
        widget.load(pd.DataFrame({"c": [1.5]}))
        assert widget.columns == ["index", "c"]
        widget.delete()
        assert table.size() == 1


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="Index and Limit"):
        Widget({"a": [1]}, index="a", limit=1)
    with pytest.raises(TypeError, match="zzz"):
        Widget({"a": [1]}, zzz=1)
    empty = Widget(None)
    assert empty.rows()["columns"] == {}
    with pytest.raises(ValueError, match="load"):
        empty.update({"a": [1]})


def test_html_is_left_behind_when_asked_for(widget: Widget) -> None:
    set_jupyter_html_export(True)
    try:
        assert "<td>y</td>" in widget._repr_mimebundle_()[0]["text/html"]
    finally:
        set_jupyter_html_export(False)
    assert "text/html" not in widget._repr_mimebundle_()[0]


def test_a_viewer_needs_no_notebook() -> None:
    viewer = PerspectiveViewer(columns="a", group_by="b")
    assert (viewer.columns, viewer.group_by, viewer.table) == (["a"], ["b"], None)
    assert viewer.to_kwargs() == "group_by=['b'], columns=['a']"
