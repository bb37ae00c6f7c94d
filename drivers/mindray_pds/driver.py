"""The conversation with one monitor: heartbeats, one query that subscribes, and what the monitor then says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from drivers.api import Alarm, Damage, Departed, Identity, Output, Port, Report
from drivers.common.hl7.message import Message, component
from drivers.mindray_pds.channels import ALARM_IDS
from drivers.mindray_pds.codec import (
    PATIENT,
    PHYSIOLOGICAL_ALARMS,
    TECHNICAL_ALARMS,
    Decoder,
    Heartbeat,
    Query,
    fields,
)
from drivers.mindray_pds.rows import LONGEST_FIELD, Units, alarm, reading

HEARTBEAT_S: Final = 1.0  # the guide's period
SILENT_S: Final = 10.0  # no heartbeat either: the monitor is gone
ASK_AGAIN_S: Final = 10.0  # without data; twice as long after each attempt
LONGEST_REST_S: Final = 60.0
OTHER_ALARMS_S: Final = 3.0  # how long one kind of alarms waits for the other
MAX_ALARMS: Final = 64  # of one kind: a monitor shows far fewer
OBSERVATIONS: Final = "ORU"
SOURCES: Final = {PHYSIOLOGICAL_ALARMS: "physiological", TECHNICAL_ALARMS: "technical"}
_GROUPS: Final = ("pressure", "co2", "gas", "st", "output", "weight", "height")


@dataclass(frozen=True, slots=True)
class MindrayPdsSettings:
    """The units that the monitor's menu sets, as none stands on the wire. Empty: not known."""

    pressure_unit: Literal["mm[Hg]", "kPa", "cm[H2O]"] = "mm[Hg]"
    co2_unit: Literal["mm[Hg]", "kPa", "%"] = "mm[Hg]"
    gas_unit: Literal["", "%", "mm[Hg]", "kPa"] = ""
    st_unit: Literal["", "mV", "mm"] = ""
    output_unit: Literal["", "L/min"] = ""
    weight_unit: Literal["", "kg", "[lb_av]"] = ""
    height_unit: Literal["", "cm", "[in_i]"] = ""


