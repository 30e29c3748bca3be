"""One instance of the engine, and the only file that touches its memory.

Bytes go in with one copy and come out with one copy; engine/ARCHITECTURE.md describes the functions. An `Engine` is
used by one thread at a time. Calls go through ctypes straight to wasmtime's unchecked entry, which takes 0.6
microseconds where the checked one takes 17. Other Python threads run while the engine works; only for the calls that
hand memory over and back, which are done before another thread could start, the interpreter's lock is kept.

After a trap, also one caused by the time limit, the instance is dropped and every call raises the same `EngineError`:
what it was doing is half done, so its tables cannot be trusted.
"""

from __future__ import annotations

import ctypes
import json
import logging
import secrets
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import wasmtime
from wasmtime import _bindings as ffi
from wasmtime import _ffi

from ._bulk import LARGE, Bulk, split
from ._exceptions import EngineError, EngineTimeoutError, MemoryLimitError, SightlineError
from ._module import TICK, Flag, LoadedModule

__all__ = ["Engine", "Message"]

logger = logging.getLogger("sightline.engine")

_LEVELS = {0: logging.ERROR, 1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: logging.DEBUG}
_NEVER = 2**62
_U32 = 0xFFFFFFFF
_NOTIFICATION = 1
_POLL = 1

# The library once more, for calls that keep the interpreter's lock.
_brief = ctypes.PyDLL("wasmtime", handle=_ffi.dll._handle)


