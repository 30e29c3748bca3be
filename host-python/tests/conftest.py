"""Fixtures: a client over each backing server, and servers of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import wasmtime
from support import BACKENDS, FAKE_ENGINE

import sightline
import sightline._server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", default="own", choices=["own", "reference"], help="the engine behind our servers")


@pytest.fixture(autouse=True)
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the reference's engine behind our servers when asked to, except in tests of the engine's host itself."""
    if request.config.getoption("--engine") == "reference" and "fake_engine" not in request.fixturenames:
        from reference_engine import ReferenceEngine

        monkeypatch.setattr(sightline._server, "_engine_maker", lambda *_: ReferenceEngine)


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    """The name of the backing server: tests that use it, or `client`, run on each."""
    name: str = request.param
    return name


@pytest.fixture
def client(backend: str) -> Iterator[sightline.Client]:
    """Our client over the backing server."""
    with BACKENDS[backend]() as client:
        yield client


@pytest.fixture
def server() -> Iterator[sightline.Server]:
    """A server of ours."""
    with sightline.Server() as server:
        yield server


@pytest.fixture
def local(server: sightline.Server) -> sightline.Client:
    """A local client of `server`."""
    return server.new_local_client()


@pytest.fixture
def fake_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes servers of this test run on `FAKE_ENGINE`."""
    path = tmp_path / "fake.wasm"
    path.write_bytes(wasmtime.wat2wasm(FAKE_ENGINE))
    monkeypatch.setenv("SIGHTLINE_ENGINE", str(path))
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path / "cache"))
    return path
