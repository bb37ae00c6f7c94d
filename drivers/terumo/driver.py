"""The conversation with a Terumo pump: who it is, then its status in rounds."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from drivers.api import Announcement, Damage, Departed, Identity, Output, Port, Request
from drivers.common.polling import OTHER_QUESTION, Polled, check_pace, pace, unused
from drivers.common.rounds import Rounds
from drivers.terumo.channels import RESULTS
from drivers.terumo.codec import (
    DONE,
    SEQUENCE,
    STATUS_COMMAND,
    CommandReply,
    Decoder,
    DeviceIdReply,
    ReadDeviceId,
    ReadStatus,
    Status,
    is_device_id,
)
from drivers.terumo.readings import report
from drivers.vocabulary import EventKind

MANUFACTURER: Final = "Terumo"


class Ask(Enum):
    """The questions."""

    DEVICE_ID = auto()
    STATUS = auto()


@dataclass(frozen=True, slots=True)
class TerumoSettings:
    """What has to be known of a pump, and how often to ask it."""

    pump: Literal["syringe", "infusion"] = "syringe"  # TE-SS or TE-LF: some alarm bits differ
    poll_s: float = 5.0
    timeout_s: float = 2.0  # the manual names none, and there is no NAK
    retries: int = 1

    def __post_init__(self) -> None:
        if self.pump not in ("syringe", "infusion"):
            raise ValueError(f"pump {self.pump!r}: set it to syringe or infusion")
        check_pace(self)


class TerumoDialogue(Polled[Ask, DeviceIdReply | CommandReply]):
    """One conversation with one pump."""

    def __init__(self, settings: TerumoSettings, port: Port) -> None:
        super().__init__(Decoder(), Rounds((Ask.DEVICE_ID,), (Ask.STATUS,), frozenset(Ask), pace(settings)))
        self._is_file = port.kind == "file"
        self._has_syringe = settings.pump == "syringe"
        self._identity = Identity(manufacturer=MANUFACTURER)
        self._refused: set[int] = set()  # results that were announced already

    def _request(self, question: Ask) -> Request:
        return ReadDeviceId() if question is Ask.DEVICE_ID else ReadStatus(self._identity.serial)

    def _take(self, frame: DeviceIdReply | CommandReply, now: float) -> list[Output]:
        awaited = frozenset(Ask) if self._is_file else {self._rounds.asked}
        match frame:
            case DeviceIdReply() if Ask.DEVICE_ID in awaited:
                return self._meet(frame, now)
            case CommandReply() if Ask.STATUS in awaited and (frame.command, frame.subcommand) == STATUS_COMMAND:
                return self._take_status(frame, now)
            case CommandReply() if self._is_file and frame.result != DONE:
                return self._refusal(frame)
        return [unused(OTHER_QUESTION, frame)]

    def _meet(self, frame: DeviceIdReply | CommandReply, now: float) -> list[Output]:
        """The id is the pump's own text and will stand in our next question."""
        if not is_device_id(frame.device_id):
            self._rounds.restart(now)
            return [unused("device id not usable", frame)]
        self._rounds.answered(now)
        self._identity = Identity(manufacturer=MANUFACTURER, serial=frame.device_id)
        self._refused.clear()
        return [self._identity]

    def _take_status(self, frame: CommandReply, now: float) -> list[Output]:
        if frame.device_id != self._identity.serial:
            if self._is_file and is_device_id(frame.device_id):
                return [*self._meet(frame, now), *self._take_status(frame, now)]
            self._rounds.restart(now)
            return [Departed(reason="another device id answers")]
        if frame.result != DONE:
            self._rounds.failed(now)
            return self._refusal(frame)
        if (status := Status.decode(frame.data)) is None:
            self._rounds.failed(now)
            return [unused("status too short", frame)]
        self._rounds.answered(now)
        # The manual wants it echoed, and doesn't do so in its own example: counted, and the answer is used.
        is_strange = frame.sequence != SEQUENCE and not self._is_file
        strange = [Damage("other sequence number", 0)] if is_strange else []
        return [*strange, *self._introduce(status), report(status, has_syringe=self._has_syringe)]

    def _introduce(self, status: Status) -> list[Output]:
        known = self._identity
        self._identity = Identity(manufacturer=MANUFACTURER, serial=known.serial, firmware=f"{status.software:04X}")
        return [self._identity] if self._identity != known else []

    def _refusal(self, frame: CommandReply) -> list[Output]:
        """Say each kind of refusal once in a conversation with one pump."""
        if frame.result in self._refused:
            return []
        self._refused.add(frame.result)
        is_status = (frame.command, frame.subcommand) == STATUS_COMMAND
        what = "status" if is_status else f"command {frame.command:02X} {frame.subcommand:04X}"
        text = f"{what} refused, {frame.result:02X}: {RESULTS.get(frame.result, 'not documented')}"
        return [
            Announcement(EventKind.DEVICE_EVENT, text=text, raw=f"{frame.result:02X} {frame.data[:3].hex()}".strip())
        ]
