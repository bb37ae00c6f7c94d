"""A simulated HL7 sender: calls the gateway, waits for answers, sends again, keeps what it shouldn't hear."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, NamedTuple

from drivers.common.hl7.mllp import wrap
from simulators.api import Bedside
from simulators.ihe_pcd.replies import Ear, Reply

RESENDS: Final = 3
ACK_TIMEOUT_S: Final = 10.0


class _Outstanding(NamedTuple):
    """A message that waits for its acknowledgement."""

    control_id: str
    frame: bytes
    sent: int
    due_at: float


class Hl7Sender(ABC):
    """One device that reports every `period_s`; what stands out is sent again, on the next connection too."""

    application: str  # MSH-3, as the answer must address it

    def __init__(self, bedside: Bedside, period_s: float) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self.refused: list[str] = []  # control ids that the gateway turned down
        self.unanswered: list[str] = []  # and those that it never answered
        self._bedside = bedside
        self._period_s = period_s
        self._ear = Ear()
        self._outstanding: _Outstanding | None = None
        self._count = 0
        self._report_at: float | None = None

    @abstractmethod
    def write(self, now: float, number: int) -> tuple[str, str]:
        """Give a message's control id and text; `number` counts them."""

    @property
    def wake_at(self) -> float | None:
        """When to report, or to give up waiting."""
        if self._report_at is None:
            return None
        return self._report_at if self._outstanding is None else min(self._report_at, self._outstanding.due_at)

    def open(self, now: float) -> Sequence[bytes]:
        """The call was taken: what stood out is sent again, else a report."""
        self._ear = Ear()
        self._report_at = now if self._outstanding is None else now + self._period_s
        return self._again(now) if self._outstanding is not None else self.tick(now)

    def receive(self, data: bytes, _now: float) -> Sequence[bytes]:
        """Take an acknowledgement, and note everything else."""
        for reply in self._ear.feed(data):
            self._hear(reply)
        return []

    def tick(self, now: float) -> Sequence[bytes]:
        """Report when it is time, and send again what nobody acknowledged."""
        if self._report_at is None:
            return []
        said: list[bytes] = []
        if self._outstanding is not None and now >= self._outstanding.due_at:
            said += self._again(now)
        if now >= self._report_at:
            self._report_at = now + self._period_s
            if self._outstanding is None:
                said.append(self._report(now))
        return said

    def close(self, _now: float) -> None:
        """The gateway is gone; what stands out stays."""
        self._report_at = None

    def _report(self, now: float) -> bytes:
        self._count += 1
        control_id, text = self.write(now, self._count)
        frame = wrap(text.encode())
        self._outstanding = _Outstanding(control_id, frame, 1, now + ACK_TIMEOUT_S)
        return frame

    def _again(self, now: float) -> list[bytes]:
        assert self._outstanding is not None
        out = self._outstanding
        if out.sent > RESENDS:
            self.unanswered.append(out.control_id)
            self._outstanding = None
            return []
        self._outstanding = out._replace(sent=out.sent + 1, due_at=now + ACK_TIMEOUT_S)
        return [out.frame]

    def _hear(self, reply: Reply) -> None:
        self.tampered |= reply.is_command
        out = self._outstanding
        if reply.fault:
            self.violations.append(reply.fault)
        elif out is None or reply.control_id != out.control_id:
            self.violations.append(f"acknowledges {reply.control_id!r}, which doesn't stand out")
        elif reply.addressee != self.application:
            self.violations.append(f"addressed to {reply.addressee!r}")
        else:
            if reply.code[1:] != "A":
                self.refused.append(out.control_id)
            self._outstanding = None
