"""What replies say: states, alarms, doses, and nothing doubtful as valid."""

from datetime import UTC, datetime

import pytest

from drivers.api import Alarm, Identity, Reading, Report
from drivers.bbraun_dianet.channels import ALARMS
from drivers.bbraun_dianet.codec import Decoder, Reply, Segment, data_of
from drivers.bbraun_dianet.readings import identity, report
from drivers.vocabulary import AlarmCode, Metric, Priority, Reason, Validity
from tests.drivers.bbraun_dianet.test_codec import ACTUAL, DOSE, IDENT, OCCLUDED, SET, STATUS

M, R, G = Metric, Reason, Segment


def whole(segment: Segment, values: dict[str, int | bytes]) -> Report:
    return report(Reply(0x41, segment, True, data_of(segment, values)))


def said(segment: Segment, **values: int | bytes) -> dict[Metric, Reading]:
    return {reading.metric: reading for reading in whole(segment, values).readings}


def decoded(data: bytes) -> Reply:
    (reply,) = Decoder().feed(data)
    assert isinstance(reply, Reply)
    return reply


def test_the_example_status() -> None:
    reported = report(decoded(STATUS))
    assert reported == Report(
        [
            Reading(M.INFUSION_STATE, "infusing", name="zustand", raw="00000092"),
            Reading(M.POWER_STATE, "mains", name="zustand", raw="00000092"),
            Reading(M.UNMAPPED, "00000092", name="zustand", raw="00000092"),
            Reading(M.INFUSION_RATE, 0.3, "mL/h", name="rate", raw="0000001E"),
            Reading(M.VOLUME_REMAINING, None, "mL", Validity.ABSENT, R.NOT_AVAILABLE, "remainvtbd", "FFFFFFFF"),
            Reading(M.TIME_REMAINING, None, "min", Validity.ABSENT, R.NOT_AVAILABLE, "remaintime", "FFFF"),
        ],
        device="A",
        alarms=(),
    )


def test_the_example_actual_values() -> None:
    values = {reading.name: reading.value for reading in report(decoded(ACTUAL)).readings}
    assert values == {
        "druckwert": 35.0, "infusedvol": 47.6, "infusedtime": "97", "bolintvrestzeit": None, "akkurest": None,
        "standbyrest": None, "syringevol": 50.0, "bolintvzeit": None, "bolintvvol": None, "bolvolakt": None,
    }  # fmt: skip


def test_set_values_and_dose() -> None:
    readings = {reading.metric: reading.value for reading in report(decoded(SET)).readings}
    assert (readings[M.INFUSION_RATE_SET], readings[M.VOLUME_TO_BE_INFUSED]) == (52.5, 50.0)
    assert (readings[M.DRUG_NAME], readings[M.BOLUS_RATE], readings[M.TIME_PROGRAMMED]) == ("Ketamine", None, None)
    dose = {reading.metric: (reading.value, reading.unit) for reading in report(decoded(DOSE)).readings}
    assert dose[M.PATIENT_WEIGHT] == (70.0, "kg")
    assert dose[M.DRUG_CONCENTRATION] == (0.7, "mg/mL")
    assert dose[M.DOSE_RATE] == (0.75, "mg/kg/h")


def test_an_occlusion() -> None:
    reported = report(decoded(OCCLUDED))
    assert reported.alarms == (Alarm(AlarmCode.OCCLUSION, "pressure", raw="00000008"),)
    assert reported.readings[0].value == "stopped"


def test_who_it_is() -> None:
    assert identity(decoded(IDENT)) == Identity(
        manufacturer="B. Braun",
        model="Perfusor fm",
        serial="12345",
        firmware="FM 2.34",
        dialect="Dianet Star 000E",
    )
    unknown = identity(Reply(0x5A, G.IDENT, True, data_of(G.IDENT, {"identnr": 999 << 18 | 7})))
    assert unknown == Identity("Z", "B. Braun", "type 999", "7", "", "Dianet Star")
    assert identity(Reply(0, G.IDENT, True, b"\xff" * 20)) == Identity("", "B. Braun", dialect="Dianet Star")


def test_a_pump_without_an_address_has_an_unknown_infusion() -> None:
    (state,) = report(decoded(IDENT)).readings
    assert (state.metric, state.value, state.name) == (M.INFUSION_STATE, "unknown", "IDENT")
    assert whole(G.IDENT, {}).readings == []


def test_its_clock() -> None:
    assert report(decoded(IDENT)).device_time is None
    assert whole(G.IDENT, {"unixtime": 1_767_225_600}).device_time == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bits", "rate", "state"),
    [
        (0x000000D2, 5250, "infusing"),
        (0x00000082, 0xFFFFFFFF, "infusing"),
        (0x00000082, 0, "unknown"),  # runs at no rate: a start before a bolus, or a delay
        (0x00000282, 80000, "bolus"),
        (0x00000482, 80000, "bolus"),
        (0x00001082, 80000, "bolus"),
        (0x00002082, 100, "kvo"),
        (0x00000020, 0, "standby"),
        (0x000000A0, 5250, "unknown"),  # standby and running
        (0x00000042, 0, "stopped"),
        (0x00000042, 5250, "unknown"),  # a rate without running
        (0x00000020, 5250, "unknown"),
        (0x00080002, 0, "stopped"),  # the drive moves to grip the syringe
        (0x00080082, 5250, "unknown"),
        (0x00100082, 5250, "unknown"),
        (0xFFFFFFFF, 5250, "unknown"),
    ],
)
def test_the_state_is_what_the_bits_say(bits: int, rate: int, state: str) -> None:
    assert said(G.STATUS, zustand=bits, rate=rate)[M.INFUSION_STATE].value == state


