"""The public names and signatures are those of the installed perspective-python."""

from __future__ import annotations

import inspect
from typing import Any

import perspective
import pytest

import sightline

ASYNC_NAMES = {
    "AsyncTable": (
        "clear columns delete describe get_client get_index get_limit get_name make_port on_delete remove "
        "remove_delete replace schema size update validate_expressions view"
    ),
    "AsyncView": (
        "collapse column_paths delete dimensions expand expression_schema get_config get_min_max num_columns num_rows "
        "on_delete on_remove on_update remove_delete remove_remove remove_update schema to_arrow to_columns "
        "to_columns_string to_csv to_dataframe to_json to_json_string to_ndjson to_polars to_records"
    ),
}
"""Classes that the reference does not export; named as `dir` shows them on its objects."""

ELSEWHERE = {"_jupyter_labextension_paths"}
"""The notebook extension: anywidget needs none."""


def signature_of(function: Any) -> list[tuple[str, bool]]:
    """Names of the positional parameters, and whether they have defaults; star parameters by their stars."""
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self" or parameter.kind is parameter.KEYWORD_ONLY:
            continue
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else stars
        found.append((stars + parameter.name, parameter.default is not parameter.empty))
    return found


def methods_of(kind: Any) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]


CLASSES = ["Server", "Client", "Table", "View", "ProxySession", "AsyncServer", "AsyncClient"]
CLASSES += ["VirtualServer", "VirtualDataSlice", "GenericSQLVirtualServerModel"]
METHODS = [(kind, name) for kind in CLASSES for name in methods_of(getattr(perspective, kind))]


def test_module_has_the_names_of_the_reference() -> None:
    missing = [name for name in perspective.__all__ if name not in ELSEWHERE and not hasattr(sightline, name)]
    assert missing == []
    for name in ("GLOBAL_SERVER", "GLOBAL_CLIENT", "table", "open_table", "join", "get_hosted_table_names"):
        assert name in dir(perspective)
        assert name in dir(sightline) or name.startswith("GLOBAL")


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_methods_have_the_signatures_of_the_reference(kind: str, name: str) -> None:
    ours = getattr(getattr(sightline, kind), name)
    theirs = getattr(getattr(perspective, kind), name)
    assert signature_of(ours) == signature_of(theirs)


@pytest.mark.parametrize("kind", ["Server", "Client", "ProxySession", "AsyncServer", "AsyncClient"])
def test_constructors_have_the_signatures_of_the_reference(kind: str) -> None:
    assert signature_of(getattr(sightline, kind)) == signature_of(getattr(perspective, kind))


@pytest.mark.parametrize("kind", list(ASYNC_NAMES))
def test_asynchronous_handles_have_the_methods_of_the_reference(kind: str) -> None:
    assert set(ASYNC_NAMES[kind].split()) <= set(methods_of(getattr(sightline, kind)))


@pytest.mark.parametrize("framework", ["tornado", "aiohttp", "starlette"])
def test_handlers_have_the_names_of_the_reference(framework: str) -> None:
    import importlib

    name = {
        "tornado": "PerspectiveTornadoHandler",
        "aiohttp": "PerspectiveAIOHTTPHandler",
        "starlette": "PerspectiveStarletteHandler",
    }[framework]
    assert hasattr(importlib.import_module(f"perspective.handlers.{framework}"), name)
    assert hasattr(importlib.import_module(f"sightline.handlers.{framework}"), name)


@pytest.mark.parametrize("name", [name for name in sightline.__all__ if name != "__version__"])
def test_everything_public_is_documented(name: str) -> None:
    value = getattr(sightline, name)
    assert inspect.getdoc(value)
    if inspect.isclass(value) and not issubclass(value, Exception):
        for method in methods_of(value):
            assert inspect.getdoc(getattr(value, method)), f"{name}.{method}"


def test_classes_can_be_subclassed() -> None:
    for kind in (sightline.Server, sightline.Client, sightline.AsyncServer, sightline.AsyncClient):
        assert type("Mine", (kind,), {})
