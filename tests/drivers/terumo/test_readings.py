"""What a status means: values, and everything that is none."""

import pytest

from drivers.api import Alarm, Reading
from drivers.terumo.channels import ALARMS, DOSE_UNITS, SYRINGE_BITS
from drivers.terumo.codec import Status
from drivers.terumo.readings import alarms, report
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity
from tests.drivers.terumo.test_codec import DOSING, MISPRINTED, OCCLUDED, RUNNING, STOPPED, status_of

M, R, V = Metric, Reason, Validity
PLAIN = status_of(DOSING)


def said(**changes: int) -> dict[str, Reading]:
    readings = report(PLAIN._replace(**changes), has_syringe=True).readings  # type: ignore[arg-type]  # none is `rest`
    return {reading.name: reading for reading in readings}


def test_the_printed_te_ss830p() -> None:
    status = status_of(STOPPED)
    stopped = report(status, has_syringe=True)
    assert stopped.alarms == ()
    assert stopped.readings == [
        Reading(M.INFUSION_STATE, "stopped", name="Basic operating status", raw="00"),
        Reading(M.INFUSION_RATE_SET, 0.0, name="Flow rate", raw="000000"),
        Reading(M.VOLUME_INFUSED, 0.0, name="Volume delivered", raw="000000"),
        Reading(M.VOLUME_TO_BE_INFUSED, None, None, V.ABSENT, R.NOT_IN_USE, "VTBI", "eeeeee"),
        Reading(M.DOSE_RATE_SET, 0.0, "mg/kg/h", name="Dosage rate", raw="000000 08"),
        Reading(M.PATIENT_WEIGHT, 70.0, name="Weight", raw="02bc"),
        Reading(M.UNMAPPED, 10.0, name="Dilution", raw="0003e8"),
        Reading(M.SYRINGE_TYPE, "50/60 mL", name="Syringe status", raw="06"),
        Reading(M.BATTERY_STATUS, "5 bars", name="Battery level", raw="55"),
        Reading(M.POWER_STATE, "mains", name="Power type", raw="55"),
        Reading(M.UNMAPPED, "normal", name="Sub-battery status", raw="55"),
        Reading(M.LINE_PRESSURE, 0.0, "%", name="Occlusion monitor", raw="00"),
        Reading(M.UNMAPPED, "Without sound", name="Alarm sound status", raw="00"),
        Reading(M.UNMAPPED, "Not locked", name="Keypad lock status", raw="00"),
        Reading(M.UNMAPPED, "Set", name="Plunger status monitor", raw="00"),
        Reading(M.UNMAPPED, status.rest.hex(), name="not documented", raw=status.rest.hex()),
    ]


def test_the_printed_te_ss730() -> None:
    status = status_of(MISPRINTED.replace(b"85C8", b"9C1E"))
    readings = {reading.name: reading for reading in report(status, has_syringe=True).readings}
    assert readings["Dosage rate"] == Reading(
        M.DOSE_RATE_SET, None, None, V.ABSENT, R.NOT_IN_USE, "Dosage rate", "000000"
    )
    assert readings["Weight"] == Reading(M.PATIENT_WEIGHT, None, None, V.ABSENT, R.NOT_IN_USE, "Weight", "ffff")
    assert readings["Dilution"] == Reading(M.UNMAPPED, None, None, V.ABSENT, R.NOT_IN_USE, "Dilution", "000000")
    assert readings["Syringe status"].reason is R.NOT_AVAILABLE
    assert readings["Keypad lock status"].value == "Not locked"  # bit 6 is reserved


def test_a_running_pump() -> None:
    readings = {reading.name: reading for reading in report(status_of(RUNNING), has_syringe=True).readings}
    assert readings["Basic operating status"].value == "infusing"
    assert (readings["Flow rate"].metric, readings["Flow rate"].value) == (M.INFUSION_RATE_SET, 3.5)
    assert (readings["Volume delivered"].value, readings["VTBI"].value) == (12.34, 50.0)
    assert "not documented" not in readings
    assert M.INFUSION_RATE not in {reading.metric for reading in readings.values()}  # what flows isn't said


def test_a_dose_in_the_pumps_own_unit() -> None:
    assert said()["Dosage rate"] == Reading(M.DOSE_RATE_SET, 3.5, "mg/kg/h", name="Dosage rate", raw="00015e 08")
    assert said(dose_unit=4)["Dosage rate"].unit == "ug/kg/min"


def test_an_occlusion_stops() -> None:
    stopped = report(status_of(OCCLUDED), has_syringe=True)
    assert stopped.alarms == (Alarm(AlarmCode.OCCLUSION, "Occlusion alarm", raw="bit 3"),)
    assert stopped.readings[0].value == "stopped"


@pytest.mark.parametrize(
    ("byte", "state"),
    [
        *[(0x00, "stopped"), (0x10, "infusing"), (0x20, "standby"), (0x30, "purge"), (0x40, "bolus"), (0x50, "bolus")],
        *[(0x1F, "infusing"), (0x0F, "stopped")],  # the lower half is reserved
        *[(nibble << 4, "unknown") for nibble in range(6, 16)],
    ],
)
def test_the_upper_half_of_the_status_says_what_the_pump_does(byte: int, state: str) -> None:
    assert said(status=byte)["Basic operating status"].value == state


@pytest.mark.parametrize(("byte", "state"), [(0x10, "unknown"), (0x00, "stopped"), (0x50, "bolus"), (0x30, "purge")])
def test_what_runs_on_after_completion_may_be_kvo(byte: int, state: str) -> None:
    assert said(status=byte, alarms=0b100)["Basic operating status"].value == state


