"""The files of one durable table: how it was made, a snapshot, and a journal of what was written since.

    make.bin               the request that made the table
    snapshot-N-CRC.arrow   its rows at some time, in Arrow IPC; CRC is their checksum
    journal-N.log          requests since then, each with its length and checksum

A snapshot is written beside its name and then renamed, so the files of the highest number are always whole; older ones
are removed afterwards. The end of a journal may be half a record, if the machine stopped while it was written: nobody
was told that it is kept, so it is cut off. Damage anywhere else is an error and never repaired silently.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from ._exceptions import DurabilityError
from ._log import log_event

__all__ = ["TableFiles"]

logger = logging.getLogger("sightline.durable")

_MAGIC = b"SLJRNL1\n"
_RECORD = struct.Struct("<III")
"""Length, checksum of the body, checksum of those two: a false length must not look like a record cut short."""
_SNAPSHOT = re.compile(r"snapshot-(\d{8})-([0-9a-f]{8})\.arrow")


def sync_folder(folder: Path) -> None:
    """Makes names in a folder survive a power failure, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class TableFiles:
    """The files of one table. One thread at a time."""

    def __init__(self, folder: Path, name: str, *, fsync: bool) -> None:
        self.name = name
        self.folder = folder
        self._fsync = fsync
        self._number = 0
        self._journal = -1
        self._size = 0
        self._snapshot: Path | None = None

    @classmethod
    def create(cls, folder: Path, name: str, make: bytes, *, fsync: bool) -> TableFiles:
        """Makes the files of a new table; `make` is the request that made it."""
        files = cls(folder, name, fsync=fsync)
        folder.mkdir()
        files._write(folder / "make.bin", _header(make) + make)
        files._start_journal()
        # The name comes last: a folder without it is the rest of a creation that did not come to its end.
        files._write(folder / "table.json", json.dumps({"name": name, "version": 1}).encode())
        if fsync:
            sync_folder(folder.parent)
        return files

    @classmethod
    def open(cls, folder: Path, *, fsync: bool) -> TableFiles | None:
        """Opens the files of a table; None if its creation did not come to its end.

        Raises:
            DurabilityError: they were written by a later version.
        """
        meta = folder / "table.json"
        if not meta.exists():
            return None
        about = json.loads(meta.read_bytes())
        if about["version"] != 1:
            raise DurabilityError(f"{folder} was written by a later version of sightline")
        files = cls(folder, about["name"], fsync=fsync)
        found = [match for path in folder.iterdir() if (match := _SNAPSHOT.fullmatch(path.name))]
        if found:
            newest = max(found, key=lambda match: match[1])
            files._number, files._snapshot = int(newest[1]), folder / newest[0]
        return files

    @property
    def journal_bytes(self) -> int:
        """Bytes of the journal."""
        return self._size

    @property
    def snapshot_bytes(self) -> int:
        """Bytes of the snapshot, 0 without one."""
        return self._snapshot.stat().st_size if self._snapshot is not None else 0

    def make(self) -> bytes:
        """The request that made the table.

        Raises:
            DurabilityError: it is damaged.
        """
        data = (self.folder / "make.bin").read_bytes()
        body = _record_at(data, 0)
        if body is None:
            raise DurabilityError(f"{self.folder / 'make.bin'} is damaged")
        return body

    def snapshot(self) -> bytes | None:
        """The rows of the snapshot, None if there is none yet.

        Raises:
            DurabilityError: it is damaged.
        """
        if self._snapshot is None:
            return None
        data = self._snapshot.read_bytes()
        match = _SNAPSHOT.fullmatch(self._snapshot.name)
        if match is None or zlib.crc32(data) != int(match[2], 16):
            raise DurabilityError(f"{self._snapshot} is damaged: its checksum differs from that of its name")
        return data

    def records(self) -> Iterator[bytes]:
        """The records of the journal, in order; then opens it for appending. A torn end is cut off.

        Raises:
            DurabilityError: a record before the end is damaged.
        """
        path = self._journal_path(self._number)
        if not path.exists():
            # The machine stopped between a snapshot and its journal.
            self._start_journal()
            return
        data = path.read_bytes()
        at = len(_MAGIC)
        if data[:at] != _MAGIC:
            if data.strip(b"\0") and not _MAGIC.startswith(data):
                raise DurabilityError(f"{path} is no journal")
            self._start_journal()
            return
        while at < len(data):
            record = _record_at(data, at)
            if record is None:
                # Half a record, or blocks that the file system had set aside and not filled.
                if not _is_torn(data, at):
                    raise DurabilityError(
                        f"{path} is damaged at byte {at}, and {len(data) - at} bytes follow; restore the file from a "
                        f"copy, or cut it off there to go on with what comes before"
                    )
                log_event(logger, logging.WARNING, "journal_cut", file=str(path), at=at, bytes=len(data) - at)
                break
            yield record
            at += _RECORD.size + len(record)
        self._open_journal(path)
        if at < len(data):
            self.truncate(at)

    def append(self, record: bytes) -> int:
        """Writes a record through to the disk; where it starts, for `truncate`.

        Raises:
            OSError: it could not be written; the journal is as before.
        """
        mark = self._size
        try:
            _write_all(self._journal, _header(record) + record)
            if self._fsync:
                os.fsync(self._journal)
        except OSError:
            self.truncate(mark)
            raise
        self._size = mark + _RECORD.size + len(record)
        return mark

    def truncate(self, mark: int) -> None:
        """Takes back what was appended from there on."""
        os.ftruncate(self._journal, mark)
        os.lseek(self._journal, mark, os.SEEK_SET)
        if self._fsync:
            os.fsync(self._journal)
        self._size = mark

    def write_snapshot(self, rows: bytes) -> None:
        """Puts all rows, in Arrow IPC, in place of the snapshot and the journal.

        Raises:
            OSError: it could not be written; the files are as before.
        """
        number = self._number + 1
        path = self.folder / f"snapshot-{number:08}-{zlib.crc32(rows):08x}.arrow"
        old = self._snapshot
        self._write(path, rows)
        self.close()
        self._number, self._snapshot = number, path
        self._start_journal()
        for stale in (old, self._journal_path(number - 1)):
            if stale is not None:
                with contextlib.suppress(OSError):
                    stale.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the journal."""
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1

    def _journal_path(self, number: int) -> Path:
        return self.folder / f"journal-{number:08}.log"

    def _start_journal(self) -> None:
        path = self._journal_path(self._number)
        self._write(path, _MAGIC)
        self._open_journal(path)

    def _open_journal(self, path: Path) -> None:
        self.close()
        self._journal = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        self._size = os.lseek(self._journal, 0, os.SEEK_END)

    def _write(self, path: Path, data: bytes) -> None:
        """Writes a file so that it is there whole or not at all."""
        temporary = path.with_suffix(".tmp")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
            try:
                _write_all(handle, data)
                if self._fsync:
                    os.fsync(handle)
            finally:
                os.close(handle)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        if self._fsync:
            sync_folder(path.parent)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _header(body: bytes) -> bytes:
    head = struct.pack("<II", len(body), zlib.crc32(body))
    return head + struct.pack("<I", zlib.crc32(head))


def _record_at(data: bytes, at: int) -> bytes | None:
    """The whole and sound record at `at`."""
    if at + _RECORD.size > len(data):
        return None
    size, crc, head = _RECORD.unpack_from(data, at)
    if zlib.crc32(data[at : at + 8]) != head:
        return None
    body = data[at + _RECORD.size : at + _RECORD.size + size]
    return body if size and len(body) == size and zlib.crc32(body) == crc else None


def _is_torn(data: bytes, at: int) -> bool:
    """Whether what is at `at` can be a last record that was not finished: nothing sound may come after it."""
    if at + _RECORD.size > len(data) or not data[at:].strip(b"\0"):
        return True
    size, _, head = _RECORD.unpack_from(data, at)
    return zlib.crc32(data[at : at + 8]) == head and at + _RECORD.size + int(size) >= len(data)
