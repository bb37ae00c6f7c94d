"""What the oximeter says of a patient, in each of its formats. All of it is a function of time."""

from math import exp, floor
from typing import Final, NamedTuple

from drivers.nonin import averages, packets, spot
from drivers.nonin.codec import Averages, Packet, Spot, TextLine
from drivers.nonin.packets import PacketFormat
from simulators.api import Bedside, Vitals

NO_SPO2: Final = 127
NO_HR: Final = 511
REFRESH_S: Final = 1.5  # of the display
HOLD_S: Final = 10  # that it keeps its numbers after the finger has gone
PULSE_S: Final = 0.16  # that a pulse's perfusion is shown
SREV: Final = 0x94  # as in the public log

_AMPLITUDE: Final = {"df2": 100, "df7": 20_000}
_FLOOR: Final = {"df2": 50, "df7": 20_000}


class Numbers(NamedTuple):
    """Saturation and pulse, or their words for none."""

    spo2: int = NO_SPO2
    hr: int = NO_HR


def is_measuring(vitals: Vitals) -> bool:
    """Say whether a finger is in the sensor and its pulse is found."""
    return vitals.probe == "on" and not vitals.standby


def has_sensor_alarm(vitals: Vitals) -> bool:
    """Say whether the sensor finds no finger."""
    return vitals.standby or vitals.probe in ("off", "none")


def measured(vitals: Vitals) -> Numbers:
    """Give what is measured; nothing as soon as the finger is gone."""
    if not is_measuring(vitals):
        return Numbers()
    spo2, hr = round(vitals.spo2), round(vitals.pulse_rate)
    return Numbers(spo2 if 0 <= spo2 <= 100 else NO_SPO2, hr if 18 <= hr <= 321 else NO_HR)


def displayed(bedside: Bedside, now: float) -> Numbers:
    """Give what stands on the display: refreshed now and then, and held after the finger has gone."""
    vitals = bedside.patient.at(now)
    if is_measuring(vitals):
        refreshed = measured(bedside.patient.at(floor(now / REFRESH_S) * REFRESH_S))
        return refreshed if refreshed != Numbers() else measured(vitals)
    if not has_sensor_alarm(vitals):
        return Numbers()
    before = (bedside.patient.at(now - back) for back in range(1, HOLD_S + 1))
    return next((measured(vitals) for vitals in before if is_measuring(vitals)), Numbers())


def packet(bedside: Bedside, third: int, kind: PacketFormat) -> Packet:
    """Say a third of a second, counted from the epoch."""
    began = third / 3
    vitals = bedside.patient.at(began)
    moments = [began + frame / packets.FRAMES_PER_S for frame in range(packets.FRAMES)]
    phases = [moment * vitals.pulse_rate / 60 % 1.0 for moment in moments]
    statuses = [_status(vitals, phase) for phase in phases]
    statuses[0] |= packets.SYNC
    pleth = tuple(_FLOOR[kind] + int(_AMPLITUDE[kind] * _pulse(vitals, phase)) for phase in phases)
    return Packet(kind, bytes(statuses), pleth, _floats(vitals, displayed(bedside, began), third))


def second_of_averages(bedside: Bedside, now: float) -> Averages:
    """Say a second in format 8."""
    vitals, numbers = bedside.patient.at(now), displayed(bedside, now)
    status = (
        averages.ARTIFACT * vitals.motion
        | averages.LOW_PERFUSION * (vitals.low_perfusion and is_measuring(vitals))
        | averages.OUT_OF_TRACK * (not is_measuring(vitals))
    )
    status2 = averages.SENSOR_ALARM if has_sensor_alarm(vitals) else averages.SMART_POINT * is_measuring(vitals)
    return Averages(status, numbers.hr, numbers.spo2, status2)


def second_of_text(bedside: Bedside, now: float, *, has_clock: bool) -> TextLine:
    """Say a second in ASCII."""
    numbers = measured(bedside.patient.at(now))
    clock = f"{bedside.device_time(now):%H:%M:%S}" if has_clock else ""
    return TextLine(
        "---" if numbers.spo2 == NO_SPO2 else f"{numbers.spo2:03d}",
        "---" if numbers.hr == NO_HR else f"{numbers.hr:03d}",
        clock,
    )


def spot_check(bedside: Bedside, now: float) -> Spot | None:
    """Say one measurement; nothing without a finger."""
    numbers = measured(bedside.patient.at(now))
    if numbers == Numbers():
        return None
    return Spot(bedside.device_time(now).replace(tzinfo=None), spot.SMART_POINT, numbers.hr, numbers.spo2)


def _status(vitals: Vitals, phase: float) -> int:
    if has_sensor_alarm(vitals):
        return packets.ALWAYS | packets.SENSOR_ALARM
    if not is_measuring(vitals):
        return packets.ALWAYS | packets.OUT_OF_TRACK
    is_in_pulse = phase * 60 / max(vitals.pulse_rate, 1.0) < PULSE_S
    colour = packets.RED if vitals.low_perfusion else packets.GREEN
    return packets.ALWAYS | packets.ARTIFACT * vitals.motion | colour * is_in_pulse


def _pulse(vitals: Vitals, phase: float) -> float:
    """A steep rise and a slow fall; nothing without a finger."""
    return exp(-4.0 * phase) * min(1.0, 8.0 * phase) if is_measuring(vitals) else 0.0


def _floats(vitals: Vitals, display: Numbers, third: int) -> bytes:
    now = measured(vitals)
    saturations = (packets.SPO2, packets.SPO2_FAST, packets.SPO2_BB, packets.E_SPO2)
    return packets.floats(
        {
            **dict.fromkeys(saturations, now.spo2),
            packets.SPO2_D: display.spo2,
            packets.E_SPO2_D: display.spo2,
            packets.SREV: SREV,
            packets.STAT2: packets.SMART_POINT * is_measuring(vitals),
        },
        {
            packets.HR: now.hr,
            packets.E_HR: now.hr,
            packets.HR_D: display.hr,
            packets.E_HR_D: display.hr,
            packets.TIMER: third % (1 << 14),
        },
    )
