"""Listening to a pump that answers another system, in virtual time."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Damage, Identity, Port, Reading, Report, Request, recognise_nothing
from drivers.graseby import FAMILY
from drivers.graseby.driver import GrasebyDialogue, GrasebySettings
from drivers.vocabulary import AlarmCode, InfusionState, Metric, Reason, Validity
from simulators.api import Fixed, PumpView
from simulators.graseby import SIMULATOR
from simulators.graseby.device import ACCEPTED, GrasebyDevice, GrasebyDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.bbraun_space.pumps import VISIT, Course, Phase, Rack
from tests.drivers.graseby.test_codec import CLOCK, MODEL, ON_HOLD, REFUSED, RUNNING, SERIAL

S, M = InfusionState, Metric
KNOWN = GrasebySettings(crc="x25", accepted=ACCEPTED)


def pump(rack: Rack | None = None, **options: object) -> GrasebyDevice:
    device = SIMULATOR.device(rack or Rack({"11": VISIT}), GrasebyDeviceSettings(**options))  # type: ignore[arg-type]  # keyword by keyword
    assert isinstance(device, GrasebyDevice)
    return device


def readings(heard: Heard, metric: Metric) -> list[Reading]:
    return [reading for report in heard.reports for reading in report.readings if reading.metric is metric]


def last(heard: Heard, metric: Metric) -> object:
    return next(r.value for r in reversed(readings(heard, metric)) if r.validity is Validity.VALID)


def test_an_hour_tells_the_visit_in_the_words_that_the_pump_has() -> None:
    device = pump()
    heard = converse(FAMILY, device, 3599, settings=KNOWN)
    states = [state for state, _ in groupby(str(reading.value) for reading in readings(heard, M.INFUSION_STATE))]
    assert states == [
        S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.KVO, S.STOPPED, S.OFF
    ]  # fmt: skip
    alarms = [tuple(alarm.code for alarm in report.alarms or ()) for report in heard.reports]
    assert [codes for codes, _ in groupby(alarms)] == [(), ("occlusion",), (), ("infusion_complete",), ()]
    assert (device.violations, device.tampered, heard.damage, heard.sent) == ([], False, [], [])
    assert last(heard, M.VOLUME_INFUSED) == pytest.approx(VISIT.at(START + 3599).volume_infused, abs=0.1)


def test_an_hour_at_36_ml_h_is_36_ml() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Course((Phase(0, S.INFUSING, 36.0),))})), 3600, settings=KNOWN)
    assert last(heard, M.VOLUME_INFUSED) == pytest.approx(36.0, abs=0.1)
    assert (last(heard, M.INFUSION_RATE), last(heard, M.INFUSION_RATE_SET)) == (36.0, 36.0)
    assert last(heard, M.VOLUME_TO_BE_INFUSED) == 50.0


def test_without_a_known_return_code_no_number_is_simply_valid() -> None:
    heard = converse(FAMILY, pump(), 600)
    numbers = [reading for report in heard.reports for reading in report.readings if isinstance(reading.value, float)]
    assert numbers
    assert {(reading.validity, reading.reason) for reading in numbers} == {(Validity.QUESTIONABLE, Reason.OTHER)}


@pytest.mark.parametrize("crc", ["x25", "mcrf4xx", "kermit"])
def test_each_candidate_is_heard(crc: str) -> None:
    assert converse(FAMILY, pump(crc=crc), 60).damage == []
    heard = converse(FAMILY, pump(crc=crc), 60, settings=GrasebySettings(crc="kermit", accepted=ACCEPTED))
    assert bool(heard.reports) == (crc == "kermit")


def test_who_it_is_and_what_its_clock_says() -> None:
    heard = converse(FAMILY, pump(), 60, settings=KNOWN)
    assert [output for output in heard.outputs if isinstance(output, Identity)] == [
        Identity(manufacturer="Graseby", model="3000", firmware="0.68"),
        Identity(manufacturer="Graseby", model="3000", serial="GR0012345", firmware="0.68"),
    ]
    assert [r.device_time for r in heard.reports if r.device_time] == [datetime(2026, 1, 1, 0, 0, 5)]  # noqa: DTZ001  the pump says no zone


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, pieces = (converse(FAMILY, pump(), 60, wire=w) for w in (lambda d: [d], trickle))
    assert whole.outputs == pieces.outputs


def test_a_pump_that_nobody_asks_is_silent() -> None:
    heard = converse(FAMILY, pump(asked_every_s=0), 3600)
    assert (heard.outputs, heard.sent) == ([], [])


def test_the_example_records() -> None:
    dialogue = GrasebyDialogue(GrasebySettings(accepted="0"), Port())
    report, met, named = (dialogue.receive(frame, START) for frame in (RUNNING, MODEL, SERIAL))
    assert isinstance(report[0], Report)
    assert report[0].readings == [
        Reading(M.INFUSION_STATE, "infusing", name="alarm bytes", raw="40C20A"),
        Reading(M.POWER_STATE, "mains", name="alarm bytes", raw="40C20A"),
        Reading(M.UNMAPPED, "40C20A", name="alarm bytes", raw="40C20A"),
        Reading(M.INFUSION_RATE, 52.5, "mL/h", name="rate", raw="052.5"),
        Reading(M.INFUSION_RATE_SET, 52.5, "mL/h", name="rate", raw="052.5"),
        Reading(M.VOLUME_INFUSED, 12.3, "mL", name="volume infused", raw="0012.3"),
        Reading(M.VOLUME_TO_BE_INFUSED, 50.0, "mL", name="volume limit", raw="0050.0"),
    ]
    assert report[0].alarms == ()
    assert met[0] == Identity(manufacturer="Graseby", model="3000", firmware="0.63")
    assert named[0] == Identity(manufacturer="Graseby", model="3000", serial="GR0012345", firmware="0.63")


def test_of_a_refused_command_only_the_alarm_bytes_count() -> None:
    dialogue = GrasebyDialogue(GrasebySettings(accepted="1"), Port())
    for frame in (RUNNING, MODEL, SERIAL, CLOCK):
        (report,) = dialogue.receive(frame, START)
        assert isinstance(report, Report)
        assert report.device_time is None
        assert {reading.name for reading in report.readings} == {"alarm bytes"}
    (accepted,) = dialogue.receive(REFUSED, START)
    assert isinstance(accepted, Report)
    assert accepted.alarms == ()


def test_no_request_is_declared() -> None:
    assert FAMILY.requests == frozenset()
    assert FAMILY.recognise is recognise_nothing
    assert FAMILY.refused


@given(
    st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([RUNNING, ON_HOLD, MODEL, b"<09A9381>"])), max_size=10)
)
@settings(max_examples=100)
def test_nothing_that_the_pump_says_makes_us_speak(said: list[bytes]) -> None:
    dialogue = GrasebyDialogue(GrasebySettings(), Port())
    outputs = [*dialogue.open(0.0), *(output for piece in said for output in dialogue.receive(piece, 0.0))]
    outputs += [*dialogue.tick(1.0), *dialogue.close(2.0)]
    assert dialogue.wake_at is None
    assert not any(isinstance(output, Request) for output in outputs)


def test_a_harmed_record_is_damage_and_no_reading() -> None:
    dialogue = GrasebyDialogue(GrasebySettings(), Port())
    assert dialogue.receive(RUNNING.replace(b"052.5", b"952.5"), START) == [Damage("wrong CRC", len(RUNNING))]


@pytest.mark.parametrize("wrong", [{"crc": "modbus"}, {"accepted": "OK"}, {"accepted": "\n"}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="set it to one"):
        GrasebySettings(**wrong)  # type: ignore[arg-type]  # that is the test


def test_a_pump_off_says_off_and_no_flow() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Fixed(PumpView(state=S.OFF, rate_set=50.0))})), 60, settings=KNOWN)
    assert {reading.value for reading in readings(heard, M.INFUSION_STATE)} == {"off"}
    assert {reading.value for reading in readings(heard, M.INFUSION_RATE)} == {None}


def test_an_alarm_beside_a_visit_ends() -> None:
    heard = converse(FAMILY, pump(), 1700, settings=KNOWN)
    occluded = [report for report in heard.reports if report.alarms]
    assert {alarm.code for report in occluded for alarm in report.alarms or ()} == {AlarmCode.OCCLUSION}
    assert heard.reports[-1].alarms == ()
