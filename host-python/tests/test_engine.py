"""The host of the engine, on an engine that echoes, traps or never ends."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

import sightline._module
from sightline import EngineError, EngineTimeoutError, MemoryLimitError, Server
from sightline._engine import Engine
from sightline._module import load

ECHO = b"\x08\x01"
TRAP = b"!"
LOOP = b"@"


@pytest.fixture
def engine(fake_engine: Path) -> Engine:
    return Engine(load(), {})


def test_bytes_go_in_and_come_out(engine: Engine) -> None:
    session = engine.open_session({})
    messages = engine.handle(session, ECHO * 1000, poll=True)
    assert [(message.session, message.data, message.notification) for message in messages] == [
        (session, ECHO * 1000, False)
    ]
    assert engine.poll() == []
    assert engine.close_session(session) == []
    assert engine.control({"op": "stats"}) == {"requests": 7}
    assert engine.memory_size() == 4 * 65536


def test_log_lines_reach_logging(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "sightline.engine"):
        Engine(load(), {})
    assert [record.message for record in caplog.records] == ["boom"]


def test_refused_options_are_a_value_error(fake_engine: Path) -> None:
    with pytest.raises(ValueError, match="the engine refused its options: boom"):
        Engine(load(), {"limits": {"nonsense": 1}})


def test_trap_raises_with_the_text_of_the_panic_and_stays(engine: Engine) -> None:
    session = engine.open_session({})
    for request in (TRAP, ECHO):
        with pytest.raises(EngineError, match="the engine failed in sl_handle: boom; its tables are lost"):
            engine.handle(session, request, poll=True)
    assert engine.memory_size() == 0


def test_runaway_request_is_interrupted(fake_engine: Path) -> None:
    engine = Engine(load(), {}, request_timeout=0.1)
    session = engine.open_session({})
    assert engine.handle(session, ECHO, poll=True)
    with pytest.raises(EngineTimeoutError, match=r"sl_handle took longer than request_timeout \(0.1 s\)"):
        engine.handle(session, LOOP, poll=True)


def test_request_without_room_is_refused_and_changes_nothing(engine: Engine) -> None:
    session = engine.open_session({})
    with pytest.raises(MemoryLimitError, match="no memory left for a message of 70000 bytes"):
        engine.handle(session, bytes(70000), poll=True)
    assert engine.handle(session, ECHO, poll=True)


def test_memory_limit_is_named(fake_engine: Path) -> None:
    engine = Engine(load(), {}, memory_limit=2**20)
    with pytest.raises(MemoryLimitError, match="memory_limit is 1048576 bytes"):
        engine.handle(engine.open_session({}), bytes(70000), poll=True)
    with pytest.raises(EngineError, match="does not start"):
        Engine(load(), {}, memory_limit=65536)


def test_one_failed_engine_leaves_the_others_alone(fake_engine: Path) -> None:
    with Server() as broken, Server() as sound:
        answers: list[bytes] = []
        failing, working = broken.new_session(answers.append), sound.new_session(answers.append)
        with pytest.raises(EngineError, match="boom"):
            failing.handle_request(TRAP)
        working.handle_request(ECHO)
        assert answers == [ECHO]
        assert "boom" in broken.stats()["engines"][0]["failure"]
        assert sound.stats()["engines"][0]["engine"] == {"requests": 7}


def test_compiled_module_is_kept_in_a_private_folder(fake_engine: Path, tmp_path: Path) -> None:
    load()
    cache = tmp_path / "cache"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    (compiled,) = cache.iterdir()
    assert compiled.suffix == ".cwasm"
    sightline._module._loaded.clear()
    before = compiled.stat()
    assert Engine(load(), {}).open_session({}) == 1
    assert compiled.stat().st_ino == before.st_ino


def test_broken_compiled_module_is_replaced(fake_engine: Path, tmp_path: Path) -> None:
    load()
    (compiled,) = (tmp_path / "cache").iterdir()
    sightline._module._loaded.clear()
    compiled.write_bytes(b"garbage")
    assert Engine(load(), {}).open_session({}) == 1
    assert compiled.read_bytes() != b"garbage"


def test_folder_others_may_write_to_is_not_used(fake_engine: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    assert Engine(load(), {}).open_session({}) == 1
    assert list(cache.iterdir()) == []


def test_cache_can_be_turned_off(fake_engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE", "0")
    assert Engine(load(), {}).open_session({}) == 1
    assert not (tmp_path / "cache").exists()


def test_missing_and_broken_modules_say_so(fake_engine: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        load(tmp_path / "missing.wasm")
    broken = tmp_path / "broken.wasm"
    broken.write_bytes(b"no wasm")
    with pytest.raises(EngineError, match="cannot be loaded"):
        load(broken)


@pytest.mark.parametrize(
    "arguments",
    [
        {"engines": 0},
        {"memory_limit": 0},
        {"memory_limit": 2**33},
        {"request_timeout": 0},
        {"request_timeout": -1},
    ],
    ids=str,
)
def test_server_arguments_are_checked(fake_engine: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        Server(**arguments)
