"""The conversation with one monitor: heartbeats, one query that subscribes, and what the monitor then says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from drivers.api import Damage, Departed, Identity, Output, Port, Report
from drivers.common.hl7.message import Message
from drivers.common.vendor_hl7.reports import is_training, observe
from drivers.common.vendor_hl7.rows import Reader
from drivers.mindray_pds.alarms import ActiveAlarms
from drivers.mindray_pds.channels import ALARM_IDS, Units, dialect
from drivers.mindray_pds.codec import PATIENT, PERIODIC, Decoder, Heartbeat, Query

HEARTBEAT_S: Final = 1.0  # as public clients send it
LIFE_S: Final = 15.0  # without any message, heartbeats included: the monitor is gone
DATA_S: Final = 15.0  # without periodic values: the monitor has forgotten the query
FIRST_REST_S: Final = 5.0  # until the query is said again; twice as long after each
LONGEST_REST_S: Final = 60.0
OTHER_ALARMS_S: Final = 3.0  # how long one kind of alarms waits for the other
OBSERVATIONS: Final = "ORU"


@dataclass(frozen=True, slots=True)
class MindrayPdsSettings:
    """The units that the monitor's menu sets, as none stands on the wire. Empty: not known."""

    pressure_unit: Literal["mm[Hg]", "kPa", "cm[H2O]"] = "mm[Hg]"
    co2_unit: Literal["mm[Hg]", "kPa", "%"] = "mm[Hg]"
    gas_unit: Literal["", "%", "mm[Hg]", "kPa"] = ""
    st_unit: Literal["", "mV", "mm"] = ""
    output_unit: Literal["", "L/min"] = ""
    cvp_unit: Literal["", "mm[Hg]", "kPa", "cm[H2O]"] = ""  # empty: as pressure_unit


class Due(Enum):
    """What will have to be done."""

    BEAT = auto()
    ASK = auto()
    ALARMS = auto()
    DEPART = auto()
    FRAME = auto()


class MindrayPdsDialogue:
    """One connection. All it ever says is a heartbeat and a query, which are constants."""

    def __init__(self, settings: MindrayPdsSettings, _port: Port) -> None:
        said = settings
        units = Units(said.pressure_unit, said.co2_unit, said.gas_unit, said.st_unit, said.output_unit, said.cvp_unit)
        self._reader = Reader(dialect(units))
        self._decoder = Decoder()
        self._alarms = ActiveAlarms()
        self._dues: dict[Due, float] = {}  # none: closed
        self._attempts = 0  # to be told something periodic
        self._is_known = False
        self._repairs: set[str] = set()
        self._duties = {
            Due.BEAT: self._beat,
            Due.ASK: self._ask,
            Due.ALARMS: self._sound,
            Due.DEPART: self._depart,
            Due.FRAME: self._give_up,
        }

    @property
    def wake_at(self) -> float | None:
        """When the next thing is due."""
        return min(self._dues.values(), default=None)

    def open(self, now: float) -> Sequence[Output]:
        """Greet the monitor and subscribe."""
        self._dues[Due.DEPART] = now + LIFE_S
        return [*self._beat(now), *self._ask(now)]

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        """Take any split of what the monitor says."""
        if not self._dues:
            return []
        outputs = self._take(self._decoder.feed(data), now)
        wait_s = self._decoder.wait_s
        if wait_s is None:
            self._dues.pop(Due.FRAME, None)
        else:
            self._dues[Due.FRAME] = now + wait_s
        return outputs

    def tick(self, now: float) -> Sequence[Output]:
        """Do what is due in its order, also if nobody woke us for long; one duty may make another one needless."""
        due = sorted((duty for duty, at in self._dues.items() if at <= now), key=self._dues.__getitem__)
        return [output for duty in due if duty in self._dues for output in self._duties[duty](now)]

    def close(self, _now: float) -> Sequence[Output]:
        """Say nothing: the protocol has no farewell."""
        self._dues.clear()
        return []

    # --- what is due

    def _beat(self, now: float) -> list[Output]:
        self._dues[Due.BEAT] = now + HEARTBEAT_S
        return [Heartbeat()]

    def _ask(self, now: float) -> list[Output]:
        """Ask for everything: again, as a monitor that is still starting may not have listened; then by id in turn."""
        by_id = self._attempts >= 2 and self._attempts % 2 == 0
        self._dues[Due.ASK] = now + min(FIRST_REST_S * 2 ** min(self._attempts, 10), LONGEST_REST_S)
        self._attempts += 1
        return [Query(by_id)]

    def _sound(self, _now: float) -> list[Output]:
        self._dues.pop(Due.ALARMS, None)
        news = self._alarms.news()
        return [] if news is None else [Report((), alarms=news, simulated=self._alarms.is_simulated)]

    def _depart(self, _now: float) -> list[Output]:
        """The port stays open and heartbeats and queries go on: whoever comes back is heard."""
        del self._dues[Due.DEPART]
        self._dues.pop(Due.ALARMS, None)
        self._alarms.forget()
        return [Departed("", "no heartbeat")]

    def _give_up(self, now: float) -> list[Output]:
        del self._dues[Due.FRAME]
        return self._take(self._decoder.pause(), now)

    # --- what is heard

    def _take(self, said: Iterable[Message | Damage], now: float) -> list[Output]:
        outputs: list[Output] = []
        for message in said:
            outputs += [message] if isinstance(message, Damage) else self._message(message, now)
        return outputs

    def _message(self, message: Message, now: float) -> list[Output]:
        if message.kind != OBSERVATIONS:
            return [Damage("unsupported message type", message.size)]
        outputs = self._alive(now)
        kind, rows = message.control_id, [segment for segment in message.segments if segment[:4] == "OBX|"]
        if kind == PERIODIC and rows:
            self._attempts = 0
            self._dues[Due.ASK] = now + DATA_S
        if kind in ALARM_IDS:
            rows = self._alarms.hear(kind, rows, is_training=is_training(message))
            outputs += self._sounded(now)
        if kind != PATIENT:  # which says who lies there, and nothing else
            outputs += self._report(message, rows)
        return [*outputs, *self._repaired(message)]

    def _alive(self, now: float) -> list[Output]:
        """Whoever comes back may have forgotten what it was asked."""
        is_back = Due.DEPART not in self._dues
        self._dues[Due.DEPART] = now + LIFE_S
        if not is_back:
            return []
        self._attempts = 0
        return self._ask(now)

    def _report(self, message: Message, rows: Sequence[str]) -> list[Output]:
        """Report the rows. Without MSH-10, a kind and no id, nothing is taken for a resend."""
        header = (*message.header[:10], "", *message.header[11:])
        said = observe(message._replace(header=header, segments=tuple(rows)), self._reader, "", "")
        if self._is_known or not any(isinstance(output, Report) for output in said):
            return said
        self._is_known = True
        return [Identity(manufacturer="Mindray", dialect="Mindray PDS"), *said]

    def _sounded(self, now: float) -> list[Output]:
        if self._alarms.is_whole:
            return self._sound(now)
        self._dues.setdefault(Due.ALARMS, now + OTHER_ALARMS_S)
        return []

    def _repaired(self, message: Message) -> list[Output]:
        """Tell each kind of repair once in a connection: the sender's habit won't change."""
        news = [repair for repair in message.repairs if repair not in self._repairs]
        self._repairs.update(news)
        return [Damage(repair, 0) for repair in news]