class MindrayPdsDialogue:
    """One connection. All it ever says is a heartbeat and the query, both constant."""

    def __init__(self, settings: MindrayPdsSettings, _port: Port) -> None:
        self._units: Units = tuple((group, str(getattr(settings, f"{group}_unit"))) for group in _GROUPS)
        self._decoder = Decoder()
        self._beat_at: float | None = None
        self._ask_at: float | None = None  # None: data come
        self._rest_s = ASK_AGAIN_S
        self._bytes_at = 0.0
        self._message_at = 0.0
        self._is_gone = False
        self._is_known = False
        self._repairs: set[str] = set()
        self._alarms: dict[str, tuple[Alarm, ...]] = {}
        self._alarms_at: float | None = None  # when to tell of one kind without the other

    @property
    def wake_at(self) -> float | None:
        """When to send a heartbeat, ask again, or give up waiting."""
        if self._beat_at is None:
            return None
        wait_s = self._decoder.wait_s
        dues = [self._beat_at, self._ask_at, self._alarms_at, None if wait_s is None else self._bytes_at + wait_s]
        return min(due for due in dues if due is not None)

    def open(self, now: float) -> Sequence[Output]:
        """Greet the monitor and subscribe."""
        self._beat_at, self._ask_at = now + HEARTBEAT_S, now + self._rest_s
        self._bytes_at = self._message_at = now
        return [Heartbeat(), Query()]

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the monitor says."""
        self._bytes_at = now
        return self._take(self._decoder.feed(data), now)

    def tick(self, now: float) -> Sequence[Output]:
        """Keep the connection; ask again if no data come; tell when the monitor has gone silent."""
        outputs: list[Output] = []
        wait_s = self._decoder.wait_s
        if wait_s is not None and now >= self._bytes_at + wait_s:
            outputs += self._take(self._decoder.pause(), now)
        if self._alarms_at is not None and now >= self._alarms_at:
            outputs.append(self._sounding())
        if not self._is_gone and now - self._message_at >= SILENT_S:
            outputs.append(self._gone(now))
        if self._beat_at is not None and now >= self._beat_at:
            self._beat_at = max(self._beat_at + HEARTBEAT_S, now)
            outputs.append(Heartbeat())
        if self._ask_at is not None and now >= self._ask_at:
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
            self._ask_at = now + self._rest_s
            outputs.append(Query())
        return outputs

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing: the protocol has no farewell."""
        self._beat_at = None
        return []

    def _gone(self, now: float) -> Departed:
        self._is_gone = True
        self._alarms.clear()
        self._alarms_at = None
        self._ask_at = self._ask_at or now + self._rest_s
        return Departed("", "no heartbeat")

    def _take(self, said: Iterable[Message | Damage], now: float) -> list[Output]:
        outputs: list[Output] = []
        for message in said:
            outputs += [message] if isinstance(message, Damage) else self._message(message, now)
        return outputs

    def _message(self, message: Message, now: float) -> list[Output]:
        if message.kind != OBSERVATIONS:
            return [Damage("unsupported message type", message.size)]
        self._message_at, self._is_gone = now, False
        kind, repairs = message.control_id, self._repaired(message)
        rows = [segment for segment in message.segments if segment[:4] == "OBX|"]
        outputs: list[Output] = []
        if kind in ALARM_IDS:
            rows = self._hear_alarms(kind, rows)
            outputs += self._sounded(now)
        if rows:
            outputs += self._report(rows, kind, component(message.header[11], 1) in ("T", "D"))
            if kind != PATIENT:
                self._ask_at, self._rest_s = None, ASK_AGAIN_S
        return [*outputs, *repairs]

    def _report(self, rows: Sequence[str], kind: str, is_simulated: bool) -> list[Output]:
        found = [(row, reading(row, kind, self._units)) for row in rows]
        readings = [said for _, said in found if said is not None]
        nameless = sum(len(row) for row, said in found if said is None)
        outputs: list[Output] = []
        if readings and not self._is_known:
            self._is_known = True
            outputs.append(Identity(manufacturer="Mindray", dialect="Mindray PDS"))
        if readings:
            outputs.append(Report(readings, simulated=is_simulated))
        return [*outputs, Damage("row without a parameter", nameless)] if nameless else outputs

    def _hear_alarms(self, kind: str, rows: Sequence[str]) -> list[str]:
        """Take one kind's active alarms; give the rows that are none."""
        split = [(row, fields(row)) for row in rows]
        found = [alarm(said[5][:LONGEST_FIELD], SOURCES[kind]) for _, said in split if _is_alarm(said, kind)]
        self._alarms[kind] = tuple(dict.fromkeys(found))[:MAX_ALARMS]
        return [row for row, said in split if not _is_alarm(said, kind)]

    def _sounded(self, now: float) -> list[Output]:
        """Tell all active alarms: half of them alone would look as if the others had ended."""
        if len(self._alarms) == len(ALARM_IDS):
            return [self._sounding()]
        if self._alarms_at is None:
            self._alarms_at = now + OTHER_ALARMS_S
        return []

    def _sounding(self) -> Report:
        self._alarms_at = None
        return Report((), alarms=tuple(said for kind in ALARM_IDS for said in self._alarms.get(kind, ())))

    def _repaired(self, message: Message) -> list[Output]:
        """Tell each kind of repair once in a connection: the sender's habit won't change."""
        news = [repair for repair in message.repairs if repair not in self._repairs]
        self._repairs.update(news)
        return [Damage(repair, 0) for repair in news]


def _is_alarm(row: Sequence[str], kind: str) -> bool:
    return row[3].partition("^")[0] == ALARM_IDS[kind] and row[5] != ""
