"""A device that calls the gateway: sends, waits for the answer, sends again, and keeps what it shouldn't hear."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from drivers.ihe_pcd.codec import wrap
from drivers.vocabulary import AlarmCode
from simulators.api import Bedside, PumpView, Signal
from simulators.ihe_pcd import monitor, pump
from simulators.ihe_pcd.alarms import facets
from simulators.ihe_pcd.replies import Ear, Reply
from simulators.ihe_pcd.writer import Head, Obx, write

Profile: TypeAlias = Literal["monitor", "pump_new", "pump_old"]
Answers: TypeAlias = Literal["accept", "application", "both", "original"]

OID: Final = "1.3.6.1.4.1.19376.1.6"
RESENDS: Final = 3  # as a GE B40 does
WAITING_LIMIT: Final = 200  # messages; an older one is dropped, as a device's memory is small

ANSWERS: Final = {"accept": ("AL", "NE"), "application": ("NE", "AL"), "both": ("AL", "AL"), "original": ("", "")}
EUI: Final = {"monitor": "0011220000C0FFEE", "pump_new": "00112200000BADF0", "pump_old": "00112200000BADF1"}

PUMP_ALARM_PLACE: Final = "1.1.2.201"


@dataclass(frozen=True, slots=True)
class IhePcdDeviceSettings:
    """Which device speaks, how often, and what it waits for."""

    profile: Profile = "monitor"
    period_s: float = 5.0
    eui64: str = ""  # empty: one for each profile
    slot: str = ""  # of the pump; empty: the first one
    bed: str = "CHAIR1"
    acknowledge: Answers = "accept"  # MSH-15 and MSH-16
    ack_timeout_s: float = 10.0
    demo: bool = False  # the device says of itself that it demonstrates


class _Outstanding(NamedTuple):
    """A message that waits for its acknowledgements."""

    control_id: str
    frame: bytes
    awaited: str  # C, A or CA: the levels still to come
    sent: int
    due_at: float


class IhePcdDevice:
    """One device; its messages outlive a connection."""

    def __init__(self, bedside: Bedside, settings: IhePcdDeviceSettings) -> None:
        self.violations: list[str] = []
        self.tampered = False
        self.refused: list[str] = []  # control ids that the gateway turned down
        self.unanswered: list[str] = []  # and those that it never answered
        self._bedside = bedside
        self._settings = settings
        self._eui = settings.eui64 or EUI[settings.profile]
        self._ear = Ear()
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=WAITING_LIMIT)
        self._outstanding: _Outstanding | None = None
        self._count = 0
        self._alarms: dict[tuple[AlarmCode, str], Signal] = {}
        self._view: PumpView | None = None
        self._look_at: float | None = None  # for alarms and events
        self._report_at = 0.0

    @property
    def wake_at(self) -> float | None:
        """When to look again, to report, or to give up waiting."""
        if self._look_at is None:
            return None
        dues = [self._look_at, self._report_at]
        if self._outstanding is not None:
            dues.append(self._outstanding.due_at)
        return min(dues)

    def open(self, now: float) -> Sequence[bytes]:
        """The call was taken: what stood out is sent again, then the first report."""
        self._ear = Ear()
        self._look_at = self._report_at = now
        said = [self._again(now)] if self._outstanding is not None else []
        return said + list(self.tick(now))

    def receive(self, data: bytes, now: float) -> Sequence[bytes]:
        """Take an acknowledgement, and note everything else."""
        for reply in self._ear.feed(data):
            self._hear(reply)
        return self._next(now)

    def tick(self, now: float) -> Sequence[bytes]:
        """Look for what has happened, report when it is time, and send again what nobody acknowledged."""
        if self._look_at is None:
            return []
        said: list[bytes] = []
        if self._outstanding is not None and now >= self._outstanding.due_at:
            said += self._repeat_or_give_up(now)
        if now >= self._look_at:
            self._look(now)
            self._look_at = now + min(1.0, self._settings.period_s)
        if now >= self._report_at:
            self._report(now)
            self._report_at = now + self._settings.period_s
        return said + list(self._next(now))

    def close(self, _now: float) -> None:
        """The gateway is gone; what stands out stays."""
        self._look_at = None

    # The conversation

    def _next(self, now: float) -> Sequence[bytes]:
        if self._outstanding is not None or not self._waiting or self._look_at is None:
            return []
        control_id, frame = self._waiting.popleft()
        awaited = {"accept": "C", "both": "CA"}.get(self._settings.acknowledge, "A")
        self._outstanding = _Outstanding(control_id, frame, awaited, 1, now + self._settings.ack_timeout_s)
        return [frame]

    def _again(self, now: float) -> bytes:
        assert self._outstanding is not None
        due_at = now + self._settings.ack_timeout_s
        self._outstanding = self._outstanding._replace(sent=self._outstanding.sent + 1, due_at=due_at)
        return self._outstanding.frame

    def _repeat_or_give_up(self, now: float) -> list[bytes]:
        assert self._outstanding is not None
        if self._outstanding.sent <= RESENDS:
            return [self._again(now)]
        self.unanswered.append(self._outstanding.control_id)
        self._outstanding = None
        return []

    def _hear(self, reply: Reply) -> None:
        self.tampered |= reply.is_command
        out = self._outstanding
        if reply.fault:
            self.violations.append(reply.fault)
        elif out is None or reply.control_id != out.control_id:
            self.violations.append(f"acknowledges {reply.control_id!r}, which doesn't stand out")
        elif reply.addressee != self._application:
            self.violations.append(f"addressed to {reply.addressee!r}")
        elif reply.code[1:] != "A":
            self.refused.append(out.control_id)
            self._outstanding = None
        elif reply.code[0] not in out.awaited and len(out.awaited) > 1:
            self.violations.append(f"{reply.code} isn't awaited")
        else:
            left = out.awaited.replace(reply.code[0], "") if len(out.awaited) > 1 else ""
            self._outstanding = out._replace(awaited=left) if left else None

    # What is said

    @property
    def _application(self) -> str:
        name = "SIM_MONITOR" if self._settings.profile == "monitor" else "SIM_PUMP"
        return f"{name}^{self._eui}^EUI-64"

    @property
    def _equipment(self) -> str:
        return f"SIM-{self._eui[-4:]}^^{self._eui}^EUI-64"

    @property
    def _model(self) -> pump.Model:
        return pump.OLD if self._settings.profile == "pump_old" else pump.NEW

    def _pump(self, now: float) -> PumpView:
        pumps = self._bedside.pumps
        return pumps[self._settings.slot or next(iter(pumps))].at(now)

    def _report(self, now: float) -> None:
        if any(control_id.startswith("R") for control_id, _ in self._waiting):
            return  # the one before hasn't been sent yet: old reports are no use
        if self._settings.profile == "monitor":
            rows = monitor.rows(self._bedside.patient.at(now), self._equipment, self._bedside.device_time)
            self._put("R", "R01", "ORU_R01", "1.1.1", monitor.ABOUT, rows, now)
        else:
            rows = pump.rows(self._pump(now), self._model, self._equipment)
            self._put("R", "R01", "ORU_R01", "1.1.1", pump.ABOUT, rows, now)

    def _look(self, now: float) -> None:
        if self._settings.profile == "monitor":
            self._sound(self._bedside.patient.at(now).alarms, now)
            return
        view = self._pump(now)
        before, self._view = self._view, view
        event = pump.event_of(before, view) if before is not None else ""
        if event:
            rows = pump.event_rows(view, self._model, self._equipment, event)
            self._put("E", "R42", "ORU_R01", "4.10", pump.ABOUT, rows, now)
        self._sound((*view.alarms, *view.prealarms), now)

    def _sound(self, signals: Sequence[Signal], now: float) -> None:
        active = {(signal.code, signal.text): signal for signal in signals}
        for key, signal in active.items():
            if key not in self._alarms:
                self._alarm(signal, "start", "active", now)
        for key, signal in self._alarms.items():
            if key not in active:
                self._alarm(signal, "end", "inactive", now)
        self._alarms = active

    def _alarm(self, signal: Signal, phase: str, state: str, now: float) -> None:
        is_monitor = self._settings.profile == "monitor"
        place = monitor.place_of(signal) if is_monitor else PUMP_ALARM_PLACE
        rows = facets(signal, phase, state, place, self._equipment, self._bedside.device_time(now))
        self._put("A", "R40", "ORU_R40", "1.4.1", "196616^MDC_EVT_ALARM^MDC", rows, now)

    def _put(
        self, kind: str, trigger: str, structure: str, profile: str, about: str, rows: Sequence[Obx], now: float
    ) -> None:
        self._count += 1
        control_id = f"{kind}{self._eui[-6:]}{self._count:08d}"
        settings = self._settings
        head = Head(
            self._application,
            trigger,
            structure,
            f"{OID}.{profile}",
            about,
            settings.bed,
            ANSWERS[settings.acknowledge],
        )
        if settings.demo:
            rows = [row._replace(flags="~".join(filter(None, (row.flags, "DEMO")))) for row in rows]
        self._waiting.append((control_id, wrap(write(head, rows, control_id, self._bedside.device_time(now)))))
