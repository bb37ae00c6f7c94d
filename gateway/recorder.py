"""Keeps what a link hears and says, with times. A recording holds what the wire held: for its owner's eyes only."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from drivers.capture import Header, Piece, header_line, piece_line


class Recorder:
    """Writes one recording, each line at once: a kill loses at most one. It is also the conversation's store."""

    def __init__(self, path: Path, header: Header, monotonic: Callable[[], float] = time.monotonic) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(handle, 0o600)  # also where the file was there before
        self._file: TextIO = os.fdopen(handle, "w", encoding="utf-8", buffering=1)
        self._path = path
        self._monotonic = monotonic
        self._start = monotonic()
        self._connections = 0
        self.pieces = 0
        self.bytes = 0
        self._file.write(header_line(header) + "\n")

    def tap(self) -> "RecorderTap":
        """Give the ear for one more connection."""
        self._connections += 1
        return RecorderTap(self, self._connections - 1)

    def keep(self, connection: int, *, said: bool, data: bytes) -> None:
        """Keep bytes as they pass."""
        self.pieces += 1
        self.bytes += len(data)
        piece = Piece(self._monotonic() - self._start, "tx" if said else "rx", connection, data)
        self._file.write(piece_line(piece) + "\n")

    has_room = True

    def when_room(self, tell: Callable[[], None]) -> None:
        """There is always room."""
        tell()

    def ticket(self) -> "asyncio.Future[bool]":
        """What was heard is on disk before it is acknowledged."""
        self._file.flush()
        os.fsync(self._file.fileno())
        ticket: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        ticket.set_result(True)
        return ticket

    def flush(self) -> None:
        """Every line has already left."""

    def close(self) -> None:
        """End the recording."""
        self._file.close()

    def discard(self) -> None:
        """Leave nothing behind of a recording that never began."""
        if not self.pieces:
            self.close()
            self._path.unlink(missing_ok=True)


class RecorderTap:
    """One connection's ear."""

    def __init__(self, recorder: Recorder, connection: int) -> None:
        self._recorder = recorder
        self._connection = connection

    def heard(self, data: bytes) -> None:
        """Keep bytes that came in."""
        self._recorder.keep(self._connection, said=False, data=data)

    def said(self, data: bytes) -> None:
        """Keep bytes that went out."""
        self._recorder.keep(self._connection, said=True, data=data)
