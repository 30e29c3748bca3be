"""`PerspectiveViewer`: a table and the state of what shows it, without saying how it is shown."""

from __future__ import annotations

from typing import Any, ClassVar

from traitlets import Bool, Dict, Enum, HasTraits, List, Unicode, validate

from .. import AsyncTable, Table, __version__, _proxy
from .. import table as make_table

__all__ = ["PerspectiveTraitlets", "PerspectiveViewer"]

_VIEW_KEYS = (
    "group_by",
    "split_by",
    "group_rollup_mode",
    "split_rollup_mode",
    "columns",
    "aggregates",
    "sort",
    "filter",
    "expressions",
)


class PerspectiveTraitlets(HasTraits):
    """The state that the front end shares."""

    plugin = Unicode("Datagrid").tag(sync=True)
    columns: Any = List(default_value=[]).tag(sync=True)
    columns_config = Dict(default_value={}).tag(sync=True)
    group_by = List(trait=Unicode(), default_value=[]).tag(sync=True)
    split_by = List(trait=Unicode(), default_value=[]).tag(sync=True)
    group_rollup_mode = Enum(("rollup", "flat", "total"), default_value="rollup").tag(sync=True)
    split_rollup_mode = Enum(("flat", "rollup"), default_value="flat").tag(sync=True)
    aggregates = Dict(default_value={}).tag(sync=True)
    sort: Any = List(default_value=[]).tag(sync=True)
    filter: Any = List(default_value=[]).tag(sync=True)
    expressions = Dict(default_value={}).tag(sync=True)
    plugin_config = Dict(default_value={}).tag(sync=True)
    settings = Bool(True).tag(sync=True)
    theme = Unicode("Pro Light", allow_none=True).tag(sync=True)
    table_name = Unicode(None, allow_none=True).tag(sync=True)
    server = Bool(False).tag(sync=True)
    binding_mode = Enum(("server", "client-server"), default_value="server").tag(sync=True)
    title = Unicode(None, allow_none=True).tag(sync=True)
    version = Unicode(__version__).tag(sync=True)

    @validate("group_by", "split_by", "columns")
    def _one_or_many(self, proposal: Any) -> Any:
        value = proposal["value"]
        return [value] if isinstance(value, str) else value


class PerspectiveViewer(PerspectiveTraitlets):
    """Holds a table, and the config of the view that is shown.

    Args:
        plugin, columns, group_by, ...: what is shown, as the traits of the same names.
    """

    persistent_attributes: ClassVar[tuple[str, ...]] = (
        "group_by",
        "split_by",
        "filter",
        "sort",
        "aggregates",
        "columns",
        "expressions",
        "plugin",
        "plugin_config",
        "theme",
        "settings",
        "title",
        "version",
    )
    """What `save` gives and `restore` takes."""

    def __init__(
        self,
        plugin: str = "Datagrid",
        columns: Any = None,
        group_by: Any = None,
        split_by: Any = None,
        group_rollup_mode: str = "rollup",
        split_rollup_mode: str = "flat",
        aggregates: Any = None,
        sort: Any = None,
        filter: Any = None,
        expressions: Any = None,
        title: str | None = None,
        plugin_config: Any = None,
        settings: bool = True,
        theme: str | None = None,
        columns_config: Any = None,
    ) -> None:
        if not hasattr(self, "_trait_values"):
            super().__init__()
        self._table: Table | AsyncTable | None = None
        self._own_table = False
        self.plugin = plugin
        self.columns = _listed(columns)
        self.group_by = _listed(group_by)
        self.split_by = _listed(split_by)
        self.group_rollup_mode = group_rollup_mode
        self.split_rollup_mode = split_rollup_mode
        self.aggregates = aggregates or {}
        self.sort = sort or []
        self.filter = filter or []
        self.expressions = expressions if expressions is not None else {}
        self.title = title
        self.plugin_config = plugin_config or {}
        self.settings = settings
        self.theme = theme
        self.columns_config = columns_config or {}

    @property
    def table(self) -> Table | AsyncTable | None:
        """The table that is shown."""
        return self._table

    @property
    def client(self) -> Any:
        """The client of the table that is shown."""
        return None if self._table is None else self._table._client

    @property
    def is_async(self) -> bool:
        """Whether the table is an `AsyncTable`."""
        return isinstance(self._table, AsyncTable)

    def new_proxy_session(self, cb: Any) -> _proxy.ProxySession:
        """A session through the table's client, whose responses go to `cb`.

        Raises:
            ValueError: nothing was loaded.
        """
        if self._table is None:
            raise ValueError("nothing was loaded: call `load` first")
        return _proxy.ProxySession(self._table._client, cb)

    def load(self, data: Any, **options: Any) -> None:
        """Shows other data.

        Args:
            data: a `Table` or `AsyncTable`, or whatever `Client.table` takes.
            options: `index`, `limit` and `name` of the table that is made.

        Raises:
            TypeError, ValueError, PerspectiveError: no table can be made of `data`.
        """
        own = not isinstance(data, (Table, AsyncTable))
        table = make_table(data, **options) if own else data
        self._table, self._own_table = table, own
        if isinstance(table, Table):
            columns = table.columns()
            known = {*columns, *self.expressions}
            if not self.columns or not all(name is None or name in known for name in self.columns):
                self.columns = columns
        self.table_name = table.get_name()

    def update(self, data: Any) -> Any:
        """Updates the table; awaitable if the table is asynchronous."""
        return self._loaded().update(data)

    def replace(self, data: Any) -> Any:
        """Replaces the table's rows; awaitable if the table is asynchronous."""
        return self._loaded().replace(data)

    def clear(self) -> Any:
        """Removes the table's rows; awaitable if the table is asynchronous."""
        return self._loaded().clear()

    def save(self) -> dict[str, Any]:
        """What is shown, for `restore`."""
        return {name: getattr(self, name) for name in self.persistent_attributes}

    def restore(self, **kwargs: Any) -> None:
        """Shows what `save` gave.

        Raises:
            TypeError: a key that `save` does not give.
        """
        for name in kwargs:
            if name not in self.persistent_attributes and name not in _VIEW_KEYS and not self.has_trait(name):
                raise TypeError(f"restore() got an unexpected keyword argument '{name}'")
        for name, value in kwargs.items():
            if name != "version":
                setattr(self, name, value)

    def reset(self) -> None:
        """Shows the whole table, plainly."""
        self.restore(
            group_by=[],
            split_by=[],
            filter=[],
            sort=[],
            aggregates={},
            columns=[],
            expressions={},
            plugin="Datagrid",
            plugin_config={},
        )

    def delete(self, delete_table: bool = True) -> None:
        """Lets go of the table; deletes it, unless told otherwise or somebody else still has views of it."""
        table, self._table = self._table, None
        self.table_name = None
        if delete_table and isinstance(table, Table):
            table.delete(lazy=True)

    def to_kwargs(self) -> str:
        """The arguments that make this state, as source text."""
        defaults = {name: trait.default_value for name, trait in self.traits().items()}
        state = {name: getattr(self, name) for name in self.persistent_attributes}
        return ", ".join(f"{name}={value!r}" for name, value in state.items() if value and value != defaults.get(name))

    def _loaded(self) -> Any:
        if self._table is None:
            raise ValueError("nothing was loaded: call `load` first")
        return self._table

    def _view_config(self) -> dict[str, Any]:
        config = {name: getattr(self, name) for name in _VIEW_KEYS if getattr(self, name)}
        if config.get("group_rollup_mode") == "total":
            config.pop("group_by", None)
        return config


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else list(value or [])