def _bind(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    """An own function object: the argument types of wasmtime's are shared by the whole process."""
    function = library[name]
    function.restype = result
    function.argtypes = arguments
    return function


_UNCHECKED = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
_call_unchecked = _bind(_ffi.dll, "wasmtime_func_call_unchecked", *_UNCHECKED)
_call_briefly = _bind(_brief, "wasmtime_func_call_unchecked", *_UNCHECKED)
_set_deadline = _bind(_brief, "wasmtime_context_set_epoch_deadline", None, ctypes.c_void_p, ctypes.c_uint64)
_memory_data = _bind(_brief, "wasmtime_memory_data", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_BRIEF = frozenset({"sl_alloc", "sl_free", "sl_release_outbox"})


class Message(NamedTuple):
    """One outgoing message: the engine's number of the session it is for, its bytes, and whether it answers no
    request.
    """

    session: int
    data: bytes | Bulk
    notification: bool


class Engine:
    """An instance of the engine module.

    Args:
        loaded: the compiled module.
        options: engine options, passed on as JSON.
        memory_limit: bytes of linear memory the instance may have; at most 4 GiB.
        request_timeout: seconds one call may take; None for no limit.

    Raises:
        EngineError: the instance does not start. ValueError: an unknown option.
    """

    def __init__(
        self,
        loaded: LoadedModule,
        options: Mapping[str, Any],
        memory_limit: int | None = None,
        request_timeout: float | None = None,
    ) -> None:
        self._loaded = loaded
        self._options = dict(options)
        self._timeout = request_timeout
        self._ticks = _NEVER if request_timeout is None else max(2, round(request_timeout / TICK) + 1)
        self._memory_limit = memory_limit
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._panic = ""
        self.failure: EngineError | None = None
        self._store = wasmtime.Store(self._loaded.engine)
        if self._memory_limit is not None:
            self._store.set_limits(memory_size=self._memory_limit)
        self._store.set_epoch_deadline(self._ticks)
        self._flag = Flag()
        if self._timeout is not None:
            self._loaded.clock.register(self._flag)
        self._exports = self._instantiate()
        self._memory = self._export("memory", wasmtime.Memory)
        self._context = ctypes.cast(self._store._context(), ctypes.c_void_p).value
        self._memory_at = ctypes.addressof(self._memory._memory)
        self._functions: dict[str, _Function] = {}
        seed = secrets.randbits(64)
        messages = self._call_with_buffer("sl_init", json.dumps(self._options).encode(), seed)
        if messages:
            raise ValueError(f"the engine refused its options: {bytes(messages[0].data).decode()}")

    def restart(self) -> None:
        """Starts anew after a failure, without tables and sessions.

        Raises:
            EngineError: it was closed, or does not start.
        """
        if self._closed:
            raise EngineError("the engine was closed")
        if self.failure is None:
            self.fail(EngineError("the engine is being started anew"))
        self._start()

    def fail(self, failure: EngineError) -> None:
        """Gives the instance up: every call raises `failure` from now on."""
        if self.failure is None:
            self._end()
        self.failure = failure

    def open_session(self, options: Mapping[str, Any]) -> int:
        """Opens a session.

        Args:
            options: `permissions` and `row_filter`; `{}` is everything.

        Raises:
            SightlineError: the engine refuses the options.
        """
        messages = self._call_with_buffer("sl_open_session", json.dumps(dict(options)).encode())
        if len(messages) != 1:
            raise EngineError("the engine opened no session")
        if messages[0].session == 0:
            raise SightlineError(bytes(messages[0].data).decode())
        return messages[0].session

    def close_session(self, session: int) -> list[Message]:
        """Closes a session; gives what others must hear."""
        return self._outbox(self._call("sl_close_session", session))

    def handle(self, session: int, request: bytes | Bulk, poll: bool) -> list[Message]:
        """Handles one request; with `poll` also processes the tables it changed.

        Raises:
            MemoryLimitError: no room for the request. EngineError: the engine failed.
        """
        return self._call_with_buffer("sl_handle", request, _now(), _POLL if poll else 0, session=session)

    def poll(self) -> list[Message]:
        """Processes all changed tables."""
        return self._outbox(self._call("sl_poll", _now()))

    def control(self, command: Mapping[str, Any]) -> Any:
        """Runs a command for hosts, such as `{"op": "stats"}`; command and answer are JSON."""
        messages = self._call_with_buffer("sl_control", json.dumps(dict(command)).encode(), _now())
        return json.loads(bytes(messages[0].data)) if messages else None

    def memory_size(self) -> int:
        """Bytes of linear memory."""
        return 0 if self.failure is not None else int(self._memory.data_len(self._store))

    def close(self) -> None:
        """Gives the memory back; the engine cannot be used any more."""
        self._closed = True
        if self.failure is None:
            self.failure = EngineError("the engine was closed")
        self._end()

    def _end(self) -> None:
        self._loaded.clock.forget(self._flag)
        self._functions.clear()
        self._store.close()

    # Calls

    def _call_with_buffer(
        self, name: str, data: bytes | Bulk, *rest: int | float, session: int | None = None
    ) -> list[Message]:
        pointer = self._call("sl_alloc", len(data)) & _U32
        if pointer == 0 and data:
            limit = f", memory_limit is {self._memory_limit} bytes" if self._memory_limit is not None else ""
            raise MemoryLimitError(f"no memory left for a message of {len(data)} bytes{limit}")
        at = self._base() + pointer
        for part in data.parts if isinstance(data, Bulk) else (data,):
            ctypes.memmove(at, part, len(part))
            at += len(part)
        head = () if session is None else (session,)
        return self._outbox(self._call(name, *head, pointer, len(data), *rest))

    def _outbox(self, packed: int) -> list[Message]:
        """Copies the messages of the last call out, and releases them."""
        count, pointer = packed & _U32, (packed >> 32) & _U32
        if count == 0:
            return []
        base = self._base()
        descriptors = struct.iter_unpack("<4I", ctypes.string_at(base + pointer, 16 * count))
        messages = [
            Message(session, _copy_out(base + start, size), bool(flags & _NOTIFICATION))
            for session, start, size, flags in descriptors
        ]
        self._call("sl_release_outbox")
        return messages

    def _base(self) -> int:
        """The address of the linear memory, which may move when it grows."""
        return int(_memory_data(self._context, self._memory_at))

    def _call(self, name: str, *arguments: int | float) -> int:
        if self.failure is not None:
            raise self.failure
        function = self._functions.get(name)
        if function is None:
            function = self._functions[name] = _Function(
                self._store, self._export(name, wasmtime.Func), _call_briefly if name in _BRIEF else _call_unchecked
            )
        if self._timeout is None:
            return self._guarded(name, function, arguments)
        _set_deadline(self._context, self._ticks)
        if name in _BRIEF:
            return self._guarded(name, function, arguments)
        flag = self._flag
        flag.busy = flag.used = True
        self._loaded.clock.ensure()
        try:
            return self._guarded(name, function, arguments)
        finally:
            flag.busy = False

    def _guarded(self, name: str, function: _Function, arguments: tuple[int | float, ...]) -> int:
        try:
            return function(arguments)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            self.failure = self._explain(name, error)
            logger.error("%s", self.failure)
            self._end()
            raise self.failure from None

    def _explain(self, name: str, error: Exception) -> EngineError:
        lost = "its tables are lost and it is not used again"
        code = error.trap_code if isinstance(error, wasmtime.Trap) else None
        if code == wasmtime.TrapCode.INTERRUPT:
            return EngineTimeoutError(
                f"the engine was interrupted: {name} took longer than request_timeout ({self._timeout} s); {lost}"
            )
        if self._panic:
            return EngineError(f"the engine failed in {name}: {self._panic}; {lost}")
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        size = self._memory.data_len(self._store)
        return EngineError(f"the engine failed in {name} with {size} bytes of memory: {reason}; {lost}")

    # Start

    def _instantiate(self) -> Any:
        linker = wasmtime.Linker(self._loaded.engine)
        i32 = wasmtime.ValType.i32()
        linker.define_func("host", "log", wasmtime.FuncType([i32, i32, i32], []), self._log, access_caller=True)
        linker.define_func("host", "panic", wasmtime.FuncType([i32, i32], []), self._note_panic, access_caller=True)
        try:
            return linker.instantiate(self._store, self._loaded.module).exports(self._store)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            raise EngineError(f"the engine does not start: {error}") from None

    def _export(self, name: str, kind: type[Any]) -> Any:
        try:
            export = self._exports[name]
        except KeyError:
            raise EngineError(f"the engine module exports no `{name}`") from None
        if not isinstance(export, kind):
            raise EngineError(f"the engine module exports `{name}` as something else than a {kind.__name__}")
        return export

    def _log(self, caller: wasmtime.Caller, level: int, pointer: int, size: int) -> None:
        logger.log(_LEVELS.get(level, logging.INFO), "%s", _text(caller, pointer, size))

    def _note_panic(self, caller: wasmtime.Caller, pointer: int, size: int) -> None:
        self._panic = _text(caller, pointer, size)


def _copy_out(address: int, size: int) -> bytes | Bulk:
    """A message of the outbox, the payload of a large answer apart."""
    if size >= LARGE:
        parted = split(memoryview((ctypes.c_char * size).from_address(address)).cast("B"))
        if parted is not None:
            start, head = parted
            return Bulk(ctypes.string_at(address, start), ctypes.string_at(address + start, size - start), b"", head)
    return ctypes.string_at(address, size)


class _Function:
    """An exported function, bound for fast calls; integers are passed as they are, i32 and i64 alike."""

    def __init__(self, store: wasmtime.Store, function: wasmtime.Func, call: Callable[..., int | None]) -> None:
        self._call = call
        kind = function.type(store)
        parameters = [str(parameter) for parameter in kind.params]
        results = [str(result) for result in kind.results]
        self._slots = (ffi.wasmtime_val_raw_t * max(1, len(parameters), len(results)))()
        self._setters: list[Callable[[int | float], None]] = [
            _setter(slot, parameter) for slot, parameter in zip(self._slots, parameters, strict=False)
        ]
        self._result = results[0] if results else None
        self._trap = ctypes.POINTER(ffi.wasm_trap_t)()
        self._raw = function._func
        self._arguments = (
            ctypes.cast(store._context(), ctypes.c_void_p).value,
            ctypes.addressof(self._raw),
            ctypes.addressof(self._slots),
            len(self._slots),
            ctypes.addressof(self._trap),
        )

    def __call__(self, arguments: tuple[int | float, ...]) -> int:
        for set_slot, argument in zip(self._setters, arguments, strict=True):
            set_slot(argument)
        error = self._call(*self._arguments)
        if error:
            raise wasmtime.WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(ffi.wasmtime_error_t)))
        if self._trap:
            raise wasmtime.Trap._from_ptr(self._trap)
        if self._result is None:
            return 0
        return int(self._slots[0].i32 if self._result == "i32" else self._slots[0].i64)


def _setter(slot: Any, kind: str) -> Callable[[int | float], None]:
    def i32(value: int | float) -> None:
        slot.i32 = int(value)

    def i64(value: int | float) -> None:
        slot.i64 = int(value)

    def f64(value: int | float) -> None:
        slot.f64 = float(value)

    return {"i32": i32, "i64": i64, "f64": f64}[kind]


def _text(caller: wasmtime.Caller, pointer: int, size: int) -> str:
    memory = caller["memory"]
    if not isinstance(memory, wasmtime.Memory):
        return "(no text: the module exports no memory)"
    start = pointer & _U32
    return bytes(memory.read(caller, start, start + (size & _U32))).decode("utf-8", "replace")


def _now() -> float:
    return time.time() * 1000.0
