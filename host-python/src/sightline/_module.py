"""The compiled engine module: one per process, and ahead of time across processes.

Compiling takes seconds, mapping a compiled file well under a millisecond. The compiled file is machine code, so it is
kept where only this user can write, under a name that holds everything it depends on: the module's hash, the wasmtime
version, the platform and the processor.

`SIGHTLINE_CACHE_DIR` moves the cache (by default `sightline/engine` in the user's cache folder), `SIGHTLINE_CACHE=0`
turns it off, `SIGHTLINE_ENGINE` names another module file.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import os
import platform
import stat
import sys
import tempfile
import threading
from pathlib import Path

import wasmtime

from ._exceptions import EngineError

__all__ = ["TICK", "Clock", "LoadedModule", "load"]

logger = logging.getLogger("sightline")

TICK = 0.05
"""Seconds between two ticks of the clock that interrupts runaway requests."""


class Clock:
    """Advances the wasmtime engine's epoch while some engine works, and sleeps while none has for a while.

    Requests take microseconds, so the two ends of one only store a flag: no lock, and no thread is woken as long as
    the clock ticks, which it does until nobody has worked for `LINGER` ticks.
    """

    LINGER = 40

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._flags: list[Flag] = []
        self._ticking = False
        self._thread: threading.Thread | None = None

    def register(self, flag: Flag) -> None:
        """Adds the flag of one engine."""
        with self._changed:
            self._flags.append(flag)

    def forget(self, flag: Flag) -> None:
        """Removes the flag of an engine that is closed."""
        with self._changed:
            if flag in self._flags:
                self._flags.remove(flag)

    def ensure(self) -> None:
        """Makes the clock tick; called after a flag was set."""
        if not self._ticking:
            self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._ticking = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sightline-clock", daemon=True)
                self._thread.start()
            else:
                self._changed.notify()

    def _run(self) -> None:
        idle = 0
        while True:
            with self._changed:
                self._changed.wait(TICK)
                idle = 0 if any(flag.used for flag in self._flags) else idle + 1
                for flag in self._flags:
                    flag.used = flag.busy
                if idle > self.LINGER:
                    # An engine sets its flag before it looks whether the clock ticks, so one of the two sees the other.
                    self._ticking = False
                    while not self._ticking and not any(flag.busy for flag in self._flags):
                        self._changed.wait()
                    self._ticking = True
                    idle = 0
            self._engine.increment_epoch()


class Flag:
    """What one engine tells the clock: whether it works, and whether it has since the last tick."""

    __slots__ = ("busy", "used")

    def __init__(self) -> None:
        self.busy = False
        self.used = False


class LoadedModule:
    """A compiled module with the wasmtime engine it was compiled for and its clock."""

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module) -> None:
        self.engine = engine
        self.module = module
        self.clock = Clock(engine)


_lock = threading.Lock()
_loaded: dict[tuple[Path, bool], LoadedModule] = {}


def load(path: Path | None = None, *, interruptible: bool = True) -> LoadedModule:
    """Loads the engine module, once per process.

    Args:
        path: the module, where it is not the package's own.
        interruptible: whether a running call can be interrupted. Every loop then looks at a clock, which takes up to
            half as long again.

    Raises:
        EngineError: the module is missing or cannot be compiled.
    """
    if path is None:
        named = os.environ.get("SIGHTLINE_ENGINE")
        path = Path(named) if named else Path(__file__).with_name("_engine.wasm")
    with _lock:
        loaded = _loaded.get((path, interruptible))
        if loaded is None:
            loaded = _loaded[path, interruptible] = _load(path, interruptible)
        return loaded


def _load(path: Path, interruptible: bool) -> LoadedModule:
    try:
        wasm = path.read_bytes()
    except OSError as error:
        raise EngineError(
            f"the engine module {path} cannot be read ({error.strerror}): build it, or reinstall"
        ) from None
    engine = wasmtime.Engine(_config(interruptible))
    compiled = _cache_file(wasm, interruptible)
    try:
        if compiled is None:
            return LoadedModule(engine, wasmtime.Module(engine, wasm))
        if compiled.is_file():
            try:
                return LoadedModule(engine, wasmtime.Module.deserialize_file(engine, str(compiled)))
            except wasmtime.WasmtimeError as error:
                logger.info("compiled module %s is stale: %s", compiled, error)
        module = wasmtime.Module(engine, wasm)
    except wasmtime.WasmtimeError as error:
        raise EngineError(f"the engine module {path} cannot be loaded: {error}") from None
    _store(compiled, bytes(module.serialize()))
    return LoadedModule(engine, module)


def _config(interruptible: bool) -> wasmtime.Config:
    config = wasmtime.Config()
    config.wasm_simd = True
    config.epoch_interruption = interruptible
    return config


def _cache_file(wasm: bytes, interruptible: bool) -> Path | None:
    """Where the compiled module belongs; None if there is no private place for it."""
    if os.environ.get("SIGHTLINE_CACHE", "1") == "0":
        return None
    folder = _cache_folder()
    if folder is None:
        return None
    facts = "\0".join(
        (
            importlib.metadata.version("wasmtime"),
            sys.platform,
            platform.machine(),
            str(sys.maxsize),
            _processor(),
            str(interruptible),
        )
    )
    key = hashlib.sha256(facts.encode() + hashlib.sha256(wasm).digest()).hexdigest()[:32]
    return folder / f"engine-{key}.cwasm"


def _cache_folder() -> Path | None:
    named = os.environ.get("SIGHTLINE_CACHE_DIR")
    try:
        if named:
            folder = Path(named)
        else:
            base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
            folder = (Path(base) if base else Path.home() / ".cache") / "sightline" / "engine"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except (OSError, RuntimeError) as error:
        logger.info("no cache for the compiled engine: %s", error)
        return None
    if sys.platform != "win32" and (found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o022):
        logger.warning("cache folder %s can be written by other users, so it is not used", folder)
        return None
    return folder


def _processor() -> str:
    """What machine code depends on: a file compiled on another processor must not be found."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())


def _store(target: Path, compiled: bytes) -> None:
    """Writes beside the target and renames, so that no other process maps half a file."""
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(compiled)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        logger.info("the compiled engine could not be kept: %s", error)


def _forget_after_fork() -> None:
    """The clock's thread is not there in a forked child, so a new server starts afresh."""
    global _lock
    _lock = threading.Lock()
    _loaded.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