def test_a_rate_of_a_pump_that_does_not_run_is_doubtful() -> None:
    reading = said(G.STATUS, zustand=0x42, rate=5250)[M.INFUSION_RATE]
    assert (reading.value, reading.validity, reading.reason) == (52.5, Validity.QUESTIONABLE, R.IMPLAUSIBLE)
    assert said(G.STATUS, zustand=0x42, rate=0)[M.INFUSION_RATE].validity is Validity.VALID


@pytest.mark.parametrize("segment", Segment)
def test_all_bits_set_is_never_a_value(segment: Segment) -> None:
    for reading in whole(segment, {}).readings:
        if reading.metric is not M.INFUSION_STATE and reading.name not in ("limits", "history"):
            assert (reading.value, reading.validity, reading.reason) == (None, Validity.ABSENT, R.NOT_AVAILABLE)
    assert whole(segment, {}).alarms is None
    assert whole(segment, {}).device_time is None


def test_a_state_that_is_not_there_is_unknown() -> None:
    readings = said(G.STATUS, rate=5250)
    assert readings[M.INFUSION_STATE].value == "unknown"
    assert M.POWER_STATE not in readings


@pytest.mark.parametrize("bit", range(32))
def test_every_alarm_bit_is_said(bit: int) -> None:
    code, text, priority = ALARMS.get(bit, (AlarmCode.UNKNOWN, f"alarm bit {bit:02X}", None))
    assert whole(G.STATUS, {"alarm": 1 << bit}).alarms == (Alarm(code, text, priority, raw=f"{1 << bit:08X}"),)


def test_prealarms_have_low_priority() -> None:
    alarms = whole(G.STATUS, {"alarm": 0x2}).alarms
    assert alarms is not None
    assert (alarms[0].code, alarms[0].priority) == (AlarmCode.NEAR_END, Priority.LOW)


@pytest.mark.parametrize(
    ("code", "value", "unit", "validity", "reason"),
    [
        (0x28, 0.7, "mg/mL", Validity.VALID, None),
        (0x48, 0.7, "ug/mL", Validity.VALID, None),
        (0x88, 0.7, "mmol/mL", Validity.VALID, None),
        (0x33, 0.7, "mg/kg/h", Validity.VALID, None),
        (0x52, 0.7, "ug/kg/min", Validity.VALID, None),
        (0x24, 0.7, "mg/d", Validity.VALID, None),
        (0x21, 0.7, "mg/s", Validity.VALID, None),
        (0x68, 700.0, "[iU]/mL", Validity.QUESTIONABLE, R.OTHER),  # whole units, as the header seems to say
        (0x00, None, None, Validity.ABSENT, R.NOT_AVAILABLE),
        (0xFF, None, None, Validity.ABSENT, R.NOT_AVAILABLE),
        (0x08, 0.7, "", Validity.QUESTIONABLE, R.UNIT_UNKNOWN),
        (0xA8, 0.7, "", Validity.QUESTIONABLE, R.UNIT_UNKNOWN),
        (0x38, 0.7, "", Validity.QUESTIONABLE, R.UNIT_UNKNOWN),
        (0x25, 0.7, "", Validity.QUESTIONABLE, R.UNIT_UNKNOWN),
    ],
)
def test_doses_in_the_pumps_unit(
    code: int, value: float | None, unit: str | None, validity: Validity, reason: Reason | None
) -> None:
    for metric, field, unit_field in ((M.DRUG_CONCENTRATION, "konz", "einhkonz"), (M.DOSE_RATE, "rate", "einhrate")):
        reading = said(G.DOSIS, **{field: 700, unit_field: code})[metric]
        assert (reading.value, reading.unit, reading.validity, reading.reason) == (value, unit, validity, reason)


def test_a_pressure_beyond_its_scale_is_doubtful() -> None:
    assert said(G.ISTWERT, druckwert=101)[M.LINE_PRESSURE].reason is R.IMPLAUSIBLE
    assert said(G.ISTWERT, druckwert=100)[M.LINE_PRESSURE].validity is Validity.VALID


def test_a_proposal_is_no_drug_and_no_rate() -> None:
    readings = whole(G.PROPOSAL, {"medikament": b"Propofol".ljust(20), "rate": 500}).readings
    assert {(reading.metric, reading.value) for reading in readings} == {(M.UNMAPPED, "Propofol"), (M.UNMAPPED, "500")}


def test_what_is_not_taken_apart_stands_as_hex() -> None:
    (limits,) = whole(G.LIMITS, {"limits": b"\x01" * 49}).readings
    assert (limits.metric, limits.value) == (M.UNMAPPED, "01" * 49)


@pytest.mark.parametrize("text", [b" " * 20, b"\xff" * 20, b"\x00" * 20])
def test_an_empty_drug_name_is_absent(text: bytes) -> None:
    assert said(G.SOLLWERT, medikament=text)[M.DRUG_NAME].validity is Validity.ABSENT
