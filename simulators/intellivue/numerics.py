"""What a monitor's numerics, its alert monitor and its system object say of a patient."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from drivers.intellivue.export import Observed
from drivers.intellivue.values import float_word, narrow_bytes, time_bcd, wide_bytes
from drivers.vocabulary import AlarmCode, Priority
from simulators.api import Cuff, Signal, Vitals

_INVALID, _UNAVAILABLE, _DEMO, _ONGOING = 0x8000, 0x2000, 0x0400, 0x0020
_PERCENT, _BEATS, _PULSE, _BREATHS, _MMHG, _CELSIUS, _NONE, _MM = 544, 2720, 2720, 2784, 3872, 6048, 512, 1298
_PER_MINUTE: Final = 2528  # what the count of PVCs is said in

# Listed in each answer, and not measured.
_UNUSED: Final = ((18964, "ABP"), (18960, "ART"), (19272 + 8, "T2"), (61518, "BIS"))
_TECHNICAL: Final = frozenset({
    AlarmCode.SENSOR_OFF, AlarmCode.NO_SENSOR, AlarmCode.LEAD_OFF, AlarmCode.CUFF, AlarmCode.LOW_SIGNAL,
    AlarmCode.SENSOR_FAULT,
})  # fmt: skip
# Event codes, as far as they are known; 0 and a text for the others.
_EVENTS: Final = {
    AlarmCode.LIMIT_HIGH: 40,
    AlarmCode.LIMIT_LOW: 62,
    AlarmCode.DESATURATION: 62,
    AlarmCode.LEAD_OFF: 272,
    AlarmCode.NO_SENSOR: 308,
    AlarmCode.APNOEA: 3072,
}
_SOURCES: Final = {"HR": 0x4182, "SpO2": 0x4BB8, "EtCO2": 0x50B0, "RR": 0x5012, "NIBP": 0x4A04, "APNOEA": 0x5012}
_PRIORITY: Final = {Priority.LOW: 1, Priority.MEDIUM: 2, Priority.HIGH: 4}


class Row(NamedTuple):
    """One numeric: label, identifier, unit, digits after the point, value (None: no number) and state."""

    label: str
    identifier: int
    unit: int
    digits: int
    value: float | None
    state: int = 0

    def encode(self) -> bytes:
        """Give the ten bytes."""
        head = b"".join(word.to_bytes(2, "big") for word in (self.identifier, self.state, self.unit))
        return head + float_word(self.value, self.digits).to_bytes(4, "big")


def numerics(vitals: Vitals, measured: datetime | None, now: float, demo: bool) -> tuple[Observed, ...]:
    """List the monitor's numeric objects; what is not plugged in has no value. `measured`: the cuff's last time."""
    mark = _DEMO if demo else 0
    rows = [] if vitals.standby else [*_oximeter(vitals), *_electrodes(vitals), *_airway(vitals), _temperature(vitals)]
    objects = [
        _object(n + 1, row.label, row.identifier, {2384: row._replace(state=row.state | mark).encode()})
        for n, row in enumerate(rows)
    ]
    if not vitals.standby and vitals.cuff_state != "off":
        objects += _cuff(vitals, measured, mark)
        objects.append(_st(len(objects) + 40, now, mark))
    return tuple(objects + [_object(60 + n, label, code, {}) for n, (code, label) in enumerate(_UNUSED)])


def _oximeter(vitals: Vitals) -> list[Row]:
    if vitals.probe == "none":
        return []
    state = 0 if vitals.probe == "on" else _INVALID
    state |= 0x4000 if vitals.motion and not state else 0
    seen = state & _INVALID == 0
    return [
        Row("SpO\u2082", 0x4BB8, _PERCENT, 0, min(vitals.spo2, 100.0) if seen else None, state),
        Row("Pulse", 0x4822, _PULSE, 0, vitals.pulse_rate if seen else None, state | (0 if seen else 1)),
        Row("Perf", 19376, _NONE, 1, vitals.perfusion_index if seen else None, state),
    ]


def _electrodes(vitals: Vitals) -> list[Row]:
    state = 0 if vitals.leads else _INVALID
    return [
        Row("HR", 0x4182, _BEATS, 0, vitals.heart_rate if vitals.leads else None, state),
        Row("RR", 0x500A, _BREATHS, 0, vitals.respiration_rate if vitals.leads else None, state),
        Row("PVC", 16993, _PER_MINUTE, 0, 0.0 if vitals.leads else None, state),
    ]


def _airway(vitals: Vitals) -> list[Row]:
    state = 0 if vitals.co2_line else _UNAVAILABLE
    return [
        Row("etCO\u2082", 0x50B0, _MMHG, 0, vitals.etco2 if vitals.co2_line else None, state),
        Row("imCO\u2082", 20666, _MMHG, 0, vitals.fico2 if vitals.co2_line else None, state),
        Row("awRR", 0x5012, _BREATHS, 0, vitals.respiration_rate if vitals.co2_line else None, state),
    ]


def _temperature(vitals: Vitals) -> Row:
    return Row("Temp", 0x4B48, _CELSIUS, 1, vitals.temperature)


def _cuff(vitals: Vitals, measured: datetime | None, mark: int) -> list[Observed]:
    cuff = vitals.cuff
    state = (0 if cuff and vitals.cuff_state != "failed" else _UNAVAILABLE) | mark
    has_value = state & _UNAVAILABLE == 0
    state |= _ONGOING if vitals.cuff_state == "measuring" else 0  # the old value stays meanwhile
    said = cuff if has_value and cuff else Cuff(0.0, 0, 0, 0, 0)
    numbers = ((0x4A05, said.systolic), (0x4A06, said.diastolic), (0x4A07, said.mean))
    values = [Row("", code, _MMHG, 0, value if has_value else None, state).encode() for code, value in numbers]
    pulse = Row("NBP", 61669, _PULSE, 0, said.pulse_rate if has_value else None, state)
    stamp = {2448: time_bcd(measured)}
    return [
        _object(30, "NBP", 0x4A04, {2379: _compound(values), **stamp}),
        _object(31, "Pulse", 61669, {2384: pulse.encode(), **stamp}),
    ]


def _st(handle: int, now: float, mark: int) -> Observed:
    values = [Row("", code, _MM, 1, 0.1, mark).encode() for code in (769, 770, 829)]
    return _object(
        handle, "ST", 768, {2379: _compound(values), 2449: (int(now * 8000) & 0xFFFFFFFF).to_bytes(4, "big")}
    )


def _compound(values: Sequence[bytes]) -> bytes:
    body = b"".join(values)
    return len(values).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def _object(handle: int, label: str, identifier: int, said: dict[int, bytes]) -> Observed:
    attributes = {
        2337: handle.to_bytes(2, "big"),
        2340: (0x20000 | identifier).to_bytes(4, "big"),
        2343: wide_bytes(label.ljust(6)),
        2321: b"\x00\x05",
        **said,
    }
    return Observed(0, handle, attributes)


def alerts(signals: Sequence[Signal], demo: bool) -> tuple[Observed, ...]:
    """Give the alert monitor with its two lists."""
    lists = {2306: [s for s in signals if s.code not in _TECHNICAL], 2308: [s for s in signals if s.code in _TECHNICAL]}
    return (Observed(0, 1, {number: _alarms(said, number == 2306, demo) for number, said in lists.items()}),)


def _alarms(signals: Sequence[Signal], is_patients: bool, demo: bool) -> bytes:
    body = b"".join(_alarm(signal, n, is_patients, demo) for n, signal in enumerate(signals))
    return len(signals).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def _alarm(signal: Signal, instance: int, is_patients: bool, demo: bool) -> bytes:
    source = _SOURCES.get(signal.text.partition(" ")[0], 0)
    kind = _PRIORITY.get(signal.priority, 1) << (8 if is_patients else 0)
    detail = b"".join(word.to_bytes(2, "big") for word in (instance, 0, _EVENTS.get(signal.code, 0), 0, 0))
    detail += wide_bytes(signal.text)
    words = (source, _EVENTS.get(signal.code, 0), kind, 0x0100 if demo else 0, 0x36, 0, 1, 514, len(detail))
    return b"".join(word.to_bytes(2, "big") for word in words) + detail


def system_object(clock: datetime, ticks: int) -> dict[int, bytes]:
    """Give the attributes of MDS create; the bed's label is empty."""
    return {
        2438: bytes.fromhex("0001114D"),
        2344: narrow_bytes("Philips") + narrow_bytes("M8000"),
        2436: bytes.fromhex("0008 0009FBFFFF123456"),
        2334: b"\0\0",
        2439: time_bcd(clock),
        2447: ticks.to_bytes(4, "big"),
    }
