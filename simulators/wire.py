"""How bytes arrive: one at a time, late, slowly, lost, changed, or not at all. Bytes in, bytes with times out."""

from dataclasses import dataclass
from random import Random
from typing import Final

_BITS: Final = 10  # start, eight bits or seven and parity, stop
_SINGLE_BAUD: Final = 9600  # single bytes need time between them, or the system joins them again
_FIFO: Final = 16  # bytes that a UART hands over at once
_MAX_LATE_S: Final = 60.0  # a line this far behind loses what comes next, as a full buffer does


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a cable. All at zero: nothing."""

    byte_at_a_time: bool = False
    delay_s: float = 0.0
    jitter_s: float = 0.0  # up to so much more, without overtaking
    baud: int = 0  # 0: no limit
    loss: float = 0.0  # probability for a byte, or for a datagram
    corruption: float = 0.0  # probability for a byte
    out: tuple[tuple[float, float], ...] = ()  # cable out: from, to; seconds since the start
    harmed: tuple[tuple[float, float], ...] = ()  # bytes are lost and changed only then; none: always

    def harmless(self) -> "Faults":
        """Give the cable without lost and changed bytes: what harms a request on its way is not the gateway's doing."""
        return Faults(self.byte_at_a_time, self.delay_s, self.jitter_s, self.baud, out=self.out)


class Wire:
    """One direction of a cable. Deterministic: the same bytes at the same times arrive alike."""

    def __init__(self, faults: Faults, seed: str, started: float, is_stream: bool = True) -> None:
        self._faults = faults
        self._chance = Random(seed)
        self._started = started
        self._is_stream = is_stream
        self._free_at = started  # when the last byte so far has arrived

    def carry(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Say what arrives of it, and when; in order."""
        if self._is_within(self._faults.out, now):
            return []
        is_harmed = not self._faults.harmed or self._is_within(self._faults.harmed, now)
        pieces = self._pieces(data) if self._is_stream else [data]
        sent = [(self._due(piece, now), piece) for piece in pieces if self._has_room(now)]
        arrived = [(due, self._harmed(piece)) for due, piece in sent] if is_harmed else sent
        return [(due, piece) for due, piece in arrived if piece]

    def _is_within(self, windows: tuple[tuple[float, float], ...], now: float) -> bool:
        return any(since <= now - self._started < until for since, until in windows)

    def _has_room(self, now: float) -> bool:
        return self._free_at - now < _MAX_LATE_S

    def _pieces(self, data: bytes) -> list[bytes]:
        size = 1 if self._faults.byte_at_a_time else _FIFO if self._faults.baud else len(data) or 1
        return [data[at : at + size] for at in range(0, len(data), size)]

    def _due(self, piece: bytes, now: float) -> float:
        faults = self._faults
        late = faults.delay_s + (self._chance.uniform(0.0, faults.jitter_s) if faults.jitter_s else 0.0)
        baud = faults.baud or (_SINGLE_BAUD if faults.byte_at_a_time else 0)
        takes = len(piece) * _BITS / baud if baud else 0.0
        self._free_at = max(self._free_at + takes, now + late + takes)
        return self._free_at

    def _harmed(self, piece: bytes) -> bytes:
        loss, corruption = self._faults.loss, self._faults.corruption
        if not loss and not corruption:
            return piece
        if not self._is_stream:
            return b"" if self._chance.random() < loss else bytes(map(self._struck, piece))
        return bytes(self._struck(byte) for byte in piece if self._chance.random() >= loss)

    def _struck(self, byte: int) -> int:
        """Turn over one bit, sometimes."""
        if self._chance.random() >= self._faults.corruption:
            return byte
        return byte ^ (1 << self._chance.randrange(8))
