"""What a monitor sounds: one table of limits and one of sensor states. Default limits are an engineering choice."""

from collections.abc import Callable
from typing import Final

from drivers.vocabulary import AlarmCode, Priority
from simulators.api import Signal, Vitals
from simulators.physiology import Trend

# Judged without noise: a value that sits on its limit would ring with every breath.
LIMITS: Final[tuple[tuple[Callable[[Trend], bool], Signal], ...]] = (
    (lambda t: t.heart_rate > 120.0, Signal(AlarmCode.LIMIT_HIGH, "HR HIGH")),
    (lambda t: t.heart_rate < 50.0, Signal(AlarmCode.LIMIT_LOW, "HR LOW")),
    (lambda t: t.spo2 < 92.0, Signal(AlarmCode.DESATURATION, "SpO2 LOW", Priority.HIGH)),
    (lambda t: t.etco2 > 50.0, Signal(AlarmCode.LIMIT_HIGH, "EtCO2 HIGH")),
    (lambda t: t.etco2 < 15.0, Signal(AlarmCode.LIMIT_LOW, "EtCO2 LOW")),
    (lambda t: t.respiration_rate > 24.0, Signal(AlarmCode.LIMIT_HIGH, "RR HIGH")),
)

SENSORS: Final[tuple[tuple[Callable[[Vitals], bool], Signal], ...]] = (
    (lambda v: v.cuff is not None and v.cuff.systolic > 160, Signal(AlarmCode.LIMIT_HIGH, "NIBP SYS HIGH")),
    (lambda v: v.cuff is not None and v.cuff.systolic < 90, Signal(AlarmCode.LIMIT_LOW, "NIBP SYS LOW")),
    (lambda v: v.cuff_state == "failed", Signal(AlarmCode.CUFF, "NIBP CUFF ERROR", Priority.LOW)),
    (lambda v: v.probe == "off", Signal(AlarmCode.SENSOR_OFF, "SpO2 SENSOR OFF", Priority.LOW)),
    (lambda v: v.probe == "none", Signal(AlarmCode.NO_SENSOR, "SpO2 NO SENSOR", Priority.LOW)),
    (lambda v: v.low_perfusion, Signal(AlarmCode.LOW_SIGNAL, "SpO2 LOW PERFUSION", Priority.LOW)),
    (lambda v: not v.leads, Signal(AlarmCode.LEAD_OFF, "ECG LEADS OFF", Priority.LOW)),
    (lambda v: not v.co2_line, Signal(AlarmCode.NO_SENSOR, "CO2 NO LINE", Priority.LOW)),
)

APNOEA: Final = Signal(AlarmCode.APNOEA, "APNOEA", Priority.HIGH)
APNOEA_S: Final = 20.0


def alarms_of(vitals: Vitals, trend: Trend, is_apnoeic: bool) -> tuple[Signal, ...]:
    """List what sounds; a monitor in standby is silent."""
    if vitals.standby:
        return ()
    numbers = [signal for sounds, signal in LIMITS if sounds(trend)]
    sensors = [signal for sounds, signal in SENSORS if sounds(vitals)]
    return ((APNOEA,) if is_apnoeic else ()) + tuple(numbers) + tuple(sensors)