@pytest.mark.parametrize("rate", [0, 350])
@pytest.mark.parametrize("byte", [0x00, 0x20, 0x10])
def test_the_set_rate_says_nothing_about_running(rate: int, byte: int) -> None:
    readings = said(status=byte, rate=rate)
    assert readings["Basic operating status"].value == {0x00: "stopped", 0x20: "standby", 0x10: "infusing"}[byte]
    assert readings["Flow rate"].value == rate / 100


@pytest.mark.parametrize(
    ("field", "number", "name", "validity", "reason"),
    [
        ("vtbi", 0xFFFFFF, "VTBI", V.ABSENT, R.OVER_RANGE),
        ("vtbi", 0xEEEEEE, "VTBI", V.ABSENT, R.NOT_IN_USE),
        ("rate", 0xFFFFFF, "Flow rate", V.ABSENT, R.OVER_RANGE),
        ("rate", 0xEEEEEE, "Flow rate", V.ABSENT, R.NOT_IN_USE),
        ("rate", 300_000, "Flow rate", V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("delivered", 0xFFFFFF, "Volume delivered", V.ABSENT, R.OVER_RANGE),
        ("delivered", 0xEEEEEE, "Volume delivered", V.ABSENT, R.NOT_IN_USE),
        ("delivered", 0xEEEEED, "Volume delivered", V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("dose", 0xFFFFFF, "Dosage rate", V.ABSENT, R.OVER_RANGE),
        ("dose", 0xEEEEEE, "Dosage rate", V.ABSENT, R.NOT_IN_USE),
        ("dose", 0xEEEEED, "Dosage rate", V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("dose_unit", 0x00, "Dosage rate", V.ABSENT, R.NOT_IN_USE),
        ("weight", 0xFFFF, "Weight", V.ABSENT, R.NOT_IN_USE),
        ("weight", 0x0000, "Weight", V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("weight", 0xEEEE, "Weight", V.QUESTIONABLE, R.IMPLAUSIBLE),
        ("dilution", 0, "Dilution", V.ABSENT, R.NOT_IN_USE),
        ("dilution", 0xEEEEEE, "Dilution", V.ABSENT, R.NOT_IN_USE),
        ("syringe", 0, "Syringe status", V.ABSENT, R.NOT_AVAILABLE),
        ("syringe", 1, "Syringe status", V.ABSENT, R.OTHER),
        ("syringe", 7, "Syringe status", V.ABSENT, R.OTHER),
        ("syringe", 255, "Syringe status", V.ABSENT, R.OTHER),
        ("power", 0x50, "Battery level", V.ABSENT, R.OTHER),
        ("power", 0x56, "Battery level", V.ABSENT, R.OTHER),
        ("power", 0x65, "Power type", V.ABSENT, R.OTHER),
        ("power", 0x15, "Sub-battery status", V.ABSENT, R.OTHER),
        ("power", 0xD5, "Sub-battery status", V.ABSENT, R.OTHER),
    ],
)
def test_no_sentinel_is_a_valid_value(field: str, number: int, name: str, validity: Validity, reason: Reason) -> None:
    reading = said(**{field: number})[name]
    assert (reading.validity, reading.reason) == (validity, reason)
    assert (reading.value is None) == (validity is V.ABSENT)


@pytest.mark.parametrize("unit", [n for n in range(256) if n and n not in DOSE_UNITS])
def test_a_dose_of_unknown_unit_is_questionable(unit: int) -> None:
    reading = said(dose_unit=unit)["Dosage rate"]
    assert (reading.value, reading.unit, reading.reason) == (3.5, "", R.UNIT_UNKNOWN)
    assert reading.raw == f"00015e {unit:02x}"


@pytest.mark.parametrize(("code", "value"), [(2, 5.0), (3, 10.0), (4, 20.0), (5, 30.0)])
def test_syringes(code: int, value: float) -> None:
    assert said(syringe=code)["Syringe status"] == Reading(
        M.SYRINGE_SIZE, value, name="Syringe status", raw=f"{code:02x}"
    )


def test_power_and_monitor_bit_by_bit() -> None:
    readings = said(power=0x82, monitor=0x3B)
    assert (readings["Battery level"].value, readings["Power type"].value) == ("2 bars", "battery")
    assert readings["Sub-battery status"].value == "abnormal"
    assert (readings["Occlusion monitor"].value, readings["Occlusion monitor"].unit) == (75.0, "%")
    assert readings["Alarm sound status"].value == "With sound"
    assert (readings["Keypad lock status"].value, readings["Plunger status monitor"].value) == ("Locked", "Not set")


@pytest.mark.parametrize("bit", range(24))
def test_every_alarm_bit_is_said(bit: int) -> None:
    (active,) = alarms(1 << bit, has_syringe=True)
    code, text = ALARMS.get(bit, (AlarmCode.UNKNOWN, f"alarm bit {bit}"))
    assert active == Alarm(code, text, raw=f"bit {bit}")


def test_all_bits_at_once_and_none() -> None:
    assert len(alarms(0xFFFFFF, has_syringe=True)) == 24
    assert alarms(0, has_syringe=True) == ()


@pytest.mark.parametrize("bit", sorted(SYRINGE_BITS))
def test_an_infusion_pumps_syringe_bits_stay_numbers(bit: int) -> None:
    assert alarms(1 << bit, has_syringe=False) == (Alarm(AlarmCode.UNKNOWN, f"alarm bit {bit}", raw=f"bit {bit}"),)


def test_every_number_has_a_validity_that_fits() -> None:
    for number in (0, 1, 0x7F, 0xEE, 0xFF):
        status = Status(*(number,) * 14)
        for reading in report(status, has_syringe=True).readings:
            assert (reading.value is None) == (reading.validity in (V.INVALID, V.ABSENT)), reading
            assert (reading.reason is None) == (reading.validity is V.VALID), reading
